"""Where images come from, as settings."""

from re import fullmatch
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from infogan.core.settings import SETTINGS

LONGEST = 1024  # pixels of a side
Range = tuple[float, float]
GIVEN = "<given>"
"""The name of images that were given as an array from Python: no command can load them again."""


def _size(value: object) -> object:
    """`64` and `48x64` (height x width) as a pair."""
    if isinstance(value, str) and not fullmatch(r" *\d+ *(x *\d+ *)?", value.lower()):
        raise ValueError("give pixels of a side (64), or of height and width (48x64)")
    parts = str(value).lower().split("x") if isinstance(value, str | int | float) else value
    return parts * 2 if isinstance(parts, list) and len(parts) == 1 else parts


def _sides(value: tuple[int, int] | None) -> tuple[int, int] | None:
    if value and not 1 <= min(value) <= max(value) <= LONGEST:
        raise ValueError(f"give sides of 1 to {LONGEST} pixels")
    return value


def _range(value: object) -> object:
    """`0:4095` as a pair."""
    if isinstance(value, str) and value.count(":") != 1:
        raise ValueError("give LOW:HIGH, as in 0:4095")
    return value.split(":") if isinstance(value, str) else value


def _rising(value: Range | None) -> Range | None:
    if value and not value[0] < value[1]:
        raise ValueError("give LOW:HIGH, the lower one first")
    return value


def _channels(value: object) -> object:
    """`0,1,2` as a list."""
    if isinstance(value, str) and not fullmatch(r" *\d+ *(, *\d+ *)*", value):
        raise ValueError("give numbers of channels from 0, as in 0,1,2")
    return str(value).split(",") if isinstance(value, str | int) else value


class Source(BaseModel):
    """Where images come from and how they are brought to one shape."""

    model_config = SETTINGS
    name: str = "digits"
    """digits, mnist, fashion-mnist, sprites, sprites-colour, a folder, a zip or tar file of images,
    an IDX, NPY, NPZ, MAT, HDF5 (file.h5:dataset) or Parquet file, or hf:NAME of Hugging Face."""
    only: tuple[str, ...] = ()
    """Files and folders below a folder that count; none: all of them."""
    dir: str | None = None
    """Folder that holds the IDX files of mnist or fashion-mnist; none: they are downloaded once."""
    size: Annotated[tuple[int, int] | None, BeforeValidator(_size), AfterValidator(_sides)] = None
    """Height and width to which images are scaled (64, or 48x64); none: as they are."""
    fit: Literal["crop", "pad", "stretch"] = "crop"
    """How an image of another proportion gets there: cut at its sides, padded, or stretched."""
    color: Literal["auto", "grey", "rgb"] = "auto"
    """grey, rgb, or auto: of a folder grey if no file has colour, of an array as it is."""
    channels: Annotated[tuple[int, ...] | None, BeforeValidator(_channels)] = None
    """Channels to read (0, or 0,1,2), of images that have others as well; none: all."""
    range: Annotated[Range | None, BeforeValidator(_range), AfterValidator(_rising)] = None
    """Values that become black and white (0:4095); none: 0:255 for bytes, else what the whole set
    fills. A range beyond 255 leaves bytes as they are."""
    background: Literal["auto", "white", "black"] = "auto"
    """What lies behind transparent images; auto: what differs more from what is drawn."""
    max_bad: float = Field(default=0.01, ge=0, le=1)
    """Share of a folder's files, or of a table's rows, that may be unreadable; they are skipped and
    named."""

    def rules(self) -> dict[str, object]:
        """How images are brought to one shape, as plain values, without which they are."""
        return self.model_dump(mode="json", exclude={"name", "dir", "only"})
