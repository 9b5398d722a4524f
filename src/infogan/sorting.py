"""Images into folders by category. Originals are only ever read."""

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from infogan.core import atomic
from infogan.core.errors import ConfigError, DataError
from infogan.core.tables import write_csv
from infogan.data.images import Images
from infogan.data.png import png
from infogan.latent.posterior import Posterior
from infogan.runs.names import Names

UNSURE = "unsure"
"""Folder of the images that Q is not sure of."""
TABLE = "codes.csv"


def place(output: Path, data: Path) -> None:
    """ConfigError unless `output` is a folder to write into: new or empty, and not among the originals."""
    if output.resolve().is_relative_to(data.resolve()):
        raise ConfigError(
            f"--output {output}: lies in {data}, whose images it would mix with; choose another"
        )
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"--output {output}: is not an empty folder; choose a new one")


def folder_name(name: str) -> str:
    """A name as one that a folder can have: without separators, not hidden, not the unsure ones', 240 bytes.

    >>> folder_name("a/b"), folder_name(".."), folder_name("Unsure")
    ('a_b', '_', 'Unsure_')
    """
    safe = "".join("_" if c in '/\\:*?"<>|' else c for c in name)
    safe = "_" + safe[1:] if safe.startswith(".") else safe
    safe = safe.encode()[:240].decode(errors="ignore").rstrip(" .")
    return safe + "_" if safe.lower() in (UNSURE, TABLE) else safe


def folders(code: str, k: int, names: Names) -> list[str]:
    """A folder for each of K categories: its name, or the code with its number; those that share a name share it."""
    given = names.categories.get(code, {})
    return [folder_name(given.get(j, f"{code}-{j}")) for j in range(k)]


def sort(
    images: Images,
    read: Mapping[str, Posterior],
    code: str,
    names: Names,
    output: Path,
    *,
    data: Path,
    unsure: float,
    link: bool = False,
) -> dict[str, int]:
    """Copy each image's file into a folder of `output` for its category, or link it there; how many went where.

    read: Q's reading, [N] a code. code: the categorical one. data: the folder that the files are in; below their
    category they keep their path in it, so equal names do not meet. Images that are no files of their own are
    written as PNG. unsure: below this confidence an image goes to the folder `unsure`. At the end codes.csv says of
    each image what Q read and where it went. ConfigError for an unfit `output`, DataError when a copy fails.
    """
    place(output, data)
    if link and not images.files:
        raise ConfigError(
            f"--link: {images.name} has no image files to link to; leave it out to write PNG files"
        )
    posterior = names.joined(code, read[code])
    targets = folders(code, posterior.probs.shape[1], names)
    went = [
        UNSURE if confidence < unsure else targets[k]
        for k, confidence in zip(
            posterior.value.tolist(), posterior.confidence.tolist(), strict=True
        )
    ]
    moved = []
    try:
        for i, folder in enumerate(went):
            moved.append(Path(folder, relative(images, i, data)))
            target = output / moved[-1]
            target.parent.mkdir(parents=True, exist_ok=True)
            deliver(images, i, target, link)
        table = {
            "file": [images.source(i) for i in range(len(images))],
            "sorted": list(map(str, moved)),
        }
        table |= names.columns(read)
        with atomic.text(output / TABLE) as file:
            write_csv(file, list(table), map(list, zip(*table.values(), strict=True)))
    except OSError as error:
        raise DataError(
            f"{output}: stopped after {max(0, len(moved) - 1)} of {len(images)} images ({error.strerror or error}); "
            "put that right, remove the folder and sort again"
        ) from None
    return dict(sorted(Counter(went).items()))


def relative(images: Images, i: int, data: Path) -> Path:
    """The path of image i below its category."""
    if images.files:
        return Path(images.files[i]).relative_to(data)
    return Path(f"{images.source(i).rpartition('#')[2].zfill(len(str(len(images.base))))}.png")


def deliver(images: Images, i: int, target: Path, link: bool) -> None:
    """One image at its new place; FileExistsError when something is there."""
    if link:
        target.symlink_to(Path(images.files[i]).resolve())
    elif images.files:
        with target.open("xb"):  # never over another file, as where a file system ignores case
            shutil.copy2(images.files[i], target)
    else:
        with target.open("xb") as file:
            file.write(png(images.take(np.array([i]))[0]))
