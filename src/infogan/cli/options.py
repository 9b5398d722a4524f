"""Parameters that several commands share, explained once, and what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from infogan.core.errors import ConfigError, DataError, RunError
from infogan.data.splits import Split as AnySplit

if TYPE_CHECKING:
    from infogan.data.images import Images
    from infogan.model.model import Model
    from infogan.runs.folder import Run
    from infogan.runs.names import Names

OUTPUT = Parameter(name=["--output", "-o"])
Count = Annotated[int, Parameter(validator=Number(gte=1))]
RunFolder = Annotated[Path, Parameter(help="Run folder.")]
Source = Annotated[
    str,
    Parameter(help="Images: a folder, an IDX, NPY or NPZ file, digits, mnist or fashion-mnist."),
]
DataDir = Annotated[
    str | None, Parameter(help="Folder that holds the IDX files of mnist or fashion-mnist.")
]
Split = Annotated[
    AnySplit, Parameter(help="Part of the images; all is everything but test images.")
]
Output = Annotated[Path, OUTPUT, Parameter(help="File to write.")]
Figure = Annotated[Path | None, OUTPUT]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="Print one JSON object.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Real:
    """Which real images a command looks at."""

    data: Annotated[str | None, Parameter(help="Images in place of the run's own.")] = None
    data_dir: DataDir = None
    split: Split = "validation"

    @property
    def given(self) -> bool:
        """Whether the user asked for any."""
        return self != OWN

    def read(self, model: Model) -> Images:
        """The images, brought to the model's shape."""
        from infogan.data import load
        from infogan.data.labels import for_scoring

        height, width, channels = model.shape
        color = "grey" if channels == 1 else "rgb"
        changes: dict[str, Any] = {"size": (height, width), "color": color}
        changes |= {"name": self.data} if self.data else {}
        changes |= {"dir": self.data_dir} if self.data_dir else {}
        images = load(model.config.data.model_copy(update=changes), self.split)
        return for_scoring(images, None if self.data else model.config.labels)

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
