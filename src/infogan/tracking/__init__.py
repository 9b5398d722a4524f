"""Programs that show runs, told of a run beside its folder: TRACKERS is the table of them."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec

from infogan.config.tree import flat
from infogan.core.errors import ConfigError
from infogan.runs.folder import Run
from infogan.tracking.base import Backend, Tracker
from infogan.tracking.mlflow import MLflow
from infogan.tracking.tensorboard import TensorBoard
from infogan.tracking.wandb import Wandb
from infogan.training.recorder import Recorder, Together

TRACKERS: Mapping[str, type[Backend]] = {
    "tensorboard": TensorBoard,
    "wandb": Wandb,
    "mlflow": MLflow,
}


def check(names: Sequence[str]) -> None:
    """ConfigError for a tracker that is unknown, or whose package is not installed."""
    for name in names:
        if name not in TRACKERS:
            raise ConfigError(f"--track {name}: is no tracker; give {', '.join(TRACKERS)}")
        if find_spec(package := TRACKERS[name].package) is None:
            raise ConfigError(f"--track {name}: needs {package}; pip install {package}")


class Trackers:
    """Those that a run is shown in, by name. None of them is opened before it is told something."""

    def __init__(self, names: Sequence[str], run: Run) -> None:
        check(names)
        self._run = run
        self._trackers = [Tracker(name, TRACKERS[name], run) for name in dict.fromkeys(names)]

    def beside(self, recorder: Recorder) -> Recorder:
        """A recorder with all trackers beside it, which now have what the run's log has."""
        self._begin()
        return Together(recorder, *self._trackers) if self._trackers else recorder

    def finish(self) -> None:
        """Tell all the scores of the finished run, and what they have not of its log."""
        self._begin()
        scores = dict[str, float]()
        with suppress(ConfigError):  # no scores, or damaged ones
            scores = figures(self._run.scores)
        for tracker in self._trackers:
            tracker.finish(scores, self._run.drawn)

    def close(self) -> None:
        """End all."""
        for tracker in self._trackers:
            tracker.close()

    def _begin(self) -> None:
        for tracker in self._trackers:
            tracker.begin()


def figures(scores: Mapping[str, object]) -> dict[str, float]:
    """The finite numbers of scores.json, by names such as `information/digit`."""
    named = {name.replace(".", "/"): value for name, value in flat(scores).items()}
    return {
        name: float(value)
        for name, value in named.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
