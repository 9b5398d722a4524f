"""What a program that shows runs is told, and the recorder that tells it."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infogan.core.tables import read_file
from infogan.runs.folder import Run
from infogan.training.recorder import Line, NullRecorder

logger = logging.getLogger("infogan")
Values = Mapping[str, float]


class Backend(ABC):
    """A program that shows runs, open for one of them. It may raise anything: its Tracker copes."""

    package: str
    """Python package that it needs, which is imported when it is opened."""
    keeps = True
    """Whether what it took is in its files at once, and so outlives a kill of this process."""

    @abstractmethod
    def __init__(self, run: Run, known: str) -> None:
        """Open it for a run. known: under which `id` it has the run already; else empty."""

    @property
    def id(self) -> str:
        """What it calls the run."""
        return ""

    @abstractmethod
    def log(self, step: int, values: Values) -> None:
        """Take the figures of a step."""

    @abstractmethod
    def finish(self, step: int, scores: Values, pictures: Sequence[Path]) -> None:
        """Take the scores at the end, by name, and the PNG files of what was learned."""

    @abstractmethod
    def close(self) -> None:
        """End what was opened; the run can be opened again."""


class Tracker(NullRecorder):
    """A recorder beside the run folder's. It catches up with the folder's log when it begins and
    never writes a step twice. The first fault ends it, with a warning, and not the training."""

    def __init__(self, name: str, kind: type[Backend], run: Run) -> None:
        super().__init__()
        self._option, self._kind, self._run = name, kind, run
        self._backend: Backend | None = None
        self._is_done = False  # or at fault
        self._known, self._step, self._scored, self._closed = "", 0, False, False

    def begin(self) -> None:
        """Open the backend, and tell it what the run's log has and it has not."""
        if not (self._backend or self._is_done):
            self._guarded(self._open)
            for line in self._run.metrics():
                self.write(line)

    def write(self, line: Line) -> None:
        super().write(line)
        if self._backend and (step := int(line["step"])) > self._step:
            values = {name: value for name, value in line.items() if name != "step"}
            self._guarded(lambda: self._log(step, values))

    def finish(self, scores: Values, pictures: Sequence[Path]) -> None:
        """Tell it the scores of the finished run, once."""
        if self._backend and not self._scored:
            self._guarded(lambda: self._finish(scores, pictures))

    def close(self) -> None:
        """End the backend."""
        if self._backend:
            self._guarded(self._end)
        self._backend, self._is_done = None, True

    def _open(self) -> None:
        file = self._run.tracking_file
        told = (read_file(file) if file.is_file() else {}).get(self._option, {})
        if told and not (self._kind.keeps or told.get("closed")):
            told = {}  # a process was killed, and nobody knows what it held in memory
        self._known, self._step = str(told.get("id", "")), int(told.get("step", 0))
        self._scored = bool(told.get("scored"))
        self._backend = self._kind(self._run, self._known)
        self._known = self._backend.id
        self._keep()

    def _log(self, step: int, values: Values) -> None:
        assert self._backend
        self._backend.log(step, values)
        self._step, self._scored = step, False  # what scores there were are of fewer steps
        self._keep()

    def _finish(self, scores: Values, pictures: Sequence[Path]) -> None:
        assert self._backend
        self._backend.finish(self._step, scores, pictures)
        self._scored = True
        self._keep()

    def _end(self) -> None:
        assert self._backend
        self._backend.close()
        self._closed = True
        self._keep()

    def _keep(self) -> None:
        """Write down what it was told, after it took that: a line is rather lost than doubled."""
        file = self._run.tracking_file
        tree = read_file(file) if file.is_file() else {}
        own = {"id": self._known, "step": self._step, "scored": self._scored}
        own["closed"] = self._closed
        self._run.write_json(file, tree | {self._option: own})

    def _guarded(self, act: Callable[[], None]) -> None:
        """Do it; after any fault of the package, the file or the disk, do nothing from then on."""
        try:
            act()
        except Exception as error:
            self._backend, self._is_done = None, True
            why = " ".join(str(error).split())[:200] or type(error).__name__
            goes_on = "the run goes on without it, and the same command later adds what is missing"
            logger.warning("--track %s: stopped (%s); %s", self._option, why, goes_on)
