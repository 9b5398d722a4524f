"""The user's cache folder: images that were decoded, unpacked or downloaded once."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from platformdirs import user_cache_path

from infogan.core import atomic
from infogan.core.errors import ConfigError, DataError

Pixels = NDArray[np.uint8]
Tree = dict[str, Any]
MADE_AGAIN = "folders", "unpacked"  # what may go, because the user's own files still have it
FORMAT = 3  # of what lies beside an array; what has another one is made again
SIZE = 20.0  # GB of that; INFOGAN_CACHE_GB says otherwise
logger = logging.getLogger("infogan")
_held: dict[str, tuple[Pixels, Tree]] = {}  # where the cache cannot be written
_used: set[Path] = set()  # what this process still reads, and may not lose


def root() -> Path:
    """$INFOGAN_CACHE, or the platform's cache folder."""
    return Path(os.environ.get("INFOGAN_CACHE") or user_cache_path("infogan"))


def cache_path(*parts: str) -> Path:
    """Return a path in the cache; its parent is made. DataError where that cannot be."""
    path = root().joinpath(*parts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{unwritable(error)}; {REMEDY}") from None
    return path


REMEDY = "make room there, or set INFOGAN_CACHE to another folder"


def unwritable(error: OSError) -> str:
    """What is wrong with the cache."""
    return f"{root()}: the cache cannot be written ({error.strerror or error})"


def key(*about: Any) -> str:
    """The key of images by plain values of what they depend on."""
    text = json.dumps([FORMAT, *about])
    return f"folders/{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def stamps(folder: Path, paths: Iterable[Path]) -> list[list[object]]:
    """What tells that files of a folder are as they were: path, size and time of change of each."""
    each = ((path.relative_to(folder).as_posix(), path.stat()) for path in paths)
    return [[name, state.st_size, state.st_mtime_ns] for name, state in each]


def kept(
    key: str, make: Callable[[Path | None], tuple[Pixels, Tree]], final: Callable[[Tree], str]
) -> tuple[Pixels, Tree]:
    """An array and plain values about it, from the cache; made if they are not there.

    make: makes the array in a file of that name, or in memory if there is none. final: the key
    under which it is asked for once everything is decided; both lead to it. Where the cache cannot
    be written, memory serves, with a warning that names the remedy.
    """
    if key in _held:
        return _held[key]
    try:
        tree = json.loads((root() / f"{key}.json").read_text(encoding="utf-8"))
        array = root() / f"{tree.pop('array')}.npy"
        pixels = open_memmap(array, mode="r")
        os.utime(array)
    except Exception:  # not there yet, or damaged
        pass
    else:
        return pixels, tree
    try:
        partial = atomic.beside(root() / f"{key}.npy")
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            tree = make(partial)[1]
            array = root() / f"{final(tree)}.npy"
            atomic.sync(partial)
            atomic.rename(partial, array)
        finally:
            partial.unlink(missing_ok=True)
        for name in {key, final(tree)}:
            with atomic.text(root() / f"{name}.json") as file:
                json.dump(tree | {"array": final(tree)}, file)
        bound(keep=array)
        return open_memmap(array, mode="r"), tree
    except OSError as error:
        logger.warning("%s, so images are held in memory; %s", unwritable(error), REMEDY)
        _held[key] = make(None)
        return _held[key]


def created(path: Path | None, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A new array of zeros in memory, or in a file whose place on the disk is there; OSError if it
    is not: what is mapped without it ends the process at the first write."""
    if path is None:
        return np.zeros(shape, np.uint8)
    mapped = open_memmap(path, "w+", np.uint8, shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return mapped


def limit() -> int:
    """Bytes that what can be made again may take; ConfigError if INFOGAN_CACHE_GB is no number."""
    given = os.environ.get("INFOGAN_CACHE_GB") or SIZE
    try:
        return int(float(given) * 1e9)
    except ValueError:
        raise ConfigError(f"INFOGAN_CACHE_GB is {given!r}; give a number of GB") from None


def entries() -> list[tuple[Path, int, float]]:
    """What is in the cache: file or folder, bytes, and when it was last used. What a process has
    not finished counts once nothing was written to it for an hour."""
    found = []
    for path in root().glob("*/*"):
        if path.suffix == ".json":
            continue
        try:
            states = [file.lstat() for file in [path, *path.rglob("*")]]
        except FileNotFoundError:  # another process removed or finished it meanwhile
            continue
        if path.suffix != ".partial" or atomic.abandoned(max(s.st_ctime for s in states)):
            size = sum(state.st_size for state in states if S_ISREG(state.st_mode))
            found.append((path, size, states[0].st_mtime))
    return sorted(found, key=lambda entry: entry[2])


def use(folder: Path) -> None:
    """Keep a folder while this process runs, and count it as used now."""
    _used.add(folder)
    with suppress(OSError):  # of another user
        os.utime(folder)


def bound(keep: Path) -> None:
    """Remove what was not used for longest until the rest is within the limit; not `keep`, nor what
    this process uses."""
    there = [entry for entry in entries() if entry[0].parent.name in MADE_AGAIN]
    total, most = sum(size for _, size, _ in there), limit()
    gone = list[Path]()
    for path, size, _ in there:
        if total > most and path not in {keep, *_used}:
            gone.append(path)
            total -= size
    remove(gone)


def remove(paths: Collection[Path]) -> None:
    """Remove entries, then what is known of arrays that are not there."""
    folders = {path.parent for path in paths}
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    for note in (note for folder in folders for note in folder.glob("*.json")):
        with suppress(OSError, ValueError, KeyError):
            array = json.loads(note.read_text(encoding="utf-8"))["array"]
            if not (root() / f"{array}.npy").is_file():
                note.unlink()
