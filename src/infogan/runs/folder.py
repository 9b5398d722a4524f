"""A run folder: the whole record of a run and the only input of everything after training."""

import json
import os
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from infogan.config.settings import RunConfig
from infogan.core import atomic
from infogan.core.errors import ConfigError, RunError
from infogan.core.tables import read_file
from infogan.runs.names import Names

try:
    import fcntl
except ImportError:  # Windows: two processes on one run folder are not noticed there
    fcntl = None  # type: ignore[assignment]

FREE = {"log_every", "checkpoint_every"}
"""Settings that may differ when a run is taken up again; so may steps, where nothing follows a schedule."""

SELECTION = "selection.json"
"""In a folder of several runs: how they rank."""


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
        self.lock_file = self.path / ".lock"
        self._lock: BinaryIO | None = None

    @property
    def exists(self) -> bool:
        """Whether a run was begun here."""
        return self.config_file.is_file()

    @property
    def config(self) -> RunConfig:
        """The run's settings; RunError when this is no run folder."""
        if not self.exists:
            if (self.path / SELECTION).is_file():
                raise RunError(
                    f"{self.path}: holds several runs; give the one that its {SELECTION} has selected"
                )
            raise RunError(
                f"{self.path}: is no run folder (it has no config.json); give one that train wrote"
            )
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

    def differences(self, config: RunConfig) -> str:
        """In which settings the run differs from others, in words, but for those that are free to differ."""
        old, new = flat(self.config.tree()), flat(config.tree())
        free = FREE if config.timed else FREE | {"steps"}
        differ = [
            k for k in sorted(old.keys() | new.keys()) if old.get(k) != new.get(k) and k not in free
        ]
        return ", ".join(f"{k} {old.get(k)} (now {new.get(k)})" for k in differ[:4])

    def begin(self, config: RunConfig) -> None:
        """Take the folder for this run until `close`, or take the run in it up again.

        RunError when it holds another run (with the settings that differ), something else altogether, or another
        process has it.
        """
        if self.exists:
            self._hold()
            if differ := self.differences(config):
                raise RunError(
                    f"{self.path}: holds a run with other settings: {differ}. "
                    "Choose another --run, or replace it with --fresh."
                )
        elif self._foreign():
            raise RunError(f"{self.path}: is not empty and holds no run; choose another --run")
        self.path.mkdir(parents=True, exist_ok=True)
        self._hold()
        self.write_json(self.config_file, config.tree())

    def clear(self) -> None:
        """Remove the run, if there is one; RunError when the folder holds something else or another process has it."""
        if self.exists:
            self._hold()
            for item in sorted(
                self.path.iterdir(), key=lambda item: item == self.config_file
            ):  # its mark goes last
                if item.is_dir() and not item.is_symlink():
                    shutil.rmtree(item)
                elif item != self.lock_file:
                    item.unlink()
        elif self._foreign():
            raise RunError(f"{self.path}: holds no run, so it is left alone; choose another --run")

    def _foreign(self) -> bool:
        """Whether the folder holds anything but what a start that was cut off leaves."""
        own = {self.lock_file.name, f".{self.config_file.name}.partial"}
        return self.path.is_dir() and any(item.name not in own for item in self.path.iterdir())

    def _hold(self) -> None:
        """Lock the folder, which the system undoes when this process ends, however it ends."""
        if self._lock is not None or fcntl is None:
            return
        lock = self.lock_file.open("a+b")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read(1000).decode(errors="replace") or "another process"
            lock.close()
            raise RunError(
                f"{self.path}: is in use by {holder}; wait for it or choose another --run"
            ) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
        lock.flush()
        self._lock = lock

    def close(self) -> None:
        """Let another process have the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write_json(self, path: Path, value: Any) -> None:
        """Write durably, so that a reader never sees half of it."""
        atomic.replace(path, json.dumps(value, indent=2).encode() + b"\n")

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl, up to one that was cut off."""
        if not self.metrics_file.is_file():
            return []
        lines: list[dict[str, Any]] = []
        for text in self.metrics_file.read_bytes().splitlines():
            try:
                line = json.loads(text.decode())
                if line["step"] > (lines[-1]["step"] if lines else 0):
                    lines.append(line)
                    continue
            except (ValueError, TypeError, KeyError, RecursionError):
                pass
            break
        return lines

    def rewind(self, step: int) -> None:
        """Drop the metrics lines after a step: the run goes on from there."""
        kept = [line for line in self.metrics() if line["step"] <= step]
        atomic.replace(
            self.metrics_file, "".join(json.dumps(line) + "\n" for line in kept).encode()
        )


def flat(tree: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Nested dicts as one, with dotted names as the command line writes them."""
    result: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{at}{key}"
        result |= flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return result
