"""Classes of very different size: categories with a uniform prior, with a learned one, and many
that are then merged.

    python benchmarks/imbalance.py --data-dir mnist/ --seeds 0 1 2

Of MNIST's 50,000 training images a tenth of five digits' stays, other five for each seed; training
does not know which. Scored on the 10,000 held out, where all digits are alike, and on a tenth of
those five there too, by which categories are merged as well. Any setting can follow as
--name value.

Writes benchmarks/results/imbalance.json after each run. Runs lie in runs/imbalance/: a finished one
is not trained again, a stopped one resumes.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from infogan import data
from infogan.analysis.evaluation import evaluate
from infogan.analysis.merging import merge
from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.config.tree import from_options
from infogan.data.images import Images
from infogan.pipeline.run import fit
from infogan.training.device import Engine

RESULTS, RUNS = Path(__file__).parent / "results", Path("runs/imbalance")
CODE, RARE, STAYS = "digit", 5, 0.1
"""How many digits are made rare, and the share of their images that stays."""
VARIANTS: dict[str, dict[str, Any]] = {
    "uniform": {},
    "learned": {"probs": "learned"},
    "merged": {"k": 40},
    "learned, merged": {"k": 40, "probs": "learned"},
}
"""Settings of the code. More categories than digits are merged into as many as there are digits."""
KEPT = (
    "n",
    "k",
    "cluster_accuracy",
    "purity",
    "nmi",
    "recall",
    "merges",
    "dead",
    "effective",
)


def rare_digits(seed: int) -> list[int]:
    """The digits that are rare under a seed."""
    return sorted(np.random.default_rng(seed).permutation(10)[:RARE].tolist())


def thinned(images: Images, seed: int) -> Images:
    """The images without most of the rare digits, in their order."""
    chance = np.random.default_rng([seed, len(images)]).random(len(images))
    keep: NDArray[np.bool_] = ~np.isin(images.labels, rare_digits(seed)) | (chance < STAYS)
    return images.subset(np.flatnonzero(keep))


def one(variant: str, config: RunConfig, images: Images, held_out: Images) -> dict[str, Any]:
    """Train (or find) one run and score it; its row."""
    run, seed = RUNS / f"{variant.replace(', ', '-')}-{config.seed}", config.seed
    config = config.replace(latent={CODE: VARIANTS[variant]})
    model = fit(config, run, images=thinned(images, seed))
    row: dict[str, Any] = {"variant": variant, "seed": seed, "rare": rare_digits(seed)}
    unlike, digits = thinned(held_out, seed), len(held_out.classes)
    if VARIANTS[variant].get("k", 0) > digits:
        row["classes"] = len(merge(model, unlike).classes)  # when their number is not given
        model.names = merge(model, unlike, into=digits).names(model.names)
    alike = evaluate(model, held_out, seed=seed)
    row |= {key: alike[key] for key in ("prior", "information", "entropy")}
    for part, found in (("alike", alike), ("thinned", evaluate(model, unlike, seed=seed))):
        row[part] = {key: found[key] for key in KEPT}
        row[part]["named"] = {
            key: value for key, value in found.get("named", {}).items() if key in KEPT
        } or None
    log = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    row["seconds"] = sum(json.loads(line)["seconds"] for line in log)
    (run / "row.json").write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    return row


def rows(order: Sequence[str] = tuple(VARIANTS)) -> list[dict[str, Any]]:
    """Every row that there is, by variant and seed."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in RUNS.glob("*/row.json")]
    return sorted(found, key=lambda row: (order.index(row["variant"]), row["seed"]))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data-dir", help="folder with the IDX files of MNIST, else they are downloaded"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument(
        "--note", default="", help="what else there is to know of the machine at the time"
    )
    arguments, options = parser.parse_known_args()
    torch.set_num_threads(1)
    source = data.Source(name="mnist", dir=arguments.data_dir)
    images, held_out = (data.load(source, split) for split in ("train", "validation"))
    words = ["mnist/" if word == arguments.data_dir else word for word in sys.argv[1:]]
    config = preset("mnist").replace(**from_options(options))
    for seed in arguments.seeds:
        for variant in arguments.only:
            row = one(variant, config.replace(seed=seed), images, held_out)
            report = {
                "command": " ".join(["python benchmarks/imbalance.py", *words]),
                "machine": Engine.of(config).describe(),
                "note": arguments.note,
                "config": config.tree(),
                "stays": STAYS,
                "runs": rows(),
            }
            (RESULTS / "imbalance.json").write_text(
                json.dumps(report, indent=1) + "\n", encoding="utf-8"
            )
            found = row["alike"]["named"] or row["alike"]
            print(
                variant,
                seed,
                f"{found['cluster_accuracy']:.4f} in {row['seconds']:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
