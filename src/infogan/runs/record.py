"""What a run folder says of itself in run.json: its format, its images, where its weights began."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from infogan.core.errors import RunError
from infogan.data.settings import Source

FORMAT = 1
"""Of a run folder; docs/run-folder.md describes each. A change that older code would misread raises
it."""


class Learned(BaseModel):
    """The images that a run learned from. Which files they were is in images.csv."""

    model_config = ConfigDict(frozen=True)
    source: Source
    """Where they were, with absolute paths."""
    number: int
    shape: tuple[int, int, int]
    """H, W, C."""
    digest: str
    """`Images.digest`, before labels were hidden."""
    labels: str | None = None
    """The CSV file that gave its labels, if any, as an absolute path."""


class Origin(BaseModel):
    """The finished run whose weights a run began with."""

    model_config = ConfigDict(frozen=True)
    run: str
    """Its folder, as an absolute path."""
    steps: int
    sha256: str
    """Of its model.safetensors."""


class Record(BaseModel):
    """The content of run.json."""

    model_config = ConfigDict(frozen=True)
    format: int = FORMAT
    infogan: str
    """Version that wrote the folder."""
    images: Learned
    continued_from: Origin | None = None


def check_format(tree: dict[str, object], folder: object) -> None:
    """RunError when a run.json is of a format that is not read here."""
    if (number := tree.get("format")) != FORMAT:
        wrote = f"infogan {tree.get('infogan', 'of another version')}"
        remedy = f"use {wrote}, which wrote it" if number else "train it again"
        raise RunError(f"{folder}: has run format {number}; this infogan reads {FORMAT}; {remedy}")
