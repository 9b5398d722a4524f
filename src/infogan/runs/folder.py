"""A run folder: the whole record of a run and the only input of everything after training."""

import json
import logging
import os
import shlex
import shutil
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from infogan.config.settings import RunConfig
from infogan.config.tree import flat
from infogan.core import atomic
from infogan.core.errors import ConfigError, RunError, parsing
from infogan.core.limits import SCORES
from infogan.core.tables import as_json, read_file
from infogan.latent.latent import Latent
from infogan.runs.names import Names
from infogan.runs.record import FORMAT, Origin, Record, check_format

try:
    import fcntl
except ImportError:  # Windows, where two processes in one run folder go unnoticed
    fcntl = None  # type: ignore[assignment]

NAMED = 4  # most settings that a message names
FREE = {"log_every", "checkpoint_every", "data.name", "data.dir"}
"""Settings that may change when a run is resumed; steps too, if nothing follows a schedule."""
WRITTEN = (
    *("checkpoints", "metrics.jsonl", "model.safetensors", "environment.json", "scores.json"),
    *("images.csv", "labels.csv", "report.html", "explorer.html", "*.onnx"),
    *("samples", "traversals", "information.png", "losses.png"),
    *("tracking.json", "tensorboard", "wandb", "mlflow"),
)
"""What commands write into a run folder besides config.json, run.json and the user's names."""
logger = logging.getLogger("infogan")
SELECTION = "selection.json"  # the ranking of several runs, in the folder that holds them


def below(path: Path) -> list[Path]:
    """The run folders in a folder, at any depth, in order; the folder alone where it is one."""
    if Run(path).exists:
        return [path]
    return sorted(found.parent for found in path.rglob(Run(path).config_file.name))


class Run:
    """The files of one run: those below, and pictures in samples/ and traversals/."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.record_file = self.path / "run.json"
        self.images_file = self.path / "images.csv"  # if they are files
        self.metrics_file = self.path / "metrics.jsonl"
        self.checkpoints = self.path / "checkpoints"
        self.weights_file = self.path / "model.safetensors"
        self.environment_file = self.path / "environment.json"
        self.labels_file = self.path / "labels.csv"  # those that the objective used, if any
        self.scores_file = self.path / "scores.json"
        self.names_file = self.path / "names.json"
        self.report_file = self.path / "report.html"
        self.tracking_file = self.path / "tracking.json"  # what trackers were told, if any
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
        _ = self.record  # settings of another format would be misread
        tree = read_file(self.config_file)
        try:
            return RunConfig.from_tree(tree)
        except ConfigError as error:
            raise RunError(f"{self.config_file}: {error}") from None

    @property
    def record(self) -> Record:
        """What the folder says of itself; RunError when it is of a format that is not read here."""
        if not self.record_file.is_file():
            older = (
                f"has no run.json, so it is older than run format {FORMAT}, which this one reads"
            )
            remedy = "train it again, or load its model.safetensors by itself"
            raise RunError(f"{self.path}: {older}; {remedy}")
        with parsing(self.record_file, "the record of a run", RunError):
            tree = read_file(self.record_file)
            check_format(tree, self.path)
            return Record.model_validate(tree)

    @property
    def names(self) -> Names:
        """The user's names for codes and categories; RunError when names.json does not fit."""
        return self.names_for(self.config.latent) if self.names_file.is_file() else Names()

    def names_for(self, latent: Latent) -> Names:
        """The names of names.json, for the codes of a latent."""
        if not self.names_file.is_file():
            return Names()
        try:
            return Names.from_tree(read_file(self.names_file), latent)
        except ConfigError as error:
            raise RunError(f"{self.names_file}: {error}; correct it, or remove the file") from None

    @property
    def scores(self) -> dict[str, Any]:
        """What was measured of the finished run; empty before. ConfigError for a damaged file."""
        return read_file(self.scores_file, SCORES) if self.scores_file.is_file() else {}

    def differences(self, config: RunConfig) -> dict[str, str]:
        """The settings in which the run differs from these, in their order and with both values,
        except those that may change. Where its images are is none: their digest says which they
        are."""
        old, new = flat(self.config.tree()), flat(config.tree())
        free = FREE if config.timed else FREE | {"steps"}
        differ = [k for k in {**new, **old} if k not in free and old.get(k) != new.get(k)]
        kinds = {k.removesuffix("kind") for k in differ if k.endswith(".kind")}  # all else follows
        told = [k for k in differ if k.endswith(".kind") or not k.startswith(tuple(kinds))]
        return {k: f"{k.removesuffix('.kind')} {old.get(k)} (now {new.get(k)})" for k in told}

    @property
    def drawn(self) -> list[Path]:
        """Its pictures that hold no real image: curves, random samples, sweeps of codes."""
        names = ("information.png", "losses.png", "samples/random.png", "traversals/*.png")
        return sorted(path for name in names for path in self.path.glob(name))

    def hold(self) -> None:
        """Make the folder and lock it until `close`; RunError when another process has it, or it
        holds something other than a run."""
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path}: is a file; choose another --run")
        self._check_owner()
        with atomic.writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock_folder()
            for left in self.path.glob(".*.partial"):  # by a process that was killed
                if atomic.abandoned(left.stat().st_ctime):
                    left.unlink()

    def check(self, config: RunConfig, origin: Origin | None = None) -> None:
        """RunError where the folder holds a run that these settings do not go on with."""
        if not self.exists:
            return
        if differ := self.differences(config):
            remedy, shown = "choose another --run", [*differ.values()][:NAMED]
            if [*differ] == ["steps"]:
                timed = " and ".join(config.schedules)
                remedy = f"the schedule of {timed} is for that many steps; {remedy}"
                if self.weights_file.is_file():
                    begins = f"--continue-from {shlex.quote(str(self.path))} begins it"
                    remedy += f" ({begins} with these weights)"
            more = f" and {len(differ) - NAMED} more" if len(differ) > NAMED else ""
            raise RunError(f"{self.path}: has {', '.join(shown)}{more}; {remedy}, or use --fresh")
        was = self.record.continued_from
        if (was and was.sha256) != (origin and origin.sha256):
            begun = f"began with the weights of {was.run}" if was else "began with no other weights"
            again = f"give --continue-from {was.run}" if was else "leave --continue-from out"
            raise RunError(f"{self.path}: {begun}; {again}, or choose another --run")

    def begin(self, config: RunConfig, record: Record) -> None:
        """Write what the run is, once it was checked. The settings come last: they make the folder
        a run's."""
        self.write_json(self.record_file, record.model_dump(mode="json"))
        self.write_json(self.config_file, config.tree())

    def clear(self) -> None:
        """Remove what commands wrote, with a warning of what goes; settings, the user's names and
        other files stay. RunError when another process has it, or it is no run."""
        self._check_owner()
        if not self.exists:
            return
        self._lock_folder()
        written = sorted(path for name in WRITTEN for path in self.path.glob(name))
        kept = {item.name for item in self.path.iterdir()} - {path.name for path in written}
        kept -= {self.lock_file.name, self.config_file.name, self.record_file.name}
        stays = f"; {', '.join(sorted(kept))} stay" if kept else ""
        going = ", ".join(path.name for path in written)
        logger.warning("%s: removes the run that is there (%s)%s", self.path, going, stays)
        for item in written:
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()

    def _check_owner(self) -> None:
        """RunError when the folder holds neither a run nor only what a start cut off leaves."""
        files = (self.record_file.name, self.config_file.name, self.images_file.name)
        own = {self.lock_file.name, self.record_file.name, self.images_file.name}
        own |= {f".{name}.*partial" for name in files} | {self.names_file.name}
        items = self.path.iterdir() if self.path.is_dir() and not self.exists else ()
        if any(not any(item.match(name) for name in own) for item in items):
            raise RunError(f"{self.path}: is not empty and holds no run; choose another --run")

    def _lock_folder(self) -> None:
        """Lock the folder; the system unlocks it when this process ends, however it ends."""
        if self._lock is not None or fcntl is None:
            return
        lock = self.lock_file.open("a+b", buffering=0)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            holder = self.holder or "another process"
            raise RunError(f"{self.path}: {holder} has it; wait or choose another --run") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
        self._lock = lock

    @property
    def holder(self) -> str:
        """The other process that has the folder, in words; empty where none has."""
        if self._lock is not None or fcntl is None or not self.lock_file.is_file():
            return ""
        with self.lock_file.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return lock.read(1000).decode(errors="replace") or "another process"
        return ""

    def close(self) -> None:
        """Unlock the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write_json(self, path: Path, value: Any) -> None:
        """Write a file durably and whole: no reader ever sees half of it."""
        atomic.replace(path, as_json(value, indent=2).encode() + b"\n")

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
