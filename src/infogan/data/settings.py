"""Where images come from, as settings."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from infogan.core.settings import SETTINGS

Side = Annotated[int, Field(ge=1, le=1024)]
GIVEN = "<given>"
"""The name of images that were given as an array from Python: no command can load them again."""


def _size(value: object) -> object:
    """`64` and `48x64` (height x width) as a pair."""
    parts = str(value).lower().split("x") if isinstance(value, str | int | float) else value
    return parts * 2 if isinstance(parts, list) and len(parts) == 1 else parts


class Source(BaseModel):
    """Where images come from and how they are brought to one shape."""

    model_config = SETTINGS
    name: str = "digits"
    """digits, mnist, fashion-mnist, a folder of images, or an IDX, NPY or NPZ file."""
    dir: str | None = None
    """Folder that holds the IDX files of mnist or fashion-mnist; none: they are downloaded once."""
    size: Annotated[tuple[Side, Side] | None, BeforeValidator(_size)] = None
    """Height and width to which a folder's images are scaled (64, or 48x64); none: as they are."""
    color: Literal["auto", "grey", "rgb"] = "auto"
    """Colour of a folder's images: grey, rgb, or auto: grey if no file has colour."""
    max_bad: float = Field(default=0.01, ge=0, le=1)
    """Share of a folder's files that may be unreadable; they are skipped and named."""
