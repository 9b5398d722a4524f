"""IDX files (MNIST's format), and the sets published in it: MNIST and Fashion-MNIST."""

import gzip
import hashlib
import http.client
import math
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infogan.core import atomic
from infogan.core.errors import DataError, parsing
from infogan.data.cache import cache_path
from infogan.data.images import Images, refuse_bomb

UBYTE = 0x08


@dataclass(frozen=True)
class Published:
    """A set that is published as four gzipped IDX files."""

    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    sha256: dict[str, str]
    """Of each file after decompression, so that any recompression of it is the same file."""
    installed: Path | None = None
    """Folder of a system package that holds it."""


TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
HELD_OUT = 10_000
"""Images at the end of MNIST's and Fashion-MNIST's training files that are kept for validation."""

PUBLISHED = {
    "mnist": Published(
        classes=tuple("0123456789"),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        sha256={
            TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ),
    "fashion-mnist": Published(
        classes=(
            "T-shirt",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        sha256={
            TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        installed=Path("/usr/share/datasets/fashion-mnist"),
    ),
}


def unpacked(path: Path, at_most: int) -> bytes:
    """The file's bytes, gunzipped when it is gzip, and at most that many; DataError when they are cut off."""
    with parsing(path, "an IDX file"), path.open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            file.seek(0)
            with gzip.open(file) as packed:
                return packed.read(at_most)
        file.seek(0)
        return file.read(at_most)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """An IDX array of unsigned bytes, plain or gzipped. DataError says what was expected and what was found."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    head = unpacked(path, 20)
    if len(head) < 4:
        raise DataError(f"{path}: {len(head)} bytes are no IDX file; get the file again")
    if head[:2] != b"\0\0" or head[2] != UBYTE or not 1 <= head[3] <= 4:
        raise DataError(
            f"{path}: starts with {head[:4].hex()}, an IDX file of bytes with 00000801 to 00000804"
        )
    start = 4 + 4 * head[3]
    if len(head) < start:
        raise DataError(f"{path}: ends within its header; get the file again")
    dims = [int.from_bytes(head[i : i + 4], "big") for i in range(4, start, 4)]
    refuse_bomb(path, math.prod(dims), path.stat().st_size)
    data = unpacked(
        path, start + math.prod(dims) + 1
    )  # one more than announced, to see that it ends there
    body = len(data) - start
    if math.prod(dims) != body:
        more = " or more" if body > math.prod(dims) else ""
        raise DataError(
            f"{path}: announces {dims} = {math.prod(dims)} bytes and holds {body}{more}; get it again"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(dims)


def beside(folder: Path, name: str) -> Path | None:
    """The file of that name in the folder, plain or gzipped, with either spelling of MNIST's file names."""
    spellings = (name, name.replace("-idx", ".idx"))
    return next(
        (p for s in spellings for p in (folder / s, folder / f"{s}.gz") if p.is_file()), None
    )


def fetched(name: str, file: str) -> Path:
    """A published file in the cache, downloaded and checked if it is not there yet."""
    published, target = PUBLISHED[name], cache_path("idx", name, file)
    if target.is_file():
        return target
    failures = []
    for mirror in published.mirrors:
        try:
            with atomic.whole(target.with_suffix(".gz")) as partial:
                download(f"{mirror}{file}.gz", partial)
                data = unpacked(partial, at_most=1 << 26)
            if (found := hashlib.sha256(data).hexdigest()) != published.sha256[file]:
                raise DataError(f"sha256 {found[:12]}…, expected {published.sha256[file][:12]}…")
            with atomic.whole(target) as partial:
                partial.write_bytes(data)
            return target
        except (OSError, http.client.HTTPException, DataError) as error:
            failures.append(f"{mirror}: {error}")
        finally:
            target.with_suffix(".gz").unlink(missing_ok=True)
    raise DataError(
        f"{name} could not be downloaded ({'; '.join(failures)}). Put {file} (or .gz) into a folder and "
        "pass --data-dir FOLDER."
    )


def download(url: str, target: Path, at_most: int = 1 << 26) -> None:
    """Fetch an https address into a file; OSError on anything else, also after a redirect."""
    if not url.startswith("https://"):
        raise OSError(f"{url} is not https")
    with urllib.request.urlopen(url, timeout=20) as answer, target.open("wb") as file:
        if not answer.url.startswith("https://"):
            raise OSError(f"redirected to {answer.url}, which is not https")
        size = 0
        while block := answer.read(1 << 20):
            size += len(block)
            if size > at_most:
                raise OSError(f"more than {at_most} bytes came")
            file.write(block)


def load_published(name: str, folder: Path | None, test: bool) -> Images:
    """A published set's training or test file: from the folder if given, else a system package, else the cache."""
    published = PUBLISHED[name]
    arrays: list[NDArray[Any]] = []
    for file in (TEST_IMAGES, TEST_LABELS) if test else (TRAIN_IMAGES, TRAIN_LABELS):
        path = (
            beside(folder or published.installed or Path(), file)
            if folder or published.installed
            else None
        )
        if folder and not path:
            raise DataError(f"{folder}: holds neither {file} nor {file}.gz, which {name} needs")
        labels = file in (TRAIN_LABELS, TEST_LABELS)  # enough to tell, and small
        if folder and path and labels and (other := _published(path, file)) not in (None, name):
            raise DataError(
                f"{path}: is that of {other}, not of {name}; give {other}, or another --data-dir"
            )
        arrays.append(read_idx(path or fetched(name, file)))
    return as_images(arrays[0], arrays[1], name, published.classes)


def _published(path: Path, file: str) -> str | None:
    """The published set whose file of that name this is, byte for byte: they all call their files alike."""
    digest = hashlib.sha256(unpacked(path, at_most=1 << 26)).hexdigest()
    return next(
        (name for name, published in PUBLISHED.items() if published.sha256.get(file) == digest),
        None,
    )


def load_file(path: Path) -> Images:
    """One IDX file of images, with the labels file that lies beside it, if any."""
    stem = path.name.removesuffix(".gz")
    labels = None
    if "images" in stem:
        labels = beside(path.parent, stem.replace("images", "labels").replace("idx3", "idx1"))
    return as_images(read_idx(path), read_idx(labels) if labels else None, str(path))


def as_images(
    pixels: NDArray[np.uint8],
    labels: NDArray[np.uint8] | None,
    name: str,
    classes: tuple[str, ...] = (),
) -> Images:
    """IDX arrays [N, H, W] or [N, H, W, C] and [N] as Images."""
    if pixels.ndim not in (3, 4):
        raise DataError(
            f"{name}: an IDX file of images has 3 or 4 dimensions, this one {pixels.ndim}"
        )
    if labels is not None and labels.ndim != 1:
        raise DataError(f"{name}: an IDX file of labels has 1 dimension, this one {labels.ndim}")
    known = np.empty(0, np.int64) if labels is None else labels.astype(np.int64)
    if len(known) and not classes:
        classes = tuple(str(i) for i in range(int(known.max()) + 1))
    if len(known) and known.max() >= len(classes):
        raise DataError(f"{name}: a label is {known.max()}, there are {len(classes)} classes")
    return Images(pixels if pixels.ndim == 4 else pixels[..., None], known, classes, name)
