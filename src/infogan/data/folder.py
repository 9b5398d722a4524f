"""Folders of images: found once in a fixed order, converted once into a cached array.
Every bad file is named, and nothing is left out in silence. With a size, an image is brought to it
as `fit` says."""

import hashlib
import json
import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from infogan.core import interrupts
from infogan.core.errors import DataError
from infogan.core.limits import FREE, refuse_bomb
from infogan.data import cache, files, levels
from infogan.data.decoding import (
    UndecidedError,
    decoded,
    drawn,
    is_grey,
    resized,
    shown,
    some_values,
    transparent,
    wide,
)
from infogan.data.images import Images, Pixels, described
from infogan.data.settings import Source

MAX_PIXELS = 100_000_000
SURVEYED = 200  # files by which something is decided for a folder
NAMED = 10  # unreadable files that an error lists
ORIENTATION = 0x0112  # EXIF's tag; from 5 on, height and width are swapped
Progress = Callable[[int, int], None]  # called with how many files are read, and of how many
logger = logging.getLogger("infogan")


class Entry(NamedTuple):
    """An image below a folder: a file, or a page of one."""

    path: Path
    name: str  # its path below the folder; of a page followed by # and its number, from 0
    page: int = 0


class Survey(NamedTuple):
    """What a look at some of a folder's files shows."""

    number: int  # of image files
    height: float  # median, in pixels
    width: float
    grey: bool  # whether none has colour in it


@dataclass
class Converted:
    """Images as they were read, and what was decided and left out on the way."""

    kept: list[int]  # entries that are images
    decided: dict[str, Any]  # settings that were auto
    left_out: dict[str, int]
    sides: list[int]  # median height and width of the files
    notes: list[str]  # said each time that the images are loaded

    def __post_init__(self) -> None:
        if "range" in self.decided:
            self.decided["range"] = tuple(self.decided["range"])  # which JSON does not know

    def told(self, source: Source, folders: int) -> str:
        """What was read and left out, in words, to follow number and shape."""
        said = resized((self.sides[0], self.sides[1]), source)
        if given := self.decided.get("range", source.range):
            said += f", values of {given[0]:g} to {given[1]:g} from black to white"
        if back := self.decided.get("background"):
            said += f", transparent ones on {back}"
        said += f", {folders} folders" if folders > 1 else ""
        return said + (f"; left out: {files.told(Counter(self.left_out))}" if self.left_out else "")


def survey(folder: Path, only: Sequence[str] = ()) -> Survey:
    """Look at up to SURVEYED image files of a folder, evenly spaced; DataError if none is one."""
    paths = files.found(folder, only).paths
    sizes, grey = list[tuple[int, int]](), True
    for image in looked_at([Entry(path, "") for path in paths]):
        turned = image.getexif().get(ORIENTATION, 1) >= 5
        grey = grey and is_grey(image)
        sizes.append((image.width, image.height) if turned else (image.height, image.width))
    if not sizes:
        raise DataError(f"{folder}: none of {len(paths)} files could be read")
    height, width = np.median(sizes, 0).tolist()
    return Survey(len(paths), height, width, grey)


def looked_at(entries: Sequence[Entry], most: int = SURVEYED) -> Iterator[Image.Image]:
    """Some images, evenly spaced. What is wrong with a file is said when it is read."""
    for entry in entries[:: max(1, len(entries) // most)]:
        interrupts.poll()
        with (
            suppress(Exception),
            warnings.catch_warnings(action="ignore"),
            Image.open(entry.path, "r", files.formats()) as image,
        ):
            refuse_size(image, entry.path)
            image.seek(entry.page)
            image.load()
            yield image


def entries_of(folder: Path, paths: Sequence[Path]) -> list[Entry]:
    """Every image of the files: one each, but of a TIFF a page each."""
    entries = list[Entry]()
    for path in paths:
        name, pages = path.relative_to(folder).as_posix(), 1
        if path.suffix.lower() in files.TIFF:
            with (
                suppress(Exception),
                warnings.catch_warnings(action="ignore"),
                Image.open(path, "r", ["TIFF"]) as image,
            ):
                pages = getattr(image, "n_frames", 1)
        many = pages > 1
        entries += [Entry(path, f"{name}#{i}" if many else name, i) for i in range(pages)]
    return entries


def readable(
    entries: Sequence[Entry], folder: Path, max_bad: float, decode: Callable[..., Pixels]
) -> Iterator[tuple[int, Pixels | str]]:
    """Yield position and pixels of every entry, or why it cannot be read; DataError, naming them
    all, if too many cannot."""
    bad = list[str]()
    for i, (path, name, page) in enumerate(entries):
        interrupts.poll()
        try:
            # Broken EXIF and the like do not make an image unreadable.
            with (
                warnings.catch_warnings(action="ignore"),
                Image.open(path, "r", files.formats()) as image,
            ):
                refuse_size(image, path)
                pixels = decode(image, page)
        except UndecidedError:
            raise
        except Exception as error:  # decoders of hostile bytes raise anything
            bad.append(f"{shown(name)}: {_reason(error, path)}")
            yield i, bad[-1]
        else:
            yield i, pixels
    if len(bad) > max_bad * len(entries):
        some = "; ".join(bad[:NAMED]) + (f"; and {len(bad) - NAMED} more" * (len(bad) > NAMED))
        fault = f"{len(bad)} of {len(entries)} images cannot be read ({some})"
        remedy = f"remove them, or raise --data.max-bad (now {max_bad:g})"
        raise DataError(f"{folder}: {fault}; {remedy}")


def refuse_size(image: Image.Image, path: Path) -> None:
    """DataError where an image is too large, or larger than its file can be."""
    said, size = f"{image.width}x{image.height}", image.width * image.height
    if size > MAX_PIXELS:
        raise DataError(f"{said} is more than {MAX_PIXELS:,} pixels")
    bits = 8 if image.mode == "1" else 1  # scans in black and white hold eight pixels in a byte
    refuse_bomb(said, size // bits, path.stat().st_size, FREE // 4)


def _reason(error: Exception, path: Path) -> str:
    if isinstance(error, UnidentifiedImageError):
        if path.suffix.lower() in files.TIFF:
            return "a TIFF of a kind that Pillow cannot read; convert it to PNG"
        return "is no image that Pillow can read"
    reason = str(error).replace(str(path), "").strip(" :'\"") or type(error).__name__
    return reason.splitlines()[0]


def load_folder(
    folder: Path, source: Source, progress: Progress, parts: Sequence[str] = ()
) -> Images:
    """Load the images below a folder, or `parts` of it; folders below are classes, if several."""
    listings = [files.found(folder / part, source.only) for part in parts or ("",)]
    entries = entries_of(folder, [path for listing in listings for path in listing.paths])
    left_out = sum((listing.left_out for listing in listings), Counter[str]())
    stats = [entry.path.stat() for entry in entries]
    listing = [[e.name, s.st_size, s.st_mtime_ns] for e, s in zip(entries, stats, strict=True)]

    def key(settings: Source) -> str:
        asked = settings.model_dump(mode="json", exclude={"name", "dir", "only"})
        about = json.dumps([str(folder.resolve()), asked, listing, dict(left_out)])
        digest = hashlib.sha256(about.encode("utf-8", "surrogateescape")).hexdigest()
        return f"folders/{digest[:32]}"

    pixels, tree = cache.kept(
        key(source),
        lambda to: decided(entries, folder, source, to, progress, left_out),
        lambda tree: key(source.model_copy(update=tree["decided"])),
    )
    found = Converted(**tree)
    for note in found.notes:
        logger.warning("%s", note)
    kept = [entries[i] for i in found.kept]
    parents = [Path(*Path(entry.name).parent.parts[bool(parts) :]).as_posix() for entry in kept]
    names, labels = np.unique(parents, return_inverse=True)
    classes = tuple(names.tolist()) if len(names) > 1 else ()
    name = str(folder / source.only[0]) if source.only else str(folder)
    name += f" and {len(source.only) - 1} more" if len(source.only) > 1 else ""
    images = Images(
        pixels,
        labels if classes else np.empty(0, np.int64),
        classes,
        name,
        [str(folder / entry.name) for entry in kept],
        np.array(found.kept) if len(kept) < len(entries) else None,
        root=str(folder),
        decided=found.decided,
    )
    return described(images, found.told(source, len(names)))


def decided(
    entries: Sequence[Entry],
    folder: Path,
    source: Source,
    to: Path | None,
    progress: Progress,
    left_out: Counter[str],
) -> tuple[Pixels, dict[str, Any]]:
    """Decode every entry once, deciding what is auto when the first file asks for it."""
    choices = dict[str, Any]()
    while True:
        now = source.model_copy(update=choices)
        try:
            pixels, found, faint = convert(entries, folder, now, to, progress)
        except UndecidedError as asked:
            choices[asked.setting] = DECIDE[asked.setting](entries)
            continue
        if now.range is None and faint:
            some = found.kept[:: len(pixels) // SURVEYED + 1]
            choices["range"] = levels.chosen([pixels[i].ravel().astype(float) for i in some])
            continue
        color = "grey" if pixels.shape[3] == 1 else "rgb"
        found.decided = choices | {"color": color}
        found.left_out = dict(left_out) | found.left_out
        return pixels, asdict(found)


def _range(entries: Sequence[Entry]) -> tuple[float, float]:
    """The range of values of the images that have more than bytes."""
    for most in (SURVEYED, len(entries)):  # all of them, where there are few such
        if some := [some_values(image) for image in looked_at(entries, most) if wide(image)]:
            return levels.chosen(some)
    return levels.chosen([])


def _background(entries: Sequence[Entry]) -> str:
    """The background from which what is drawn differs more."""
    sums = [drawn(image) for image in looked_at(entries) if transparent(image)]
    grey, opaque = np.sum(sums, 0) if sums else (0.0, 1.0)
    return "black" if grey > 127.5 * opaque else "white"


DECIDE: dict[str, Callable[[Sequence[Entry]], Any]] = {
    "color": lambda entries: "rgb",
    "range": _range,
    "background": _background,
}


def convert(
    entries: Sequence[Entry], root: Path, source: Source, to: Path | None, progress: Progress
) -> tuple[Pixels, Converted, bool]:
    """Decode files once into `to` (NPY, a row an entry), or into memory; the array, what was found,
    and whether there is something in it that nobody sees."""
    sizes, kept, bad = list[tuple[int, int]](), list[int](), list[str]()
    moving, mapped, darkest, brightest = list[str](), None, 255, 0

    def decode(image: Image.Image, page: int) -> Pixels:
        pixels = decoded(image, source, page)
        sizes.append((image.height, image.width))
        if getattr(image, "is_animated", False) and image.format != "TIFF":
            moving.append(shown(Path(getattr(image, "filename", "")).relative_to(root)))
        return pixels

    for i, pixels in readable(entries, root, source.max_bad, decode):
        if isinstance(pixels, str):
            bad.append(f"skipped {pixels}")
            continue
        if mapped is None:
            shape = len(entries), *pixels.shape
            mapped = np.zeros(shape, np.uint8) if to is None else cache.created(to, shape)
        if (shape := mapped.shape[1:]) != pixels.shape:
            fault = "is {}x{}, the ones before {}x{}".format(*pixels.shape[:2], *shape[:2])
            raise DataError(f"{entries[i].path}: {fault}; set one with --data.size 64 (or 48x64)")
        mapped[i] = pixels
        darkest = min(darkest, int(pixels.min()))
        brightest = max(brightest, int(pixels.max()))
        kept.append(i)
        progress(len(kept), len(entries))
    if mapped is None:
        raise DataError(f"{root}: none of {len(entries)} files could be read")
    sides = np.median(sizes, 0).astype(int).tolist()
    left_out = {"unreadable": len(bad)} if bad else {}
    bad += [f"{len(moving)} animated, as {moving[0]}: the first frame counts"] if moving else []
    faint = darkest < brightest < levels.FAINT
    return mapped, Converted(kept, {}, left_out, sides, bad), faint
