"""Commands that take a folder of images and a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infogan.cli.options import DataDir, Output, Split, images_for, load, writing
from infogan.core.errors import ConfigError


def sort(
    run: Path,
    data: str,
    /,
    *,
    output: Annotated[
        Path, Parameter(name=["--output", "-o"], help="Folder to write: new, or empty.")
    ],
    unsure: float = 0.9,
    link: bool = False,
    data_dir: DataDir = None,
    split: Split = "all",
) -> None:
    """Copy images into a folder for each category, named as the categories are; codes.csv says what Q read.

    Images keep their path below DATA. Originals are only read. Images of an IDX, NPY or NPZ file, or of a set, are
    written as PNG files.

    Parameters
    ----------
    run
        Run folder.
    data
        Images: a folder, an IDX, NPY or NPZ file, or a set's name.
    unsure
        Images of which Q is less sure go to the folder `unsure`: a probability, 0 to sort all.
    link
        Make symbolic links instead of copies.
    split
        Part of the data.
    """
    from infogan import sorting
    from infogan.analysis.metrics.clusters import usage

    if not 0 <= unsure <= 1:
        raise ConfigError(f"--unsure {unsure:g}: give a probability, from 0 to 1")
    sorting.place(output, Path(data))
    model = load(run)
    if (code := model.categorical) is None:
        raise ConfigError(f"{run}: this model reads no categories or classes to sort by")
    images = images_for(model, data, data_dir, split)
    read, names = model.encode(images), model.names
    went = sorting.sort(
        images, read, code, names, output, data=Path(data), unsure=unsure, link=link
    )
    for folder, n in went.items():
        print(f"{n:>7}  {output / folder}")
    k = read[code].probs.shape[1]
    if unused := usage(read[code].value, k).words([names.numbered(code, j) for j in range(k)]):
        print(unused)


def reconstruct(
    run: Path,
    data: str,
    /,
    *,
    n: Annotated[int, Parameter(name=["--n", "-n"])] = 40,
    seed: int = 0,
    data_dir: DataDir = None,
    split: Split = "all",
    output: Output = Path("reconstructed.png"),
    csv: Annotated[Path | None, Parameter(help="Also write each image's error here.")] = None,
) -> None:
    """Draw images above what the generator makes of them: image, codes as Q reads them, z by search, image.

    The number below is the error: the mean absolute difference of the pixels, in grey levels of 0 to 255.

    Parameters
    ----------
    run
        Run folder.
    data
        Images: a folder, an IDX, NPY or NPZ file, or a set's name.
    n
        How many images, evenly spaced over the data; 28x28 pixels take about 0.2 s each on one core.
    seed
        Of the z that the search starts from.
    split
        Part of the data.
    """
    import numpy as np

    from infogan.core import atomic
    from infogan.core.tables import write_csv
    from infogan.report.plots import pairs

    if n < 1:
        raise ConfigError(f"-n {n}: give at least 1")
    writing(output)
    if csv is not None:
        writing(csv, "--csv")
    model = load(run)
    images = images_for(model, data, data_dir, split)
    images = images.subset(
        np.linspace(0, len(images) - 1, min(n, len(images))).round().astype(np.int64)
    )
    again, error = model.reconstruct(images, seed=seed)
    pairs(images.pixels, again, error, output)
    if csv is not None:
        with atomic.writing(csv), atomic.text(csv) as file:
            rows = ([images.source(i), round(float(e), 4)] for i, e in enumerate(error))
            write_csv(file, ["file", "error"], rows)
    print(f"{output}: {len(images)} images, mean error {error.mean():.2f} of 255")
