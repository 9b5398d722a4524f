"""Parameters that several commands share, explained once, and what they stand for."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter, Token
from cyclopts.validators import Number

from infogan.core.errors import ConfigError, DataError, RunError
from infogan.data.splits import Split as AnySplit

if TYPE_CHECKING:
    from infogan.data.images import Images
    from infogan.model.model import Model
    from infogan.runs.folder import Run


def _whole(of: Any, given: Sequence[Token]) -> int:
    try:
        return int(given[0].value)  # Cyclopts' own would round
    except ValueError:
        raise ValueError(f"give a whole number, not {given[0].value}") from None


Whole = Annotated[int, Parameter(converter=_whole)]
RunFolder = Annotated[Path, Parameter(help="Run folder.")]
SEEDS = "Run folders; a folder of seeds (train --seeds) stands for the runs in it."
RunFolders = Annotated[Path, Parameter(help=SEEDS)]
SOURCE = "Images: folders, files, a zip or tar, IDX, NPY, NPZ, MAT, HDF5 or Parquet file, digits, "
SOURCE += "mnist, fashion-mnist, or hf:NAME of Hugging Face."
Sources = Annotated[str, Parameter(help=SOURCE)]
DataDir = Annotated[str | None, Parameter(help="Folder with IDX files of mnist or fashion-mnist.")]
Split = Annotated[AnySplit, Parameter(help="Part of the images; all: everything but test images.")]
Count = Annotated[Whole, Parameter(validator=Number(gte=1))]
Probability = Annotated[float, Parameter(validator=Number(gte=0, lte=1))]
MaxBad = Annotated[
    Probability | None,
    Parameter(name="--data.max-bad", help="Share of unreadable files to skip (default: RUN's)."),
]
N = Annotated[Count, Parameter(name=["--n", "-n"])]
Values = Annotated[list[str] | None, Parameter(negative=())]
Class = Annotated[str | None, Parameter(name="--class")]
Unit = Annotated[Literal["nats", "bits"], Parameter(help="nats or bits.")]
AsJson = Annotated[
    bool, Parameter(name="--json", negative=(), help="Print JSON, and nothing else.")
]
Open = Annotated[bool, Parameter(name="--open", help="Open the page in the browser.")]

TO = partial(Parameter, ["--output", "-o"])
Output = Annotated[Path, TO(help="File to write.")]
Pictures = Annotated[str, TO(help="A PNG file of all, an NPY array, or a folder/ of PNG files.")]
Sweep = Annotated[Path, TO(help="File to write: .png, .svg, .pdf, or .gif, .webp that move.")]
CodesFile = Annotated[Path | None, TO(help="File to write (default: CSV on standard output).")]
NewFolder = Annotated[Path, TO(help="Folder to write: new, or empty.")]
Folder = Annotated[Path | None, TO(help="Folder to write, made if missing (default: RUN).")]
Gallery = Annotated[Path | None, TO(help="File to write (default: FOLDER/gallery.html).")]
Curves = Annotated[Path | None, TO(help="Draw L_I in training, and errors (.png, .svg or .pdf).")]
Diagram = Annotated[Path | None, TO(help="Draw the information diagram (.png, .svg or .pdf).")]


@Parameter(name="*")
@dataclass(frozen=True)
class Real:
    """Which real images a command looks at."""

    data: Annotated[
        list[str] | None, Parameter(help="Images in place of the run's own.", negative=())
    ] = None
    data_dir: DataDir = None
    split: Split = "validation"
    max_bad: MaxBad = None

    def read(self, model: Model) -> Images:
        """The images, brought to the model's shape."""
        from infogan.data.sources import together
        from infogan.runs.images import real_images

        given = {"only": ()} | together(self.data) if self.data else dict[str, Any]()
        others = {"dir": self.data_dir, "max_bad": self.max_bad}
        given |= {key: value for key, value in others.items() if value is not None}
        source = model.config.data.model_copy(update=given)
        config = model.config.model_copy(update={"data": source})
        other = source if self.data or self.data_dir else None
        return real_images(config, model.run, self.split, other)

    def try_to_read(self, model: Model) -> tuple[Images | None, list[str]]:
        """The images; where the run's own are gone or damaged, none and the reason."""
        try:
            return self.read(model), []
        except DataError as error:
            if self != OWN:
                raise
            return None, [f"Without real images, which cannot be read: {error}"]


def given(data: tuple[str, ...]) -> list[str]:
    """Images that must be given; ConfigError where none are."""
    if not data:
        raise ConfigError("give the images: a folder, or files, after the run")
    return list(data)


def command(name: str, run: Path, *words: str) -> str:
    """A command of infogan for a run, as a shell takes it."""
    return shlex.join(["infogan", name, str(run), *words])


OWN = Real()  # the run's own held-out images


def folder(run: Path) -> Run:
    """A run folder that is there."""
    from infogan.runs.folder import Run

    if not run.is_dir():
        raise RunError(f"{run}: no such run folder; `infogan train` makes one")
    return Run(run)


def folders(paths: Sequence[Path]) -> list[Path]:
    """Run folders that are there; a folder of seed-0, seed-1 and so on stands for these runs."""
    from infogan.runs.folder import Run

    found = list[Path]()
    for path in paths:
        if folder(path).exists:
            found.append(path)
            continue
        seeds = [run for run in map(Run, path.glob("seed-*")) if run.exists]
        if not seeds:
            what = "holds no run, neither its own nor seed-0, seed-1 and so on"
            raise RunError(f"{path}: {what}; give a folder that train wrote")
        found += [run.path for run in sorted(seeds, key=lambda run: run.config.seed)]
    return found


def load(run: Path) -> Model:
    """The model of a run folder."""
    from infogan.model.model import Model

    return Model.load(folder(run).path)


def writing(path: Path | None, option: str = "--output") -> None:
    """ConfigError now when a file that is asked for cannot be written there later."""
    if path and (path.is_dir() or not path.parent.is_dir()):
        why = "is a folder" if path.is_dir() else f"{path.parent} does not exist"
        raise ConfigError(f"{option} {path}: {why}")


def made(output: Path) -> Path:
    """A folder to write into, made if missing; ConfigError where it cannot be."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--output {output}: give a folder ({error.strerror})") from None
    return output
