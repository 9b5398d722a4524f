"""Folders of images: found once in a fixed order; folders below are classes."""

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

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
    return surveyed(FileEntries.of(folder, files.names(folder, only)[0]), folder)


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


@dataclass(frozen=True)
class FileEntries:
    """The images of the files below a folder: one each, but of a TIFF a page each. An entry is made
    where it is asked for: a million objects at once cost seconds."""

    folder: Path
    files: Sequence[str]  # their paths below it
    pages: Mapping[str, int] = field(default_factory=dict)  # of those that have several

    @classmethod
    def of(cls, folder: Path, names: Sequence[str]) -> Self:
        """Look which of the files have several pages."""
        pages = dict[str, int]()
        for name in names:
            if name.lower().endswith(files.TIFF):
                with (
                    suppress(Exception),
                    warnings.catch_warnings(action="ignore"),
                    Image.open(f"{folder}/{name}", "r", ["TIFF"]) as image,
                ):
                    pages[name] = getattr(image, "n_frames", 1)
        return cls(folder, names, {name: n for name, n in pages.items() if n > 1})

    def __len__(self) -> int:
        return len(self.files) + sum(n - 1 for n in self.pages.values())

    def __iter__(self) -> Iterator[Entry]:
        for name in self.files:
            path = f"{self.folder}/{name}"
            if n := self.pages.get(name):
                yield from (Entry(path, f"{name}#{i}", i) for i in range(n))
            else:
                yield Entry(path, name)

    def __getitem__(self, every: slice) -> Iterator[Entry]:
        return islice(self, every.start, every.stop, every.step)

    def names(self) -> Sequence[str]:
        """[N] the path of each image, with the number of its page if its file has several."""
        return [entry.name for entry in self] if self.pages else self.files


_once: dict[object, Images] | None = None


@contextmanager
def once() -> Iterator[None]:
    """Within the block a folder is listed once, as it was then, although several splits of it are
    asked for. A million files take seconds to be listed."""
    global _once
    before, _once = _once, {} if _once is None else _once
    try:
        yield
    finally:
        _once = before


def load_folder(
    folder: Path, source: Source, progress: Progress, parts: Sequence[str] = ()
) -> Images:
    """Load the images below a folder, or `parts` of it; folders below are classes, if several."""
    if _once is None:
        return _load(folder, source, progress, parts)

    def key(settings: Source) -> object:
        return str(folder), settings.model_dump_json(), tuple(parts)

    if key(source) not in _once:
        images = _load(folder, source, progress, parts)
        _once[key(source)] = _once[key(source.model_copy(update=images.decided))] = images
    return _once[key(source)]


def _load(folder: Path, source: Source, progress: Progress, parts: Sequence[str]) -> Images:
    listings = {f"{part}/": files.found(folder / part, source.only) for part in parts} or {
        "": files.found(folder, source.only)
    }
    found = {below + name: at for below, of in listings.items() for name, at in of.files.items()}
    left_out = sum((listing.left_out for listing in listings.values()), Counter[str]())
    entries = FileEntries.of(folder, [*found])
    about = str(folder.resolve()), found
    pixels, converted = conversion.kept(about, entries, folder, source, progress, left_out)
    rows = converted.rows(len(entries))
    kept = entries.names()
    if rows is not None:
        kept = [kept[i] for i in rows.tolist()]
    parents = [_parent(name, bool(parts)) for name in kept]
    names = sorted(set(parents))
    place = {name: i for i, name in enumerate(names)}
    name = str(folder / source.only[0]) if source.only else str(folder)
    name += f" and {len(source.only) - 1} more" if len(source.only) > 1 else ""
    images = Images(
        pixels,
        np.array([place[parent] for parent in parents] if len(names) > 1 else [], np.int64),
        tuple(names) if len(names) > 1 else (),
        name,
        [f"{folder}/{name}" for name in kept],
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
