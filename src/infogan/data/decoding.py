"""One image file, or a page of one, to uint8 [H, W, C].
The EXIF orientation is applied. What must be decided for a whole set before a file can be decoded
(colour, range of values, background of transparent images) is said by `UndecidedError`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from infogan.core.errors import DataError
from infogan.data import levels
from infogan.data.images import Pixels
from infogan.data.settings import Source

FITTED = {"crop": "cropped", "pad": "padded", "stretch": "stretched"}
GREY_MODES = {"1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


class UndecidedError(Exception):
    """A file shows that a setting (color, range, background) must be decided for the set."""

    def __init__(self, setting: str) -> None:
        super().__init__(setting)
        self.setting = setting


def decoded(image: Image.Image, source: Source, note: Callable[[str], object]) -> Pixels:
    """Decode an image as [H, W, 1 or 3] under the settings of its set.
    note: called with what is wrong with it although it can be read."""
    try:
        image = ImageOps.exif_transpose(image)
    except Exception as error:  # Pillow raises anything at broken EXIF, whose image may be good
        image.load()
        note(f"EXIF cannot be read and is ignored ({error})")
    if was_wide := wide(image):
        if source.range is None:
            raise UndecidedError("range")
        image = Image.fromarray(levels.applied(np.asarray(image), source.range))
    if transparent(image):
        if source.background == "auto":
            raise UndecidedError("background")
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, source.background), clear)
    if not was_wide and (given := levels.of_bytes(source.range)):
        plain = image.convert("L" if image.mode in GREY_MODES else "RGB")
        image = Image.fromarray(levels.applied(np.asarray(plain), given))
    if source.channels:
        image = chosen_channels(image, source.channels)
    if source.color == "auto" and not is_grey(image):
        raise UndecidedError("color")
    image = image.convert("RGB" if source.color == "rgb" else "L")
    array = np.asarray(scaled(image, source))
    return array[..., None] if array.ndim == 2 else array


def scaled(image: Image.Image, source: Source) -> Image.Image:
    """An image in grey or RGB at the size of its set."""
    if source.size is None or (image.height, image.width) == source.size:
        return image
    size, by = (source.size[1], source.size[0]), Image.Resampling.LANCZOS
    if source.fit == "stretch":
        return image.resize(size, by)
    if source.fit == "crop":
        return ImageOps.fit(image, size, by)
    return ImageOps.pad(image, size, by, "white" if source.background == "white" else "black")


def resized(before: tuple[int, int], source: Source) -> str:
    """How images of a height and width come to the size of their set, in words."""
    if source.size in (None, before):
        return ""
    assert source.size
    (height, width), (h, w) = before, source.size
    how = "scaled" if height * w == width * h else FITTED[source.fit]
    return f" ({how} from {height}x{width})"


def wide(image: Image.Image) -> bool:
    """Whether its values are more than bytes."""
    return image.mode[0] in "IF"


def transparent(image: Image.Image) -> bool:
    """Whether something lies behind it."""
    return "A" in image.mode or "transparency" in image.info


def drawn(image: Image.Image) -> tuple[float, float]:
    """What is drawn in a transparent image: the sum of grey levels 0-255 and of opacity 0-1."""
    both = image.convert("RGBA").convert("LA")
    grey, alpha = (np.asarray(part, np.float64) for part in both.split())
    return float((grey * alpha).sum() / 255), float(alpha.sum() / 255)


def chosen_channels(image: Image.Image, channels: tuple[int, ...]) -> Image.Image:
    """An image of one or three of the channels of another."""
    bands = (image.convert("RGB") if image.mode == "P" else image).split()
    if len(channels) not in (1, 3) or max(channels) >= len(bands):
        raise DataError(f"has {len(bands)} channels, not {','.join(map(str, channels))}")
    parts = [bands[i] for i in channels]
    return parts[0] if len(parts) == 1 else Image.merge("RGB", parts)


def is_grey(image: Image.Image) -> bool:
    """Whether an image has no colour in it, judged on a small copy of a large one."""
    if image.mode in GREY_MODES:
        return True
    small = image.convert("RGB")
    pixels = np.asarray(small.resize((64, 64)) if max(image.size) > 64 else small)
    return bool((pixels == pixels[..., :1]).all())


def some_values(image: Image.Image) -> NDArray[np.float64]:
    """Up to 32,767 values of an image, evenly spaced."""
    values = np.asarray(image).reshape(-1)
    return values[:: max(1, values.size // 16384)].astype(np.float64)


def shown(path: object) -> str:
    """A path as a terminal can show it: names may hold anything."""
    return str(path) if str(path).isprintable() else ascii(str(path))
