"""Sort images into folders by category. Originals are only ever read."""

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from infogan.core import atomic
from infogan.core.errors import ConfigError, DataError
from infogan.core.tables import write_csv
from infogan.data.files import hidden
from infogan.data.images import Images
from infogan.data.png import png
from infogan.latent.posterior import Posterior
from infogan.runs.names import Names

UNSURE = "unsure"  # folder of the images of which Q is unsure
TABLE = "codes.csv"


def check_output(output: Path, data: Path) -> None:
    """ConfigError unless `output` is new or an empty folder that is not among the originals."""
    if output.resolve().is_relative_to(data.resolve()):
        raise ConfigError(f"--output {output}: lies in {data}, with the originals; choose another")
    check_new(output)


def check_kept(images: Images, output: Path, option: str = "--output") -> None:
    """ConfigError where a file to be written is one of the images."""
    there = output.resolve()
    for file in map(Path, images.files):
        alike = there.name in (file.name, file.name.rpartition("#")[0])  # or a page of it
        if alike and (file.parent / there.name).resolve() == there:
            raise ConfigError(f"{option} {output}: is one of the images; choose another")


def check_new(output: Path) -> None:
    """ConfigError unless `output` is new or an empty folder, but for hidden files."""
    here = output.iterdir() if output.is_dir() else [output] if output.exists() else []
    if not all(hidden(path.name) for path in here):
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
    """The folder of each of K categories: its name, which several may share, or code and number.
    ConfigError where two names would be one folder."""
    given, found = names.given(code), dict[str, str]()
    called = [given.get(j, f"{code}-{j}") for j in range(k)]
    for name in called:
        if (other := found.setdefault(folder_name(name), name)) != name:
            what = f"{other!r} and {name!r} would be one folder, {folder_name(name)}"
            raise ConfigError(f"{what}; rename one: infogan name RUN {code}.NUMBER 'another name'")
    return [folder_name(name) for name in called]


def sort(
    images: Images,
    read: Mapping[str, Posterior],
    code: str,
    names: Names,
    output: Path,
    *,
    unsure: float,
    link: bool = False,
) -> dict[str, int]:
    """Copy each image into the folder of its category below `output`; how many went where.

    read: what Q reads in each image, [N] per code. code: the categorical one. Files keep their
    paths below the folder of the images; what is no file is written as PNG. unsure: the
    confidence below which an image goes to the folder `unsure`. link: make symbolic links. Last,
    codes.csv lists codes and places. ConfigError for an unfit output, DataError when a copy fails.
    """
    check_output(output, Path(images.name))
    if link and (images.packed or not all(images.original(i) for i in range(len(images)))):
        why = "has images that are no files of their own, so nothing to link to"
        raise ConfigError(f"--link: {images.name} {why}; leave it out")
    posterior = names.joined(code, read[code])
    targets = folders(code, posterior.probs.shape[1], names)
    found = zip(posterior.value.tolist(), posterior.confidence.tolist(), strict=True)
    went = [UNSURE if confidence < unsure else targets[k] for k, confidence in found]
    moved = [Path(folder, _relative(images, i)) for i, folder in enumerate(went)]
    done = 0
    try:
        for done, path in enumerate(moved):
            (output / path).parent.mkdir(parents=True, exist_ok=True)
            _deliver(images, done, output / path, link)
        sources = [images.source(i) for i in range(len(images))]
        table = {"file": sources, "sorted": list(map(str, moved))} | names.columns(read)
        with atomic.text(output / TABLE) as file:
            write_csv(file, list(table), map(list, zip(*table.values(), strict=True)))
    except OSError as error:
        why = f"stopped after {done} of {len(images)} images ({error.strerror or error})"
        raise DataError(f"{output}: {why}; correct that, remove the folder, sort again") from None
    return dict(sorted(Counter(went).items()))


def _relative(images: Images, i: int) -> Path:
    """The path of image i below the folder of its category."""
    if images.files:
        path = Path(images.files[i]).relative_to(images.root)
        return path if images.original(i) else path.with_name(f"{path.name}.png")
    return Path(f"{images.source(i).rpartition('#')[2].zfill(len(str(len(images.base))))}.png")


def _deliver(images: Images, i: int, target: Path, link: bool) -> None:
    """Put one image in its place; FileExistsError when something is there."""
    original = images.original(i)
    if link and original:
        target.symlink_to(original.resolve())
        return
    with target.open("xb") as file:  # never over another file, as where a file system ignores case
        if original:
            shutil.copy2(original, target)
        else:
            file.write(png(images.take(np.array([i]))[0]))
