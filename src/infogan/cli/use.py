"""Commands that use a finished run."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infogan.cli import options, terminal
from infogan.core.errors import ConfigError


def evaluate(
    run: options.RunFolder, /, *, real: options.Real = options.OWN, as_json: options.AsJson = False
) -> None:
    """Score a run on images that it did not learn from."""
    from infogan.analysis.evaluation import evaluate as score

    model = options.load(run)
    scores = score(model, real.read(model))
    terminal.answer(as_json, scores, lambda: terminal.show_scores(scores, model.names.codes))


def sample(
    run: options.RunFolder,
    /,
    *,
    n: Annotated[options.Count, Parameter(name=["--n", "-n"])] = 64,
    code: Annotated[list[str] | None, Parameter(negative=())] = None,
    of_class: Annotated[str | None, Parameter(name="--class")] = None,
    seed: int = 0,
    point: Path | None = None,
    output: options.Output = Path("samples.png"),
) -> None:
    """Generate images into one PNG file.

    Args:
        n: How many images.
        code: Value of a code: --code digit=3, or =its name; repeatable.
        of_class: Generate images of this class, by its name, when G is given the class (acgan).
        seed: Seed of the noise and of the codes that have no --code.
        point: Generate one image instead, from noise and codes in a JSON file, as the explorer
            copies them.
    """
    import numpy as np

    from infogan.core.tables import read_file
    from infogan.report.plots import mosaic, save_png

    if point and (code or of_class):
        raise ConfigError(f"--point {point} gives every code a value; leave --code and --class out")
    options.writing(output)
    model = options.load(run)
    if point:
        images = model.generate(model.latent.point(read_file(point)).vector())
    else:
        values = options.code_values(code, model.names)
        if of_class is not None:
            values[model.class_code] = model.class_index(of_class)
        images = model.sample(n, seed=seed, **values)
    columns = int(np.ceil(len(images) ** 0.5))
    blank = np.full((-len(images) % columns, *model.shape), 255, np.uint8)
    grid = np.concatenate([images, blank]).reshape(-1, columns, *model.shape)
    save_png(mosaic(grid), output)
    print(output)


def traverse(
    run: options.RunFolder,
    /,
    *,
    code: str | None = None,
    rows: options.Count = 8,
    steps: options.Count = 11,
    seed: int = 0,
    output: options.Output,
) -> None:
    """Draw the sweep of one code: each column has one of its values, each row keeps all else.

    Args:
        code: The code, by its own name or yours; may be left out if there is only one.
        rows: How many rows, each with its own noise and its own values of the other codes.
        steps: How many values of a continuous code; a categorical code shows all its categories.
        seed: Seed of the noise and of the other codes.
    """
    from infogan.report.plots import traversal

    options.writing(output)
    model = options.load(run)
    if code is None and len(model.latent.codes) > 1:
        raise ConfigError(f"--code: choose one of {', '.join(model.latent.codes)}")
    code = model.names.find(code) if code else next(iter(model.latent.codes))
    traversal(model, code, output, rows=rows, steps=steps, seed=seed)
    print(output)


def encode(
    run: options.RunFolder,
    data: options.Source,
    /,
    *,
    data_dir: options.DataDir = None,
    split: options.Split = "all",
    output: Annotated[Path | None, options.OUTPUT] = None,
) -> None:
    """Write what Q reads in each image: as CSV, or as JSON lines when the output ends in .jsonl.

    Columns: file, then each code's value and its confidence, under the code's name. Where
    categories have names, a column with the name follows their number, and categories that share a
    name count as one. The confidence of a categorical code is its probability, that of a continuous
    code exp(-sigma / the prior's standard deviation). Where the objective has a head for classes:
    the class, its probability, and the probability of every class.

    Args:
        output: File to write (default: CSV on standard output).
    """
    from infogan.core import atomic
    from infogan.core.tables import write_csv
    from infogan.latent.latent import CLASS

    if output is not None:
        options.writing(output)
    model = options.load(run)
    images = options.Real(data, data_dir, split).read(model)
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
    with atomic.writing(output), atomic.text(output) as file:
        if output.suffix == ".jsonl":
            file.writelines(json.dumps(dict(zip(table, row, strict=True))) + "\n" for row in rows)
        else:
            write_csv(file, list(table), rows)
    print(f"{output}: {len(images)} images")
