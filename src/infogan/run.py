"""A run folder: the whole record of a run and the only input of everything after training."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infogan.config import RunConfig, read_file
from infogan.errors import ConfigError, RunError
from infogan.names import Names

FREE = {"steps", "log_every", "checkpoint_every"}
"""Settings that may differ when a run is taken up again."""


class Run:
    """The files of one run.

    config.json  metrics.jsonl  checkpoints/  model.safetensors  environment.json  scores.json  names.json
    report.html  samples/  traversals/
    labels.csv (the labels that the objective saw, where it saw any)
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.metrics_file = self.path / "metrics.jsonl"
        self.checkpoints = self.path / "checkpoints"
        self.weights_file = self.path / "model.safetensors"
        self.environment_file = self.path / "environment.json"
        self.labels_file = self.path / "labels.csv"
        self.scores_file = self.path / "scores.json"
        self.names_file = self.path / "names.json"
        self.report_file = self.path / "report.html"

    @property
    def exists(self) -> bool:
        """Whether a run was begun here."""
        return self.config_file.is_file()

    @property
    def config(self) -> RunConfig:
        """The run's settings; RunError when this is no run folder."""
        if not self.exists:
            raise RunError(f"{self.path}: is no run folder (it has no config.json); give one that train wrote")
        return RunConfig.from_tree(read_file(self.config_file))

    @property
    def names(self) -> Names:
        """What the user calls codes and categories; RunError when names.json does not fit this run."""
        if not self.names_file.is_file():
            return Names()
        tree = read_file(self.names_file)
        try:
            return Names.from_tree(tree, self.config.latent)
        except ConfigError as error:
            raise RunError(f"{self.names_file}: {error}; correct it, or remove the file") from None

    def begin(self, config: RunConfig) -> None:
        """Take the folder for this run, or take the run in it up again.

        RunError when it holds another run (with the settings that differ) or something else altogether.
        """
        if self.exists:
            old, new = flat(self.config.tree()), flat(config.tree())
            free = FREE - {"steps"} if config.optim.decay else FREE  # rates that fall depend on the steps to come
            differ = [k for k in sorted(old.keys() | new.keys()) if old.get(k) != new.get(k) and k not in free]
            if differ:
                shown = ", ".join(f"{k} {old.get(k)} (now {new.get(k)})" for k in differ[:4])
                raise RunError(
                    f"{self.path}: holds a run with other settings: {shown}. "
                    "Choose another --run, or replace it with --fresh."
                )
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise RunError(f"{self.path}: is not empty and holds no run; choose another --run")
        self.path.mkdir(parents=True, exist_ok=True)
        self.write_json(self.config_file, config.tree())

    def clear(self) -> None:
        """Remove the run, if there is one; RunError when the folder holds something else."""
        if self.exists:
            shutil.rmtree(self.path)
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise RunError(f"{self.path}: holds no run, so it is left alone; choose another --run")

    def write_json(self, path: Path, value: Any) -> None:
        """Write aside, then rename, so that a reader never sees half of it."""
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl; a last line that was cut off is left out."""
        if not self.metrics_file.is_file():
            return []
        lines = []
        for text in self.metrics_file.read_text(encoding="utf-8").splitlines():
            try:
                lines.append(json.loads(text))
            except ValueError:
                break
        return lines

    def rewind(self, step: int) -> None:
        """Drop the metrics lines after a step: the run goes on from there."""
        kept = [line for line in self.metrics() if line["step"] <= step]
        self.metrics_file.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")


def flat(tree: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Nested dicts as one, with dotted names as the command line writes them."""
    result: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{at}{key}"
        result |= flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return result
