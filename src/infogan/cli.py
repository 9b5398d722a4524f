"""The command line: parse, call one function, show. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

from infogan import __version__
from infogan.errors import ConfigError, InfoganError, RunError

if TYPE_CHECKING:
    from infogan.config import RunConfig
    from infogan.data.images import Images
    from infogan.model import Model

app = App(
    name="infogan",
    version=__version__,
    help="Find the classes and the continuous factors in images without labels, and use them.",
    help_epilogue="Add --debug to any command to see where an error came from.",
    result_action="return_value",
)
Split = Literal["train", "validation", "test", "all"]
Settings = Annotated[str, Parameter(allow_leading_hyphen=True, show=False)]
DataDir = Annotated[str | None, Parameter(help="Folder that holds the IDX files of mnist or fashion-mnist.")]
Output = Annotated[Path, Parameter(name=["--output", "-o"], help="File to write.")]
Codes = Annotated[
    list[str] | None, Parameter(name="--code", negative=(), help="Fix a code: --code digit=3; repeatable.")
]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; 2 is the exit code of a mistake, told in one or two lines."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    try:
        app([word for word in words if word != "--debug"], exit_on_error=debug, print_error=debug)
    except (InfoganError, CycloptsError) as error:
        if debug:
            raise
        print(f"infogan: {error}".strip(), file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("infogan: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command
def train(
    *settings: Settings,
    run: Path | None = None,
    config: Annotated[Path | None, Parameter(name=["--config", "-c"])] = None,
    fresh: bool = False,
    dry_run: bool = False,
) -> None:
    """Train: `infogan train digits`, `infogan train photos/ --data.size 64`, `infogan train paper --data-dir mnist/`.

    The first word is a preset (see `infogan presets`) or else images: a folder, an IDX, NPY or NPZ file.
    Any setting can follow as --name value: --seed 1, --steps 2000, --latent.noise 32,
    --latent.digit categorical:20, --optim.d-lr 1e-4, --objective gan. `infogan presets NAME` prints them all with
    their meaning, as a file for --config. A flag wins over the file, the file over the preset.
    The same command goes on where a run stopped, and shows what is there when it is done.

    Parameters
    ----------
    run
        Folder for the run: its settings, log, checkpoints, weights, scores and pictures (default runs/PRESET).
    config
        Settings from a TOML file, or from another run's config.json.
    fresh
        Remove a run that is in the folder already and train anew.
    dry_run
        Print the resulting settings as JSON and stop.
    """
    from infogan.config import from_options

    target = settings[0] if settings and not settings[0].startswith("-") else None
    resolved = resolve(target, config, from_options(settings[1:] if target else settings))
    if dry_run:
        print(json.dumps(resolved.tree(), indent=2))
        return
    from infogan.run import Run
    from infogan.terminal import progress_bar, show_scores
    from infogan.training.experiment import train as train_run

    folder = Run(run or Path("runs") / Path(target or "digits").name)
    with progress_bar(resolved.steps, resolved.latent.entropy) as progress:
        train_run(resolved, run=folder.path, fresh=fresh, progress=progress)
    show_scores(json.loads(folder.scores_file.read_text(encoding="utf-8")))
    print(f"\nrun       {folder.path}")
    for picture in sorted(folder.path.rglob("*.png")):
        print(f"picture   {picture}")


def resolve(target: str | None, config: Path | None, options: dict[str, Any]) -> RunConfig:
    """Preset, then file, then options; a target that is no preset is data under the preset `images`."""
    from infogan.config import merged, with_file
    from infogan.presets import PRESETS

    base = PRESETS.get(target or "digits", PRESETS["images"])
    tree = base.tree()
    if target and target not in PRESETS:
        if not Path(target).exists():
            raise ConfigError(f"{target!r} is neither a preset ({', '.join(PRESETS)}) nor a file or folder here")
        tree = merged(tree, {"data": target})
    if config:
        tree = with_file(tree, config)
    return base.from_tree(merged(tree, options))


@app.command
def presets(name: Annotated[str | None, Parameter(help="A preset to print as a settings file.")] = None, /) -> None:
    """List the presets, or print one as a TOML file in which every setting is explained."""
    from infogan.presets import ABOUT, preset
    from infogan.settings import as_toml

    if name is None:
        for known, about in ABOUT.items():
            print(f"{known:<14} {about}")
        return
    print(as_toml(preset(name)), end="")


@app.command
def evaluate(
    run: Path,
    /,
    *,
    data: str | None = None,
    data_dir: DataDir = None,
    split: Split = "validation",
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Score a run on images that it never saw.

    Parameters
    ----------
    run
        Run folder.
    data
        Images to score on (default: the run's own data).
    split
        Part of the data. `all` is everything but a test file.
    as_json
        Print one JSON object.
    """
    from infogan.metrics.evaluate import evaluate as score
    from infogan.terminal import show_scores

    model = load(run)
    scores = score(model, images_for(model, data, data_dir, split))
    if as_json:
        print(json.dumps(scores))
    else:
        show_scores(scores)


@app.command
def sample(
    run: Path,
    /,
    *,
    n: Annotated[int, Parameter(name=["--n", "-n"])] = 64,
    code: Codes = None,
    seed: int = 0,
    output: Output = Path("samples.png"),
) -> None:
    """Generate images into one PNG.

    Parameters
    ----------
    run
        Run folder.
    n
        How many images.
    seed
        Of noise and of the codes that are not fixed.
    """
    import numpy as np

    from infogan.report.plots import mosaic, save_png

    if n < 1:
        raise ConfigError(f"-n {n}: give at least 1")
    model = load(run)
    images = model.sample(n, seed=seed, **code_values(code))
    columns = int(np.ceil(n**0.5))
    blank = np.full((-n % columns, *model.shape), 255, np.uint8)
    grid = np.concatenate([images, blank]).reshape(-1, columns, *model.shape)
    writing(output)
    save_png(mosaic(grid), output)
    print(output)


@app.command
def traverse(
    run: Path, /, *, code: str | None = None, rows: int = 8, steps: int = 11, seed: int = 0, output: Output
) -> None:
    """Draw one code's sweep: columns are its values, rows keep all else.

    Parameters
    ----------
    run
        Run folder.
    code
        Name of the code; may be left out if there is only one.
    rows
        How many z.
    steps
        Values of a continuous code.
    seed
        Of noise and of the other codes.
    """
    from infogan.report.plots import traversal

    model = load(run)
    if code is None and len(model.latent.codes) > 1:
        raise ConfigError(f"--code: choose one of {', '.join(model.latent.codes)}")
    if rows < 1 or steps < 1:
        raise ConfigError(f"--rows {rows} --steps {steps}: give at least 1 of each")
    writing(output)
    traversal(model, code or next(iter(model.latent.codes)), output, rows=rows, steps=steps, seed=seed)
    print(output)


@app.command
def encode(
    run: Path,
    data: str,
    /,
    *,
    data_dir: DataDir = None,
    split: Split = "all",
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> None:
    """Write Q's reading of each image: a CSV, or JSON lines when the output ends in .jsonl.

    Columns: file, then each code's value and its confidence; a categorical code's confidence is its probability,
    a continuous code's exp(-sigma / the prior's standard deviation).

    Parameters
    ----------
    run
        Run folder.
    data
        Images: a folder, an IDX, NPY or NPZ file, or a set's name.
    split
        Part of the data.
    output
        File to write (default: CSV on standard output).
    """
    from infogan.terminal import show_csv

    model = load(run)
    images = images_for(model, data, data_dir, split)
    read = model.encode(images)
    names = ["file"] + [column for name in read for column in (name, f"{name}_confidence")]
    columns = [c for code in read.values() for c in (code.value.tolist(), code.confidence.tolist())]

    def rows() -> Iterator[list[Any]]:
        for i, values in enumerate(zip(*columns, strict=True)):
            yield [images.source(i)] + [round(v, 6) if isinstance(v, float) else v for v in values]

    if output is None:
        show_csv(sys.stdout, names, rows())
        return
    writing(output)
    with output.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        if output.suffix == ".jsonl":
            file.writelines(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows())
        else:
            show_csv(file, names, rows())
    print(f"{output}: {len(images)} images")


@app.command
def information(
    file: Path,
    /,
    *,
    unit: Literal["nats", "bits"] = "nats",
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> None:
    """Entropies and mutual information of a joint table.

    Parameters
    ----------
    file
        CSV without a header: rows are the values of X, columns those of Y. Any table is scaled to sum to 1; whole
        numbers are taken for counts, and the information that chance alone would show is printed as well.
    unit
        nats or bits.
    as_json
        Print one JSON object.
    output
        Draw the information diagram into this file (.png, .svg or .pdf).
    """
    from infogan.information.table import read_table, summary

    found = summary(read_table(file), unit)
    if output:
        from infogan.report.diagram import information_diagram

        writing(output)
        information_diagram(found, output, unit)
    if as_json:
        print(json.dumps(found))
        return
    from infogan.terminal import show_information

    show_information(found, unit)


def load(run: Path) -> Model:
    """The model of a run folder."""
    from infogan.model import Model

    if not run.is_dir():
        raise RunError(f"{run}: no such run folder; `infogan train` makes one")
    return Model.load(run)


def images_for(model: Model, data: str | None, data_dir: str | None, split: Split) -> Images:
    """Images in the model's shape: the run's own data, or others brought to it."""
    from infogan.data import load as load_data

    h, w, channels = model.shape
    changes: dict[str, Any] = {"name": data} if data else {}
    if data_dir:
        changes["dir"] = data_dir
    own = model.config.data
    own = own.model_copy(update={"size": (h, w), "color": "grey" if channels == 1 else "rgb"} | changes)
    return load_data(own, split)


def code_values(pairs: Sequence[str] | None) -> dict[str, float]:
    """`digit=3` words as values by name."""
    values = {}
    for pair in pairs or ():
        name, _, value = pair.partition("=")
        try:
            values[name] = float(value)
        except ValueError:
            raise ConfigError(f"--code {pair}: write NAME=NUMBER, as in digit=3") from None
    return values


def writing(path: Path) -> None:
    """ConfigError now when a file cannot be written there later."""
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(f"--output {path}: {'is a folder' if path.is_dir() else f'{path.parent} does not exist'}")
