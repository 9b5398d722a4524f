"""Commands that use a finished run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infogan.cli.options import (
    AsJson,
    Codes,
    DataDir,
    Output,
    Split,
    code_values,
    images_for,
    load,
    writing,
)
from infogan.core.errors import ConfigError


def evaluate(
    run: Path,
    /,
    *,
    data: str | None = None,
    data_dir: DataDir = None,
    split: Split = "validation",
    as_json: AsJson = False,
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
    """
    from infogan.analysis.evaluation import evaluate as score
    from infogan.cli.terminal import show_scores

    model = load(run)
    scores = score(model, images_for(model, data, data_dir, split))
    if as_json:
        print(json.dumps(scores))
    else:
        show_scores(scores, model.names.codes)


def sample(
    run: Path,
    /,
    *,
    n: Annotated[int, Parameter(name=["--n", "-n"])] = 64,
    code: Codes = None,
    of_class: Annotated[str | None, Parameter(name="--class")] = None,
    seed: int = 0,
    point: Path | None = None,
    output: Output = Path("samples.png"),
) -> None:
    """Generate images into one PNG.

    Parameters
    ----------
    run
        Run folder.
    n
        How many images.
    of_class
        Draw images of this class, by its name, where G was told the classes (acgan).
    seed
        Of noise and of the codes that are not fixed.
    point
        One image instead: noise and codes from a JSON file, as the explorer copies them.
    """
    import numpy as np

    from infogan.core.tables import read_file
    from infogan.report.plots import mosaic, save_png

    if n < 1:
        raise ConfigError(f"-n {n}: give at least 1")
    if point and (code or of_class):
        raise ConfigError(f"--point {point} gives every code a value; leave --code and --class out")
    model = load(run)
    if point:
        images = model.generate(model.latent.point(read_file(point)).vector())
    else:
        values = code_values(code, model.names)
        if of_class is not None:
            values[model.class_code] = model.class_index(of_class)
        images = model.sample(n, seed=seed, **values)
    columns = int(np.ceil(len(images) ** 0.5))
    blank = np.full((-len(images) % columns, *model.shape), 255, np.uint8)
    grid = np.concatenate([images, blank]).reshape(-1, columns, *model.shape)
    writing(output)
    save_png(mosaic(grid), output)
    print(output)


def traverse(
    run: Path,
    /,
    *,
    code: str | None = None,
    rows: int = 8,
    steps: int = 11,
    seed: int = 0,
    output: Output,
) -> None:
    """Draw one code's sweep: columns are its values, rows keep all else.

    Parameters
    ----------
    run
        Run folder.
    code
        The code, or the name it was given; may be left out if there is only one.
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
    code = model.names.find(code) if code else next(iter(model.latent.codes))
    traversal(model, code, output, rows=rows, steps=steps, seed=seed)
    print(output)


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

    Columns: file, then each code's value and its confidence, under the code's name; where categories have names, a
    column for the name follows their number, and categories that share one count as one. A categorical code's
    confidence is its probability, a continuous code's exp(-sigma / the prior's standard deviation). Where the
    objective has a head for classes: the class, its probability, and the probability of every class.

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
    from infogan.core import atomic
    from infogan.core.tables import write_csv
    from infogan.latent.latent import CLASS

    model = load(run)
    images = images_for(model, data, data_dir, split)
    read = model.encode(images)
    table = {"file": [images.source(i) for i in range(len(images))]} | model.names.columns(read)
    if CLASS in read:
        classes = model.class_names
        if model.config.labels is not None:
            table.pop(f"{CLASS}_name")  # the class itself is a name
            table[CLASS] = [classes[i] for i in read[CLASS].value]
        probs = read[CLASS].probs.T.astype(float).round(6).tolist()
        table |= {f"p({name})": column for name, column in zip(classes, probs, strict=True)}
    rows = map(list, zip(*table.values(), strict=True))
    if output is None:
        write_csv(sys.stdout, list(table), rows)
        return
    writing(output)
    with atomic.writing(output), atomic.text(output) as file:
        if output.suffix == ".jsonl":
            file.writelines(json.dumps(dict(zip(table, row, strict=True))) + "\n" for row in rows)
        else:
            write_csv(file, list(table), rows)
    print(f"{output}: {len(images)} images")
