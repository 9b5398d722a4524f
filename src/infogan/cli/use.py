"""Commands that use a finished run, or show it elsewhere: on a page, in other programs."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infogan.cli import options
from infogan.core import atomic
from infogan.core.errors import ConfigError, RunError
from infogan.core.figures import number
from infogan.core.tables import read_file, write_csv


def sample(
    run: options.RunFolder,
    /,
    *,
    n: options.N = 64,
    code: options.Values = None,
    of_class: options.Class = None,
    seed: options.Whole = 0,
    point: Path | None = None,
    output: options.Pictures = "samples.png",
) -> None:
    """Generate images: into one picture, or one by one for other programs.

    `-o new.png` shows all of them, enlarged. `-o new/` writes a PNG file for each into a new or
    empty folder, as large as G makes it, named by its number and codes; `-o new.npy` one array,
    uint8 [N, H, W, C].

    Args:
        n: How many images.
        code: Value of a code: --code digit=3, or =its name; repeatable.
        of_class: Generate images of this class, by its name, when G is given the class (acgan).
        seed: Seed of the noise and of the codes that have no --code.
        point: Generate the one image of a JSON file of noise and codes, as the explorer copies it.
    """
    from infogan.report import samples

    if point and (code or of_class):
        raise ConfigError(f"--point {point} gives every code a value; leave --code and --class out")
    samples.check(output)
    folder = samples.is_folder(output)
    if not folder:
        options.writing(Path(output))
    model = options.load(run)
    if point:
        draw = model.latent.point(read_file(point))
    else:
        values = {}
        for pair in code or ():  # digit=3 or digit=seven
            name, _, value = pair.rpartition("=")
            known = model.names.find(name or value)
            model.latent.code(known)  # ConfigError where there is none of that name
            values[known] = model.names.number(known, value if name else "")
        if of_class is not None:
            given = model.class_code  # ConfigError first where G is given no class at all
            values[given] = model.class_index(of_class)
        draw = model.draw(n, seed=seed, **values)
    if folder:
        options.made(Path(output))
    samples.write(model, draw, output)
    print(output)


def traverse(
    run: options.RunFolder,
    /,
    *,
    code: str | None = None,
    rows: options.Count = 8,
    steps: options.Count = 11,
    seed: options.Whole = 0,
    output: options.Sweep,
) -> None:
    """Draw the sweep of one code: each column has one of its values, each row keeps all else.

    `-o slant.gif` and `-o slant.webp` play it instead, over and over.

    Args:
        code: The code, by its own name or yours; may be left out if there is only one.
        rows: How many rows, each with its own noise and its own values of the other codes.
        steps: How many values of a continuous code; a categorical code shows all its categories.
        seed: Seed of the noise and of the other codes.
    """
    from infogan.data.animation import KINDS
    from infogan.report.animation import sweep
    from infogan.report.plots import FORMATS, check_ending, traversal

    options.writing(output)
    check_ending(output, (*FORMATS, *KINDS))
    model = options.load(run)
    if not model.latent.codes:
        raise ConfigError(
            f"{run}: has no codes to sweep; draw from it with {options.command('sample', run)}"
        )
    if code is None and len(model.latent.codes) > 1:
        raise ConfigError(f"--code: choose one of {', '.join(model.latent.codes)}")
    code = model.names.find(code) if code else next(iter(model.latent.codes))
    draw = sweep if output.suffix.lower() in KINDS else traversal
    draw(model, code, output, rows=rows, steps=steps, seed=seed)
    print(output)


def encode(
    run: options.RunFolder,
    /,
    *data: options.Sources,
    data_dir: options.DataDir = None,
    split: options.Split = "all",
    max_bad: options.MaxBad = None,
    output: options.CodesFile = None,
) -> None:
    """Write what Q reads in each image: as CSV, or as JSON lines when the output ends in .jsonl.

    Columns: file, then value and confidence of each code, under its name. Where categories have
    names, a column of them follows the number; those that share a name count as one. Confidence is
    the probability of a category, and exp(-sigma / the prior's standard deviation) of a continuous
    code. With a head for classes: the class, its probability, and that of every class.
    """
    from infogan.latent.latent import CLASS

    if output and output.suffix.lower() not in ("", ".csv", ".jsonl"):
        kinds = ".csv (a table) or .jsonl (a JSON object a line)"
        raise ConfigError(f"--output {output}: change the ending to {kinds}")
    options.writing(output)
    model = options.load(run)
    images = options.Real(options.given(data), data_dir, split, max_bad).read(model)
    read = model.encode(images)
    table = {"file": [images.source(i) for i in range(len(images))]} | model.names.columns(read)
    if CLASS in read:
        if model.config.labels is not None:
            table.pop(f"{CLASS}_name")  # the class itself is a name
            table[CLASS] = [model.class_names[i] for i in read[CLASS].value]
        probs = read[CLASS].probs.T.astype(float).round(6).tolist()
        table |= {f"p({name})": p for name, p in zip(model.class_names, probs, strict=True)}
    rows = map(list, zip(*table.values(), strict=True))
    if output is None:
        write_csv(sys.stdout, list(table), rows)
        return
    with atomic.writing(output), atomic.text(output) as file:
        if output.suffix.lower() == ".jsonl":
            file.writelines(json.dumps(dict(zip(table, row, strict=True))) + "\n" for row in rows)
        else:
            write_csv(file, list(table), rows)
    print(f"{output}: {number(len(images), 'image')}")


def sort(
    run: options.RunFolder,
    /,
    *data: options.Sources,
    output: options.NewFolder,
    code: str | None = None,
    unsure: options.Probability = 0.9,
    link: bool = False,
    data_dir: options.DataDir = None,
    split: options.Split = "all",
    max_bad: options.MaxBad = None,
) -> None:
    """Copy images into a folder per category, named like it; codes.csv lists what Q reads in each.

    Files are only read. Copies keep their path below DATA; images without files become PNG files.

    Args:
        code: The categorical code to sort by, by its own name or yours (default: the first).
        unsure: Probability below which an image goes to the folder `unsure` instead; 0 sorts all.
        link: Make symbolic links instead of copies.
    """
    import numpy as np

    from infogan import sorting
    from infogan.analysis.metrics.clusters import usage

    for path in data:
        sorting.check_output(output, Path(path))
    model = options.load(run)
    known = [reading.name for reading in model.readings if reading.code.categories]
    if not known:
        raise ConfigError(f"{run}: this model reads no categories or classes to sort by")
    code = model.names.find(code) if code else model.categorical or known[0]
    if code not in known:
        raise ConfigError(f"--code {code}: choose one of {', '.join(map(model.names.code, known))}")
    images = options.Real(options.given(data), data_dir, split, max_bad).read(model)
    read, names = model.encode(images), model.names
    counts = sorting.sort(images, read, code, names, output, unsure=unsure, link=link)
    for folder, n in counts.items():
        print(f"{n:>7}  {output / folder}")
    if [*counts] == [sorting.UNSURE]:
        median = float(np.median(names.joined(code, read[code]).confidence))
        why = f"Q is less than {unsure:.0%} sure of every image, and {median:.0%} of the median one"
        wrong = f"`{options.command('doctor', run)}` for what is wrong"
        remedy = f"try --unsure {int(10 * median) / 10:g}, and {wrong}"
        print(f"infogan: {why}; {remedy}", file=sys.stderr)
    k = read[code].probs.shape[1]
    if unused := usage(read[code].value, k).words([names.numbered(code, j) for j in range(k)]):
        print(unused)


def reconstruct(
    run: options.RunFolder,
    /,
    *data: options.Sources,
    n: options.N = 40,
    seed: options.Whole = 0,
    data_dir: options.DataDir = None,
    split: options.Split = "all",
    max_bad: options.MaxBad = None,
    output: options.Output = Path("reconstructed.png"),
    csv: Path | None = None,
) -> None:
    """Draw images above their reconstructions (G with Q's codes and the best z found) and errors.

    Args:
        n: How many images, evenly spaced over the data; 28x28 pixels take 0.1 s each on one core.
        seed: Seed of the z that the search starts from.
        csv: CSV file for the errors too: mean absolute pixel difference, grey levels of 0 to 255.
    """
    import numpy as np

    from infogan.report.plots import pairs
    from infogan.sorting import check_kept

    options.writing(output)
    options.writing(csv, "--csv")
    model = options.load(run)
    images = options.Real(options.given(data), data_dir, split, max_bad).read(model)
    check_kept(images, output)
    if csv:
        check_kept(images, csv, "--csv")
    chosen = np.linspace(0, len(images) - 1, min(n, len(images))).round().astype(np.int64)
    images = images.subset(chosen)
    again, error = model.reconstruct(images, seed=seed)
    pairs(images.pixels, again, error, output)
    if csv is not None:
        with atomic.writing(csv), atomic.text(csv) as file:
            rows = ([images.source(i), round(float(e), 4)] for i, e in enumerate(error))
            write_csv(file, ["file", "error"], rows)
    print(f"{output}: {number(len(images), 'image')}, mean error {error.mean():.2f} of 255")


def report(run: options.RunFolder, /, *, real: options.Real = options.OWN) -> None:
    """Write RUN/report.html, one page of findings and real images by category for any browser."""
    from infogan.analysis.observation import Observation
    from infogan.report import page

    model, there = options.load(run), options.folder(run)
    images, notes = real.try_to_read(model)
    if notes and page.shows_images(there):
        remedy = "give --data, or remove the page to write one without them"
        raise RunError(f"{there.report_file}: shows real images, and is kept. {notes[0]}; {remedy}")
    for note in notes:
        print(f"infogan: {note}", file=sys.stderr)
    own = images is not None and not real.data
    learned = replace(real, split="train").read(model) if own else None
    seen = Observation(model, images, seed=model.config.seed, learned=learned)
    print(page.write(there, seen, notes))


def cite(run: options.RunFolder, /) -> None:
    """Print the BibTeX entries of infogan and of the papers that a run's settings use."""
    from infogan import __version__
    from infogan.config.references import bibtex

    print(bibtex(options.folder(run).config, __version__))


def explore(run: options.RunFolder, /, *, show: options.Open = True) -> None:
    """Write RUN/explorer.html and open it in a browser: sliders, grids, paths, Q on your images.

    It holds and runs the networks, needs no server or network, and can be sent like any file.
    """
    import webbrowser

    from infogan.explorer.page import LARGE, explorer

    path, size = explorer(options.load(run), options.folder(run))
    print(f"{path}: {size / 1e6:.1f} MB")
    if size > LARGE:
        print(f"infogan: {path} is large for a page; browsers may load it slowly", file=sys.stderr)
    if show:
        webbrowser.open(path.resolve().as_uri())


def gallery(
    folder: Annotated[Path, Parameter(help="Folder that holds runs, at any depth; or one run.")],
    /,
    *,
    output: options.Gallery = None,
    show: options.Open = False,
) -> None:
    """Write FOLDER/gallery.html, one page of all finished runs: what each draws, its scores, links.

    It is for people who only look. The links lead to the report and the explorer of each run, where
    there are some; they work as long as page and runs are moved together.
    """
    import webbrowser

    from infogan.report import gallery as page
    from infogan.runs.folder import below

    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder; give the one that your runs are in")
    options.writing(output)
    runs = below(folder)
    if not runs:
        raise RunError(f"{folder}: holds no run; give the folder that your runs are in")
    path = output or (folder.parent if runs == [folder] else folder) / "gallery.html"
    for why in page.write(runs, path):
        print(f"infogan: left out: {why}", file=sys.stderr)
    print(path)
    if show:
        webbrowser.open(path.resolve().as_uri())


def export(run: options.RunFolder, /, *, output: options.Folder = None) -> None:
    """Write generator.onnx and encoder.onnx, once both were compared with torch.

    They take any batch size; inputs and outputs are named after the codes.
    """
    from infogan.explorer.export import export as write

    model = options.load(run)
    for path in write(model, options.made(output or run)):
        print(path)
