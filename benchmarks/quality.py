"""How well a preset finds the classes, seed by seed, on images that it never saw.

    python benchmarks/quality.py digits --seeds 0 1 2 --unseen mnist --data-dir mnist/

Writes benchmarks/results/quality-<preset>.json after each seed and goes on from there when it is started again.
Runs that are done are not trained again: they lie in runs/quality/.
"""

import argparse
import json
import platform
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

import infogan as ig
from infogan import data
from infogan.config import RunConfig, from_options
from infogan.data.images import Images
from infogan.presets import preset
from infogan.training.engine import Engine

RESULTS = Path(__file__).parent / "results"
KEPT = ("n", "k", "cluster_accuracy", "cluster_accuracy_many_to_one", "nmi", "ari", "recall", "merges", "information")


def without_seen(images: Images, seen: Images) -> Images:
    """The images that are not also among those seen, byte for byte."""
    known = {pixels.tobytes() for pixels in seen.pixels}
    return images.subset(np.array([i for i, pixels in enumerate(images.pixels) if pixels.tobytes() not in known]))


def one_seed(config: RunConfig, run: Path, unseen: Images | None) -> dict[str, Any]:
    """Train (or find) one run; its scores on the held-out part of its own data, and on the unseen set."""
    model = ig.train(config, run=run)
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    row = {"seed": config.seed, "seconds": scores["seconds"], "images_per_second": scores["images_per_second"]}
    row["validation"] = {key: scores[key] for key in KEPT}
    if unseen is not None:
        score = ig.evaluate(model, without_seen(unseen, data.load(config.data, "all")))
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--unseen", help="a further set to score on, less the images that are also in the run's data")
    parser.add_argument("--data-dir", help="folder with the IDX files of mnist")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--note", default="", help="what else there is to know of the machine at the time")
    parser.add_argument("--name", help="of the result file, when it is not the preset's")
    arguments, options = parser.parse_known_args()
    torch.set_num_threads(arguments.threads)
    name = arguments.name or arguments.preset
    target = RESULTS / f"quality-{name}.json"
    config = preset(arguments.preset).replace(**from_options(options))
    if config.data.name == "mnist" and arguments.data_dir:
        config = config.replace(data={"dir": arguments.data_dir})
    unseen = data.load(arguments.unseen, "validation", dir=arguments.data_dir) if arguments.unseen else None
    words = ["mnist/" if word == arguments.data_dir else word for word in sys.argv[1:]]
    rows: list[dict[str, Any]] = []
    for seed in arguments.seeds:
        rows.append(one_seed(config.replace(seed=seed), Path("runs/quality") / f"{name}-{seed}", unseen))
        machine = Engine.of(config).describe() | {"host": platform.machine()}
        report = {
            "command": " ".join(["python benchmarks/quality.py", *words]),
            "preset": arguments.preset,
            "machine": machine,
            "note": arguments.note,
            "config": config.replace(data={"dir": "none"}).tree(),
            "summary": summary(rows),
            "runs": rows,
        }
        target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        shown = " ".join(
            f"{part} {row[part]['cluster_accuracy']:.4f}"
            for row in rows[-1:]
            for part in row
            if part in ("validation", "unseen")
        )
        print(f"{name} seed {seed}: {shown} in {rows[-1]['seconds']:.0f} s", flush=True)


if __name__ == "__main__":
    main()
