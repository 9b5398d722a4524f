"""Folders of images: found once in a fixed order; folders below are classes."""

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from infogan.core.errors import DataError
from infogan.data import conversion, files
from infogan.data.conversion import Entries, Entry, Progress, looked_at
from infogan.data.decoding import is_grey
from infogan.data.images import Images, described
from infogan.data.settings import Source

ORIENTATION = 0x0112  # EXIF's tag; from 5 on, height and width are swapped


class Survey(NamedTuple):
    """What a look at some images of a set shows."""

    number: int  # of images
    height: float  # median, in pixels
    width: float
    grey: bool  # whether none has colour in it


def survey(folder: Path, only: Sequence[str] = ()) -> Survey:
    """Look at some image files of a folder, evenly spaced; DataError if none can be read."""
    found = files.found(folder, only).files
    return surveyed([Entry(f"{folder}/{file.name}", file.name) for file in found], folder)


def surveyed(entries: Entries, root: Path) -> Survey:
    """Look at some images of a set, evenly spaced; DataError if none can be read."""
    sizes, grey = list[tuple[int, int]](), True
    for image in looked_at(entries):
        turned = image.getexif().get(ORIENTATION, 1) >= 5
        grey = grey and is_grey(image)
        sizes.append((image.width, image.height) if turned else (image.height, image.width))
    if not sizes:
        raise DataError(f"{root}: none of {len(entries)} images could be read")
    height, width = np.median(sizes, 0).tolist()
    return Survey(len(entries), height, width, grey)


def entries_of(folder: Path, names: Iterable[str]) -> list[Entry]:
    """Every image of the files below a folder: one each, but of a TIFF a page each."""
    entries = list[Entry]()
    for name in names:
        path, pages = f"{folder}/{name}", 1
        if name.lower().endswith(files.TIFF):
            with (
                suppress(Exception),
                warnings.catch_warnings(action="ignore"),
                Image.open(path, "r", ["TIFF"]) as image,
            ):
                pages = getattr(image, "n_frames", 1)
        many = pages > 1
        entries += [Entry(path, f"{name}#{i}" if many else name, i) for i in range(pages)]
    return entries


def load_folder(
    folder: Path, source: Source, progress: Progress, parts: Sequence[str] = ()
) -> Images:
    """Load the images below a folder, or `parts` of it; folders below are classes, if several."""
    listings = {f"{part}/": files.found(folder / part, source.only) for part in parts} or {
        "": files.found(folder, source.only)
    }
    found = [(below + file.name, *file[1:]) for below, of in listings.items() for file in of.files]
    left_out = sum((listing.left_out for listing in listings.values()), Counter[str]())
    entries = entries_of(folder, (name for name, *_ in found))
    about = str(folder.resolve()), found
    pixels, converted = conversion.kept(about, entries, folder, source, progress, left_out)
    rows = converted.rows(len(entries))
    kept = entries if rows is None else [entries[i] for i in rows]
    parents = [_parent(entry.name, bool(parts)) for entry in kept]
    names = sorted(set(parents))
    place = {name: i for i, name in enumerate(names)}
    name = str(folder / source.only[0]) if source.only else str(folder)
    name += f" and {len(source.only) - 1} more" if len(source.only) > 1 else ""
    images = Images(
        pixels,
        np.array([place[parent] for parent in parents] if len(names) > 1 else [], np.int64),
        tuple(names) if len(names) > 1 else (),
        name,
        [f"{folder}/{entry.name}" for entry in kept],
        rows,
        root=str(folder),
        decided=converted.decided,
    )
    folders = f", {len(names)} folders" if len(names) > 1 else ""
    return described(images, converted.told(source, folders))


def _parent(name: str, is_part: bool) -> str:
    """The folder of a file, below its part if the set has parts; . if it lies at the top."""
    parent = name.rpartition("/")[0]
    return (parent.partition("/")[2] if is_part else parent) or "."
