"""Loading images: every source, every conversion, and every way in which they can be wrong."""

import dataclasses
import gzip
import hashlib
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from infogan import data
from infogan.core.errors import DataError
from infogan.data import conversion, idx, sources, splits
from infogan.data.images import Images, Order, to_float, to_pixels


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path / "cache"))


def idx_bytes(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.astype(np.uint8).tobytes()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def png(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def test_all_256_values_survive_the_way_to_the_networks_and_back() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, 3)
    images = to_float(pixels)
    assert (float(images.min()), float(images.max())) == (-1, 1)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert np.array_equal(to_pixels(images), pixels)


def test_embedded_digits() -> None:
    train, held_out = data.load("digits"), data.load("digits", split="validation")
    assert (len(train), len(held_out), train.shape) == (4500, 500, (28, 28, 1))
    assert np.bincount(np.concatenate([train.labels, held_out.labels])).tolist() == [500] * 10
    assert np.bincount(held_out.labels).min() > 30  # shuffled: any part is a fair sample
    seen = {image.tobytes() for image in train.pixels}
    assert not any(image.tobytes() in seen for image in held_out.pixels)


def test_order_is_a_function_of_seed_and_position() -> None:
    order = Order(10, seed=3)
    run = np.concatenate([order.batch(i, 4) for i in range(10)])  # four epochs
    assert all(sorted(run[10 * e : 10 * e + 10]) == list(range(10)) for e in range(4))
    assert (
        run.tolist() == np.concatenate([Order(10, seed=3).batch(i, 8) for i in range(5)]).tolist()
    )
    assert Order(10, seed=3).batch(7, 4).tolist() == run[28:32].tolist()
    assert Order(10, seed=4).batch(0, 10).tolist() != run[:10].tolist()
    assert Order(1, seed=0).batch(5, 4).tolist() == [0] * 4


@pytest.mark.parametrize("packed", [False, True])
def test_idx_plain_and_gzipped(tmp_path: Path, packed: bool) -> None:
    images, labels = noise(60, 28, 28), np.arange(60) % 10
    for name, array in ((idx.TRAIN_IMAGES, images), (idx.TRAIN_LABELS, labels)):
        content = idx_bytes(array)
        (tmp_path / (name + ".gz" * packed)).write_bytes(
            gzip.compress(content) if packed else content
        )
    file = str(tmp_path / (idx.TRAIN_IMAGES + ".gz" * packed))
    for source in (
        data.Source(name=file),
        data.Source(name=str(tmp_path)),
        data.Source(name="mnist", dir=str(tmp_path)),
    ):
        everything = data.load(source, "all")
        assert np.array_equal(everything.pixels[..., 0], images)
        assert everything.labels.tolist() == labels.tolist()
    assert len(data.load(file, "validation")) == 10  # the last sixth, as 10,000 of MNIST's 60,000
    assert np.array_equal(data.load(file, "validation").pixels[..., 0], images[50:])
    with pytest.raises(DataError, match="--split train or validation"):
        data.load(file, "test")


def test_t10k_files_are_the_test_split(tmp_path: Path) -> None:
    (tmp_path / idx.TEST_IMAGES).write_bytes(idx_bytes(noise(12, 28, 28)))
    (tmp_path / idx.TEST_LABELS).write_bytes(idx_bytes(np.arange(12) % 10))
    for source in (tmp_path, tmp_path / idx.TEST_IMAGES):
        assert len(data.load(str(source), "test")) == 12
    with pytest.raises(DataError, match="--split test"):
        data.load(str(tmp_path / idx.TEST_IMAGES), "train")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 bytes"),
        (b"\0\0\x0a\3" + b"\0" * 20, "starts with"),
        (b"<html>", "starts with"),
        (b"\0\0\x08\3\0\0", "header"),
        (idx_bytes(noise(5, 4, 4))[:-1], "announces"),
        (idx_bytes(noise(5, 4, 4)) + b"x", "announces"),
        (b"\0\0\x08\3" + b"\xff" * 12, "announces"),
        (gzip.compress(idx_bytes(noise(50, 28, 28)))[:-20], "cannot be read"),
        (idx_bytes(noise(5, 4)), "dimensions"),
    ],
)
def test_broken_idx(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        data.load(str(path), "all")
    assert path.name in str(caught.value)


def test_labels_of_another_length(tmp_path: Path) -> None:
    (tmp_path / idx.TRAIN_IMAGES).write_bytes(idx_bytes(noise(6, 28, 28)))
    (tmp_path / idx.TRAIN_LABELS).write_bytes(idx_bytes(np.zeros(5)))
    with pytest.raises(DataError, match="5 labels for 6 images"):
        data.load(str(tmp_path), "all")


def test_numpy_files(tmp_path: Path) -> None:
    pixels, labels = noise(20, 16, 16, 3), np.arange(20) % 2
    np.save(tmp_path / "a.npy", pixels)
    np.savez(tmp_path / "b.npz", images=pixels[..., 0].astype(np.float64) / 255, labels=labels)
    np.savez_compressed(tmp_path / "c.npz", np.asfortranarray(pixels).astype(">u2"))
    assert np.array_equal(data.load(str(tmp_path / "a.npy"), "all").pixels, pixels)
    held_out = data.load(str(tmp_path / "a.npy"), "validation")
    assert np.array_equal(held_out.pixels, pixels[9::10])
    assert held_out.source(1).endswith("a.npy#19")
    b = data.load(str(tmp_path / "b.npz"), "all")
    assert np.array_equal(b.pixels, pixels[..., :1])
    assert b.labels.tolist() == labels.tolist()
    assert np.array_equal(data.load(str(tmp_path / "c.npz"), "all").pixels, pixels)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((3, 16, 16), np.nan), "values run from"),
        (np.full((3, 16, 16), np.inf), "values run from"),
        (np.zeros((3, 16, 16, 2), np.uint8), "2 channels; .*--data.channels 0"),
        (np.zeros((0, 16, 16), np.uint8), "no image"),
        (np.array([object()] * 3), "numbers .images as uint8"),
        (
            np.zeros(3, [("a", "<i4"), ("b", "<i4")]),
            "numbers .images as uint8",
        ),
        (np.array(["a", "b"]), "numbers .images as uint8"),
    ],
)
def test_arrays_that_are_no_images(tmp_path: Path, array: np.ndarray, words: str) -> None:
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    np.savez(tmp_path / "x.npz", images=array)
    for name in ("x.npy", "x.npz"):
        with pytest.raises(DataError, match=words):
            data.load(str(tmp_path / name), "all")


def test_npy_that_lies_about_its_size(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", noise(4, 16, 16))
    content = (tmp_path / "x.npy").read_bytes()
    for wrong in (
        content[:-1],
        content.replace(b"(4, 16, 16)", b"(9, 16, 16)"),
        b"",
        b"\x93NUMPY\1\0\xff\xff",
    ):
        (tmp_path / "x.npy").write_bytes(wrong)
        with pytest.raises(DataError, match=r"x\.npy"):
            data.load(str(tmp_path / "x.npy"), "all")
    (tmp_path / "x.npz").write_bytes(b"PK\3\4 not a zip")
    with pytest.raises(DataError, match="NPZ"):
        data.load(str(tmp_path / "x.npz"), "all")


def test_folder_of_class_folders(tmp_path: Path) -> None:
    for i in range(20):
        png(tmp_path / "photos" / ("cat" if i % 2 else "dog") / f"{i}.png", noise(20, 24))
    (tmp_path / "photos" / "notes.md").write_text("not an image")
    images = data.load(str(tmp_path / "photos"), "all")
    assert (len(images), images.shape, images.classes) == (20, (20, 24, 1), ("cat", "dog"))
    assert [Path(file).parent.name for file in images.files] == [
        images.classes[i] for i in images.labels
    ]
    assert isinstance(images.base, np.memmap)  # the cached array, not a copy in memory
    assert len(data.load(str(tmp_path / "photos"))) == 18
    assert len(data.load(str(tmp_path / "photos"), "validation")) == 2


def test_a_folder_may_bring_its_own_splits(tmp_path: Path) -> None:
    for part, n in (("train", 12), ("validation", 3), ("test", 2)):
        for i in range(n):
            png(tmp_path / part / f"{i}.png", noise(16, 16))
    lengths = {
        part: len(data.load(str(tmp_path), part)) for part in ("train", "validation", "test")
    }
    assert lengths == {"train": 12, "validation": 3, "test": 2}
    both = data.load(str(tmp_path), "all")
    assert [Path(file).parent.name for file in both.files] == ["train"] * 12 + ["validation"] * 3
    assert both.classes == ()  # the name of a split is no class


def test_classes_of_a_folder_with_splits_are_named_without_them(tmp_path: Path) -> None:
    for part, n in (("train", 12), ("validation", 3), ("test", 2)):
        for name in ("a", "b"):
            for i in range(n):
                png(tmp_path / part / name / f"{i}.png", noise(16, 16))
    both = data.load(str(tmp_path), "all")
    assert (len(both), both.classes) == (30, ("a", "b"))
    assert [Path(file).parent.name for file in both.files] == [both.classes[i] for i in both.labels]


def test_images_named_test_are_never_trained_on(tmp_path: Path) -> None:
    """Without a train folder it is unknown whether the others are to be learned from."""
    for name in ("a", "b", "test"):
        for i in range(12):
            png(tmp_path / name / f"{i}.png", noise(16, 16))
    for split in ("train", "validation"):
        with pytest.raises(DataError, match=r"split test .*/train,"):
            data.load(str(tmp_path), split)
    assert len(data.load(str(tmp_path), "test")) == 12
    assert len(data.load(str(tmp_path), "all")) == 36  # of an album that is only encoded, all of it
    (tmp_path / "test").rename(tmp_path / "train")  # of buses, cars and trains
    splits: tuple[data.Split, ...] = ("train", "validation", "all")
    for part in splits:
        with pytest.raises(DataError, match=r"holds a beside train, .*put a elsewhere"):
            data.load(str(tmp_path), part)
    with pytest.raises(DataError, match="--split validation"):
        data.load(str(tmp_path), "test")


def test_an_image_beside_train_is_not_left_out_in_silence(tmp_path: Path) -> None:
    for i in range(12):
        png(tmp_path / "train" / f"{i}.png", noise(16, 16))
    png(tmp_path / ".hidden.png", noise(16, 16))
    assert len(data.load(str(tmp_path), "all")) == 12
    png(tmp_path / "cover.png", noise(16, 16))
    with pytest.raises(
        DataError, match=r"holds cover\.png beside train, .*put cover\.png elsewhere"
    ):
        data.load(str(tmp_path), "all")


def test_empty_folders_are_no_splits(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for i in range(12):
            png(tmp_path / "train" / name / f"{i}.png", noise(16, 16))
    for part in ("validation", "test", "notes"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "readme.txt").write_text("nothing yet")
    assert len(data.load(str(tmp_path), "train")) == 22
    assert len(data.load(str(tmp_path), "validation")) == 2
    assert len(data.load(str(tmp_path), "all")) == 24
    flat = data.load(str(tmp_path / "train"), "all")
    assert flat.classes == data.load(str(tmp_path), "all").classes == ("a", "b")


def test_a_changed_folder_is_read_again(tmp_path: Path) -> None:
    png(tmp_path / "photos" / "a.png", noise(16, 16))
    assert len(data.load(str(tmp_path / "photos"), "all")) == 1
    png(tmp_path / "photos" / "b.png", noise(16, 16))
    assert len(data.load(str(tmp_path / "photos"), "all")) == 2


def test_sizes_are_brought_to_one_on_request_only(tmp_path: Path) -> None:
    png(tmp_path / "photos" / "a.png", noise(20, 20))
    png(tmp_path / "photos" / "b.png", noise(40, 20))
    with pytest.raises(DataError, match=r"--data\.size"):
        data.load(str(tmp_path / "photos"), "all")
    assert data.load(str(tmp_path / "photos"), "all", size="16x24").shape == (16, 24, 1)


def test_colour_is_found_in_the_files(tmp_path: Path) -> None:
    for i in range(5):
        png(tmp_path / "photos" / f"{i}.png", np.repeat(noise(16, 16, 1), 3, 2))
    assert data.load(str(tmp_path / "photos"), "all").shape == (16, 16, 1)  # RGB without colour
    png(tmp_path / "photos" / "z.png", noise(16, 16, 3))
    assert data.load(str(tmp_path / "photos"), "all").shape == (16, 16, 3)
    assert data.load(str(tmp_path / "photos"), "all", color="grey").shape == (16, 16, 1)


def test_conversions_of_odd_images(tmp_path: Path) -> None:
    """Transparency over white, 16 bits scaled, EXIF orientation applied, first frame taken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(folder / "a.png")
    Image.fromarray(np.full((16, 16), 0x80FF, np.uint16)).save(folder / "b.png")
    turned = np.zeros((16, 16), np.uint8)
    turned[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by 90 degrees: the top row becomes the right column
    Image.fromarray(turned).save(folder / "c.png", exif=exif)
    frames = [Image.new("L", (16, 16), value) for value in (10, 200)]
    frames[0].save(folder / "d.gif", save_all=True, append_images=frames[1:])
    Image.new("1", (16, 16), 1).save(folder / "e.png")
    Image.new("CMYK", (16, 16), (0, 0, 0, 255)).save(folder / "f.jpg")
    pixels = data.load(str(folder), "all", color="grey").pixels[..., 0]
    assert [int(p.mean()) for p in pixels[[0, 1, 3, 4]]] == [255, 0x80, 10, 255]
    assert pixels[2, :, -1].min() == 255
    assert pixels[2, :, :-1].max() == 0
    assert pixels[5].max() < 5


def test_bad_files_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "photos"
    for i in range(8):
        good = png(folder / f"{i}.png", noise(16, 16))
    (folder / "cut.png").write_bytes(good.read_bytes()[:60])
    (folder / "text.png").write_text("this is text")
    (folder / "empty.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"cut\.png.*--data\.max-bad"):
        data.load(str(folder), "all")
    images = data.load(str(folder), "all", max_bad=0.5)
    assert len(images) == 8
    assert [name in caplog.text for name in ("cut.png", "text.png", "empty.jpg")] == [True] * 3
    assert [Path(file).name for file in images.files] == [f"{i}.png" for i in range(8)]
    assert not list((tmp_path / "cache" / "folders").glob(".*"))  # nothing half written is left


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match=r"\(1 \.txt\).*\.png"):
        data.load(str(tmp_path))
    for name in ("nowhere", "a.txt"):
        with pytest.raises(DataError) as caught:
            data.load(str(tmp_path / name))
        assert name in str(caught.value)
        assert all(kind.what in str(caught.value) for kind in data.SOURCES)  # what may be given


class Answer:
    """A stand-in for a server's answer."""

    def __init__(self, url: str, content: bytes) -> None:
        self.url, self._content = url, content

    def read(self, n: int) -> bytes:
        part, self._content = self._content[:n], self._content[n:]
        return part

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_a_folder_of_another_published_set_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them name their files alike, and digits would be scored as garments."""
    images = idx_bytes(noise(6, 28, 28))
    labels = idx_bytes(np.zeros(6, np.uint8))
    (tmp_path / idx.TRAIN_IMAGES).write_bytes(images)
    (tmp_path / f"{idx.TRAIN_LABELS}.gz").write_bytes(gzip.compress(labels))
    own_images = data.load("fashion-mnist", "all", dir=str(tmp_path))
    assert len(own_images) == 6  # in that format, under these names
    digest = {idx.TRAIN_LABELS: hashlib.sha256(labels).hexdigest()}
    monkeypatch.setitem(
        idx.PUBLISHED, "mnist", dataclasses.replace(idx.PUBLISHED["mnist"], sha256=digest)
    )
    with pytest.raises(DataError, match="give mnist, or another --data-dir"):
        data.load("fashion-mnist", "all", dir=str(tmp_path))
    assert len(data.load("mnist", "all", dir=str(tmp_path))) == 6


@pytest.mark.parametrize("fault", ["none", "wrong", "cut", "http"])
def test_downloads_are_whole_and_checked_or_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    content = idx_bytes(noise(6, 28, 28))
    digest = {idx.TRAIN_IMAGES: hashlib.sha256(content).hexdigest()}
    monkeypatch.setitem(
        idx.PUBLISHED, "mnist", dataclasses.replace(idx.PUBLISHED["mnist"], sha256=digest)
    )
    body = gzip.compress(content if fault != "wrong" else content + b"x")
    body = body[:-9] if fault == "cut" else body
    scheme = "http" if fault == "http" else "https"
    monkeypatch.setattr(
        urllib.request, "urlopen", lambda url, timeout: Answer(scheme + "://mirror/x", body)
    )
    target = tmp_path / "cache" / "idx" / "mnist" / idx.TRAIN_IMAGES
    if fault == "none":
        assert idx.read_idx(idx.fetched("mnist", idx.TRAIN_IMAGES)).shape == (6, 28, 28)
    else:
        with pytest.raises(DataError, match="--data-dir"):
            idx.fetched("mnist", idx.TRAIN_IMAGES)
    assert [p.name for p in target.parent.iterdir()] == ([target.name] if fault == "none" else [])


@pytest.mark.parametrize(
    "value", ["-" * 5000 + "1", "[" * 118, "not " * 2000 + "1", "'<f4' 'x'", "open('x', 'w')"]
)
def test_only_plain_headers_reach_a_parser(
    tmp_path: Path, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ast.literal_eval", lambda text: pytest.fail("parsed"))
    header = f"{{'descr': {value}, 'fortran_order': False, 'shape': (6, 16, 16), }}\n".encode()
    (tmp_path / "x.npy").write_bytes(
        b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + bytes(6 * 256)
    )
    with pytest.raises(DataError, match=r"x\.npy: its header"):
        data.load(str(tmp_path / "x.npy"), "all")


def test_images_refuse_what_is_no_image() -> None:
    with pytest.raises(DataError, match="uint8"):
        Images(np.zeros((2, 16, 16, 1), np.float32))
    with pytest.raises(DataError, match="1 labels for 2 images"):
        Images(np.zeros((2, 16, 16, 1), np.uint8), np.zeros(1, np.int64))


def test_epochs_have_orders_of_their_own() -> None:
    assert Order(10, seed=3).batch(0, 10).tolist() != Order(10, seed=3).batch(1, 10).tolist()


def test_a_subset_of_a_subset() -> None:
    whole = Images(noise(10, 16, 16, 1), np.arange(10))
    part = whole.subset(np.array([5, 6, 7])).subset(np.array([2, 0]))
    assert part.labels.tolist() == [7, 5]
    assert np.array_equal(part.pixels, whole.pixels[[7, 5]])
    assert np.array_equal(part.take(np.array([1])), whole.pixels[[5]])
    assert part.source(0) == "images#7"


def test_addresses_that_are_not_https_are_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        urllib.request, "urlopen", lambda url, timeout: Answer("https://mirror/x", b"")
    )
    with pytest.raises(OSError, match="not https"):
        idx.download("http://mirror/x", tmp_path / "x")


def test_the_second_mirror_is_asked_when_the_first_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    content, asked = idx_bytes(noise(6, 28, 28)), []
    digest = {idx.TRAIN_IMAGES: hashlib.sha256(content).hexdigest()}
    monkeypatch.setitem(
        idx.PUBLISHED, "mnist", dataclasses.replace(idx.PUBLISHED["mnist"], sha256=digest)
    )

    def urlopen(url: str, timeout: int) -> Answer:
        asked.append(url)
        if len(asked) == 1:
            raise OSError("down")
        return Answer(url, gzip.compress(content))

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    assert idx.read_idx(idx.fetched("mnist", idx.TRAIN_IMAGES)).shape == (6, 28, 28)
    assert len(asked) == 2


def test_the_other_spelling_of_mnists_files(tmp_path: Path) -> None:
    (tmp_path / "train-images.idx3-ubyte").write_bytes(idx_bytes(noise(6, 28, 28)))
    (tmp_path / "train-labels.idx1-ubyte").write_bytes(idx_bytes(np.arange(6)))
    assert data.load("mnist", "all", dir=str(tmp_path)).labels.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("seen_by", ["time", "size"])
def test_a_rewritten_file_is_read_again(tmp_path: Path, seen_by: str) -> None:
    path = png(tmp_path / "photos" / "a.bmp", noise(16, 16))
    before = path.stat()
    data.load(str(path.parent), "all")
    new = 255 - noise(16, 16) if seen_by == "time" else noise(20, 20)
    png(path, new)
    later = before.st_mtime_ns + (10**9 if seen_by == "time" else 0)
    os.utime(path, ns=(later, later))
    assert np.array_equal(data.load(str(path.parent), "all").pixels[0, ..., 0], new)


def test_another_size_is_another_array(tmp_path: Path) -> None:
    png(tmp_path / "photos" / "a.png", noise(40, 40))
    shapes = [
        data.load(str(tmp_path / "photos"), "all", size=size).shape
        for size in ("16", "24", "16x24")
    ]
    assert shapes == [(16, 16, 1), (24, 24, 1), (16, 24, 1)]


def test_sizes_crop_at_the_centre_and_do_not_stretch(tmp_path: Path) -> None:
    pixels = np.full((16, 48), 255, np.uint8)
    pixels[:, 16:32] = 0
    png(tmp_path / "photos" / "a.png", pixels)
    assert data.load(str(tmp_path / "photos"), "all", size="16").pixels.max() == 0


def test_links_are_followed_and_lead_nowhere_twice(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    png(photos / "a.png", noise(16, 16))
    (photos / "b.png").symlink_to(png(tmp_path / "elsewhere.png", noise(16, 16)))
    png(tmp_path / "other" / "c.png", noise(16, 16))
    (photos / "other").symlink_to(tmp_path / "other")
    (tmp_path / "other" / "back").symlink_to(photos)
    (photos / "gone.png").symlink_to(tmp_path / "nowhere.png")
    images = data.load(str(photos), "all")
    assert [Path(file).name for file in images.files] == ["a.png", "b.png", "c.png"]
    assert "left out: 1 broken links" in images.told


def test_a_link_to_a_folder_beside_it_is_a_class_of_its_own(tmp_path: Path) -> None:
    """Nothing is dropped in silence: not what another name leads to, nor what cannot be read."""
    photos = tmp_path / "photos"
    for i, label in enumerate("aac"):
        png(photos / label / f"{i}.png", noise(16, 16))
    (photos / "b").symlink_to(photos / "a")
    (photos / "c" / "up").symlink_to(photos)
    images = data.load(str(photos), "all")
    assert [images.classes[i] for i in images.labels] == ["a", "a", "b", "b", "c"]
    assert "left out: 1 links met before" in images.told


def test_folders_that_link_to_each_other_are_not_walked_in_every_order(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for i in range(7):
        png(photos / str(i) / f"{i}.png", noise(16, 16))
    for i in range(7):
        for j in set(range(7)) - {i}:
            (photos / str(i) / f"to{j}").symlink_to(photos / str(j))
    assert len(data.load(str(photos), "all").files) == 7 * 7


def test_a_folder_that_cannot_be_read_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, scandir = tmp_path / "photos", os.scandir
    for label in "ab":
        png(photos / label / "0.png", noise(16, 16))

    def refusing(path: str) -> Any:
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root may read any folder
    assert "left out: 1 unreadable folders" in data.load(str(photos), "all").told


def test_huge_images_are_bad_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    png(tmp_path / "photos" / "a.png", noise(16, 16))
    monkeypatch.setattr(conversion, "MAX_PIXELS", 255)
    with pytest.raises(DataError, match="more than 255 pixels"):
        data.load(str(tmp_path / "photos"), "all", size="8")


def test_a_further_source_is_a_function_and_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def stripes(source: data.Source, split: data.Split, progress: conversion.Progress) -> Images:
        n = int(source.name.removeprefix("stripes:"))
        return splits.every_tenth(Images(noise(n, 16, 16, 1), name=source.name), split)

    row = sources.Kind("stripes:N", lambda name: name.startswith("stripes:"), stripes)
    monkeypatch.setattr(sources, "SOURCES", (*data.SOURCES, row))
    assert [len(data.load("stripes:30", split)) for split in ("train", "validation")] == [27, 3]
    with pytest.raises(DataError, match="stripes:N"):
        data.load("stripe:30")


def test_an_unknown_split_is_answered_with_those_that_exist() -> None:
    with pytest.raises(DataError, match=r"'dev'.*train, validation, test, all"):
        data.load("digits", "dev")  # type: ignore[arg-type]


def test_splits_cost_the_command_line_nothing() -> None:
    heavy = "{'torch', 'numpy', 'pydantic', 'PIL'} & set(sys.modules)"
    command = [sys.executable, "-c", f"import sys, infogan.data.splits; print({heavy})"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


def hold_out(images: Images, split: data.Split, rule: str) -> Images:
    return splits.every_tenth(images, split) if rule == "tenth" else splits.last(images, split, 6)


@pytest.mark.parametrize("rule", ["last", "tenth"])
@pytest.mark.parametrize("n", [10, 25])
def test_train_and_validation_are_all_images_without_overlap(rule: str, n: int) -> None:
    images = Images(noise(n, 16, 16, 1), np.arange(n))
    train, held_out = (hold_out(images, split, rule) for split in ("train", "validation"))
    expected = [i for i in range(n) if (i >= n - 6 if rule == "last" else i % 10 == 9)]
    assert held_out.labels.tolist() == expected
    assert sorted([*train.labels, *held_out.labels]) == list(range(n))
    assert train.labels.tolist() == sorted(train.labels)  # in the order of the source
    assert np.array_equal(held_out.pixels, images.pixels[expected])
    assert hold_out(images, "all", rule) is images
    with pytest.raises(DataError, match="--split validation"):
        hold_out(images, "test", rule)


@pytest.mark.parametrize(
    ("images", "split", "rule"), [(6, "train", "last"), (9, "validation", "tenth")]
)
def test_too_few_images_for_a_split(images: int, split: data.Split, rule: str) -> None:
    with pytest.raises(DataError, match=f"{images} images .*{split}"):
        hold_out(Images(noise(images, 16, 16, 1)), split, rule)


def test_a_folder_of_idx_files_has_the_splits_of_its_files(tmp_path: Path) -> None:
    (tmp_path / idx.TEST_IMAGES).write_bytes(idx_bytes(noise(12, 28, 28)))
    assert len(data.load(str(tmp_path), "all")) == len(data.load(str(tmp_path), "test")) == 12
    with pytest.raises(DataError, match="--split test"):
        data.load(str(tmp_path), "train")
    (tmp_path / idx.TRAIN_IMAGES).write_bytes(idx_bytes(noise(60, 28, 28)))
    parts: tuple[data.Split, ...] = ("train", "validation", "test", "all")
    assert [len(data.load(str(tmp_path), part)) for part in parts] == [50, 10, 12, 60]


def with_factors(**changes: Any) -> dict[str, Any]:
    """Arrays of an NPZ file of 20 images with two factors."""
    factors = np.stack([np.arange(20), np.arange(20) % 3], 1)
    arrays = {"images": noise(20, 16, 16), "factors": factors, "factor_names": ["size", "hue"]}
    return arrays | changes


def test_factors_go_with_their_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **with_factors())
    images = data.load(str(tmp_path / "x.npz"), "all")
    assert images.factor_names == ("size", "hue")
    assert images.factors.dtype == np.int64
    assert images.factors.tolist() == [[i, i % 3] for i in range(20)]
    held_out = data.load(str(tmp_path / "x.npz"), "validation")
    assert held_out.factors.tolist() == [[9, 0], [19, 1]]
    assert held_out.subset([1]).factors.tolist() == [[19, 1]]
    assert held_out.factor_names == ("size", "hue")
    np.savez(tmp_path / "y.npz", **with_factors(factor_names=np.empty(0, "<U1")))
    assert data.load(str(tmp_path / "y.npz")).factor_names == ("factor 0", "factor 1")
    np.savez(tmp_path / "z.npz", images=noise(20, 16, 16))
    plain = data.load(str(tmp_path / "z.npz"))
    assert (plain.factors.shape, plain.factor_names) == ((18, 0), ())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"factors": np.zeros(20, np.int64)}, r"factors .*\[N, F\].*\[20\]"),
        ({"factors": np.zeros((20, 2))}, "factors .*float64"),
        ({"factors": np.zeros((19, 2), np.int64)}, r"\[19, 2\] for 20 images"),
        ({"factor_names": ["size"]}, "2 factors .*'size'"),
        ({"factor_names": ["size", "size"]}, "2 factors .*'size', 'size'"),
        ({"factor_names": ["size", "\x1b[2J"]}, r"2 factors .*'\\x1b\[2J'"),
        ({"factor_names": [1, 2]}, "factor_names: holds int64"),
        ({"factor_names": np.frombuffer(b"\xff" * 8, "<U1")}, "names of factors"),
        ({"factor_names": np.array(["size", None])}, "factor_names: "),
        ({"labels": np.zeros(20)}, r"labels .*\[N\].*float64"),
    ],
)
def test_factors_and_labels_that_are_none(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    np.savez(tmp_path / "x.npz", **with_factors(**changes))
    with pytest.raises(DataError, match=words) as caught:
        data.load(str(tmp_path / "x.npz"), "all")
    assert "x.npz" in str(caught.value)


def test_a_digest_says_which_images_these_are() -> None:
    """Runs of earlier versions hold these digests: without factors they may not change."""
    digits = data.load("digits", split="validation")
    assert digits.digest == "b312e2613c13f28bf20ad3417bc061af29d24eb02e37a16817f4b6196f427d9e"
    plain = Images(noise(4, 16, 16, 1), np.arange(4), tuple("abcd"))
    factors = np.arange(8).reshape(4, 2)
    changed: list[dict[str, Any]] = [
        {"labels": np.array([0, 1, 3, 2])},
        {"classes": tuple("abce")},
        {"base": 255 - plain.base},
        {"factors": factors},
        {"factors": factors + 1},
        {"factors": factors, "factor_names": ("size", "hue")},
    ]
    digests = [dataclasses.replace(plain, **change).digest for change in [{}, *changed]]
    assert len(set(digests)) == len(digests)
    assert plain.subset([2, 0]).digest == plain.subset([2, 0]).digest != plain.subset([0, 2]).digest
