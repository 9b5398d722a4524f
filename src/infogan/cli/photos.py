"""Commands that take a folder of images and a finished run."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from infogan.cli import options
from infogan.core.errors import ConfigError


def sort(
    run: options.RunFolder,
    data: options.Source,
    /,
    *,
    output: Annotated[Path, options.OUTPUT],
    unsure: Annotated[float, Parameter(validator=Number(gte=0, lte=1))] = 0.9,
    link: bool = False,
    data_dir: options.DataDir = None,
    split: options.Split = "all",
) -> None:
    """Copy images into one folder per category, named like the category; codes.csv lists what Q
    reads in each.

    Images keep their path below DATA. Originals are only read. Images of an IDX, NPY or NPZ file,
    or of digits, mnist or fashion-mnist, are written as PNG files.

    Args:
        output: Folder to write: new, or empty.
        unsure: Probability below which an image goes to the folder `unsure` instead; 0 sorts all.
        link: Make symbolic links instead of copies.
    """
    from infogan import sorting
    from infogan.analysis.metrics.clusters import usage

    sorting.check_output(output, Path(data))
    model = options.load(run)
    if (code := model.categorical) is None:
        raise ConfigError(f"{run}: this model reads no categories or classes to sort by")
    images = options.Real(data, data_dir, split).read(model)
    read, names = model.encode(images), model.names
    counts = sorting.sort(
        images, read, code, names, output, data=Path(data), unsure=unsure, link=link
    )
    for folder, n in counts.items():
        print(f"{n:>7}  {output / folder}")
    k = read[code].probs.shape[1]
    if unused := usage(read[code].value, k).words([names.numbered(code, j) for j in range(k)]):
        print(unused)


def reconstruct(
    run: options.RunFolder,
    data: options.Source,
    /,
    *,
    n: Annotated[options.Count, Parameter(name=["--n", "-n"])] = 40,
    seed: int = 0,
    data_dir: options.DataDir = None,
    split: options.Split = "all",
    output: options.Output = Path("reconstructed.png"),
    csv: Path | None = None,
) -> None:
    """Draw images above their reconstructions: G with the codes that Q reads and the best z found.

    The number below each is its error: the mean absolute difference of the pixels, in grey levels
    of 0 to 255.

    Args:
        n: How many images, evenly spaced over the data; 28x28 pixels take about 0.2 s each on one
            core.
        seed: Seed of the z that the search starts from.
        csv: Also write each image's error to this CSV file.
    """
    import numpy as np

    from infogan.core import atomic
    from infogan.core.tables import write_csv
    from infogan.report.plots import pairs

    options.writing(output)
    if csv is not None:
        options.writing(csv, "--csv")
    model = options.load(run)
    images = options.Real(data, data_dir, split).read(model)
    chosen = np.linspace(0, len(images) - 1, min(n, len(images))).round().astype(np.int64)
    images = images.subset(chosen)
    again, error = model.reconstruct(images, seed=seed)
    pairs(images.pixels, again, error, output)
    if csv is not None:
        with atomic.writing(csv), atomic.text(csv) as file:
            rows = ([images.source(i), round(float(e), 4)] for i, e in enumerate(error))
            write_csv(file, ["file", "error"], rows)
    print(f"{output}: {len(images)} images, mean error {error.mean():.2f} of 255")
