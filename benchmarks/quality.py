"""How well a preset finds the classes, seed by seed, on images that it never saw.

    python benchmarks/quality.py mnist --seeds 0 1 2 3 4 5 6 7 8 9 --data-dir mnist/

(make bench-quality)

One process per core, one thread each; further words are settings. Writes
benchmarks/results/quality-<preset>.json after each seed and goes on from there when it is started
again: runs that are done lie in runs/quality/."""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import torch

import infogan as ig
from infogan import data
from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.config.tree import from_options
from infogan.data.images import Images
from infogan.training.device import Engine

RESULTS = Path(__file__).parent / "results"
KEPT = (
    "n",
    "k",
    "cluster_accuracy",
    "purity",
    "nmi",
    "ari",
    "recall",
    "merges",
    "information",
)


def without_seen(images: Images, seen: Images) -> Images:
    """The images that are not also among those seen, byte for byte."""
    known = {pixels.tobytes() for pixels in seen.pixels}
    return images.subset(
        np.array([i for i, pixels in enumerate(images.pixels) if pixels.tobytes() not in known])
    )


def one_seed(
    config: RunConfig, run: Path, unseen: str | None, data_dir: str | None
) -> dict[str, Any]:
    """Train (or find) one run; its scores on the held-out part of its own data, and on the unseen
    set."""
    model = ig.train(config, run=run)
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    row = {
        "seed": config.seed,
        "seconds": scores["seconds"],
        "images_per_second": scores["images_per_second"],
    }
    row["validation"] = {key: scores[key] for key in KEPT}
    if unseen is not None:
        others = data.load(unseen, "validation", dir=data_dir)
        score = ig.evaluate(model, without_seen(others, data.load(config.data, "all")))
        row["unseen"] = {key: score[key] for key in KEPT}
    return row


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean, spread, median and worst of the one-to-one accuracy on each set."""
    result = {}
    for part in ("validation", "unseen"):
        values = [row[part]["cluster_accuracy"] for row in rows if part in row]
        if values:
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            result[part] = {
                "mean": statistics.mean(values),
                "std": spread,
                "median": statistics.median(values),
                "worst": min(values),
            }
    return result


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("preset")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument(
        "--unseen",
        help="a further set to score on, less the images that are also in the run's data",
    )
    parser.add_argument("--data-dir", help="folder with the IDX files of the set")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="processes, with one thread each"
    )
    parser.add_argument(
        "--note", default="", help="what else there is to know of the machine at the time"
    )
    parser.add_argument("--name", help="of the result file, when it is not the preset's")
    arguments, options = parser.parse_known_args()
    name = arguments.name or arguments.preset
    config = preset(arguments.preset).replace(**from_options(options))
    if config.data.name != "digits" and arguments.data_dir:
        config = config.replace(data={"dir": arguments.data_dir})
    words = ["mnist/" if word == arguments.data_dir else word for word in sys.argv[1:]]
    torch.set_num_threads(1)  # of which the report speaks
    report: dict[str, Any] = {
        "command": " ".join(["python benchmarks/quality.py", *words]),
        "preset": arguments.preset,
        "machine": Engine.of(config).describe() | {"host": platform.machine()},
        "note": arguments.note,
        "config": config.replace(data={"dir": "none"}).tree(),
    }
    rows: list[dict[str, Any]] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.jobs, spawn, torch.set_num_threads, (1,)) as pool:
        runs = {seed: Path("runs/quality") / f"{name}-{seed}" for seed in arguments.seeds}
        rest = (arguments.unseen, arguments.data_dir)
        for done in as_completed(
            [pool.submit(one_seed, config.replace(seed=s), run, *rest) for s, run in runs.items()]
        ):
            rows = sorted([*rows, done.result()], key=lambda row: row["seed"])
            text = json.dumps(report | {"summary": summary(rows), "runs": rows}, indent=2)
            (RESULTS / f"quality-{name}.json").write_text(text + "\n", encoding="utf-8")
            row = done.result()
            shown = [
                f"{part} {row[part]['cluster_accuracy']:.4f}"
                for part in ("validation", "unseen")
                if part in row
            ]
            print(
                f"{name} seed {row['seed']}: {' '.join(shown)} in {row['seconds']:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
