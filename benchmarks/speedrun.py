"""Seconds of training until the classes are found, from the first step on, seed by seed.

    python benchmarks/speedrun.py --data-dir mnist/

The recipe is free here: what J finds on real images needs no generator, so none is trained, the
batches are large and the rates high. A run ends where the held-out images reach the goal. Scoring,
by the weights that would be kept, is not counted. Writes benchmarks/results/speedrun.json.
"""

import argparse
import copy
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infogan import data
from infogan.analysis.metrics import clusters
from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.data.images import Images
from infogan.training.device import Engine
from infogan.training.trainer import Trainer

TARGET = Path(__file__).parent / "results" / "speedrun.json"
ALONE = {"warm_up": 0.995}  # G waits until the goal is long reached


@dataclass(frozen=True)
class Race:
    """A recipe, the clustering accuracy that it is to reach, and how often it is scored."""

    config: RunConfig
    goal: float
    every: int


def sprint(name: str, steps: int, batch: int) -> RunConfig:
    """The preset's J without its game, at twice its rate for D, in few steps of many images."""
    return preset(name).replace(
        steps=steps, batch=batch, objective=ALONE, optim={"d_lr": 4e-3, "ema": 0.98}
    )


RACES = {
    "digits": Race(sprint("digits", 400, 128), goal=0.95, every=25),
    "mnist": Race(sprint("mnist", 600, 256), goal=0.98, every=50),
}


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


def run(race: Race, seed: int, train: Images, held_out: Images) -> dict[str, Any]:
    """Train until the goal is reached or the steps are over."""
    config = race.config.replace(seed=seed)
    trainer, seconds, reached = Trainer(config, train), 0.0, 0.0
    while trainer.step < config.steps and reached < race.goal:
        begun = time.perf_counter()
        for _ in range(race.every):
            trainer.advance()
        seconds += time.perf_counter() - begun
        reached = accuracy(trainer, held_out)
    return {"seed": seed, "seconds": seconds, "steps": trainer.step, "accuracy": reached}


def main() -> None:
    """Race each set and seed, print and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[30, 31, 32, 33, 34])
    parser.add_argument("--data-dir", help="folder with MNIST's files; else they are downloaded")
    arguments = parser.parse_args()
    report: dict[str, Any] = {
        "command": "python benchmarks/speedrun.py --data-dir mnist/",
        "machine": Engine.of(preset("digits")).describe(),
        "sets": {},
    }
    for name, race in RACES.items():
        source = race.config.data
        if name == "mnist":
            source = source.model_copy(update={"dir": arguments.data_dir})
        train, held_out = (data.load(source, split) for split in ("train", "validation"))
        rows = []
        for seed in arguments.seeds:
            rows.append(run(race, seed, train, held_out))
            print(name, rows[-1], flush=True)
        report["sets"][name] = {
            "goal": race.goal,
            "batch": race.config.batch,
            "median_seconds": statistics.median(row["seconds"] for row in rows),
            "runs": rows,
        }
    TARGET.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
