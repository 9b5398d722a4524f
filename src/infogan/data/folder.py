"""Folders of images: found once in a fixed order, converted once into a cached array.
Every bad file is named. Conversions: the EXIF orientation is applied, transparency lies over white,
16 bits are scaled to 8 (not cut), of an animation the first frame counts. With a size, an image is
cropped at its centre to the aspect of that size and scaled."""

import hashlib
import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.format import open_memmap
from PIL import Image, ImageOps

from infogan.core import atomic, interrupts
from infogan.core.errors import DataError
from infogan.core.limits import FREE, refuse_bomb
from infogan.data.cache import cache_path
from infogan.data.images import Images, Labels, Pixels
from infogan.data.settings import Source

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
MAX_PIXELS = 100_000_000
GREY_MODES = {"1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L"}
SURVEYED = 200  # files from which settings for a folder are chosen
ORIENTATION = 0x0112  # EXIF's tag; from 5 on, height and width are swapped
Progress = Callable[[int, int], None]  # called with how many files are read, and of how many
logger = logging.getLogger("infogan")


def found(folder: Path) -> list[Path]:
    """List every image file below a folder, sorted by relative path; DataError if there is none.
    Links to folders, links that lead out of the folder, and special files are left out."""
    inside, every = folder.resolve(), [*_files(folder)]
    images = [path for path in every if path.suffix.lower() in SUFFIXES]
    paths = [path for path in images if path.is_file()]  # which links in a circle are not
    paths = [p for p in paths if not p.is_symlink() or p.resolve().is_relative_to(inside)]
    if not paths:
        others, kinds = len(every) - len(images), " ".join(sorted(SUFFIXES))
        raise DataError(f"{folder}: no images in it ({others} other files); accepted are {kinds}")
    return sorted(paths, key=lambda path: path.relative_to(folder).parts)


def holds_images(folder: Path) -> bool:
    """Whether there is an image file below the folder."""
    return any(path.suffix.lower() in SUFFIXES for path in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    return (Path(root, name) for root, _, names in os.walk(folder) for name in names)


def decoded(image: Image.Image, size: tuple[int, int] | None, grey: bool) -> Pixels:
    """Decode an image as [H, W, C], by the conversions above."""
    image.seek(0)
    try:
        image = ImageOps.exif_transpose(image)
    except Exception as error:  # Pillow raises anything at broken EXIF, whose image may be good
        image.load()
        name = _shown(getattr(image, "filename", ""))
        logger.warning("%s: EXIF cannot be read and is ignored (%s)", name, error)
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image, np.int32) >> 8).clip(0, 255).astype(np.uint8))
    elif image.mode == "F":
        values = np.nan_to_num(np.asarray(image, np.float32)).clip(0, 255)
        image = Image.fromarray(values.astype(np.uint8))
    if "A" in image.mode or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    image = image.convert("L" if grey else "RGB")
    if size is not None and (image.height, image.width) != size:
        image = ImageOps.fit(image, (size[1], size[0]), Image.Resampling.LANCZOS)
    array = np.asarray(image)
    return array[..., None] if grey else array


class Survey(NamedTuple):
    """What a look at some of a folder's files shows."""

    number: int  # of image files
    height: float  # median, in pixels
    width: float
    grey: bool  # whether none has colour in it


def survey(folder: Path) -> Survey:
    """Look at up to SURVEYED image files of a folder, evenly spaced; DataError if none is one."""
    paths = found(folder)
    step = max(1, len(paths) // SURVEYED)
    sizes, grey = list[tuple[int, int]](), True
    for path in paths[::step]:
        interrupts.poll()
        # What is wrong with a file is said when it is read.
        with (
            suppress(Exception),
            warnings.catch_warnings(action="ignore"),
            Image.open(path, "r", FORMATS) as image,
        ):
            if image.width * image.height > MAX_PIXELS:
                continue
            turned = image.getexif().get(ORIENTATION, 1) >= 5
            grey = grey and is_grey(image)
            sizes.append((image.width, image.height) if turned else (image.height, image.width))
    if not sizes:
        raise DataError(f"{folder}: none of {len(paths)} files could be read")
    height, width = np.median(sizes, 0).tolist()
    return Survey(len(paths), height, width, grey)


class ColourError(Exception):
    """A file is not grey, where color is auto."""


def readable(
    paths: Sequence[Path], max_bad: float, folder: Path, decode: Callable[[Image.Image], Pixels]
) -> Iterator[tuple[int, Pixels]]:
    """Yield position and pixels of every file that can be read; DataError if too many cannot."""
    bad, moving = list[str](), list[Path]()
    for i, path in enumerate(paths):
        interrupts.poll()
        try:
            # Broken EXIF and the like do not make an image unreadable.
            with warnings.catch_warnings(action="ignore"), Image.open(path, "r", FORMATS) as image:
                shape, size = f"{image.width}x{image.height}", image.width * image.height
                if size > MAX_PIXELS:
                    raise DataError(f"{shape} is more than {MAX_PIXELS:,} pixels")
                refuse_bomb(shape, size, path.stat().st_size, FREE // 4)
                if getattr(image, "is_animated", False):
                    moving.append(path)
                pixels = decode(image)
        except ColourError:
            raise
        except Exception as error:  # decoders of hostile bytes raise anything
            reason = str(error).replace(str(path), "").strip(" :'\"") or type(error).__name__
            bad.append(f"{_shown(path.relative_to(folder))}: {reason.splitlines()[0]}")
            if len(bad) > max_bad * len(paths):
                fault = f"{len(bad)} of {len(paths)} files cannot be read, the last one {bad[-1]}"
                remedy = f"remove it or raise --data.max-bad (now {max_bad:g})"
                raise DataError(f"{folder}: {fault}; {remedy}") from None
            continue
        yield i, pixels
    for line in bad:
        logger.warning("skipped %s", line)
    if moving:
        logger.warning("%d animated, as %s: the first frame counts", len(moving), _shown(moving[0]))


def _shown(path: Path | str) -> str:
    """A path as a terminal can show it: names may hold anything."""
    return str(path) if str(path).isprintable() else ascii(str(path))


def load_folder(folder: Path, source: Source, progress: Progress, parts: Sequence[str]) -> Images:
    """Load the images below a folder, or `parts` of it; folders below are classes, if several."""
    paths = [path for part in parts or ("",) for path in found(folder / part)]
    relative = [path.relative_to(folder).as_posix() for path in paths]
    stats = [path.stat() for path in paths]
    listing = [[r, s.st_size, s.st_mtime_ns] for r, s in zip(relative, stats, strict=True)]
    settings = [str(folder.resolve()), source.size, source.color, source.max_bad, listing]
    key = hashlib.sha256(json.dumps(settings).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    array, index = cache_path("folders", f"{key}.npy"), cache_path("folders", f"{key}.json")
    try:
        kept = np.array(json.loads(index.read_text(encoding="utf-8")), np.int64)
        pixels = open_memmap(array, mode="r")
    except Exception:  # not there yet, or damaged
        try:
            kept = convert(paths, folder, source, array, progress)
        except ColourError:
            source = source.model_copy(update={"color": "rgb"})
            kept = convert(paths, folder, source, array, progress)
        with atomic.text(index) as file:
            json.dump(kept.tolist(), file)
        pixels = open_memmap(array, mode="r")
    parents = [Path(*Path(relative[i]).parent.parts[bool(parts) :]).as_posix() for i in kept]
    names, labels = np.unique(parents, return_inverse=True)
    classes = tuple(names.tolist()) if len(names) > 1 else ()
    labels = labels if classes else np.empty(0, np.int64)
    files = [str(folder / relative[i]) for i in kept]
    rows = kept if len(kept) < len(paths) else None
    return Images(pixels, labels, classes, str(folder), files, rows)


def convert(paths: list[Path], root: Path, source: Source, to: Path, progress: Progress) -> Labels:
    """Decode files once into `to` (NPY, a row a file); return which rows are images."""

    def decode(image: Image.Image) -> Pixels:
        if source.color == "auto" and not is_grey(image):
            raise ColourError
        return decoded(image, source.size, grey=source.color != "rgb")

    kept, mapped = list[int](), None
    with atomic.whole(to) as partial:
        for i, pixels in readable(paths, source.max_bad, root, decode):
            if mapped is None:
                mapped = open_memmap(partial, "w+", np.uint8, (len(paths), *pixels.shape))
            if (shape := mapped.shape[1:]) != pixels.shape:
                fault = "is {}x{}, the ones before {}x{}".format(*pixels.shape[:2], *shape[:2])
                raise DataError(f"{paths[i]}: {fault}; set one with --data.size 64 (or 48x64)")
            mapped[i] = pixels
            kept.append(i)
            progress(len(kept), len(paths))
        if mapped is None:
            raise DataError(f"{root}: none of {len(paths)} files could be read")
    return np.array(kept, np.int64)


def is_grey(image: Image.Image) -> bool:
    """Whether an image has no colour in it, judged on a small copy of a large one."""
    if image.mode in GREY_MODES:
        return True
    small = image.convert("RGB")
    pixels = np.asarray(small.resize((64, 64)) if max(image.size) > 64 else small)
    return bool((pixels == pixels[..., :1]).all())
