"""What is written is whole or not there: the old file survives a disk that fills up midway."""

import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import strokes

from conftest import refused, run
from infogan.core import atomic
from infogan.core.errors import ConfigError, RunError
from infogan.data.labels import write_csv
from infogan.report.plots import save_png

resource = pytest.importorskip("resource", reason="this system has no limit on the size of files")

WRITERS: dict[str, tuple[str, ...]] = {
    "x.csv": ("encode", "RUN", "PHOTOS", "-o", "FILE"),
    "x.jsonl": ("encode", "RUN", "PHOTOS", "-o", "FILE"),
    "sample.png": ("sample", "RUN", "-n", "4", "-o", "FILE"),
    "traverse.png": ("traverse", "RUN", "--code", "slant", "-o", "FILE"),
    "pairs.png": ("reconstruct", "RUN", "PHOTOS", "-n", "1", "-o", "FILE"),
    "errors.csv": ("reconstruct", "RUN", "PHOTOS", "-n", "1", "-o", "NOWHERE", "--csv", "FILE"),
    "compare.svg": ("compare", "RUN", "-o", "FILE"),
    "diagram.pdf": ("information", "TABLE", "-o", "FILE"),
}


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """Writing beyond that many bytes of any file fails, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("name", WRITERS)
def test_the_old_file_survives_a_disk_that_fills_up(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    table, folder = tmp_path / "table.csv", tmp_path / "out"
    table.write_text("3,1\n1,3\n")
    folder.mkdir()
    file = folder / name
    places = {
        "RUN": done,
        "PHOTOS": photos,
        "TABLE": table,
        "FILE": file,
        "NOWHERE": tmp_path / "x.png",
    }
    places["NOWHERE"].symlink_to(os.devnull)
    words = [str(places.get(word, word)) for word in WRITERS[name]]
    run(*words)
    size = file.stat().st_size
    file.write_bytes(b"old")
    with full_after(size // 2):
        message = refused(capsys, *words)
    assert f"{file}: cannot be written (File too large)" in message
    assert file.read_bytes() == b"old"
    assert list(folder.iterdir()) == [file]


def test_a_place_that_is_not_ours_needs_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refusing(path: object, *_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "open", refusing)  # root may write anywhere
    with pytest.raises(RunError, match="choose another place, or change its permissions"):
        atomic.write(tmp_path / "x", b"1")
    words = "train", "digits", "--steps", 1, "--run", tmp_path / "run"
    monkeypatch.setattr(os, "mkdir", refusing)
    assert "choose another place" in refused(capsys, *words)


def test_so_do_labels(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes(b"old")
    with full_after(100), pytest.raises(OSError, match="too large"):
        write_csv(strokes(), file)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_links_stay_and_pipes_are_written_to(done: Path, photos: Path, tmp_path: Path) -> None:
    file, link, pipe = tmp_path / "x.csv", tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(file)
    run("encode", done, photos, "-o", link)
    assert link.is_symlink()
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(pipe.read_bytes)
        run("encode", done, photos, "-o", pipe)
        assert read.result() == file.read_bytes() != b""
    assert pipe.is_fifo()


def test_a_picture_is_what_its_name_says(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"x\.jpg: .*\.png"):
        save_png(strokes().pixels[0], tmp_path / "x.jpg")
