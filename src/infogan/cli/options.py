"""Options that several commands have, and what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from infogan.core.errors import ConfigError, RunError
from infogan.data.splits import Split as Split

if TYPE_CHECKING:
    from infogan.data.images import Images
    from infogan.model.model import Model
    from infogan.runs.folder import Run
    from infogan.runs.names import Names

DataDir = Annotated[
    str | None, Parameter(help="Folder that holds the IDX files of mnist or fashion-mnist.")
]
Output = Annotated[Path, Parameter(name=["--output", "-o"], help="File to write.")]
Codes = Annotated[
    list[str] | None,
    Parameter(
        name="--code", negative=(), help="Fix a code: --code digit=3, or =its name; repeatable."
    ),
]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="Print one JSON object.")]


def folder(run: Path) -> Run:
    """A run folder that is there."""
    from infogan.runs.folder import Run

    if not run.is_dir():
        raise RunError(f"{run}: no such run folder; `infogan train` makes one")
    return Run(run)


def load(run: Path) -> Model:
    """The model of a run folder."""
    from infogan.model.model import Model

    return Model.load(folder(run).path)


def images_for(model: Model, data: str | None, data_dir: str | None, split: Split) -> Images:
    """Images in the model's shape: the run's own data, or others brought to it."""
    from infogan.data import load as load_data
    from infogan.data.labels import for_scoring

    h, w, channels = model.shape
    changes: dict[str, Any] = {"name": data} if data else {}
    if data_dir:
        changes["dir"] = data_dir
    own = model.config.data
    own = own.model_copy(
        update={"size": (h, w), "color": "grey" if channels == 1 else "rgb"} | changes
    )
    return for_scoring(load_data(own, split), None if data else model.config.labels)


def code_values(pairs: Sequence[str] | None, names: Names) -> dict[str, float]:
    """`digit=3` words, or `digit=seven`, as values by code."""
    values = {}
    for pair in pairs or ():
        name, _, value = pair.rpartition("=")
        code = names.find(name or value)
        values[code] = names.number(code, value if name else "")
    return values


def writing(path: Path, option: str = "--output") -> None:
    """ConfigError now when a file cannot be written there later."""
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(
            f"{option} {path}: {'is a folder' if path.is_dir() else f'{path.parent} does not exist'}"
        )
