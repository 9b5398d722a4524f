"""Parameters that several commands share, explained once, and what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from infogan.core.errors import ConfigError, DataError, RunError

if TYPE_CHECKING:
    from infogan.data.images import Images
    from infogan.model.model import Model
    from infogan.runs.folder import Run
    from infogan.runs.names import Names

OUTPUT = Parameter(name=["--output", "-o"])
Part = Literal["train", "validation", "test", "all"]
Count = Annotated[int, Parameter(validator=Number(gte=1))]
RunFolder = Annotated[Path, Parameter(help="Run folder.")]
Source = Annotated[
    str,
    Parameter(help="Images: a folder, an IDX, NPY or NPZ file, digits, mnist or fashion-mnist."),
]
DataDir = Annotated[
    str | None, Parameter(help="Folder that holds the IDX files of mnist or fashion-mnist.")
]
SPLIT = Parameter(help="Part of the images; all is everything but test images.")
Split = Annotated[Part, SPLIT]
Output = Annotated[Path, OUTPUT, Parameter(help="File to write.")]
Figure = Annotated[Path | None, OUTPUT]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="Print one JSON object.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Real:
    """Which real images a command looks at."""

    data: Annotated[str | None, Parameter(help="Images to look at instead of the run's own.")] = (
        None
    )
    data_dir: DataDir = None
    split: Annotated[
        Part | None,
        SPLIT,
        Parameter(help=f"{SPLIT.help} By default those held out for validation."),
    ] = None

    @property
    def given(self) -> bool:
        """Whether any were asked for."""
        return self != OWN

    def read(self, model: Model) -> Images:
        """The images in the model's shape; by default those that the run did not learn from."""
        return images_for(model, self.data, self.data_dir, self.split or "validation")

    def try_to_read(self, model: Model) -> tuple[Images | None, list[str]]:
        """The images; where the run's own are gone or damaged, none and the reason."""
        try:
            return self.read(model), []
        except DataError as error:
            if self.given:
                raise
            return None, [f"Without real images, which cannot be read: {error}"]


OWN = Real()
"""The run's own held-out images."""


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


def images_for(model: Model, data: str | None, data_dir: str | None, split: Part) -> Images:
    """Images in the model's shape: the run's own (data: None), or others."""
    from infogan.data import load as load_data
    from infogan.data.labels import for_scoring

    height, width, channels = model.shape
    changes: dict[str, Any] = {"size": (height, width), "color": "grey" if channels == 1 else "rgb"}
    changes |= {"name": data} if data else {}
    changes |= {"dir": data_dir} if data_dir else {}
    source = model.config.data.model_copy(update=changes)
    return for_scoring(load_data(source, split), None if data else model.config.labels)


def code_values(pairs: Sequence[str] | None, names: Names) -> dict[str, float]:
    """The values that `digit=3` or `digit=seven` give, by code."""
    values = {}
    for pair in pairs or ():
        name, _, value = pair.rpartition("=")
        code = names.find(name or value)
        values[code] = names.number(code, value if name else "")
    return values


def writing(path: Path, option: str = "--output") -> None:
    """ConfigError now when a file cannot be written there later."""
    if path.is_dir() or not path.parent.is_dir():
        why = "is a folder" if path.is_dir() else f"{path.parent} does not exist"
        raise ConfigError(f"{option} {path}: {why}")
