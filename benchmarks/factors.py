"""What codes are worth where the factors are known: sprites, without labels, over seeds.

    python benchmarks/factors.py [--only infogan infogan-cr colour] [--seeds 0 1 2 3 4]

Trains `sprites`, whose codes follow what a view moves or are read in close-ups, and the five free
codes of `dsprites`, each with and without InfoGAN-CR's contrastive regulariser; and
`sprites-colour`, whose codes follow place and colour. One process a core with one thread each, and
no run twice.
Scored on the 10,000 held-out images (docs/factors.md). `infogan select` then chooses one run of
each recipe, without factors. Writes benchmarks/results/factors.json after each run, and at the end
the sweeps of the best and the median run of `infogan` as docs/images/sprites-best.png and -median,
and of the run with the regulariser and free codes that was chosen as -chosen.
"""

import argparse
import json
import os
import statistics
from functools import partial
from pathlib import Path
from typing import Any

import commands
import numpy as np
from PIL import Image

from infogan.analysis.selection import select
from infogan.config.presets import DIGITS
from infogan.model.model import Model
from infogan.report.plots import mosaic
from infogan.training.device import Engine

TARGET = Path(__file__).parent / "results" / "factors.json"
RUNS = Path("runs") / "factors"
IMAGES = Path(__file__).parents[1] / "docs" / "images"
REGULARISED = "--objective.cr 0.3 --objective.cr-from 0.5"
FREE = "dsprites --data sprites --steps 4000"
RECIPES = {
    "infogan": "sprites",
    "infogan-cr": f"sprites {REGULARISED}",
    "infogan, free codes": FREE,
    "infogan-cr, free codes": (
        "dsprites --data sprites --steps 3000 --networks.norm batch --networks.slope 0.1 "
        "--objective.penalty 0.1 --optim.d-lr 1e-3 --optim.g-lr 2e-3 --optim.ema 0.99 "
        f"--optim.lr-decay 0.5 {REGULARISED}"
    ),
    "infogan-cr, free codes, D as published": f"{FREE} --objective.cr 2 --objective.cr-from 0.6",
    "colour": "sprites-colour",
}
"""What `infogan train` is told, by recipe."""
SCORES = (
    "factor_vae",
    "beta_vae",
    "mig",
    "mig_20",
    "sap",
    "dci",
    "completeness",
    "informativeness",
    "modularity",
    "explicitness",
    "info_m",
    "info_e",
    "info_c",
)
WHICH = "dead", "codes", "factors", "nmi"  # what else a row has: which code tells which factor


def scored(recipe: str, seed: int) -> dict[str, Any]:
    """The scores of one run."""
    scores = commands.trained(RECIPES[recipe].split(), seed, RUNS / f"{recipe}-{seed}")
    row: dict[str, Any] = {"seed": seed, "seconds": scores["seconds"], "steps": scores["steps"]}
    row |= {key: scores["disentanglement"][key] for key in (*SCORES, *WHICH)}
    if recipe == "colour":
        found = scores["continuous"]
        row["rho"] = {code: abs(own["factors"][code]) for code, own in found.items()}
    return row


def chosen(recipe: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Which run `infogan select` takes, and by what: how central each is, or its categories."""
    found = select([RUNS / f"{recipe}-{row['seed']}" for row in rows])
    by = next(iter(found.best.scores))
    return {
        "seed": found.best.seed,
        by: {str(one.seed): one.scores[by] for one in found.candidates},
    }


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """Medians over seeds, and FactorVAE and MIG of the run that was chosen without factors."""
    table: dict[str, Any] = {}
    for recipe, rows in report["runs"].items():
        name = recipe.replace("-", "_")
        table[name] = {key: statistics.median(row[key] for row in rows) for key in SCORES}
        table[name]["seeds"] = [row["seed"] for row in rows]
        if own := report["chosen"].get(recipe):
            best = next(row for row in rows if row["seed"] == own["seed"])
            table[name]["chosen"] = {key: best[key] for key in SCORES} | {"seed": own["seed"]}
    for name in {"infogan", "infogan_cr"} & set(table):
        own = table[name].get("chosen", table[name]) if name == "infogan_cr" else table[name]
        table[f"{name}_factorvae"], table[f"{name}_mig"] = own["factor_vae"], own["mig"]
    return table


def write(report: dict[str, Any]) -> None:
    """The file, with its summary."""
    report["machine"] = Engine.of(DIGITS).describe() | {"threads": 1}
    report["command"], report["words"] = "python benchmarks/factors.py", RECIPES
    report["summary"] = summary(report)
    TARGET.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def draw(recipe: str, seed: int, what: str) -> None:
    """A picture of a run: two sweeps of each number, then each category, of eleven draws."""
    model = Model.load(RUNS / f"{recipe}-{seed}")
    swept = [model.traverse(code, rows=2).images for code in model.latent.continuous]
    if name := model.latent.categorical:
        swept += [model.traverse(name, rows=11).images.swapaxes(0, 1)]
    picture = mosaic(np.concatenate(swept))[..., 0]
    Image.fromarray(picture).quantize(32).save(IMAGES / f"sprites-{what}.png", optimize=True)


def main() -> None:
    """Train what is missing, choose, and write the file as results come."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    report: dict[str, Any] = {"runs": {}, "chosen": {}}
    if TARGET.is_file():
        report = json.loads(TARGET.read_text(encoding="utf-8"))
    tasks = [(recipe, seed) for seed in options.seeds for recipe in options.only]
    commands.collect(scored, tasks, report["runs"], options.processes, partial(write, report))
    for recipe in options.only:
        if recipe != "colour" and len(report["runs"][recipe]) > 1:
            report["chosen"][recipe] = chosen(recipe, report["runs"][recipe])
            write(report)
    if "infogan" in options.only:
        ranked = sorted(report["runs"]["infogan"], key=lambda row: row["factor_vae"])
        draw("infogan", ranked[-1]["seed"], "best")
        draw("infogan", ranked[len(ranked) // 2]["seed"], "median")
    freed = "infogan-cr, free codes"
    if freed in options.only and freed in report["chosen"]:
        draw(freed, report["chosen"][freed]["seed"], "chosen")


if __name__ == "__main__":
    main()
