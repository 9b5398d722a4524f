"""The standard sets beside what anybody reached: ten fresh seeds, k-means, UMAP, published figures.

    python benchmarks/ahead.py --data-dir mnist/ [--only digits fashion-mnist] [--seeds 20 21]

Each run is one command of `infogan train`, without labels. Scored on held-out images, and on all
images but MNIST's test set, which is nearer to how most published figures were taken (trained and
scored on the same images). With a hundred labels: what benchmarks/family.py measured. Writes
benchmarks/results/ahead.json after each run; runs that are done are not repeated. The baselines
need umap-learn.
"""

import argparse
import json
import os
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

import commands
import folders

from infogan import Model, data
from infogan.analysis.evaluation import evaluate
from infogan.config.presets import DIGITS
from infogan.training.device import Engine

TARGET = Path(__file__).parent / "results" / "ahead.json"
RUNS = Path("runs") / "ahead"
KEPT = ("cluster_accuracy", "purity", "nmi", "ari", "n")
UNEVEN = RUNS / "uneven"  # a folder that is made of MNIST
SETS = {name: name for name in ("digits", "mnist", "fashion-mnist")} | {"uneven": str(UNEVEN)}
"""What to train for each set: a preset, or a folder."""
LABELLED = ("semigan", "improvedgan", "catgan")
BASELINES = {"k-means on pixels": folders.kmeans, "UMAP + GMM on pixels": folders.umap}


def scored(name: str, seed: int, mnist: str) -> dict[str, Any]:
    """The scores of one run."""
    words = [SETS[name], *(("--data-dir", mnist) if name == "mnist" else ())]
    run = RUNS / f"{name}-{seed}"
    scores = commands.trained(words, seed, run)
    row = {"seed": seed} | {key: scores[key] for key in KEPT if scores.get(key) is not None}
    row |= {"seconds": scores["seconds"], "steps": scores["steps"]}
    model = Model.load(run)
    found = evaluate(model, data.load(model.config.data, "all"))
    return row | {"all": {key: found[key] for key in KEPT if found.get(key) is not None}}


def compared(name: str, mnist: str) -> dict[str, Any]:
    """What others make of all images of a set."""
    where = mnist if name == "mnist" else None
    images, table = data.load(data.Source(name=SETS[name], dir=where), "all"), {}
    for baseline, group in BASELINES.items():
        begun = time.perf_counter()
        read = group(folders.pixels(images), len(images.classes))
        table[baseline] = folders.scored(images, read, begun)
    return table


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """Median and worst ACC with median NMI of each set; mean and worst error of each objective that
    has a hundred labels."""
    table: dict[str, Any] = {}
    for name, rows in report["runs"].items():
        accuracies = [row["cluster_accuracy"] for row in rows]
        everything = [row["all"] for row in rows]
        table[name] = {
            "median": statistics.median(accuracies),
            "worst": min(accuracies),
            "nmi": statistics.median(row["nmi"] for row in rows),
            "ari": statistics.median(row["ari"] for row in rows),
            "all": {
                key: statistics.median(row[of] for row in everything)
                for key, of in (("median", "cluster_accuracy"), ("nmi", "nmi"), ("ari", "ari"))
            },
            "seeds": [row["seed"] for row in rows],
        }
    family = json.loads(TARGET.with_name("family.json").read_text(encoding="utf-8"))["runs"]
    table["labels_100"] = {}
    for name in LABELLED:
        errors = {row["seed"]: row["error"] for row in family if row["study"] == f"{name}-100"}
        middle, worst = statistics.mean(errors.values()), max(errors.values())
        table["labels_100"][name] = {"mean": middle, "worst": worst, "seeds": list(errors)}
    return table


def main() -> None:
    """Train what is missing, and write the file as results come."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data-dir", required=True, help="folder with MNIST's IDX files")
    parser.add_argument("--only", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(20, 30)))
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--baselines", action="store_true", help="also k-means and UMAP + GMM")
    options = parser.parse_args()
    if not UNEVEN.is_dir():
        folders.uneven(UNEVEN, argparse.Namespace(mnist=options.data_dir))
    report: dict[str, Any] = {"runs": {}, "baselines": {}}
    if TARGET.is_file():
        report = json.loads(TARGET.read_text(encoding="utf-8"))
    commands.collect(
        partial(scored, mnist=options.data_dir),
        [(name, seed) for seed in options.seeds for name in options.only],
        report["runs"],
        options.processes,
        partial(write, report),
    )
    if options.baselines:
        for name in options.only:
            report["baselines"][name] = compared(name, options.data_dir)
            write(report)


def write(report: dict[str, Any]) -> None:
    """The file, with its summary."""
    report["machine"] = Engine.of(DIGITS).describe() | {"threads": 1}
    report["command"] = "python benchmarks/ahead.py --data-dir mnist/"
    report["words"] = SETS
    report["summary"] = summary(report)
    TARGET.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
