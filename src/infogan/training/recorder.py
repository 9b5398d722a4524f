"""Where a trainer leaves what it finds: a run folder (runs.recorder), or nowhere."""

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor

Line = dict[str, float]
"""A line of the log: step, means of terms and watched quantities, seconds, images per second."""


class Recorder(Protocol):
    """What a trainer needs of the place."""

    line: Line
    """The latest line of the log; empty before the first."""

    def write(self, line: Line) -> None:
        """Add a line to the log."""

    def save(
        self, values: dict[str, Any], weights: Mapping[str, Tensor], moments: Mapping[str, Tensor]
    ) -> None:
        """Keep a state that training can go on from (Trainer.state)."""

    def stop_requested(self) -> bool:
        """Whether training is to end after this step, with a state saved."""


class NullRecorder:
    """Keeps the latest line and nothing else; never asks to stop."""

    def __init__(self) -> None:
        self.line: Line = {}

    def write(self, line: Line) -> None:
        """Keep the line."""
        self.line = line

    def save(self, *state: object) -> None:
        """Keep nothing."""

    def stop_requested(self) -> bool:
        """No."""
        return False
