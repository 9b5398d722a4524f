"""Large sets: decoded by all cores, in shards and tables, held out and shuffled without an array of
the whole."""

import os
import signal
import threading
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from infogan import data
from infogan.core import interrupts
from infogan.core.errors import DataError
from infogan.core.random import stream
from infogan.data import arrays, conversion, decoding, files, shards, splits
from infogan.data.conversion import Entry, in_order
from infogan.data.images import LISTED, Images, Order
from infogan.runs.images import Training

N, SIDE = 30, 16
PIXELS = np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE)).astype(np.uint8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a PNG an image."""
    (tmp_path / "photos").mkdir()
    for i, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{i:03}.png")
    return tmp_path / "photos"


def whole(name: Path | str, **settings: Any) -> Images:
    return data.load(str(name), "all", **settings)


def test_images_are_decoded_by_all_cores_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    begun, both, large = list[int](), threading.Barrier(2, timeout=30), bytes(conversion.LARGE)

    def work(entry: Entry) -> int:
        begun.append(entry.page)
        if entry.page < 2:
            both.wait()  # which one thread alone never passes
        time.sleep(0.002 * (entry.page % 3))
        return entry.page * 10

    results, asked = in_order(work, [Entry(large, "", i) for i in range(200)]), list[int]()
    for entry, result in results:
        asked.append(entry.page)
        time.sleep(0.5 * (entry.page == 20))  # while whoever asks is busy, decoding soon waits
        assert result == entry.page * 10
        assert len(begun) <= len(asked) + conversion.AHEAD * 4 + 4  # memory holds a few at a time
    assert asked == [*range(200)]


def test_small_images_are_decoded_where_they_are_asked_for() -> None:
    """Decoding them is mostly Python: a second thread would make it slower."""
    here = threading.get_ident()
    entries = [Entry(bytes(size), "") for size in (0, conversion.LARGE - 1, conversion.LARGE)]
    entries.append(Entry("nowhere.png", ""))
    found = [thread for _, thread in in_order(lambda _: threading.get_ident(), entries)]
    assert [thread == here for thread in found] == [True, True, False, True]


def test_messages_come_in_the_order_of_the_files(
    photos: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "LARGE", 0)
    decode = decoding.decoded

    def decoded(image: Image.Image, *rest: Any) -> Any:
        number = int(Path(getattr(image, "filename", "")).stem)
        time.sleep(0.02 * (number % 2 == 0))  # the even ones are done after the odd ones
        rest[-1](f"note {number}")
        return decode(image, *rest)

    monkeypatch.setattr(conversion, "decoded", decoded)
    whole(photos)
    notes = [message for message in caplog.messages if "note" in message]
    assert notes == [f"{photos}/{i:03}.png: note {i}" for i in range(N)]


@pytest.mark.parametrize("large", [0, 1 << 20])
def test_a_stop_ends_decoding_and_leaves_nothing(
    photos: Path, tmp_path: Path, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "LARGE", large)
    before, read = threading.active_count(), list[int]()

    def progress(done: int, number: int) -> None:
        read.append(done)
        if done == 7:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(interrupts.Stopped), interrupts.handled():
        data.load(str(photos), "all", progress)
    assert read == [1, 2, 3, 4, 5, 6, 7]
    assert threading.active_count() == before
    assert not [*(tmp_path / "cache" / "folders").iterdir()]
    assert len(whole(photos)) == N


BEYOND = (
    LISTED + 3
)  # the smallest sets whose order is not an array, and one that is no power of two


def test_an_order_that_is_computed_has_every_image_once() -> None:
    order = Order(BEYOND, seed=3)
    epoch = order.batch(0, BEYOND)
    assert epoch.dtype == np.int64
    assert np.array_equal(np.sort(epoch), np.arange(BEYOND))
    assert not np.array_equal(epoch, np.sort(epoch))
    # Batches are cut from one row of positions that runs on over the ends of epochs.
    size, last = 1000, BEYOND // 1000
    parts = np.concatenate([order.batch(i, size) for i in range(last - 1, last + 2)])
    around = np.concatenate([epoch[(last - 1) * size :], Order(BEYOND, 3).batch(1, BEYOND)[:2000]])
    assert parts.tolist() == around[: len(parts)].tolist()


def test_computed_orders_differ_by_seed_epoch_and_purpose() -> None:
    n = 1 << 21
    firsts = [
        Order(n, seed=3).batch(0, 1024),
        Order(n, seed=4).batch(0, 1024),
        Order(n, seed=3).batch(n // 1024, 1024),  # of the second epoch
        Order(n, seed=3, purpose="labelled order").batch(0, 1024),
    ]
    same = [(a == b).mean() for i, a in enumerate(firsts) for b in firsts[:i]]
    assert max(same) < 0.01
    assert np.array_equal(Order(n, seed=3).batch(5, 64), Order(n, seed=3).batch(5, 64))


def test_a_computed_order_is_as_even_as_chance() -> None:
    """The first images of an epoch come from everywhere, and neighbours are not neighbours."""
    n, many = 3_000_000, 40_000
    first = Order(n, seed=0).batch(0, many)
    counts = np.bincount(first * 100 // n, minlength=100)  # chi-squared of 99 degrees: 99 ± 14
    assert 40 < ((counts - many / 100) ** 2 / (many / 100)).sum() < 170
    steps = np.diff(first) % n
    counts = np.bincount(steps * 100 // n, minlength=100)
    assert 40 < ((counts - many / 100) ** 2 / (many / 100)).sum() < 170
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 4 / many**0.5


def test_the_order_of_a_huge_set_takes_no_memory() -> None:
    order = Order(10**12, seed=0)
    tracemalloc.start()
    batches = [order.batch(number, 256) for number in (0, 1, 10**9)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20
    assert all(b.min() >= 0 and b.max() < 10**12 for b in batches)
    assert len(np.unique(np.concatenate(batches))) == 3 * 256


def test_small_sets_keep_the_order_that_they_had() -> None:
    """Runs that were begun go on in it: these are torch's permutations, by the keyed stream."""
    for n in (10, 1000, LISTED):
        expected = torch.randperm(n, generator=stream(5, "order", 0)).numpy()
        assert np.array_equal(Order(n, seed=5).batch(0, min(n, 1000)), expected[:1000])
    assert Order(10, seed=5).batch(0, 10).tolist() == [3, 7, 5, 2, 0, 9, 4, 1, 6, 8]


@pytest.mark.parametrize(
    ("n", "held_out"),
    [(100, 10), (99_999, 9_999), (100_009, 10_000), (100_010, 10_000), (1_234_567, 10_000)],
)
def test_no_more_is_held_out_than_tells_a_score(n: int, held_out: int) -> None:
    images = Images(np.broadcast_to(np.zeros((1, 1, 1, 1), np.uint8), (n, 1, 1, 1)), np.arange(n))
    train, out = (splits.every_tenth(images, split).labels for split in ("train", "validation"))
    assert len(out) == held_out
    assert np.array_equal(np.sort(np.concatenate([train, out])), np.arange(n))
    if n < 100_010:
        assert np.array_equal(out, np.arange(9, n, 10))
    assert set(np.diff(out)) <= {n // held_out, n // held_out + 1}  # evenly, and so of every class
    assert out[-1] >= n - n // held_out - 1


def sharded(folder: Path, images: Any, labels: Any = None, name: str = "part-{:03}") -> Path:
    """Images as NPY files of seven images each."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, start in enumerate(range(0, len(images), 7)):
        np.save(folder / f"{name.format(i)}.npy", images[start : start + 7])
        if labels is not None:
            np.save(folder / f"{name.format(i)}.labels.npy", labels[start : start + 7])
    return folder


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (PIXELS, {}),
        (np.repeat(PIXELS[..., None], 3, 3), {"color": "grey"}),
        (PIXELS[..., None].astype(np.uint16) * 16, {}),  # 12 bits
        (PIXELS / 255, {"size": "8"}),
        (PIXELS // 200, {}),  # masks of 0 and 1
        (np.concatenate([PIXELS[:7] % 32, PIXELS[7:]]), {}),  # a shard that is dark by itself
        (np.repeat(PIXELS[..., None], 4, 3), {"channels": "2"}),
        (PIXELS.astype(np.int32) * 300 - 7, {"range": "0:50000"}),
    ],
)
def test_shards_are_the_array_that_they_were_cut_from(
    tmp_path: Path, values: Any, settings: dict[str, Any]
) -> None:
    labels = np.arange(N) % 3
    folder = sharded(tmp_path / "shards", values, labels)
    np.savez(tmp_path / "whole.npz", images=values, labels=labels)
    cut, one = whole(folder, **settings), whole(tmp_path / "whole.npz", **settings)
    assert np.array_equal(cut.pixels, one.pixels)
    assert cut.labels.tolist() == one.labels.tolist() and cut.classes == one.classes
    assert cut.decided == one.decided
    assert isinstance(cut.base, np.memmap)
    assert ", 5 shards" in cut.told
    again = whole(folder, **settings)
    assert (again.decided, again.digest) == (cut.decided, cut.digest)
    assert len(data.load(data.Source(name=str(folder), **settings), "validation")) == 3
    assert cut.source(9) == f"{folder}#9"


def test_shards_are_read_a_little_at_a_time_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, read = sharded(tmp_path / "shards", PIXELS), list[int]()
    finished = arrays.finished

    def noted(part: Any, *rest: Any) -> Any:
        read.append(len(part))
        return finished(part, *rest)

    monkeypatch.setattr(shards, "AT_ONCE", 3 * SIDE * SIDE)
    monkeypatch.setattr(arrays, "finished", noted)
    assert np.array_equal(whole(folder).pixels[..., 0], PIXELS)
    assert read == [3, 3, 1] * 4 + [2]
    whole(folder)
    assert len(read) == 13  # from the cache
    np.save(folder / "part-001.npy", 255 - PIXELS[7:14])
    os.utime(folder / "part-001.npy", (1, 1))
    assert np.array_equal(whole(folder).pixels[7:14, ..., 0], 255 - PIXELS[7:14])


@pytest.mark.parametrize("name", ["{}-{{:03}}", "{}.{{:03}}", "{}/{{:03}}"])
def test_shards_whose_names_say_it_are_splits(tmp_path: Path, name: str) -> None:
    folder, bounds = tmp_path / "shards", {"train": (0, 20), "val": (20, 26), "test": (26, 30)}
    for part, (start, end) in bounds.items():
        (folder / part).mkdir(parents=True)
        sharded(folder, PIXELS[start:end], name=name.format(part))
    splits_of: dict[data.Split, slice] = {
        "train": slice(20),
        "validation": slice(20, 26),
        "test": slice(26, 30),
        "all": slice(26),
    }
    for split, rows in splits_of.items():
        assert np.array_equal(data.load(str(folder), split).pixels[..., 0], PIXELS[rows])
    lone = sharded(tmp_path / "lone", PIXELS, name="test-{:03}")
    with pytest.raises(DataError, match="split test but none named train"):
        data.load(str(lone))
    assert len(data.load(str(lone), "test")) == N
    np.save(folder / "other.npy", PIXELS)
    with pytest.raises(DataError, match=r"holds other.npy beside train.*put other.npy elsewhere"):
        data.load(str(folder))


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        (
            "part-002",
            PIXELS[:7, :8],
            r"002\.npy: holds \[n, 8, 16\] of uint8, part-000.npy \[n, 16",
        ),
        ("part-003", PIXELS[:7] / 255, r"003\.npy: holds .* of float64, part-000.npy .* of uint8"),
        ("labels", np.arange(N), r"labels\.npy: holds \[n\] .*labels as NAME.labels.npy"),
        ("part-000", np.arange(N), r"000\.npy: holds \[n\] of int64, images are \[n, H, W\]"),
        ("part-000", np.zeros((7, 16, 16, 4)), r"000\.npy: .*4 channels; .*--data.channels"),
        ("part-001", np.full((7, 16, 16), np.nan), r"001\.npy: holds .* of float64"),
        ("part-001", np.array([None] * 7), r"001\.npy: its header|001\.npy: holds object"),
        ("part-001.labels", np.arange(7), r"000.labels.npy: no such file, but .*001.labels.npy"),
    ],
)
def test_a_shard_that_is_unlike_the_others_is_named(
    tmp_path: Path, name: str, array: Any, words: str
) -> None:
    folder = sharded(tmp_path / "shards", PIXELS)
    np.save(folder / f"{name}.npy", array, allow_pickle=True)
    with pytest.raises(DataError, match=words):
        whole(folder)


def test_labels_of_shards(tmp_path: Path) -> None:
    words = np.array(["cat", "dog", ""])[np.arange(N) % 3]
    images = whole(sharded(tmp_path / "shards", PIXELS, words))
    assert images.classes == ("cat", "dog")
    assert images.labels.tolist() == [0, 1, -1] * 10
    np.save(tmp_path / "shards" / "part-004.labels.npy", np.arange(3))
    with pytest.raises(DataError, match=r"004.labels.npy: has the shape \[3\]; give \[2\]"):
        whole(tmp_path / "shards")


def test_image_files_come_before_arrays_beside_them(photos: Path) -> None:
    np.save(photos / "embeddings.npy", np.zeros((N, 8)))
    images = whole(photos)
    assert len(images) == N and "left out: 1 .npy" in images.told


def test_of_bytes_no_more_is_read_than_tells_whether_they_can_be_seen() -> None:
    class Read(np.ndarray[Any, Any]):
        longest = 0

        def __getitem__(self, index: Any) -> Any:
            taken = super().__getitem__(index)
            Read.longest = max(Read.longest, len(taken))
            return taken

    bright = np.full((5 * arrays.AT_ONCE, 2, 2, 1), 200, np.uint8)
    faint = np.full_like(bright, 1)
    faint[-1] = 0
    assert arrays.settled(lambda: [bright.view(Read)], len(bright), "x", None) is None
    assert Read.longest == arrays.AT_ONCE
    assert arrays.settled(lambda: [faint], len(faint), "x", None) == (0, 1)
    late = faint.copy()
    late[-1] = 200
    assert arrays.settled(lambda: [late], len(late), "x", None) is None


def test_both_splits_of_a_folder_are_of_one_listing(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, listed = files.found, list[Path]()

    def counted(folder: Path, only: Sequence[str] = ()) -> files.Listing:
        listed.append(folder)
        return found(folder, only)

    monkeypatch.setattr(files, "found", counted)
    first = Training.load(data.Source(name=str(photos)))
    assert len(listed) == 1
    assert len(first.listing) == N
    (photos / "005.png").write_bytes((photos / "006.png").read_bytes())
    second = Training.load(data.Source(name=str(photos)))  # looks again
    assert len(listed) == 2
    assert first.listing["005.png"] != second.listing["005.png"] == first.listing["006.png"]


def test_files_are_listed_in_the_order_of_the_parts_of_their_paths(photos: Path) -> None:
    for name in ("b/1.png", "b-c/1.png", "b/a/1.png", "b.png"):
        (photos / name).parent.mkdir(exist_ok=True, parents=True)
        (photos / "000.png").rename(photos / name)
        Image.fromarray(PIXELS[0]).save(photos / "000.png")
    names = [*files.found(photos).files]
    assert names == sorted(names, key=lambda name: name.split("/"))
    assert names[-4:] == ["b/1.png", "b/a/1.png", "b-c/1.png", "b.png"]
