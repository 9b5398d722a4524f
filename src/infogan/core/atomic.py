"""Writing so that a crash or a power cut leaves the old or the new, never half: write aside, sync, rename, sync.

Everything goes through `os`, one call a step, so that a test can stop the world between any two of them.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from infogan.core.errors import RunError


def write(path: Path, content: bytes) -> None:
    """A file that is on the disk, not in a cache, when this returns. RunError names path and size when it cannot be."""
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
    """Have the disk hold a file that someone else wrote, or the names in a folder."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot, and journals names by itself
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def mkdir(path: Path) -> None:
    """A folder in an existing one; nothing when it is there."""
    if not path.is_dir():
        os.mkdir(path)
        sync(path.parent)


def rename(old: Path, new: Path) -> None:
    """Give a synced file or folder its name, for good."""
    os.replace(old, new)
    sync(new.parent)


def replace(path: Path, content: bytes) -> None:
    """Write a file, or replace the one that is there: at any moment its name stands for the old or the new."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(partial, content)
        rename(partial, path)
    except (RunError, OSError):
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write to beside `path`, renamed to it when the block ends well and removed when it does not.

    A link stays, its target is replaced; a pipe or a device has nothing to keep and is written to directly.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        sync(partial)
        rename(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def text(path: Path) -> Iterator[TextIO]:
    """A text file to write, whole or not at all: UTF-8, file names in the bytes that they have."""
    with (
        whole(path) as partial,
        partial.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        yield file


def remove(path: Path) -> None:
    """Let a folder go: under its name it is whole until it is gone."""
    victim = path.with_name(f".del-{path.name}")
    shutil.rmtree(victim, ignore_errors=True)
    os.rename(path, victim)
    shutil.rmtree(victim, ignore_errors=True)  # what cannot go now goes at the next start


@contextmanager
def writing(path: Path, size: int = 0) -> Iterator[None]:
    """Turn the refusal of a disk into a RunError that names what was being written and its bytes, where known."""
    try:
        yield
    except OSError as error:
        needs = f"; it needs {size:,} bytes" if size else ""
        raise RunError(
            f"{path}: cannot be written ({error.strerror or error}{needs}). "
            "Nothing saved before is lost: make room, then the same command goes on."
        ) from None


def require(folder: Path, size: int) -> None:
    """RunError unless the folder's disk has room for `size` bytes."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise RunError(
            f"{folder}: needs {size:,} bytes for two checkpoints, {free:,} are free; make room first"
        )
