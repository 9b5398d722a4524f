"""The objectives beside each other on MNIST: errors, what samples show, and the paper's figure of
L_I.

    python benchmarks/family.py --data-dir mnist/ [--only improvedgan-100 ...] [--threads 1]

(make bench-family)

Trains each study's seeds into runs/family/ and collects every finished run there into
benchmarks/results/family.json, so that several processes can share the work and a stopped one goes
on. Trained on MNIST's first 50,000 images, scored on the last 10,000. Samples are judged by a
classifier of its own seed that learned all 50,000 labels."""

import argparse
import json
import statistics
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch

import infogan as ig
from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.config.tree import from_options
from infogan.runs.folder import Run
from infogan.training.device import Engine

RESULTS = Path(__file__).parent / "results"
RUNS = Path("runs/family")
STUDIES: dict[str, tuple[str, str]] = {
    "infogan-L_I": ("paper", "--steps 600 --log-every 10 --optim.d-lr 5e-4 --optim.g-lr 2e-3"),
    "gan-L_I": ("control", "--steps 600 --log-every 10 --optim.d-lr 5e-4 --optim.g-lr 2e-3"),
    "semigan-100": ("semigan", ""),
    "classifier-100": ("classifier", ""),
    "acgan": ("acgan", ""),
    "semigan-1000": ("semigan", "--labels 100"),
    "improvedgan-100": ("improvedgan", ""),
    "catgan-20": ("catgan-20", ""),
    "catgan-100": ("catgan", ""),
}
"""A preset and its options by the study's name."""
SEEDS = (0, 1, 2)
JUDGE_SEED = 1000
KEPT = (
    "error",
    "cluster_accuracy",
    "purity",
    "k",
    "information",
    "seconds",
    "steps",
)
EACH = 1000
"""Samples of each class that are judged."""


def judge(data_dir: str) -> ig.Model:
    """The classifier that samples are judged by."""
    config = preset("classifier").replace(
        labels="all", seed=JUDGE_SEED, steps=3000, data={"dir": data_dir}
    )
    return ig.train(config, run=RUNS / "judge")


def judged(model: ig.Model, by: ig.Model) -> dict[str, Any]:
    """What a classifier sees in samples: the share of each digit, and of ACGAN's the share that is
    what was asked."""
    if model.drawn is None or model.categorical != "class":
        seen = by.encode(model.sample(10 * EACH))["class"].value
        return {"shares": (np.bincount(seen, minlength=10) / len(seen)).tolist()}
    shares = [
        (by.encode(model.sample(EACH, **{model.class_code: c}))["class"].value == c).mean()
        for c in range(10)
    ]
    return {"agreement": float(np.mean(shares))}


def curve(run: Run, code: str) -> dict[str, float]:
    """L_I of the category over training: when it first passes 2.25, the least and the mean after
    step 300."""
    points = [(line["step"], line[f"L_I/{code}"]) for line in run.metrics()]
    late = [value for step, value in points if step > 300]
    passed = [step for step, value in points if value >= 2.25]
    return {
        "reaches_2.25_at": min(passed, default=-1),
        "least_late": min(late),
        "mean_late": statistics.mean(late),
    }


def one(study: str, config: RunConfig, by: ig.Model) -> None:
    """Train one run and write its row beside it."""
    path = RUNS / f"{study}-{config.seed}"
    row_file = path / "row.json"
    if row_file.is_file():
        return
    model = ig.train(config, run=path)
    scores = json.loads((path / "scores.json").read_text(encoding="utf-8"))
    row: dict[str, Any] = {"study": study, "seed": config.seed, "labels": config.labels}
    row |= {key: scores[key] for key in KEPT if key in scores}
    if config.objective.generates:
        row |= judged(model, by)
    if study.endswith("L_I"):
        row |= curve(Run(path), str(config.latent.categorical))
    row["machine"] = json.loads((path / "environment.json").read_text(encoding="utf-8"))
    row_file.write_text(json.dumps(row), encoding="utf-8")
    shown = {key: row[key] for key in ("error", "purity", "agreement", "mean_late") if key in row}
    print(f"{study} seed {config.seed}: {shown} in {row['seconds']:.0f} s", flush=True)


def mean(rows: list[dict[str, Any]], study: str, key: str) -> float | None:
    """Mean over a study's seeds; None when there are none."""
    values = [row[key] for row in rows if row["study"] == study]
    return statistics.mean(values) if values else None


def complement(error: float | None) -> float | None:
    return None if error is None else 1 - error


def collect(by: ig.Model, data_dir: str) -> dict[str, Any]:
    """Every finished run, and the means that are asked for."""
    rows = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(RUNS.glob("*/row.json"))
    ]
    gan = [row["shares"] for row in rows if row["study"] == "gan-L_I"]
    held_out = ig.data.load("mnist", split="validation", dir=data_dir)
    return {
        "command": "python benchmarks/family.py --data-dir mnist/",
        "machine": Engine.of(RunConfig()).describe(),
        "revision": subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True
        ).stdout.strip(),
        "judge_error": ig.evaluate(by, held_out)["error"],
        "summary": {
            "improvedgan_100_error": mean(rows, "improvedgan-100", "error"),
            "catgan_100_error": mean(rows, "catgan-100", "error"),
            "catgan_unsupervised_accuracy": mean(rows, "catgan-20", "purity"),
            "semigan_100_accuracy": complement(mean(rows, "semigan-100", "error")),
            "semigan_1000_accuracy": complement(mean(rows, "semigan-1000", "error")),
            "classifier_100_accuracy": complement(mean(rows, "classifier-100", "error")),
            "acgan_agreement": mean(rows, "acgan", "agreement"),
            "acgan_error": mean(rows, "acgan", "error"),
            "gan_least_share": min((min(shares) for shares in gan), default=None),
            "infogan_L_I": mean(rows, "infogan-L_I", "mean_late"),
            "gan_L_I": mean(rows, "gan-L_I", "mean_late"),
        },
        "presets": {name: [use, options] for name, (use, options) in STUDIES.items()},
        "runs": rows,
    }


def main() -> None:
    """Run what the command line asks for, seed by seed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", required=True, help="folder with the IDX files of mnist")
    parser.add_argument("--only", nargs="+", choices=STUDIES, default=list(STUDIES))
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    by = judge(arguments.data_dir)
    for study in arguments.only:
        name, options = STUDIES[study]
        config = preset(name).replace(**from_options(options.split()))
        for seed in arguments.seeds:
            one(study, config.replace(seed=seed, data={"dir": arguments.data_dir}), by)
            report = json.dumps(collect(by, arguments.data_dir), indent=2)
            (RESULTS / "family.json").write_text(report + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
