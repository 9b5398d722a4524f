"""Which files below a folder are images; all else is counted by what it is."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from infogan.core.errors import DataError

TIFF = {".tif", ".tiff"}  # which may hold several images
SUFFIXES = {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".avif"}
SUFFIXES |= {".ppm", ".pgm", ".pbm", ".pnm"} | TIFF
FORMATS = ["PNG", "JPEG", "WEBP", "BMP", "GIF", "AVIF", "PPM", "TIFF"]  # Pillow's names
HEIC = {".heic", ".heif"}  # with the extra `heic`
HIDDEN = {"@eaDir", "__MACOSX", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN"}
RUN_FILES = {"config.json", "run.json"}  # a folder that has both is a run


class Listing(NamedTuple):
    """The image files below a folder, by relative path, and how many others of each kind."""

    paths: list[Path]
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
    images, others, known = list[Path](), Counter[str](), suffixes()
    for path, kind in _walk(folder, only):
        suffix = path.suffix.lower()
        if not kind and suffix in known:
            images.append(path)
        else:
            others[kind or suffix or "without a suffix"] += 1
    if not images:
        kinds = " ".join(sorted(known))
        raise DataError(f"{folder}: no images in it ({told(others)}); accepted are {kinds}")
    return Listing(sorted(images, key=lambda path: path.relative_to(folder).parts), others)


def told(left_out: Counter[str]) -> str:
    """`12 hidden, 3 .txt`, the most frequent first."""
    return ", ".join(f"{n:,} {kind}" for kind, n in left_out.most_common()) or "no other files"


def beside(folder: Path, taken: Collection[Path]) -> Counter[str]:
    """How many files of each kind lie below a folder and are not taken."""
    return Counter(
        kind or path.suffix.lower() or "without a suffix"
        for path, kind in _walk(folder, ())
        if path not in taken
    )


def holds_images(folder: Path) -> bool:
    """Whether there is an image file below the folder."""
    known = suffixes()
    return any(not kind and p.suffix.lower() in known for p, kind in _walk(folder, ()))


def hidden(name: str) -> bool:
    """Whether a file or folder of that name is no user's own."""
    return name.startswith(".") or name in HIDDEN


def _walk(folder: Path, only: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Every file below a folder with why it cannot count, or ''."""
    for name in only:
        path = folder / name
        if path.is_dir():
            yield from _walk(path, ())
        elif path.is_file():
            yield path, ""
        else:
            raise DataError(f"{path}: no such file or folder")
    if only:
        return
    seen = set[str]()  # a link may lead back to where it came from
    for root, folders, names in os.walk(folder, followlinks=True):
        place, real = Path(root), os.path.realpath(root)
        is_run = place != folder and set(names) >= RUN_FILES
        if real in seen or is_run:
            folders.clear()
            yield from ((place / name, "of a run") for name in names if is_run)
            continue
        seen.add(real)
        for name in [name for name in folders if hidden(name)]:
            folders.remove(name)
            for below, _, files in os.walk(place / name):
                yield from ((Path(below, file), "hidden") for file in files)
        folders.sort()
        for name in names:
            path = place / name
            kind = "hidden" if hidden(name) else "" if path.is_file() else "broken links"
            yield path, kind
