"""The label budget: the labels that an objective may see. All others are erased before training."""

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from infogan.core import atomic, tables
from infogan.core.errors import DataError, parsing
from infogan.core.random import stream
from infogan.data.images import Images, Labels

HEADER = ["file", "label"]


def reveal(images: Images, budget: int | str, seed: int) -> Images:
    """Return the images with the labels of the budget, and -1 elsewhere.
    budget: that many images of each class, drawn by the seed; `all`; or a CSV file (`from_csv`)."""
    if isinstance(budget, str) and budget != "all":
        images = from_csv(images, Path(budget))
    elif not images.classes or (images.labels < 0).all():
        raise DataError(f"{images.name}: has no labels; give labels as a CSV file (file,label)")
    elif budget != "all":
        images = replace(images, labels=_drawn(images, int(budget), seed))
    if len(missing := np.setdiff1d(range(len(images.classes)), images.labels)):
        names = ", ".join(images.classes[c] for c in missing[:5])
        raise DataError(f"{images.name}: no label of class {names}; give at least one of each")
    return images


def require(budget: int | str | None) -> None:
    """DataError where the CSV file of a budget is not there; known before any image is read."""
    if isinstance(budget, str) and budget != "all" and not Path(budget).is_file():
        raise DataError(f"{budget}: no such file; give labels as a CSV file (file,label)")


def _drawn(images: Images, each: int, seed: int) -> Labels:
    """[N] labels of `each` images of every class, drawn by the seed."""
    kept = np.full(len(images), -1)
    for c, name in enumerate(images.classes):
        rows = np.flatnonzero(images.labels == c)
        if (n := len(rows)) < each:
            raise DataError(f"{images.name}: labels {each}, class {name} has {n}; ask for fewer")
        order = torch.randperm(len(rows), generator=stream(seed, "labels", c)).numpy()
        kept[rows[order[:each]]] = c
    return kept


def from_csv(images: Images, path: Path, asked: str = "") -> Images:
    """Return the images with the labels that a CSV file gives, -1 where it gives none.
    UTF-8 with the header `file,label`. A file is named as `infogan encode` names it, or relative to
    the images' folder, which may also be called as it was `asked` for; one that exists but is not
    among these images (held out) is skipped. Labels are the images' class names, else the file's,
    sorted; spaces around them do not count. DataError names the line."""
    cwd, meant = str(Path.cwd()), _meanings(images, asked)
    rows = {os.path.normpath(os.path.join(cwd, file)): i for i, file in enumerate(images.files)}
    rows = rows or {images.source(i): i for i in range(len(images))}
    classes, found = [name.strip() for name in images.classes], dict[str, tuple[int, str]]()
    for number, file, label in _lines(path):
        where = f"{path}: line {number}"
        names = (name for name in meant(file) if name in rows or _exists(images, name))
        if (name := next(names, None)) is None:
            raise DataError(f"{where}: no image {file!r} in {images.name}")
        if name in found:
            raise DataError(f"{where}: {file} was already in line {found[name][0]}; keep one")
        if classes and label not in classes:
            raise DataError(f"{where}: {label!r} is none of {', '.join(classes[:20])}")
        found[name] = number, label
    if not found:
        raise DataError(f"{path}: has no line below its header; give at least one image of a class")
    classes = classes or sorted({label for _, label in found.values()})
    index = {name: c for c, name in enumerate(classes)}
    labels = np.full(len(images), -1)
    for name, (_, label) in found.items():
        if name in rows:
            labels[rows[name]] = index[label]
    return replace(images, labels=labels, classes=images.classes or tuple(classes))


def for_scoring(images: Images, path: Path | None, asked: str) -> Images:
    """Return images to score: without labels of their own, with those of the run's CSV file, whose
    names may begin with what the images were asked for as."""
    if path is None or (images.labels >= 0).any():
        return images
    return from_csv(images, path, asked)


def csv_of(budget: int | str | None) -> Path | None:
    """The CSV file that a budget names, as an absolute path."""
    return Path(budget).resolve() if isinstance(budget, str) and budget != "all" else None


def _meanings(images: Images, asked: str) -> Callable[[str], Iterator[str]]:
    """What a name in a CSV file may mean: absolute paths of files, or a row of an array."""
    if not images.files:
        own = Path(images.name).name

        def row(name: str) -> Iterator[str]:
            array, _, number = name.rpartition("#")
            yield f"{images.name}#{number}" if Path(array).name == own else name

        return row
    cwd = str(Path.cwd())
    root, named = (os.path.join(cwd, name) for name in (images.root or images.name, images.name))
    whole = [f"{os.path.normpath(n)}{os.sep}" for n in (images.packed, images.name, asked) if n]

    def paths(name: str) -> Iterator[str]:
        name = os.path.normpath(name)
        below = [name.removeprefix(start) for start in whole if name.startswith(start)]
        for folder, file in [(root, name), *((root, file) for file in below), (named, name)]:
            yield os.path.normpath(os.path.join(folder, file))
        yield os.path.join(cwd, name)

    return paths


def _exists(images: Images, name: str) -> bool:
    """Whether that is an image of the same source which is merely not among these."""
    if images.files:
        place = Path(name) if Path(name).is_file() else Path(name.rpartition("#")[0])  # or a page
        root = os.path.normpath(Path.cwd() / (images.root or images.name))
        return place.is_relative_to(root) and place.is_file()
    name, _, row = name.rpartition("#")
    return name == images.name and row.isdigit() and int(row) < len(images.base)


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Number, file and label of each line below the header."""
    with parsing(path, "CSV in UTF-8"), path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        if [name.strip().lower() for name in header] != HEADER:
            raise DataError(f"{path}: line 1: must be file,label, not {','.join(header)[:60]!r}")
        for row in filter(None, reader):
            number, text = reader.line_num, ",".join(row)[:60]
            if len(row) != 2 or not row[0]:
                raise DataError(f"{path}: line {number}: {text!r} is not file,label")
            if not (label := row[1].strip()):
                remedy = "give it one, or leave the line out"
                raise DataError(f"{path}: line {number}: {text!r} has no class name; {remedy}")
            yield number, row[0], label


def write_csv(images: Images, path: Path) -> None:
    """Write the labels that these images have, in the form that `from_csv` reads."""
    known = np.flatnonzero(images.labels >= 0).tolist()
    rows = ((images.source(i), images.classes[images.labels[i]]) for i in known)
    with atomic.text(path) as file:
        tables.write_csv(file, HEADER, rows)
