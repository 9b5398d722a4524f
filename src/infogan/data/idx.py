"""IDX files (MNIST's format), and the sets published in it: MNIST and Fashion-MNIST."""

import gzip
import hashlib
import http.client
import math
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infogan.core import atomic
from infogan.core.errors import DataError, parsing
from infogan.core.limits import FREE, refuse_bomb
from infogan.data.arrays import brought, numbered
from infogan.data.cache import cache_path
from infogan.data.images import Images, Pixels, described
from infogan.data.settings import Source

MAGIC = [bytes([0, 0, 8, ndim]) for ndim in range(1, 5)]  # starts of files of unsigned bytes
GOOGLE = "https://storage.googleapis.com/"
ZALANDO = "https://github.com/zalandoresearch/fashion-mnist/"


@dataclass(frozen=True)
class Published:
    """A set that is published as four gzipped IDX files."""

    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    sha256: dict[str, str]  # of each file, decompressed: how it was compressed does not matter
    installed: Path | None = None  # folder of a system package that holds it


TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
FILES = {False: (TRAIN_IMAGES, TRAIN_LABELS), True: (TEST_IMAGES, TEST_LABELS)}  # by test or not
GARMENTS = ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag"]
PUBLISHED = {
    "mnist": Published(
        classes=tuple("0123456789"),
        mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/", GOOGLE + "cvdf-datasets/mnist/"),
        sha256={
            TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ),
    "fashion-mnist": Published(
        classes=(*GARMENTS, "ankle boot"),
        mirrors=(GOOGLE + "tensorflow/tf-keras-datasets/", ZALANDO + "raw/master/data/fashion/"),
        sha256={
            TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        installed=Path("/usr/share/datasets/fashion-mnist"),
    ),
}


def unpacked(path: Path, at_most: int = FREE) -> bytes:
    """Read at most that many bytes, unpacked if the file is gzip; DataError if it is cut off."""
    with parsing(path, "an IDX file"), path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        return (gzip.open(file) if packed else file).read(at_most)


def read_idx(path: Path) -> Pixels:
    """Read an IDX array of unsigned bytes, plain or gzipped; DataError if it is anything else."""
    head = unpacked(path, 20)
    if head and head[:4] not in MAGIC:
        raise DataError(f"{path}: starts with {head[:4].hex()}, not 00000801 to 00000804 (bytes)")
    start = 4 + 4 * int.from_bytes(head[3:4])
    if len(head) < start:
        raise DataError(f"{path}: its header ends after {len(head)} bytes; get the file again")
    dims = [int.from_bytes(head[i : i + 4], "big") for i in range(4, start, 4)]
    size = math.prod(dims)
    refuse_bomb(path, size, path.stat().st_size)
    data = unpacked(path, start + size + 1)  # one byte more, to see that the file ends there
    body = len(data) - start
    if body != size:
        held = f"{body} or more" if body > size else body
        raise DataError(f"{path}: announces {dims} = {size} bytes and holds {held}; get it again")
    return np.frombuffer(data, np.uint8, offset=start).reshape(dims)


def beside(folder: Path, name: str) -> Path | None:
    """Find a file, plain or gzipped, with either spelling of MNIST's file names."""
    spellings = (name, name.replace("-idx", ".idx"))
    paths = (folder / f"{spelling}{end}" for spelling in spellings for end in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def holds_idx(folder: str) -> bool:
    """Whether a folder holds MNIST's training or test images."""
    return any(beside(Path(folder), name) for name in (TRAIN_IMAGES, TEST_IMAGES))


def fetched(name: str, file: str) -> Path:
    """Return a published file in the cache, downloaded and checked if it is not there yet."""
    published, target = PUBLISHED[name], cache_path("idx", name, file)
    if target.is_file():
        return target
    failures, expected = [], published.sha256[file]
    for mirror in published.mirrors:
        try:
            with atomic.whole(target) as partial:
                download(f"{mirror}{file}.gz", partial)
                data = unpacked(partial)
                if (found := hashlib.sha256(data).hexdigest()) != expected:
                    raise DataError(f"sha256 {found[:12]}…, expected {expected[:12]}…")
                partial.write_bytes(data)
            return target
        except (OSError, http.client.HTTPException, DataError) as error:
            failures.append(f"{mirror}: {error}")
    remedy = f"put {file} (or .gz) into a folder and pass --data-dir FOLDER"
    raise DataError(f"{name} could not be downloaded ({'; '.join(failures)}); {remedy}")


def download(url: str, target: Path) -> None:
    """Fetch an https address into a file; OSError on anything else, also after a redirect."""
    if not url.startswith("https://"):
        raise OSError(f"{url} is not https")
    with urllib.request.urlopen(url, timeout=20) as answer:
        if not answer.url.startswith("https://"):
            raise OSError(f"redirected to {answer.url}, which is not https")
        content = answer.read(FREE + 1)
    if len(content) > FREE:
        raise OSError(f"more than {FREE} bytes came")
    target.write_bytes(content)


def load_published(source: Source, test: bool) -> Images:
    """Load training or test images: from the folder, else a system package, else the cache."""
    name, folder = source.name, source.dir
    published = PUBLISHED[name]
    place = Path(folder) if folder else published.installed
    arrays: list[Pixels] = []
    for file in FILES[test]:
        path = beside(place, file) if place else None
        if folder and not path:
            raise DataError(f"{folder}: holds neither {file} nor {file}.gz, which {name} needs")
        if folder and path and "labels" in file:  # which identify a set, and are small
            digest = hashlib.sha256(unpacked(path)).hexdigest()
            known = {one.sha256.get(file): key for key, one in PUBLISHED.items()}
            if (other := known.get(digest, name)) != name:
                remedy = f"give {other}, or another --data-dir"
                raise DataError(f"{path}: is that of {other}, not of {name}; {remedy}")
        arrays.append(read_idx(path or fetched(name, file)))
    return as_images(arrays[0], arrays[1], source, name, published.classes)


def load_file(path: Path, source: Source | None = None) -> Images:
    """Load one IDX file of images, with the labels file beside it, if any."""
    stem = path.name.removesuffix(".gz")
    name = stem.replace("images", "labels").replace("idx3", "idx1")
    found = beside(path.parent, name) if "images" in stem else None
    labels = read_idx(found) if found else np.empty(0, np.uint8)
    return as_images(read_idx(path), labels, source or Source(), str(path))


def as_images(
    pixels: Pixels, labels: Pixels, source: Source, name: str, classes: tuple[str, ...] = ()
) -> Images:
    """Turn IDX arrays [N, H, W] or [N, H, W, C] and [N] into Images; no classes: those that the
    labels number."""
    if pixels.ndim not in (3, 4) or labels.ndim != 1:
        found = f"{pixels.ndim} and {labels.ndim}"
        raise DataError(f"{name}: images and labels have {found} dimensions, not 3 or 4 and 1")
    known, highest = labels.astype(np.int64), int(labels.max(initial=0))
    if not classes:
        known, classes = numbered(known)
    elif highest >= len(classes):
        raise DataError(f"{name}: a label is {highest}, there are {len(classes)} classes")
    pixels, decided, words = brought(pixels, source, name)
    return described(Images(pixels, known, classes, name, decided=decided), words)
