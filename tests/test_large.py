"""Large sets: decoded by all cores, in shards and tables, held out and shuffled without an array of
the whole."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from infogan import data
from infogan.core import interrupts
from infogan.data import conversion, decoding
from infogan.data.conversion import Entry, in_order
from infogan.data.images import Images

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
