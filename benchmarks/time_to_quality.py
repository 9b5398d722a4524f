"""Seconds of training until held-out cluster accuracy reaches 95 %, seed by seed.

    python benchmarks/time_to_quality.py digits mnist --data-dir mnist/

Scoring (every 50 steps, by the weights that would be kept) is not counted. Writes
benchmarks/results/time-to-quality.json.
"""

import argparse
import copy
import json
import statistics
import time
from pathlib import Path
from typing import Any

from infogan import data
from infogan.analysis.metrics import clusters
from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.data.images import Images
from infogan.training.device import Engine
from infogan.training.trainer import Trainer

GOAL, EVERY = 0.95, 50
TARGET = Path(__file__).parent / "results" / "time-to-quality.json"


def accuracy(trainer: Trainer, images: Images) -> float:
    """Clustering accuracy of the model that training would end with; leaves the trainer alone."""
    players = {
        part: copy.deepcopy(getattr(trainer.model, part).state_dict()) for part in ("g", "d")
    }
    model = trainer.finished()
    name = model.latent.categorical
    assert name is not None
    read = model.encode(images)[name].value
    found = clusters.score(images.labels, read, len(images.classes), model.latent.codes[name].width)
    for part, state in players.items():
        getattr(trainer.model, part).load_state_dict(state)
    return found.accuracy


def race(config: RunConfig, train: Images, held_out: Images) -> dict[str, Any]:
    """Train until the goal is reached or the preset's steps are over."""
    trainer, seconds, reached = Trainer(config, train), 0.0, 0.0
    while trainer.step < config.steps and reached < GOAL:
        begun = time.perf_counter()
        for _ in range(EVERY):
            trainer.advance()
        seconds += time.perf_counter() - begun
        reached = accuracy(trainer, held_out)
    return {"seed": config.seed, "seconds": seconds, "steps": trainer.step, "accuracy": reached}


def main() -> None:
    """Race each preset and seed, print and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("presets", nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data-dir")
    arguments = parser.parse_args()
    words = " ".join(arguments.presets)
    report: dict[str, Any] = {
        "command": f"python benchmarks/time_to_quality.py {words} --data-dir mnist/",
        "goal": GOAL,
        "machine": Engine.of(preset(arguments.presets[0])).describe(),
        "presets": {},
    }
    for name in arguments.presets:
        config = preset(name)
        if config.data.name != "digits":
            config = config.replace(data={"dir": arguments.data_dir})
        train, held_out = (data.load(config.data, split) for split in ("train", "validation"))
        rows = []
        for seed in arguments.seeds:
            rows.append(race(config.replace(seed=seed), train, held_out))
            print(name, rows[-1], flush=True)
        report["presets"][name] = {
            "median_seconds": statistics.median(row["seconds"] for row in rows),
            "runs": rows,
        }
        TARGET.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
