"""What `reconstruct`, `sort` and `report` give on held-out images of finished runs, and their cost.

    python benchmarks/photos.py runs/quality/digits-0 runs/quality/digits-1 runs/quality/digits-2

Writes benchmarks/results/photos.json; $NOTE says what else matters about the machine.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import infogan as ig
from infogan.analysis.metrics import clusters
from infogan.analysis.observation import Observation
from infogan.core.random import stream
from infogan.data.images import Images, Pixels
from infogan.report import page
from infogan.runs.folder import Run
from infogan.training.device import Engine

RESULTS = Path(__file__).parent / "results"
IMAGES = 200
"""Held-out images that are reconstructed."""
THRESHOLDS = 0.5, 0.9, 0.99


def off(a: Pixels, b: Pixels) -> float:
    """Mean absolute difference in grey levels."""
    return float(np.abs(a.astype(float) - b).mean())


def reconstruction(model: ig.Model, images: Images) -> dict[str, float]:
    """Error with the z that is searched for, and with a random z; seconds an image."""
    pixels = images.take(slice(0, IMAGES))
    begun = time.perf_counter()
    found = model.reconstruct(pixels)
    seconds = (time.perf_counter() - begun) / len(pixels)
    codes = model.latent.read(model.encode(pixels))
    noise = model.latent.sample(len(pixels), stream(0, "random z")).noise
    random = model.generate(torch.cat([noise, codes], 1))
    return {
        "searched": off(found.images, pixels),
        "random": off(random, pixels),
        "seconds": seconds,
    }


def sorting(model: ig.Model, images: Images) -> list[dict[str, float]]:
    """Of each threshold: the share set aside, the accuracy of the rest, and the share of all errors
    that were set aside."""
    name = model.latent.categorical
    assert name is not None
    read, k = model.encode(images)[name], model.latent.codes[name].width
    found = clusters.score(images.labels, read.value, len(images.classes), k)
    right = np.array([found.category_of.get(int(label)) for label in images.labels]) == read.value
    rows = []
    for threshold in THRESHOLDS:
        aside = read.confidence < threshold
        caught = float((aside & ~right).sum() / (~right).sum())
        rows.append(
            {
                "unsure": threshold,
                "aside": aside.mean(),
                "accuracy": right[~aside].mean(),
                "caught": caught,
            }
        )
    return [{key: float(value) for key, value in row.items()} for row in rows]


def report(run: Run, model: ig.Model, images: Images) -> dict[str, float]:
    """Size of the page and the median time to write it; the run's own page is put back."""
    before = run.report_file.read_bytes() if run.report_file.is_file() else None
    seconds = []
    for _ in range(5):
        begun = time.perf_counter()
        path = page.write(run, Observation(model, images, seed=model.config.seed))
        seconds.append(time.perf_counter() - begun)
    size = path.stat().st_size
    if before is None:
        path.unlink()
    else:
        path.write_bytes(before)
    return {"bytes": size, "seconds": statistics.median(seconds)}


def main() -> None:
    """Measure the runs that the command line names."""
    runs: list[dict[str, Any]] = []
    for word in sys.argv[1:]:
        run, model = Run(word), ig.Model.load(word)
        images = ig.data.load(run.config.data, "validation")
        runs.append(
            {
                "run": word,
                "seed": run.config.seed,
                "images": len(images),
                "reconstruct": reconstruction(model, images),
                "sort": sorting(model, images),
                "report": report(run, model, images),
            }
        )
    machine = Engine.of(run.config).describe() | {"dtype": "float32"}  # a finished model's
    command = " ".join(["python benchmarks/photos.py", *sys.argv[1:]])
    result = {
        "command": command,
        "machine": machine,
        "note": os.environ.get("NOTE", ""),
        "runs": runs,
    }
    (RESULTS / "photos.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
