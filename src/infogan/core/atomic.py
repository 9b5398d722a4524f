"""Atomic writing: a crash or a power cut leaves the old file or the new one, never half of it.
Write aside, sync, rename, sync the rename: a call of `os` each, so that tests can stop between."""

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from infogan.core.errors import RunError

ABANDONED = 3600  # seconds without a write, after which nobody goes on with what is unfinished


def write(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk holds it; RunError names path and size on failure."""
    with writing(path, len(content)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync(path: Path) -> None:
    """Wait until the disk holds a file that is written, or the names in a folder."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot, and journals names by itself
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def mkdir(path: Path) -> None:
    """Make a folder in an existing one, if it is not there yet."""
    if not path.is_dir():
        os.mkdir(path)
        sync(path.parent)


def rename(old: Path, new: Path) -> None:
    """Give a synced file or folder its name, durably."""
    os.replace(old, new)
    sync(new.parent)


def beside(path: Path) -> Path:
    """The name under which this process, and no other, writes what is to become `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def abandoned(written: float) -> bool:
    """Whether nobody goes on with what is unfinished and was last written to at that time."""
    return written < time.time() - ABANDONED


def replace(path: Path, content: bytes) -> None:
    """Write a file, replacing the old one: at any moment its name means the old or the new."""
    partial = beside(path)
    try:
        write(partial, content)
        rename(partial, path)
    except (RunError, OSError):
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a name beside `path` to write to: renamed to it at the end, removed after an error.
    Of a link, the target is replaced; a pipe or a device has nothing to keep: yielded itself."""
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    partial = beside(path)
    try:
        yield partial
        sync(partial)
        rename(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def text(path: Path) -> Iterator[TextIO]:
    """Open a text file that is written whole or not at all: UTF-8, file names byte for byte."""
    with whole(path) as new, open(new, "w", -1, "utf-8", "surrogateescape", newline="") as file:
        yield file


def remove(path: Path) -> None:
    """Remove a folder: under its name it is whole until it is gone."""
    victim = path.with_name(f".del-{path.name}")
    shutil.rmtree(victim, ignore_errors=True)
    os.rename(path, victim)
    shutil.rmtree(victim, ignore_errors=True)  # what cannot go now goes at the next start


@contextmanager
def writing(path: Path, size: int = 0) -> Iterator[None]:
    """Turn an OSError into a RunError that names the path and, where known, the bytes needed."""
    try:
        yield
    except OSError as error:
        needs = f"; it needs {size:,} bytes" if size else ""
        fault = f"{path}: cannot be written ({error.strerror or error}{needs})"
        raise RunError(f"{fault}. Nothing saved before is lost: {remedy(error)}") from None


def remedy(error: OSError) -> str:
    """What helps against an error of writing."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "choose another place, or change its permissions."
    return "make room, then run the same command again."


def require(folder: Path, size: int) -> None:
    """Raise RunError unless the folder's disk has room for `size` bytes."""
    if (free := shutil.disk_usage(folder).free) < size:
        raise RunError(
            f"{folder}: make room: {free:,} bytes are free, two checkpoints need {size:,}"
        )
