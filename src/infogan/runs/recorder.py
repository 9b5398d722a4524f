"""A run folder as the place where a trainer leaves what it finds (training.recorder)."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from torch import Tensor

from infogan.core import interrupts
from infogan.runs import checkpoints
from infogan.runs.folder import Run


class FolderRecorder:
    """Lines go to metrics.jsonl, states to checkpoints; the process's signals ask it to stop."""

    def __init__(self, run: Run, log: BinaryIO) -> None:
        self.line: dict[str, float] = (run.metrics() or [{}])[-1]
        self._run, self._log = run, log

    def write(self, line: dict[str, float]) -> None:
        """Append a line to the log."""
        self.line = line
        self._log.write(json.dumps(line).encode() + b"\n")

    def save(
        self, values: dict[str, Any], weights: Mapping[str, Tensor], moments: Mapping[str, Tensor]
    ) -> None:
        """Write a checkpoint; RunError when the disk does not take it."""
        os.fsync(
            self._log.fileno()
        )  # first: a checkpoint never knows of lines that a power cut can take
        checkpoints.write(self._run.checkpoints, values, weights, moments)

    def stop_requested(self) -> bool:
        """Whether a signal asked this process to stop."""
        return interrupts.asked()


@contextmanager
def recording(run: Run) -> Iterator[FolderRecorder]:
    """The recorder of a run that is held; its log is open within the block."""
    with run.metrics_file.open("ab", buffering=0) as log:
        yield FolderRecorder(run, log)
