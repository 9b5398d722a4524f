"""Encoded images, of files or of rows of a table, converted once into a cached array.
Every bad one is named, and nothing is left out in silence. With a size, an image is brought to it
as `fit` says. Large ones are decoded by a thread a core; all are taken in order."""

import logging
import warnings
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from infogan.core import interrupts
from infogan.core.errors import DataError
from infogan.core.limits import FREE, refuse_bomb
from infogan.core.machine import cores
from infogan.data import cache, files, levels
from infogan.data.decoding import (
    UndecidedError,
    decoded,
    drawn,
    resized,
    shown,
    some_values,
    transparent,
    wide,
)
from infogan.data.images import Labels, Pixels
from infogan.data.settings import Source

MAX_PIXELS = 100_000_000
SURVEYED = 200  # images by which something is decided for a set
NAMED = 10  # unreadable images that an error lists
AHEAD = 8  # images a core that are decoded before they are asked for
LARGE = 1 << 13  # bytes; decoding less than that is mostly Python, which threads only hinder
Progress = Callable[[int, int], None]  # called with how many images are read, and of how many
logger = logging.getLogger("infogan")
T = TypeVar("T")


class Entry(NamedTuple):
    """An encoded image: a file, a page of one, or bytes."""

    content: str | bytes  # the path of a file, or what would be in one
    name: str  # its path below the set; of a page or a row followed by # and its number, from 0
    page: int = 0

    @property
    def size(self) -> int:
        """How many bytes it has."""
        content = self.content
        return len(content) if isinstance(content, bytes) else Path(content).stat().st_size


class Entries(Sized, Iterable[Entry], Protocol):
    """The encoded images of a set, in order; may be read anew as often as something is decided."""

    def __getitem__(self, every: slice, /) -> Iterable[Entry]:
        """Some of them at even distances."""


@dataclass
class Converted:
    """What was decided and left out when images were converted."""

    missing: list[int]  # entries that are no images
    decided: dict[str, Any]  # settings that were auto
    left_out: dict[str, int]
    sides: list[int]  # median height and width of the images as they came
    notes: list[str]  # said each time that the images are loaded

    def __post_init__(self) -> None:
        if "range" in self.decided:
            self.decided["range"] = tuple(self.decided["range"])  # which JSON does not know

    def rows(self, n: int) -> Labels | None:
        """Which of n entries are images; None: all."""
        return np.delete(np.arange(n), self.missing) if self.missing else None

    def told(self, source: Source, words: str = "") -> str:
        """What was read and left out, in words, to follow number and shape."""
        said = resized((self.sides[0], self.sides[1]), source)
        if given := self.decided.get("range", source.range):
            said += f", values of {given[0]:g} to {given[1]:g} from black to white"
        if back := self.decided.get("background"):
            said += f", transparent ones on {back}"
        left_out = f"; left out: {files.told(Counter(self.left_out))}" if self.left_out else ""
        return said + words + left_out


@contextmanager
def opened(entry: Entry) -> Iterator[Image.Image]:
    """The image of an entry at its page, if it is not too large; the decoder raises anything."""
    content = entry.content
    file = BytesIO(content) if isinstance(content, bytes) else content
    with Image.open(file, "r", files.formats()) as image:
        image.seek(entry.page)
        refuse_size(image, entry.size)
        yield image


def refuse_size(image: Image.Image, packed: int) -> None:
    """DataError where an image is too large, or larger than `packed` bytes can be."""
    said, size = f"{image.width}x{image.height}", image.width * image.height
    if size > MAX_PIXELS:
        raise DataError(f"{said} is more than {MAX_PIXELS:,} pixels")
    bits = 8 if image.mode == "1" else 1  # scans in black and white hold eight pixels in a byte
    refuse_bomb(said, size // bits, packed, FREE // 4)


def looked_at(entries: Entries, most: int = SURVEYED) -> Iterator[Image.Image]:
    """Some images, evenly spaced. What is wrong with one is said when it is read."""
    for entry in entries[:: max(1, len(entries) // most)]:
        interrupts.poll()
        with suppress(Exception), warnings.catch_warnings(action="ignore"), opened(entry) as image:
            image.load()
            yield image


def in_order(
    work: Callable[[Entry], T], entries: Iterable[Entry]
) -> Generator[tuple[Entry, T], None, None]:
    """Yield every entry with what `work` makes of it, of large ones in a thread a core."""
    waiting = deque[tuple[Entry, Callable[[], T]]]()
    with ThreadPoolExecutor(most := cores()) as pool:
        try:
            for entry in entries:
                here = partial(work, entry)
                waiting.append((entry, pool.submit(here).result if _is_large(entry) else here))
                if len(waiting) > AHEAD * most:
                    first, result = waiting.popleft()
                    yield first, result()
            for first, result in waiting:
                yield first, result()
        finally:
            pool.shutdown(cancel_futures=True)


def _is_large(entry: Entry) -> bool:
    with suppress(OSError):  # which is said of it when it is read
        return entry.size >= LARGE
    return False


def readable(
    entries: Entries, root: Path, max_bad: float, decode: Callable[[Image.Image], T]
) -> Generator[tuple[Entry, T | str], None, None]:
    """Yield every entry with what `decode` makes of it, or why it cannot be read; DataError, naming
    them all, if too many cannot."""

    def read(entry: Entry) -> T | str:
        try:
            with opened(entry) as image:
                return decode(image)
        except UndecidedError:
            raise
        except Exception as error:  # decoders of hostile bytes raise anything
            return f"{shown(entry.name)}: {_reason(error, entry)}"

    bad = list[str]()
    with closing(in_order(read, entries)) as results:
        for entry, found in results:
            interrupts.poll()
            if isinstance(found, str):
                bad.append(found)
            yield entry, found
    if len(bad) > max_bad * len(entries):
        some = "; ".join(bad[:NAMED]) + (f"; and {len(bad) - NAMED} more" * (len(bad) > NAMED))
        fault = f"{len(bad)} of {len(entries)} images cannot be read ({some})"
        remedy = f"remove them, or raise --data.max-bad (now {max_bad:g})"
        remedy = remedy if len(bad) < len(entries) else "correct or replace them"
        raise DataError(f"{root}: {fault}; {remedy}")


def _reason(error: Exception, entry: Entry) -> str:
    if isinstance(error, UnidentifiedImageError):
        if Path(entry.name).suffix.lower() in files.TIFF:
            return "a TIFF of a kind that Pillow cannot read; convert it to PNG"
        return "is no image that Pillow can read"
    path = entry.content if isinstance(entry.content, str) else ""
    reason = str(error).replace(path, "").strip(" :'\"") or type(error).__name__
    return reason.splitlines()[0]


def kept(
    about: object,
    entries: Entries,
    root: Path,
    source: Source,
    progress: Progress,
    left_out: Counter[str],
) -> tuple[Pixels, Converted]:
    """The images of a set, a row an entry, from the cache or decoded into it; and what was decided.
    about: what the set is known by. left_out: how many of each kind are no entries."""

    def key(settings: Source) -> str:
        return cache.key(about, settings.rules(), dict(left_out))

    pixels, tree = cache.kept(
        key(source),
        lambda to: decided(entries, root, source, to, progress, left_out),
        lambda tree: key(source.model_copy(update=tree["decided"])),
    )
    found = Converted(**tree)
    for note in found.notes:
        logger.warning("%s", note)
    return pixels, found


def decided(
    entries: Entries,
    root: Path,
    source: Source,
    to: Path | None,
    progress: Progress,
    left_out: Counter[str],
) -> tuple[Pixels, dict[str, Any]]:
    """Decode every entry once, deciding what is auto when the first one asks for it."""
    choices = dict[str, Any]()
    while True:
        now = source.model_copy(update=choices)
        try:
            pixels, found, faint = convert(entries, root, now, to, progress)
        except UndecidedError as asked:
            choices[asked.setting] = DECIDE[asked.setting](entries)
            continue
        if now.range is None and faint:
            rows = found.rows(len(pixels))
            some = (np.arange(len(pixels)) if rows is None else rows)[
                :: len(pixels) // SURVEYED + 1
            ]
            choices["range"] = levels.chosen([pixels[i].ravel().astype(float) for i in some])
            continue
        color = "grey" if pixels.shape[3] == 1 else "rgb"
        found.decided = choices | {"color": color}
        found.left_out = dict(left_out) | found.left_out
        return pixels, asdict(found)


def _range(entries: Entries) -> tuple[float, float]:
    """The range of values of the images that have more than bytes."""
    for most in (SURVEYED, len(entries)):  # all of them, where there are few such
        if some := [some_values(image) for image in looked_at(entries, most) if wide(image)]:
            return levels.chosen(some)
    return levels.chosen([])


def _background(entries: Entries) -> str:
    """The background from which what is drawn differs more."""
    sums = [drawn(image) for image in looked_at(entries) if transparent(image)]
    grey, opaque = np.sum(sums, 0) if sums else (0.0, 1.0)
    return "black" if grey > 127.5 * opaque else "white"


DECIDE: dict[str, Callable[[Entries], Any]] = {
    "color": lambda entries: "rgb",
    "range": _range,
    "background": _background,
}


class Decoded(NamedTuple):
    """An image as it was read."""

    pixels: Pixels
    size: tuple[int, int]  # height and width before it was brought to those of the set
    moving: bool  # whether further frames were left out
    notes: list[str]


def convert(
    entries: Entries, root: Path, source: Source, to: Path | None, progress: Progress
) -> tuple[Pixels, Converted, bool]:
    """Decode entries once into `to` (NPY, a row an entry), or into memory; the array, what was
    found, and whether there is something in it that nobody sees."""
    sizes, missing, bad = Counter[tuple[int, int]](), list[int](), list[str]()
    moving, mapped, darkest, brightest = list[str](), None, 255, 0

    def decode(image: Image.Image) -> Decoded:
        notes = list[str]()
        pixels = decoded(image, source, notes.append)
        moves = getattr(image, "is_animated", False) and image.format != "TIFF"
        return Decoded(pixels, (image.height, image.width), moves, notes)

    # Broken EXIF and the like do not make an image unreadable.
    with (
        warnings.catch_warnings(action="ignore"),
        closing(readable(entries, root, source.max_bad, decode)) as images,
    ):
        for i, (entry, found) in enumerate(images):
            if isinstance(found, str):
                missing.append(i)
                bad.append(f"skipped {found}")
                continue
            for note in found.notes:
                logger.warning("%s: %s", shown(root / entry.name), note)
            if mapped is None:
                shape = len(entries), *found.pixels.shape
                mapped = cache.created(to, shape)
            if (shape := mapped.shape[1:]) != found.pixels.shape:
                fault = "is {}x{}, the ones before {}x{}".format(
                    *found.pixels.shape[:2], *shape[:2]
                )
                remedy = "set data.size to one (--data.size 64, or 48x64)"
                raise DataError(f"{root / entry.name}: {fault}; {remedy}")
            mapped[i] = found.pixels
            darkest = min(darkest, int(found.pixels.min()))
            brightest = max(brightest, int(found.pixels.max()))
            sizes[found.size] += 1
            moving += [shown(entry.name)] if found.moving else []
            progress(i + 1 - len(missing), len(entries))
    if mapped is None:
        raise DataError(f"{root}: none of {len(entries)} images could be read")
    sides = np.median([*sizes.elements()], 0).astype(int).tolist()
    left_out = {"unreadable": len(bad)} if bad else {}
    bad += [f"{len(moving)} animated, as {moving[0]}: the first frame counts"] if moving else []
    faint = darkest < brightest < levels.FAINT
    return mapped, Converted(missing, {}, left_out, sides, bad), faint
