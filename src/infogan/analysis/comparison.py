"""Runs beside each other: those that differ in their seed alone are one row."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infogan.config.settings import RunConfig
from infogan.config.tree import flat
from infogan.core.errors import RunError
from infogan.core.tables import read_file
from infogan.runs.folder import FREE, Run

APART = FREE | {"seed", "precision", "device", "data.dir"}
"""Settings that do not make another row: the seed, and how and where a run is computed."""


@dataclass(frozen=True)
class Row:
    """Runs of the same settings but for the seed."""

    name: str
    """The objective, and the settings in which it differs from other rows of the same objective."""
    runs: tuple[Run, ...]
    scores: tuple[dict[str, Any], ...]

    @property
    def config(self) -> RunConfig:
        """The settings of the first run."""
        return self.runs[0].config

    def values(self, key: str) -> list[float]:
        """A score of each run that has it: error, cluster_accuracy, images_per_second, or L_I of the categorical
        code."""
        if key != "L_I":
            return [score[key] for score in self.scores if key in score]
        code = self.config.latent.categorical
        return [score["information"][code] for score in self.scores if code in score["information"]]

    def tree(self) -> dict[str, Any]:
        """As plain values: name, objective, labels, seeds, and mean, std and values of each score."""
        result: dict[str, Any] = {
            "name": self.name,
            "objective": self.config.objective.kind,
            "labels": self.config.labels,
            "seeds": [run.config.seed for run in self.runs],
            "runs": [str(run.path) for run in self.runs],
        }
        for key in (
            "error",
            "cluster_accuracy",
            "cluster_accuracy_many_to_one",
            "L_I",
            "images_per_second",
        ):
            if values := self.values(key):
                spread = statistics.stdev(values) if len(values) > 1 else None
                result[key] = {"mean": statistics.mean(values), "std": spread, "values": values}
        return result


def compare(paths: Sequence[Path | str]) -> list[Row]:
    """The rows of finished run folders, in the order given; RunError for a folder that is none or not finished."""
    groups: dict[str, list[Run]] = {}
    for path in paths:
        run = Run(path)
        tree = {k: v for k, v in flat(run.config.tree()).items() if k not in APART}
        if not run.scores_file.is_file():
            raise RunError(
                f"{run.path}: is not finished (no {run.scores_file.name}); the same train command goes on"
            )
        groups.setdefault(json.dumps(tree), []).append(run)
    trees = [json.loads(key) for key in groups]
    return [
        Row(_name(tree, trees), tuple(runs), tuple(read_file(run.scores_file) for run in runs))
        for tree, runs in zip(trees, groups.values(), strict=True)
    ]


def _name(tree: dict[str, Any], trees: Sequence[dict[str, Any]]) -> str:
    """The objective, and what sets these settings apart from the others of its kind."""
    same = [other for other in trees if other["objective.kind"] == tree["objective.kind"]]
    keys = sorted(
        {key for other in same for key in other | tree if other.get(key) != tree.get(key)}
    )
    shown = [
        f"{key.removeprefix('objective.')} {'none' if tree.get(key) is None else tree[key]}"
        for key in keys[:3]
    ]
    return ", ".join([tree["objective.kind"], *shown])
