"""Folders of images: found once in a fixed order, every bad file named, converted once into a cached array.

Conversions: the EXIF turn is applied, transparency lies over white, 16 bits are scaled to 8 (not cut), of an
animation the first frame counts. With a size, an image is cropped at its centre to the asked-for aspect and
scaled.
"""

import hashlib
import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from infogan.core import atomic, interrupts
from infogan.core.errors import DataError
from infogan.data.cache import cache_path
from infogan.data.images import PACKED, SMALL, Images, Pixels

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
MAX_PIXELS = 100_000_000
GREY_MODES = {"1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L"}
Color = Literal["auto", "grey", "rgb"]
logger = logging.getLogger("infogan")


def found(folder: Path) -> list[Path]:
    """Every regular file below the folder with an image's suffix, sorted by relative path; links to folders and
    special files are left out. DataError when there is none."""
    others, paths = 0, []
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            if path.suffix.lower() not in SUFFIXES:
                others += 1
            elif path.is_file() and (
                not path.is_symlink() or path.resolve().is_relative_to(folder.resolve())
            ):
                paths.append(path)
    if not paths:
        kinds = " ".join(sorted(SUFFIXES))
        raise DataError(f"{folder}: no images in it ({others} other files); accepted are {kinds}")
    return sorted(paths, key=lambda path: path.relative_to(folder).parts)


def holds_images(folder: Path) -> bool:
    """Whether there is an image's file below it."""
    return any(
        Path(name).suffix.lower() in SUFFIXES for _, _, names in os.walk(folder) for name in names
    )


def opened(path: Path) -> Image.Image:
    """The image, header read; an error of Pillow's, or of ours when it has too many pixels."""
    image = Image.open(path, formats=FORMATS)
    try:
        pixels, size = image.width * image.height, path.stat().st_size
        if pixels > MAX_PIXELS:
            raise ValueError(f"{image.width}x{image.height} is more than {MAX_PIXELS:,} pixels")
        if pixels > max(SMALL // 4, PACKED * size):
            raise ValueError(
                f"{image.width}x{image.height} pixels in {size:,} bytes: cut off, or a bomb"
            )
    except ValueError:
        image.close()
        raise
    return image


def decoded(image: Image.Image, size: tuple[int, int] | None, grey: bool) -> Pixels:
    """[H, W, C] by the conversions above."""
    image.seek(0)
    try:
        image = ImageOps.exif_transpose(image)
    except (
        Exception
    ) as error:  # Pillow raises anything at broken EXIF, which is no reason to lose an image
        image.load()
        logger.warning(
            "EXIF ignored, it cannot be read (%s): %s",
            error,
            _shown(Path(getattr(image, "filename", ""))),
        )
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image, np.int32) >> 8).clip(0, 255).astype(np.uint8))
    elif image.mode == "F":
        image = Image.fromarray(
            np.nan_to_num(np.asarray(image, np.float32)).clip(0, 255).astype(np.uint8)
        )
    if "A" in image.mode or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    image = image.convert("L" if grey else "RGB")
    if size is not None and (image.height, image.width) != size:
        image = ImageOps.fit(image, (size[1], size[0]), Image.Resampling.LANCZOS)
    array = np.asarray(image)
    return array[..., None] if grey else array


class ColourError(Exception):
    """A file has colour although grey ones were expected."""


def readable(
    paths: Sequence[Path], max_bad: float, folder: Path, decode: Callable[[Image.Image], Pixels]
) -> Iterator[tuple[int, Pixels]]:
    """Position and decoded pixels of every file that can be read; DataError once too many cannot."""
    bad: list[str] = []
    moving: list[Path] = []
    for i, path in enumerate(paths):
        interrupts.poll()
        try:
            # broken EXIF and the like do not make an image unreadable
            with warnings.catch_warnings(action="ignore"), opened(path) as image:
                if getattr(image, "is_animated", False):
                    moving.append(path)
                pixels = decode(image)
        except ColourError:
            raise
        except Exception as error:  # decoders of hostile bytes raise anything
            reason = str(error).replace(str(path), "").strip(" :'\"") or type(error).__name__
            bad.append(f"{_shown(path.relative_to(folder))}: {reason.splitlines()[0]}")
            if len(bad) > max_bad * len(paths):
                raise DataError(
                    f"{folder}: {len(bad)} of {len(paths)} files cannot be read, the last one {bad[-1]}. "
                    f"Remove it or raise --data.max-bad (now {max_bad:g})."
                ) from None
            continue
        yield i, pixels
    for line in bad:
        logger.warning("skipped %s", line)
    if moving:
        logger.warning(
            "%d animated files, such as %s: the first frame counts", len(moving), _shown(moving[0])
        )


def _shown(path: Path) -> str:
    """A path as a terminal can show it: names may hold anything."""
    return str(path) if str(path).isprintable() else ascii(str(path))


def load_folder(
    folder: Path,
    size: tuple[int, int] | None,
    color: Color,
    max_bad: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
    parts: Sequence[str] = (),
) -> Images:
    """All images below a folder, or below folders in it (`parts`, which are no classes); the folder that an image lies
    in is its class if there are two or more."""
    paths = [path for part in parts or ("",) for path in found(folder / part)]
    stats = [path.stat() for path in paths]
    relative = [path.relative_to(folder).as_posix() for path in paths]
    listing = [[r, s.st_size, s.st_mtime_ns] for r, s in zip(relative, stats, strict=True)]
    settings = [str(folder.resolve()), size, color, max_bad, listing]
    key = hashlib.sha256(json.dumps(settings).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    array, index = cache_path("folders", f"{key}.npy"), cache_path("folders", f"{key}.json")
    try:
        pixels, rows = _cached(array, index)
    except Exception:  # not there yet, or no longer what was written
        try:
            kept = convert(paths, folder, size, color, max_bad, array, progress)
        except ColourError:
            kept = convert(paths, folder, size, "rgb", max_bad, array, progress)
        with atomic.whole(index) as partial:
            partial.write_text(json.dumps(kept), encoding="utf-8")
        pixels, rows = _cached(array, index)
    files = [relative[i] for i in rows]
    parents = [Path(*Path(file).parent.parts[bool(parts) :]).as_posix() for file in files]
    classes = tuple(sorted(set(parents)))
    labels = np.empty(0, np.int64)
    if len(classes) > 1:
        number = {name: i for i, name in enumerate(classes)}
        labels = np.array([number[parent] for parent in parents], np.int64)
    return Images(
        pixels,
        labels,
        classes if len(labels) else (),
        str(folder),
        [str(folder / file) for file in files],
        rows if len(rows) < len(paths) else None,
    )


def _cached(array: Path, index: Path) -> tuple[Pixels, NDArray[np.int64]]:
    """The converted array, and which rows of it are images."""
    rows = np.array(json.loads(index.read_text(encoding="utf-8")), np.int64)
    pixels: Pixels = np.load(array, mmap_mode="r", allow_pickle=False)
    return pixels, rows


def convert(
    paths: Sequence[Path],
    folder: Path,
    size: tuple[int, int] | None,
    color: Color,
    max_bad: float,
    array: Path,
    progress: Callable[[int, int], None],
) -> list[int]:
    """Decode every file once into `array` (NPY, a row a file); the rows that could be read.

    With color auto, ColourError at the first file that is not grey.
    """

    def decode(image: Image.Image) -> Pixels:
        if color == "auto" and not is_grey(image):
            raise ColourError
        return decoded(image, size, grey=color != "rgb")

    kept: list[int] = []
    mapped: Pixels | None = None
    with atomic.whole(array) as partial:
        for i, pixels in readable(paths, max_bad, folder, decode):
            if mapped is None:
                mapped = np.lib.format.open_memmap(
                    partial, "w+", np.uint8, (len(paths), *pixels.shape)
                )
            if pixels.shape != mapped.shape[1:]:
                (h, w), (rows, columns) = mapped.shape[1:3], pixels.shape[:2]
                raise DataError(
                    f"{paths[i]}: is {rows}x{columns}, the ones before {h}x{w}; "
                    "choose one size for all with --data.size 64 (or 48x64)"
                )
            mapped[i] = pixels
            kept.append(i)
            progress(len(kept), len(paths))
        if mapped is None:
            raise DataError(f"{folder}: none of {len(paths)} files could be read")
    return kept


def is_grey(image: Image.Image) -> bool:
    """Whether an image has no colour in it, judged on a small copy of a large one."""
    if image.mode in GREY_MODES:
        return True
    small = np.asarray(
        image.convert("RGB") if max(image.size) <= 64 else image.convert("RGB").resize((64, 64))
    )
    return bool((small == small[..., :1]).all())
