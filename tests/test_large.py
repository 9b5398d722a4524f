"""Large sets: decoded by all cores, in shards and tables, held out and shuffled without an array of
the whole."""

import os
import signal
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from infogan import data
from infogan.core import interrupts
from infogan.core.random import stream
from infogan.data import conversion, decoding, splits
from infogan.data.conversion import Entry, in_order
from infogan.data.images import LISTED, Images, Order

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
    begun, both = list[int](), threading.Barrier(2, timeout=30)

    def work(entry: Entry) -> int:
        begun.append(entry.page)
        if entry.page < 2:
            both.wait()  # which one thread alone never passes
        time.sleep(0.002 * (entry.page % 3))
        return entry.page * 10

    results, asked = in_order(work, [Entry(b"", "", i) for i in range(200)]), list[int]()
    for entry, result in results:
        asked.append(entry.page)
        time.sleep(0.5 * (entry.page == 20))  # while whoever asks is busy, decoding soon waits
        assert result == entry.page * 10
        assert len(begun) <= len(asked) + conversion.AHEAD * 4 + 4  # memory holds a few at a time
    assert asked == [*range(200)]


def test_messages_come_in_the_order_of_the_files(
    photos: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = decoding.decoded

    def decoded(image: Image.Image, *rest: Any) -> Any:
        number = int(Path(getattr(image, "filename", "")).stem)
        time.sleep(0.02 * (number % 2 == 0))  # the even ones are done after the odd ones
        rest[-1](f"note {number}")
        return decode(image, *rest)

    monkeypatch.setattr(conversion, "decoded", decoded)
    whole(photos)
    assert caplog.messages == [f"{photos}/{i:03}.png: note {i}" for i in range(N)]


def test_a_stop_ends_decoding_and_leaves_nothing(photos: Path, tmp_path: Path) -> None:
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
