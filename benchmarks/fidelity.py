"""How much of what it was shown a generator covers, by a classifier that never saw the model.

    python benchmarks/fidelity.py digits --seeds 20 21 22 --mnist mnist/
    python benchmarks/fidelity.py digits --seeds 0 1 2 --label batch-64 --batch 64 --steps 3200

Each run is `infogan train PRESET` with the words that follow, one process a core with one thread;
runs that are done are not repeated. Judged are 10,000 generated images against the 10,000 held-out
images of MNIST (of Fashion-MNIST for that preset): FD on all, precision, recall, density, coverage
and KD on the first 5,000 of each, and recall within each category on up to 900 of each. ACC is of
the run's own held-out images. Writes benchmarks/results/fidelity.json after each run.
"""

import argparse
import json
import os
import statistics
from functools import partial
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import commands
import numpy as np

from infogan import Model, data
from infogan.analysis.features import JUDGES, extractor
from infogan.analysis.metrics import fidelity
from infogan.config.presets import preset
from infogan.core.random import stream
from infogan.training.device import Engine

TARGET = Path(__file__).parent / "results" / "fidelity.json"
RUNS = Path("runs") / "fidelity"
SAMPLES, BALLS, OWN = 10_000, 5_000, 900


def judged(label: str, seed: int, words: list[str], mnist: str | None) -> commands.Row:
    """The measures of one run."""
    run = RUNS / f"{label}-{seed}"
    at = ["--data-dir", mnist] if mnist and preset(words[0]).data.name == "mnist" else []
    scores = commands.trained([*words, *at], seed, run)
    model = Model.load(run)
    name = JUDGES[model.config.data.name]
    where = mnist if name == "mnist" else None
    held_out = data.load(data.Source(name=name, dir=where), "validation")
    extract = extractor(name, held_out.shape)
    assert extract is not None
    draw = model.latent.sample(SAMPLES, stream(0, "judge"))
    real, fake = extract(held_out.pixels), extract(model.generate(draw.vector()))
    found = fidelity.score(real[:BALLS], fake[:BALLS]).tree() | {"n": BALLS}
    found["fd"] = fidelity.frechet(real, fake)
    code = model.drawn
    if code is not None and model.categorical is not None:
        read = model.encode(held_out)[model.categorical].value
        given = draw.values[code].argmax(1).numpy()
        recalls = []
        for k in range(model.latent.codes[code].categories):
            own, of_it = real[read == k], fake[given == k]
            n = min(len(own), len(of_it), OWN)
            few = n <= fidelity.WIDE
            recalls.append(0.0 if few else fidelity.neighbours(own[:n], of_it[:n])[1])
        found |= {"recall_worst": min(recalls), "recall_mean": float(np.mean(recalls))}
    accuracy = scores.get("cluster_accuracy")
    about = {"acc": accuracy, "seconds": scores["seconds"], "steps": scores["steps"]}
    return {"seed": seed} | found | about


def summary(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Medians over seeds, with the worst recall and ACC."""
    table: dict[str, Any] = {}
    for label, rows in runs.items():
        keys = "recall", "precision", "fd", "acc", "recall_worst", "seconds"
        kept = {key: [row[key] for row in rows if row.get(key) is not None] for key in keys}
        table[label] = {key: statistics.median(values) for key, values in kept.items() if values}
        table[label]["worst_recall_of_seeds"] = min(kept["recall"], default=None)
        table[label]["seeds"] = [row["seed"] for row in rows]
    return table


def main() -> None:
    """Train what is missing, judge it, and write the file as results come."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("preset")
    parser.add_argument("--label", help="what to call these settings (default: the preset)")
    parser.add_argument("--mnist")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options, words = parser.parse_known_args()
    label, told = options.label or options.preset, [options.preset, *words]
    report: dict[str, Any] = {"runs": {}}
    if TARGET.is_file():
        report = json.loads(TARGET.read_text(encoding="utf-8"))
    report.setdefault("words", {})[label] = " ".join(told)
    commands.collect(
        partial(judged, words=told, mnist=options.mnist),
        [(label, seed) for seed in options.seeds],
        report["runs"],
        options.processes,
        partial(write, report),
    )


def write(report: dict[str, Any]) -> None:
    """The file, with its summary."""
    report["machine"] = Engine.of(preset("digits")).describe() | {"threads": 1}
    report["command"] = "python benchmarks/fidelity.py PRESET --seeds … --mnist mnist/"
    folder = files("infogan.analysis") / "judges"
    report["judges"] = {
        name: sha256((folder / f"{name}.safetensors").read_bytes()).hexdigest()
        for name in sorted(set(JUDGES.values()))
    }
    report["summary"] = summary(report["runs"])
    TARGET.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
