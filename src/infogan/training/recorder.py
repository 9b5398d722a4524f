"""Where a trainer leaves what it finds: a run folder (runs.recorder), or nowhere."""

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor

from infogan.core import interrupts

Tensors = Mapping[str, Tensor]
Line = dict[str, float]
"""A line of the log: step, means of terms and watched quantities, seconds, images per second."""


class Recorder(Protocol):
    """What a trainer needs of the place."""

    @property
    def line(self) -> Line:
        """The latest of the log; empty before the first."""

    def write(self, line: Line) -> None:
        """Add a line to the log."""

    def save(self, values: dict[str, Any], weights: Tensors, moments: Tensors) -> None:
        """Keep a state that training can go on from (Trainer.state)."""

    def stop_requested(self) -> bool:
        """Whether training is to end after this step, with a state saved."""


class NullRecorder:
    """A Recorder that keeps the latest line and nothing else, and never asks to stop."""

    def __init__(self) -> None:
        self.line: Line = {}

    def write(self, line: Line) -> None:
        self.line = line

    def save(self, *state: object) -> None: ...

    def stop_requested(self) -> bool:
        return False


class Together:
    """A recorder with others beside it, which are told the same. The first knows the log's latest
    line, and is the one that is asked whether to stop."""

    def __init__(self, first: Recorder, *others: Recorder) -> None:
        self._first, self._all = first, (first, *others)

    @property
    def line(self) -> Line:
        """That of the first."""
        return self._first.line

    def write(self, line: Line) -> None:
        for recorder in self._all:
            recorder.write(line)

    def save(self, values: dict[str, Any], weights: Tensors, moments: Tensors) -> None:
        for recorder in self._all:
            recorder.save(values, weights, moments)

    def stop_requested(self) -> bool:
        return self._first.stop_requested()


class SilentRecorder(NullRecorder):
    """For a process beside the one that writes, and for training without a folder: it asks to stop
    at the process's own signals."""

    def stop_requested(self) -> bool:
        return interrupts.asked()
