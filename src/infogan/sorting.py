"""Sort images into folders by category. Originals are only ever read."""

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
"""Folder of the images of which Q is unsure."""
TABLE = "codes.csv"


def check_output(output: Path, data: Path) -> None:
    """ConfigError unless `output` is new or an empty folder, and does not lie among the
    originals."""
    if output.resolve().is_relative_to(data.resolve()):
        why = f"lies in {data}, whose images it would mix with; choose another"
        raise ConfigError(f"--output {output}: {why}")
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"--output {output}: is not an empty folder; choose a new one")


def folder_name(name: str) -> str:
    """A name that a folder can have: no separators, not hidden, not UNSURE or TABLE, 240 bytes.

    >>> folder_name("a/b"), folder_name(".."), folder_name("Unsure")
    ('a_b', '_', 'Unsure_')
    """
    safe = "".join("_" if c in '/\\:*?"<>|' else c for c in name)
    safe = "_" + safe[1:] if safe.startswith(".") else safe
    safe = safe.encode()[:240].decode(errors="ignore").rstrip(" .")
    return safe + "_" if safe.lower() in (UNSURE, TABLE) else safe


def folders(code: str, k: int, names: Names) -> list[str]:
    """The folder of each of K categories: its name, or the code with its number. Categories that
    share a name share a folder."""
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
    """Copy each image into the folder of its category below `output`; how many went where.

    read: what Q reads in each image, [N] per code. code: the categorical one. data: the folder of
    the files, whose paths in it they keep, so that equal names do not meet. Images without files of
    their own are written as PNG. unsure: confidence below which an image goes to the folder
    `unsure`. link: make symbolic links instead. Last, codes.csv lists what Q read in each image and
    where it went. ConfigError for an unfit `output`, DataError when a copy fails.
    """
    check_output(output, data)
    if link and not images.files:
        why = f"{images.name} has no image files to link to; leave it out to write PNG files"
        raise ConfigError(f"--link: {why}")
    posterior = names.joined(code, read[code])
    targets = folders(code, posterior.probs.shape[1], names)
    found = zip(posterior.value.tolist(), posterior.confidence.tolist(), strict=True)
    went = [UNSURE if confidence < unsure else targets[k] for k, confidence in found]
    moved = []
    try:
        for i, folder in enumerate(went):
            moved.append(Path(folder, _relative(images, i, data)))
            target = output / moved[-1]
            target.parent.mkdir(parents=True, exist_ok=True)
            _deliver(images, i, target, link)
        sources = [images.source(i) for i in range(len(images))]
        table = {"file": sources, "sorted": list(map(str, moved))} | names.columns(read)
        with atomic.text(output / TABLE) as file:
            write_csv(file, list(table), map(list, zip(*table.values(), strict=True)))
    except OSError as error:
        done = f"{max(0, len(moved) - 1)} of {len(images)} images"
        raise DataError(
            f"{output}: stopped after {done} ({error.strerror or error}); "
            "put that right, remove the folder and sort again"
        ) from None
    return dict(sorted(Counter(went).items()))


def _relative(images: Images, i: int, data: Path) -> Path:
    """The path of image i below the folder of its category."""
    if images.files:
        return Path(images.files[i]).relative_to(data)
    return Path(f"{images.source(i).rpartition('#')[2].zfill(len(str(len(images.base))))}.png")


def _deliver(images: Images, i: int, target: Path, link: bool) -> None:
    """Put one image in its place; FileExistsError when something is there."""
    if link:
        target.symlink_to(Path(images.files[i]).resolve())
        return
    with target.open("xb") as file:  # never over another file, as where a file system ignores case
        if images.files:
            shutil.copy2(images.files[i], target)
        else:
            file.write(png(images.take(np.array([i]))[0]))
