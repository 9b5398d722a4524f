"""Arrays from anywhere, brought to images: uint8 [N, H, W, 1 or 3], labels from 0, factors."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from infogan.core import interrupts
from infogan.core.errors import DataError
from infogan.data import factors, levels
from infogan.data.decoding import resized, scaled
from infogan.data.images import LUMA, Images, Labels, Pixels, described
from infogan.data.settings import Range, Source

Array = NDArray[Any]
# What a file may hold, and the names under which it may; a lone array is the images.
KEYS = {
    "images": ("images", "x_train", "x", "X", "imgs", "arr_0"),
    "labels": ("labels", "y_train", "y", "arr_1"),
    "factors": ("factors", "latents_classes"),
    "values": ("latents_values",),
    "factor_names": ("factor_names",),
}
MAX_CLASSES = 1 << 16
AT_ONCE = 1000  # images whose bytes are looked at together


def named(names: Collection[str], what: str) -> str | None:
    """The name under which a file has its images, labels and so on; None where it has none."""
    lone = names if what == "images" and len(names) == 1 else ()
    return next((key for key in (*KEYS[what], *lone) if key in names), None)


def numbered(values: Array) -> tuple[Labels, tuple[str, ...]]:
    """Labels as they come, whole numbers or names, as [N] from 0 with the names of the classes that
    there are; -1 for what is negative or empty."""
    if values.dtype.kind == "U":
        values = np.char.strip(values)
        known = values != ""
    else:
        known = values >= 0
    names, labels = np.unique(values[known], return_inverse=True)
    found = np.full(len(values), -1)
    found[known] = labels
    return found, tuple(map(str, names.tolist()))


def shaped(array: Array, source: Source, name: str) -> Array:
    """[N, H, W, C] with the channels that the source asks for; DataError that names the shape."""
    array, wanted = array[..., None] if array.ndim == 3 else array, source.channels
    shape = f"{[*array.shape]} of {array.dtype}"
    if array.ndim != 4:
        raise DataError(f"{name}: has the shape {shape}; give [N, H, W] or [N, H, W, C]")
    channels = array.shape[3]
    if wanted and len(wanted) in (1, 3) and max(wanted) < channels:
        return array[..., list(wanted)]
    if wanted:
        given = ",".join(map(str, wanted))
        raise DataError(
            f"{name}: --data.channels {given}: give one or three of 0 to {channels - 1}"
        )
    if channels in (1, 3):
        return array
    if array.shape[1] in (1, 3, 4):
        remedy = "channels come last: save it as np.moveaxis(images, 1, -1)"
        raise DataError(f"{name}: has the shape {shape}; {remedy}")
    remedy = f"choose one or three, as --data.channels {'0,1,2' if channels > 2 else '0'}"
    raise DataError(f"{name}: has the shape {shape}, which is {channels} channels; {remedy}")


Parts = Callable[[], Iterable[Array]]
"""The images of a set, [n, H, W, C] of one shape and dtype at a time; may be asked for anew."""


def settled(parts: Parts, number: int, name: str, given: Range | None) -> Range | None:
    """The range by which the numbers of a set become bytes; None: they are bytes that stay as they
    are. DataError where a value is not finite."""
    ends, plain = list[Any](), False
    for part in parts():
        interrupts.poll()
        plain = part.dtype == np.uint8
        if plain and given:
            return levels.of_bytes(given)
        if plain and _is_bright(part):
            return None
        ends += [part.min(), part.max()] if part.size else []
    if not ends:
        return None
    low, high = np.min(ends), np.max(ends)
    if plain and low == high:
        return None
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{name}: values run from {low} to {high}; give finite ones")
    return given or levels.chosen(_some(parts, max(1, number // 1000)))


def _is_bright(part: Array) -> bool:
    """Whether bytes can be seen as they are; mostly the first images say so, and no more of a large
    file is read."""
    starts = range(0, len(part) if part.size else 0, AT_ONCE)
    return any(part[i : i + AT_ONCE].max() >= levels.FAINT for i in starts)


def _some(parts: Parts, step: int) -> list[NDArray[np.float64]]:
    """The values of every image of that distance."""
    some, start = list[NDArray[np.float64]](), 0
    for part in parts():
        chosen = part[-start % step :: step]
        some += [image.reshape(-1).astype(np.float64) for image in chosen]
        start += len(part)
    return some


def finished(array: Array, source: Source, given: Range | None) -> Pixels:
    """[N, H, W, C] numbers as images of the set: uint8 [N, H, W, 1 or 3] at its size."""
    plain = np.asarray(array, np.uint8) if given is None else levels.applied(array, given)
    return sized(coloured(plain, source.color), source)


def told(before: tuple[int, int], source: Source, given: Range | None) -> str:
    """How images of a height and width came to their size and levels, in words."""
    said = resized(before, source)
    return said + (f", values of {given[0]:g} to {given[1]:g} from black to white" if given else "")


def brought(array: Array, source: Source, name: str) -> tuple[Pixels, dict[str, Any], str]:
    """Any array of images as uint8 [N, H, W, 1 or 3], under the settings of the source; what was
    decided, and what to say of it."""
    array = shaped(array, source, name)
    chosen = settled(lambda: [array], len(array), name, source.range)
    decided = {} if chosen is None else {"range": chosen}
    return finished(array, source, chosen), decided, told(array.shape[1:3], source, chosen)


def sized(pixels: Pixels, source: Source) -> Pixels:
    """[N, H, W, C] at the size that the source asks for."""
    if source.size is None or source.size == pixels.shape[1:3] or not len(pixels):
        return pixels
    found = np.empty((len(pixels), *source.size, pixels.shape[3]), np.uint8)
    for i, image in enumerate(pixels):
        found[i] = np.asarray(scaled(_image(image), source)).reshape(found.shape[1:])
    return found


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def coloured(pixels: Pixels, color: str) -> Pixels:
    """[N, H, W, C] in grey or in colour; auto: as they are."""
    if color == "rgb" and pixels.shape[3] == 1:
        return np.repeat(pixels, 3, 3)
    if color == "grey" and pixels.shape[3] == 3:
        grey = np.empty((*pixels.shape[:3], 1), np.uint8)
        for i, image in enumerate(pixels):  # whose floats take eight times as many bytes
            grey[i, ..., 0] = np.rint(image @ np.array(LUMA))
        return grey
    return pixels


def _rows(array: Array | None, name: str) -> Array:
    """[N] labels, also of [N, 1]; none where there is no array."""
    if array is None:
        return np.empty(0, np.int64)
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if array.ndim != 1 or array.dtype.kind not in "uiU":
        wanted = "[N] whole numbers or names"
        raise DataError(f"{name}: labels must be {wanted}, got {[*array.shape]} of {array.dtype}")
    return array


def labelled(values: Array | None, name: str) -> tuple[Labels, tuple[str, ...]]:
    """Labels as `numbered`; DataError where they are none, or far too many classes."""
    labels, classes = numbered(_rows(values, name))
    refuse_classes(len(classes), name)
    return labels, classes


def refuse_classes(number: int, name: str) -> None:
    """DataError where labels name so many classes that they must be something else."""
    if number > MAX_CLASSES:
        raise DataError(f"{name}: labels name {number:,} classes, more than {MAX_CLASSES:,}")


def as_images(arrays: dict[str, Array], source: Source, name: str) -> Images:
    """Images of the arrays of a file, named as in KEYS."""
    arrays = dict(arrays)
    if (held := arrays.get("labels")) is not None and held.ndim == 2 and held.dtype.kind == "f":
        arrays["values"] = arrays.pop("labels")  # 3D Shapes names the values of its factors so
    labels, classes = labelled(arrays.get("labels"), name)
    known = factors.read(arrays, len(arrays["images"]), name)
    pixels, decided, words = brought(arrays["images"], source, name)
    images = Images(
        pixels,
        labels,
        classes,
        name,
        factors=known.numbers,
        factor_names=known.names,
        factor_values=known.values,
        decided=decided,
    )
    return described(images, words + known.told)
