"""Which files below a folder are images; all else is counted by what it is."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from infogan.core.errors import DataError

TIFF = ".tif", ".tiff"  # which may hold several images
SUFFIXES = {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".avif"}
SUFFIXES |= {".ppm", ".pgm", ".pbm", ".pnm", *TIFF}
FORMATS = ["PNG", "JPEG", "WEBP", "BMP", "GIF", "AVIF", "PPM", "TIFF"]  # Pillow's names
HEIC = {".heic", ".heif"}  # with the extra `heic`
HIDDEN = {"@eaDir", "__MACOSX", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN"}
RUN_FILES = {"config.json", "run.json"}  # a folder that has both is a run


class Listing(NamedTuple):
    """The image files below a folder by their paths there, with / between the parts of one, and in
    the order of these; and how many other files of each kind there are."""

    files: dict[str, tuple[int, int]]  # bytes, and when it was changed in nanoseconds
    left_out: Counter[str]


@cache
def formats() -> tuple[str, ...]:
    """What Pillow may open; with HEIC, where the package that reads it is installed."""
    if find_spec("pillow_heif") is None:
        return tuple(FORMATS)
    import pillow_heif

    pillow_heif.register_heif_opener()
    return (*FORMATS, "HEIF")


def suffixes() -> set[str]:
    """What names of image files end in, in lower case."""
    return SUFFIXES | HEIC if "HEIF" in formats() else SUFFIXES


def found(folder: Path, only: Sequence[str] = ()) -> Listing:
    """List every image file below a folder; DataError if there is none. Links are followed.

    only: files and folders in it that count. Hidden files, folders that systems keep for
    themselves, and run folders are left out.
    """
    images, others = names(folder, only)
    states = map(os.stat, (f"{folder}/{name}" for name in images))
    stamps = ((state.st_size, state.st_mtime_ns) for state in states)
    return Listing(dict(zip(images, stamps, strict=True)), others)


def names(folder: Path, only: Sequence[str] = ()) -> tuple[list[str], Counter[str]]:
    """The names of a listing and what it leaves out, without a look at each file."""
    images, others, known = list[str](), Counter[str](), suffixes()
    for name, kind in _walk(folder, only):
        suffix = _suffix(name)
        if not kind and suffix in known:
            images.append(name)
        else:
            others[kind or suffix or "without a suffix"] += 1
    if not images:
        kinds = " ".join(sorted(known))
        raise DataError(f"{folder}: no images in it ({told(others)}); accepted are {kinds}")
    return sorted(images, key=lambda name: name.replace("/", "\0")), others


def told(left_out: Counter[str]) -> str:
    """`12 hidden, 3 .txt`, the most frequent first."""
    return ", ".join(f"{n:,} {kind}" for kind, n in left_out.most_common()) or "no other files"


def beside(folder: Path, taken: Iterable[Path]) -> Counter[str]:
    """How many files of each kind lie below a folder and are not taken."""
    names = {path.relative_to(folder).as_posix() for path in taken}
    there = ((kind or _suffix(name), name) for name, kind in _walk(folder, ()))
    return Counter(kind or "without a suffix" for kind, name in there if name not in names)


def holds_images(folder: Path) -> bool:
    """Whether there is an image file below the folder."""
    known = suffixes()
    return any(not kind and _suffix(name) in known for name, kind in _walk(folder, ()))


def _suffix(name: str) -> str:
    """What follows the last dot in the name of a file, in lower case, as in `Path.suffix`."""
    last = name.rpartition("/")[2]
    return last[dot:].lower() if (dot := last.rfind(".")) > 0 else ""


def hidden(name: str) -> bool:
    """Whether a file or folder of that name is no user's own."""
    return name.startswith(".") or name in HIDDEN


def _walk(folder: Path, only: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every file below a folder, by its path there, with why it cannot count, or ''. Paths are
    plain strings, because a million of pathlib's take a minute."""
    for name in only:
        path = folder / name
        if path.is_dir():
            yield from ((f"{name}/{below}", kind) for below, kind in _walk(path, ()))
        elif path.is_file():
            yield name, ""
        else:
            raise DataError(f"{path}: no such file or folder")
    top = os.path.join(os.path.realpath(folder), "")
    rest, seen = [] if only else [("", top, frozenset[str](), False)], set[str]()
    while rest:
        place, up, above, linked = rest.pop()
        at, below = os.path.join(folder, place), f"{place}/" if place else ""
        real = os.path.realpath(at)
        is_link = bool(place) and real != os.path.join(up, os.path.basename(place))
        # Where folders link to each other, every way through them would be another path.
        again = linked and is_link and (real in seen or real.startswith(top))
        if real in above or again:
            yield place, "links met before"
            continue
        seen.add(real)
        folders, entries = list[str](), list[os.DirEntry[str]]()
        try:
            with os.scandir(at) as there:
                for entry in there:
                    if _is(entry.is_dir):
                        folders.append(entry.name)
                    else:
                        entries.append(entry)
        except OSError:
            yield place, "unreadable folders"
            continue
        is_run = bool(place) and {entry.name for entry in entries} >= RUN_FILES
        for entry in entries:
            kind = "hidden" if hidden(entry.name) else "" if _is(entry.is_file) else "broken links"
            yield below + entry.name, "of a run" if is_run else kind
        if is_run:
            continue
        for name in folders:
            if hidden(name):
                for way, _, names in os.walk(os.path.join(at, name)):
                    yield from ((os.path.join(way, file), "hidden") for file in names)
        inside = [name for name in sorted(folders, reverse=True) if not hidden(name)]
        rest += [(below + name, real, above | {real}, linked or is_link) for name in inside]


def _is(kind: Callable[[], bool]) -> bool:
    """Whether a file is of a kind; a link to itself is of none."""
    try:  # contextlib.suppress takes longer than the question
        return kind()
    except OSError:
        return False
