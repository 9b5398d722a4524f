"""Loading images: every source, every conversion, and every way in which they can be wrong."""

import dataclasses
import gzip
import hashlib
import math
import os
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from infogan import data
from infogan.core.errors import DataError
from infogan.core.random import stream
from infogan.data import folder, idx
from infogan.data.augment import Affine
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
    with pytest.raises(DataError, match="no test split"):
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
        (np.full((3, 16, 16), 300), "values run from"),
        (np.zeros((3, 16, 16, 2), np.uint8), "1 or 3"),
        (np.zeros((0, 16, 16), np.uint8), "no image"),
        (np.array([object()] * 3), "save the images as numbers"),
        (
            np.zeros(3, [("a", "<i4"), ("b", "<i4")]),
            "not that of plain numbers; save the images as numbers",
        ),
        (np.array(["a", "b"]), "save the images as numbers"),
    ],
    ids=str,
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
    """Without a train folder there is no telling whether the others are what is to be learned from."""
    for name in ("a", "b", "test"):
        for i in range(12):
            png(tmp_path / name / f"{i}.png", noise(16, 16))
    for split in ("train", "validation"):
        with pytest.raises(
            DataError,
            match=r"has a folder test but none named train; .*/train, or give test another",
        ):
            data.load(str(tmp_path), split)
    assert len(data.load(str(tmp_path), "test")) == 12
    assert len(data.load(str(tmp_path), "all")) == 36  # of an album that is only encoded, all of it
    (tmp_path / "test").rename(tmp_path / "train")  # of buses, cars and trains
    splits: tuple[data.Split, ...] = ("train", "validation", "all")
    for part in splits:
        with pytest.raises(DataError, match=r"holds a beside train, .* give train another name"):
            data.load(str(tmp_path), part)
    with pytest.raises(DataError, match="no test split"):
        data.load(str(tmp_path), "test")


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
    assert data.load(str(tmp_path / "photos"), "all").shape == (
        16,
        16,
        1,
    )  # RGB files without colour
    png(tmp_path / "photos" / "z.png", noise(16, 16, 3))
    assert data.load(str(tmp_path / "photos"), "all").shape == (16, 16, 3)
    assert data.load(str(tmp_path / "photos"), "all", color="grey").shape == (16, 16, 1)


def test_conversions_of_odd_images(tmp_path: Path) -> None:
    """Transparency over white, 16 bits scaled, the EXIF turn applied, the first frame of an animation."""
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
    with pytest.raises(DataError, match=r"no images in it \(1 other files\); accepted are"):
        data.load(str(tmp_path))
    with pytest.raises(DataError, match="no such file or folder"):
        data.load(str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="not a folder"):
        data.load(str(tmp_path / "a.txt"))


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


def test_a_folder_of_another_published_set_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They all call their files alike, and digits would be scored as garments."""
    images = idx_bytes(noise(6, 28, 28))
    labels = idx_bytes(np.zeros(6, np.uint8))
    (tmp_path / idx.TRAIN_IMAGES).write_bytes(images)
    (tmp_path / f"{idx.TRAIN_LABELS}.gz").write_bytes(gzip.compress(labels))
    assert (
        len(data.load("fashion-mnist", "all", dir=str(tmp_path))) == 6
    )  # somebody's own images in that format
    digest = {idx.TRAIN_LABELS: hashlib.sha256(labels).hexdigest()}
    monkeypatch.setitem(
        idx.PUBLISHED, "mnist", dataclasses.replace(idx.PUBLISHED["mnist"], sha256=digest)
    )
    with pytest.raises(DataError, match="is that of mnist, not of fashion-mnist; give mnist"):
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
    with pytest.raises(DataError, match="not that of plain numbers"):
        data.load(str(tmp_path / "x.npy"), "all")


def test_augment_of_strength_zero_changes_nothing() -> None:
    images = to_float(noise(4, 20, 28, 1))
    same = Affine(strength=0, shift=0)(images, stream(0, "x")).images
    assert torch.allclose(same, images, atol=1e-5)
    images = to_float(noise(16, 20, 28, 1))
    mirrored = Affine(strength=0, shift=0, mirror=True)(images, stream(0, "x")).images
    for image, out in zip(images, mirrored, strict=True):
        assert torch.allclose(out, image, atol=1e-5) or torch.allclose(
            out, image.flip(2), atol=1e-5
        )
    assert not torch.allclose(mirrored, images, atol=1e-2)


def test_augment_bends_smoothly_and_each_image_its_own_way() -> None:
    """On a picture of its own coordinates the change is the displacement: as large as asked for, and smooth."""
    n, side = 200, 24
    axis = torch.linspace(-1, 1, side)
    images = torch.stack([axis.expand(side, side), axis[:, None].expand(side, side)]).expand(
        n, 2, side, side
    )
    moved = Affine(strength=0, shift=0, bend=0.05)(images, stream(0, "x")).images - images
    inside = moved[:, :, 6:-6, 6:-6]  # the border holds back what would come in from outside
    assert 0.02 < inside.std() < 0.08
    assert (inside[..., 1:] - inside[..., :-1]).abs().max() < 0.05
    assert inside.mean((2, 3)).std(0).min() > 0.01
    assert abs(torch.corrcoef(inside.mean((2, 3)).T)[0, 1]) < 0.2


def test_augment_turns_in_pixels_on_oblong_images() -> None:
    """A turned bar keeps its length, whatever the aspect of the image."""
    images = torch.full((64, 1, 40, 80), -1.0)
    images[:, :, 18:22, 30:50] = 1.0
    turned = Affine(strength=4, shift=0)(images, stream(0, "x")).images
    area = (turned + 1).sum((1, 2, 3)) / 2
    u = torch.rand(64, 6, generator=stream(0, "x")) * 2 - 1
    expected = (
        80 / (1 + 0.6 * u[:, 2]) ** 2
    )  # area scales with the square; turns and shears keep it
    keep = expected < 300  # a bar enlarged over the border is cut
    assert math.isclose(float((area / expected)[keep].mean()), 1, abs_tol=0.05)


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


def test_links_to_elsewhere_are_left_out(tmp_path: Path) -> None:
    png(tmp_path / "photos" / "a.png", noise(16, 16))
    (tmp_path / "photos" / "b.png").symlink_to(png(tmp_path / "elsewhere.png", noise(16, 16)))
    assert len(data.load(str(tmp_path / "photos"), "all")) == 1


def test_huge_images_are_bad_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    png(tmp_path / "photos" / "a.png", noise(16, 16))
    monkeypatch.setattr(folder, "MAX_PIXELS", 255)
    with pytest.raises(DataError, match="more than 255 pixels"):
        data.load(str(tmp_path / "photos"), "all", size="8")


def test_augment_does_the_same_to_an_oblong_image() -> None:
    """With border added left and right, what is in the middle turns, shears and scales as before."""
    square = torch.full((32, 1, 40, 40), -1.0)
    square[:, :, 18:22, 12:28] = 1.0
    wide = nn.functional.pad(square, (20, 20), value=-1.0)
    augment = Affine(strength=2, shift=0)
    a, b = augment(square, stream(0, "x")), augment(wide, stream(0, "x"))
    assert torch.allclose(a.images, b.images[..., 20:60], atol=1e-3)
    assert all(torch.allclose(move, b.moves[name]) for name, move in a.moves.items())


def test_augment_shifts_both_ways() -> None:
    images = torch.full((32, 1, 40, 80), -1.0)
    images[:, :, 16:24, 36:44] = 1.0
    weight = (Affine(strength=0, shift=0.5)(images, stream(0, "x")).images + 1)[:, 0]
    u = torch.rand(32, 6, generator=stream(0, "x")) * 2 - 1
    for axis, column, side in ((2, 3, 80), (1, 4, 40)):
        at = torch.arange(side) - (side - 1) / 2
        centre = (weight.sum(3 - axis) * at).sum(1) / weight.sum((1, 2))
        assert torch.allclose(centre, -0.5 * u[:, column] * side / 2, atol=0.05)
