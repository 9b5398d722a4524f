"""The recorder that writes into a run folder (see training.recorder)."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from infogan.core import interrupts
from infogan.runs import checkpoints
from infogan.runs.checkpoints import Tensors
from infogan.runs.folder import Run


class FolderRecorder:
    """Writes lines to metrics.jsonl and states to checkpoints; stops at the process's signals.
    RunError when the disk does not take a state."""

    def __init__(self, run: Run, log: BinaryIO) -> None:
        self.line: dict[str, float] = (run.metrics() or [{}])[-1]
        self._run, self._log = run, log

    def write(self, line: dict[str, float]) -> None:
        self.line = line
        self._log.write(json.dumps(line).encode() + b"\n")

    def save(self, values: dict[str, Any], weights: Tensors, moments: Tensors) -> None:
        os.fsync(self._log.fileno())  # first, so that no power cut takes lines before a checkpoint
        checkpoints.write(self._run.checkpoints, values, weights, moments)

    def stop_requested(self) -> bool:
        return interrupts.asked()


@contextmanager
def recording(run: Run) -> Iterator[FolderRecorder]:
    """The recorder of a locked run; its log is open within the block."""
    with run.metrics_file.open("ab", buffering=0) as log:
        yield FolderRecorder(run, log)
