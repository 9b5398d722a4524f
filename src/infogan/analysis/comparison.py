"""Runs side by side: those that differ in their seed alone are one row."""

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infogan.config.settings import RunConfig
from infogan.config.tree import flat
from infogan.core.errors import RunError
from infogan.runs.folder import FREE, Run

APART = FREE | {"seed", "precision", "device"}  # settings that make no row of their own
KEYS = (
    *("error", "cluster_accuracy", "purity", "nmi", "ari"),
    *("L_I", "recall", "FD", "images_per_second"),
)
OF_FIDELITY = {"recall": "recall", "FD": "fd"}


@dataclass(frozen=True)
class Row:
    """Runs whose settings differ in the seed alone."""

    name: str  # the objective, and the settings that tell the row from others of the same objective
    runs: tuple[Run, ...]
    scores: tuple[dict[str, Any], ...]

    @property
    def config(self) -> RunConfig:
        """The settings of the first run."""
        return self.runs[0].config

    def values(self, key: str) -> list[float]:
        """One of KEYS, or L_I/CODE, of each run that has it; L_I alone is that of the categorical
        code, in nats; recall and FD are of generated images."""
        if key in OF_FIDELITY:
            found = [score["fidelity"] for score in self.scores if "fidelity" in score]
            return [score[OF_FIDELITY[key]] for score in found]
        name, _, code = key.partition("/")
        if name != "L_I":
            return [score[key] for score in self.scores if key in score]
        code = code or self.config.latent.categorical or ""
        return [score["information"][code] for score in self.scores if code in score["information"]]

    def tree(self) -> dict[str, Any]:
        """The row as plain values: each of KEYS, and the L_I of each code, with its mean, standard
        deviation and values."""
        seeds, paths = [run.config.seed for run in self.runs], [str(run.path) for run in self.runs]
        result: dict[str, Any] = {"name": self.name, "objective": self.config.objective.kind}
        result |= {"labels": self.config.labels, "seeds": seeds, "runs": paths}
        compared = [score["fidelity"]["features"] for score in self.scores if "fidelity" in score]
        result["features"] = compared[0] if compared else None
        for key in (*KEYS, *(f"L_I/{code}" for code in self.config.latent.codes)):
            if values := self.values(key):
                std = statistics.stdev(values) if len(values) > 1 else None
                result[key] = {"mean": statistics.mean(values), "std": std, "values": values}
        return result


def compare(paths: Sequence[Path | str]) -> list[Row]:
    """The rows of run folders, in the order given, each run once; RunError for a run that is not
    finished."""
    groups: dict[str, list[Run]] = {}
    for run in {Path(path).resolve(): Run(path) for path in paths}.values():
        tree = {k: v for k, v in flat(run.config.tree()).items() if k not in APART}
        if not run.scores_file.is_file():
            what = f"not finished (no {run.scores_file.name})"
            raise RunError(f"{run.path}: {what}; resume it with the same train command")
        learned = run.record.images
        tree["data"] = f"{Path(learned.source.name).name} ({learned.digest[:6]})"
        groups.setdefault(json.dumps(tree), []).append(run)
    trees, rows = [json.loads(key) for key in groups], []
    for tree, runs in zip(trees, groups.values(), strict=True):
        scores = tuple(run.scores for run in runs)
        rows.append(Row(_name(tree, trees), tuple(runs), scores))
    return rows


def _name(tree: dict[str, Any], trees: Sequence[dict[str, Any]]) -> str:
    """The objective, and the few settings that tell the row from the others of its kind: at each
    turn the one that differs from most of those that are left, the images before all others."""
    left = [other for other in trees if other["objective.kind"] == tree["objective.kind"]]
    words = [tree["objective.kind"]]
    while left := [other for other in left if other != tree]:
        differ = Counter(k for other in left for k in other | tree if other.get(k) != tree.get(k))
        key = min(differ, key=lambda k: (-differ[k], k != "data", k))
        value = "none" if tree.get(key) is None else tree[key]
        words.append(f"{key.removeprefix('objective.')} {value}")
        left = [other for other in left if other.get(key) == tree.get(key)]
    return ", ".join(words)
