"""A run folder: the whole record of a run and the only input of everything after training."""

import json
import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from infogan.config.settings import RunConfig
from infogan.config.tree import flat
from infogan.core import atomic
from infogan.core.errors import ConfigError, RunError
from infogan.core.tables import read_file
from infogan.runs.names import Names

try:
    import fcntl
except ImportError:  # Windows, where two processes in one run folder go unnoticed
    fcntl = None  # type: ignore[assignment]

FREE = {"log_every", "checkpoint_every"}  # may change on resuming; steps too, if not timed
SELECTION = "selection.json"  # the ranking of several runs, in the folder that holds them


class Run:
    """The files of one run: those below, and pictures in samples/ and traversals/."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.metrics_file = self.path / "metrics.jsonl"
        self.checkpoints = self.path / "checkpoints"
        self.weights_file = self.path / "model.safetensors"
        self.environment_file = self.path / "environment.json"
        self.labels_file = self.path / "labels.csv"  # those that the objective used, if any
        self.scores_file = self.path / "scores.json"
        self.names_file = self.path / "names.json"
        self.report_file = self.path / "report.html"
        self.lock_file = self.path / ".lock"
        self._lock: BinaryIO | None = None

    @property
    def exists(self) -> bool:
        """Whether the folder holds a run."""
        return self.config_file.is_file()

    @property
    def config(self) -> RunConfig:
        """The run's settings; RunError when there is no run, or one of settings unknown here."""
        if not self.exists and (self.path / SELECTION).is_file():
            raise RunError(f"{self.path}: holds several runs; give the one {SELECTION} selects")
        if not self.exists:
            raise RunError(f"{self.path}: has no config.json; give a run folder that train wrote")
        tree = read_file(self.config_file)
        try:
            return RunConfig.from_tree(tree)
        except ConfigError as error:
            raise RunError(f"{self.config_file}: {error}") from None

    @property
    def names(self) -> Names:
        """The user's names for codes and categories; RunError when names.json does not fit."""
        if not self.names_file.is_file():
            return Names()
        tree = read_file(self.names_file)
        try:
            return Names.from_tree(tree, self.config.latent)
        except ConfigError as error:
            raise RunError(f"{self.names_file}: {error}; correct it, or remove the file") from None

    def differences(self, config: RunConfig) -> str:
        """The first settings in which the run differs from these, except those that may change."""
        old, new = flat(self.config.tree()), flat(config.tree())
        free = FREE if config.timed else FREE | {"steps"}
        differ = sorted(k for k in (old | new).keys() - free if old.get(k) != new.get(k))
        return ", ".join(f"{k} {old.get(k)} (now {new.get(k)})" for k in differ[:4])

    def begin(self, config: RunConfig) -> None:
        """Start a run here, or resume the one that is here, and lock the folder until `close`.
        RunError when another process has it, or it holds another run or anything else."""
        self._check_owner()
        self.path.mkdir(parents=True, exist_ok=True)
        self._hold()
        if self.exists and (differ := self.differences(config)):
            raise RunError(f"{self.path}: has {differ}; choose another --run, or use --fresh")
        self.write_json(self.config_file, config.tree())

    def clear(self) -> None:
        """Remove the run, if any; RunError when another process has it, or it is no run."""
        self._check_owner()
        if self.exists:
            self._hold()
            config_last = sorted(self.path.iterdir(), key=self.config_file.__eq__)
            for item in config_last:  # it marks the folder as a run's until nothing else is left
                if item.is_dir() and not item.is_symlink():
                    shutil.rmtree(item)
                elif item != self.lock_file:
                    item.unlink()

    def _check_owner(self) -> None:
        """RunError when the folder holds neither a run nor only what a start cut off leaves."""
        own = {self.lock_file.name, f".{self.config_file.name}.partial"}
        items = self.path.iterdir() if self.path.is_dir() and not self.exists else ()
        if any(item.name not in own for item in items):
            raise RunError(f"{self.path}: is not empty and holds no run; choose another --run")

    def _hold(self) -> None:
        """Lock the folder; the system unlocks it when this process ends, however it ends."""
        if self._lock is not None or fcntl is None:
            return
        lock = self.lock_file.open("a+b", buffering=0)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read(1000).decode(errors="replace") or "another process"
            lock.close()
            raise RunError(f"{self.path}: {holder} has it; wait or choose another --run") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
        self._lock = lock

    def close(self) -> None:
        """Unlock the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write_json(self, path: Path, value: Any) -> None:
        """Write a file durably and whole: no reader ever sees half of it."""
        atomic.replace(path, json.dumps(value, indent=2).encode() + b"\n")

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl, up to the first that is cut off or damaged."""
        content = self.metrics_file.read_bytes() if self.metrics_file.is_file() else b""
        lines: list[dict[str, Any]] = []
        with suppress(ValueError, TypeError, KeyError, RecursionError):
            for text in content.splitlines():
                line = json.loads(text.decode())
                if not line["step"] > (lines[-1]["step"] if lines else 0):
                    break
                lines.append(line)
        return lines

    def rewind(self, step: int) -> None:
        """Drop the lines of metrics.jsonl after a step, from which the run resumes."""
        lines = (json.dumps(line) + "\n" for line in self.metrics() if line["step"] <= step)
        atomic.replace(self.metrics_file, "".join(lines).encode())
