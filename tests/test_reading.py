"""Anyone's images: values, pages, folders, archives and published arrays, each with its right
value. Every set shows figures on plain ground, so that "read right" is easy to say."""

import errno
import json
import logging
import os
import shutil
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

from conftest import refused, run
from infogan import data
from infogan.core import atomic
from infogan.core.errors import DataError, InfoganError
from infogan.data import archives, arrays, cache, levels
from infogan.data.folder import survey
from infogan.data.images import LUMA, Images
from infogan.data.settings import Source
from infogan.pipeline.run import fit

N, SIDE = 30, 16
FIGURES = np.zeros((N, SIDE, SIDE), np.float32)
for _i in range(N):
    FIGURES[_i, 3 + _i % 5 : 9 + _i % 5, 4 : 4 + 2 + _i % 6] = 1
LABELS = np.arange(N) % 3


def saved(folder: Path, values: Any, suffix: str = ".png", mode: str | None = None) -> Path:
    """A file an image."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(values):
        picture = Image.fromarray(image)
        (picture.convert(mode) if mode else picture).save(folder / f"{i:03}{suffix}")
    return folder


def whole(path: Path, **settings: Any) -> Images:
    return data.load(str(path), "all", **settings)


def spread(images: Images) -> tuple[int, int]:
    """Levels of ground and figure; each must be one level everywhere."""
    ground = images.pixels[..., 0][FIGURES == 0]
    figure = images.pixels[..., 0][FIGURES == 1]
    assert np.median(ground) == ground.max() == ground.min()
    return int(ground[0]), int(np.median(figure))


@pytest.mark.parametrize(
    ("values", "suffix", "expected"),
    [
        ((FIGURES * 3500 + 200).astype(np.uint16), ".png", (12, 230)),  # 12 bits
        ((FIGURES * 3500 + 200).astype(np.uint16), ".tif", (12, 230)),
        ((FIGURES * 900 + 100).astype(np.uint16), ".png", (25, 249)),  # 10 bits
        ((FIGURES * 255).astype(np.uint16), ".png", (0, 255)),  # 8 bits in 16
        ((FIGURES * 65000).astype(np.uint16), ".png", (0, 253)),
        ((FIGURES * 2000 - 1000).astype(np.int32), ".tif", (0, 255)),  # densities below 0
        (FIGURES * 0.9 + 0.05, ".tif", (13, 242)),
        (FIGURES * 2 - 1, ".tif", (0, 255)),
        (FIGURES * 1400, ".tif", (0, 255)),
        ((FIGURES * 1).astype(np.uint8), ".png", (0, 255)),  # masks of 0 and 1
        ((FIGURES * 200 + 20).astype(np.uint8), ".png", (20, 220)),  # bytes stay as they are
        ((FIGURES * 20 + 30).astype(np.uint8), ".png", (30, 50)),
    ],
)
def test_values_of_files_fill_the_levels(
    tmp_path: Path, values: Any, suffix: str, expected: tuple[int, int]
) -> None:
    images = whole(saved(tmp_path / "set", values, suffix))
    assert spread(images) == expected
    assert ("range" in images.decided) == ("from black to white" in images.told)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (FIGURES.astype(np.uint8), (0, 255)),
        (FIGURES.astype(np.int64), (0, 255)),
        (FIGURES.astype(bool), (0, 255)),
        ((FIGURES * 16).astype(np.float64), (0, 255)),
        (FIGURES * 0.9 + 0.05, (13, 242)),
        (FIGURES * 2 - 1, (0, 255)),
        ((FIGURES * 4000 + 50).astype(np.uint16), (3, 252)),
        ((FIGURES * 200 + 20).astype(np.float32), (20, 220)),
        ((FIGURES * 200 + 20).astype(np.uint8), (20, 220)),
    ],
)
def test_values_of_arrays_fill_the_levels(
    tmp_path: Path, values: Any, expected: tuple[int, int]
) -> None:
    np.save(tmp_path / "x.npy", values)
    assert spread(whole(tmp_path / "x.npy")) == expected


def test_outliers_darken_nothing_and_a_range_can_be_given(tmp_path: Path) -> None:
    values = (FIGURES * 3500 + 200).astype(np.uint16)
    values[7, 0, 0] = 65535
    folder = saved(tmp_path / "set", values)
    images = whole(folder)
    assert images.decided["range"] == whole(folder).decided["range"] == (0, 4095)
    assert np.median(images.pixels) == 12
    assert images.pixels[7, 0, 0, 0] == 255
    assert np.median(whole(folder, range="200:1200").pixels) == 0
    given = whole(folder, range="0:65535").pixels
    assert given[7, 0, 0, 0] == 255 and given.mean() < 10
    with pytest.raises(DataError, match="LOW:HIGH"):
        try:
            Source(range="9:3")
        except ValueError as error:
            raise DataError(str(error)) from None


def test_a_range_of_nothing_and_of_offsets() -> None:
    assert levels.chosen([np.array([30_000.0, 31_000.0] * 50)]) == (30_000, 31_000)
    assert levels.chosen([np.array([np.nan, 0.1, 0.7])]) == (0, 1)
    assert levels.chosen([np.array([-0.8, 0.7] * 50)]) == (-1, 1)
    assert levels.chosen([np.array([-0.01, 0.01] * 50)]) == (-0.01, 0.01)
    one_dot = [np.r_[np.zeros(20_000), 7.0]] * 3  # too few to be more than outliers, but in each
    assert levels.chosen(one_dot) == (0, 7)
    assert levels.chosen([np.array([np.nan])]) == (0, 1)
    scaled = levels.applied(np.array([np.nan, np.inf, -np.inf, 0.5]), (0, 1))
    assert scaled.tolist() == [0, 255, 0, 128]


def test_channels_are_chosen_or_asked_for(tmp_path: Path) -> None:
    values = np.stack([FIGURES * 200, FIGURES * 100 + 50, FIGURES * 0, FIGURES * 0 + 9], -1)
    np.save(tmp_path / "four.npy", values.astype(np.uint8))
    with pytest.raises(DataError, match=r"\[30, 16, 16, 4\] of uint8.*--data.channels 0,1,2"):
        whole(tmp_path / "four.npy")
    assert whole(tmp_path / "four.npy", channels="0,1,2").shape == (SIDE, SIDE, 3)
    assert spread(whole(tmp_path / "four.npy", channels=1)) == (50, 150)
    with pytest.raises(DataError, match="one or three of 0 to 3"):
        whole(tmp_path / "four.npy", channels="0,4,2")
    np.save(tmp_path / "first.npy", np.moveaxis(values[..., :3], -1, 1).astype(np.uint8))
    with pytest.raises(DataError, match=r"channels come last.*moveaxis"):
        whole(tmp_path / "first.npy")
    rgb = saved(tmp_path / "rgb", values[..., :3].astype(np.uint8))
    assert spread(whole(rgb, channels="1")) == (50, 150)


@pytest.mark.parametrize(("level", "background"), [(255, "black"), (0, "white")])
def test_a_drawing_on_nothing_stays_visible(tmp_path: Path, level: int, background: str) -> None:
    ink = np.full((N, SIDE, SIDE), level, np.uint8)
    drawn = np.stack([ink, ink, ink, (FIGURES * 255).astype(np.uint8)], -1)
    folder = saved(tmp_path / "set", drawn)
    images = whole(folder)
    assert images.decided["background"] == background
    assert f"transparent ones on {background}" in images.told
    assert spread(images) == (255 - level, level)
    other = {"black": "white", "white": "black"}[background]
    assert len(np.unique(whole(folder, background=other).pixels)) == 1


def test_every_page_is_an_image_and_a_frame_is_not(tmp_path: Path) -> None:
    pages = [Image.fromarray((f * 255).astype(np.uint8)) for f in FIGURES]
    folder = tmp_path / "set"
    folder.mkdir()
    pages[0].save(folder / "stack.tif", save_all=True, append_images=pages[1:])
    images = whole(folder)
    assert len(images) == N
    seen = data.sources.survey(data.Source(name=str(folder)))
    assert seen and seen.number == N
    assert images.source(3) == str(folder / "stack.tif#3")
    assert images.original(3) is None
    assert spread(images) == (0, 255)
    pages[0].save(folder / "moving.gif", save_all=True, append_images=pages[1:4])
    assert len(whole(folder)) == N + 1


def test_a_further_page_is_not_too_large_either(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    first, huge = Image.new("L", (16, 16), 9), Image.new("L", (9000, 9000), 1)
    first.save(
        tmp_path / "set" / "a.tif", save_all=True, append_images=[huge], compression="tiff_lzw"
    )
    with pytest.raises(DataError, match=r"a\.tif#1: .*bomb"):
        whole(tmp_path / "set", size=16)


def test_scans_are_no_bombs(tmp_path: Path) -> None:
    sheet = Image.new("1", (4960, 7016), 1)
    sheet.paste(0, (500, 600, 1500, 1600))
    (tmp_path / "set").mkdir()
    sheet.save(tmp_path / "set" / "a.tif", compression="group4")
    assert whole(tmp_path / "set", size="64x48").pixels.min() < 60
    Image.new("L", (9000, 9000), 1).save(tmp_path / "set" / "a.tif", compression="tiff_lzw")
    with pytest.raises(DataError, match="bomb"):
        whole(tmp_path / "set", size="64x48")


def test_a_folder_says_what_it_holds_and_what_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    grey = (FIGURES * 200 + 20).astype(np.uint8)
    folder = saved(tmp_path / "set" / "cats", grey[:15]).parent
    saved(folder / "dogs", grey[15:])
    for hidden in (".ipynb_checkpoints", "@eaDir", "__MACOSX"):
        saved(folder / hidden, grey[:2])
    (folder / "cats" / "._001.png").write_bytes(b"\0\5\x16\7")
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    (folder / "dogs" / "bad.png").write_text("x")
    (folder / "old" / "run").mkdir(parents=True)
    for name in ("config.json", "run.json", "samples.png"):
        (folder / "old" / "run" / name).write_text("x")
    with caplog.at_level(logging.INFO, "infogan"):
        images = whole(folder, max_bad=0.5, size="8")
    assert images.classes == ("cats", "dogs")
    told = caplog.messages[-1]
    assert told.startswith("30 images, 8x8 grey (")
    assert "(scaled from 16x16), 2 folders; left out: 8 hidden, 3 of a run, 1 .txt" in told
    assert "1 unreadable" in told
    assert any("skipped dogs/bad.png" in message for message in caplog.messages)
    caplog.clear()
    whole(folder, max_bad=0.5, size="8")  # from the cache, and said again
    assert any("skipped dogs/bad.png" in message for message in caplog.messages)
    with pytest.raises(DataError, match=r"1 of 31 images cannot be read \(dogs/bad.png: is no"):
        whole(folder, size="8")


def test_names_in_any_case_and_every_format_that_pillow_reads(tmp_path: Path) -> None:
    pictures = [Image.fromarray((f * 200 + 20).astype(np.uint8)) for f in FIGURES]
    names = ("a.JFIF", "b.jpe", "c.pgm", "d.PNG", "e.apng", "f.avif")
    forms = ("JPEG", "JPEG", "PPM", "PNG", "PNG", "AVIF")
    for name, form, picture in zip(names, forms, pictures, strict=False):
        picture.save(tmp_path / name, form)
    assert len(whole(tmp_path)) == len(names)


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar.gz"])
def test_archives_are_folders(tmp_path: Path, name: str) -> None:
    import tarfile

    grey = (FIGURES * 200 + 20).astype(np.uint8)
    for label in "ab":
        saved(tmp_path / "set" / label, grey if label == "a" else grey[::-1])
    if name.endswith("zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for path in sorted((tmp_path / "set").rglob("*.png")):
                archive.write(path, path.relative_to(tmp_path))
            archive.writestr("__MACOSX/x.png", b"x")
            archive.writestr("../../set/out.png", b"x")
    else:
        with tarfile.open(tmp_path / name, "w:gz") as packed:
            packed.add(tmp_path / "set", "set")
    images = whole(tmp_path / name, max_bad=0.5)
    assert images.classes == ("a", "b")
    assert images.name == str(tmp_path / name)  # and not where the cache has it
    assert images.source(0) == f"{tmp_path / name}/set/a/000.png"
    assert not (tmp_path.parent / "set").exists()
    assert whole(tmp_path / name, max_bad=0.5).digest == images.digest


def test_an_archive_that_is_in_use_stays_whatever_the_limit_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("INFOGAN_CACHE_GB", "0.00001")
    saved(tmp_path / "set", (FIGURES * 200 + 20).astype(np.uint8))
    shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "set")
    images = whole(tmp_path / "set.zip")
    there = images.original(0)
    assert there and there.is_file()
    archive = next(path for path, _, _ in cache.entries() if path.parent.name == "unpacked")
    os.utime(archive, (1, 1))
    whole(tmp_path / "set.zip")
    assert archive.stat().st_mtime > 1  # used again, and so not the oldest


def test_a_full_disk_is_no_damaged_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "set", (FIGURES * 200 + 20).astype(np.uint8))
    shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "set")

    def full(self: Any, to: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zipfile.ZipFile, "extractall", full)
    with pytest.raises(DataError, match=r"No space left.*make room there, or set INFOGAN_CACHE"):
        whole(tmp_path / "set.zip")


def test_links_in_a_tar_are_images_unless_they_lead_elsewhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A tar keeps a file that has several names once, as backups have them."""
    import tarfile

    grey = (FIGURES * 200 + 20).astype(np.uint8)
    saved(tmp_path / "set" / "a", grey[:20])
    (tmp_path / "set" / "b").mkdir()
    for i in range(10):
        (tmp_path / "set" / "b" / f"{i}.png").hardlink_to(tmp_path / "set" / "a" / f"{i:03}.png")
    (tmp_path / "set" / "b" / "inside.png").symlink_to("../a/000.png")
    (tmp_path / "set" / "b" / "outside.png").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "set" / "pipe.png")
    with tarfile.open(tmp_path / "set.tar", "w") as packed:
        packed.add(tmp_path / "set", "set")
        (tmp_path / "latest").symlink_to("set")  # no second set, and what it leads to stays alone
        packed.add(tmp_path / "latest", "latest")
    with caplog.at_level(logging.WARNING, "infogan"):
        assert np.bincount(whole(tmp_path / "set.tar").labels).tolist() == [20, 11]
    outside, pipe = (record.getMessage() for record in caplog.records)
    assert "outside.png" in outside
    assert "pipe.png" in pipe


def test_an_archive_that_two_unpack_at_once_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process has it in the cache before this one is done."""
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path / "cache"))
    saved(tmp_path / "set", (FIGURES * 200 + 20).astype(np.uint8))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted((tmp_path / "set").iterdir()):
            archive.write(path, path.relative_to(tmp_path))
    unpack, others = archives._unpack, 0
    for process in (12345, os.getpid()):  # killed while it unpacked; numbers come again
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        left = atomic.beside(archives.cached(tmp_path / "set.zip"))
        left.mkdir(parents=True)
        (left / "half.png").touch()

    def overtaken(path: Path, to: Path) -> None:
        nonlocal others
        unpack(path, to)
        if not others:
            others = 1
            with monkeypatch.context() as patch:
                patch.setattr(os, "getpid", lambda: 12345)
                others = len(whole(tmp_path / "set.zip"))

    monkeypatch.setattr(archives, "_unpack", overtaken)
    assert (len(whole(tmp_path / "set.zip")), others) == (N, N)
    assert not list((tmp_path / "cache").rglob("*.partial"))
    (tmp_path / "empty.zip").write_bytes(b"PK\5\6" + bytes(18))
    with pytest.raises(DataError, match="no images in it"):
        whole(tmp_path / "empty.zip")


def test_what_a_killed_process_left_in_the_cache_goes_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path))
    left = tmp_path / "unpacked" / ".abc.99.partial"
    left.mkdir(parents=True)
    (left / "0.png").write_bytes(b"12345")
    assert cache.entries() == []
    monkeypatch.setattr(atomic, "ABANDONED", -1)
    (left / "gone.png").symlink_to("nowhere.png")
    assert [(path, size) for path, size, _ in cache.entries()] == [(left, 5)]
    cache.remove([left])
    assert not left.exists()


def test_an_array_in_the_cache_is_whole_whoever_was_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path))

    def make(to: Path | None) -> tuple[Any, dict[str, Any]]:
        array = cache.created(to, (3, 2, 2, 1))
        array[:] = 7
        return array, {}

    def overtaken(tree: dict[str, Any]) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: 12345)
            cache.kept("folders/asked", make, lambda _: "folders/decided")
        return "folders/decided"

    pixels, _ = cache.kept("folders/asked", make, overtaken)
    assert (pixels == 7).all()
    assert not caplog.records
    assert not list(tmp_path.rglob("*.partial"))


def test_a_range_counts_for_images_with_transparency(tmp_path: Path) -> None:
    """What lies on a background is as bright as it is in an image without one."""
    dim = (FIGURES * 16).astype(np.uint8)
    opaque = np.full_like(dim, 255)
    clear = saved(tmp_path / "clear", np.stack([dim, dim, dim, opaque], 3))
    plain = saved(tmp_path / "plain", dim)
    for given in ({"range": "0:16"}, {}):
        assert whole(clear, **given).pixels.max() == whole(plain, **given).pixels.max() == 255


def test_channels_of_a_palette_are_its_colours(tmp_path: Path) -> None:
    red = (FIGURES * 204).astype(np.uint8)  # which a palette has
    colours = np.stack([red, 0 * red, 0 * red], 3)
    palette = whole(saved(tmp_path / "p", colours, mode="P"), channels="0")
    assert palette.shape == (SIDE, SIDE, 1)
    assert (palette.pixels == whole(saved(tmp_path / "rgb", colours), channels="0").pixels).all()


def test_one_image_several_paths_and_names_of_splits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = (FIGURES * 200 + 20).astype(np.uint8)
    folder = saved(tmp_path / "set", grey)
    assert len(whole(folder / "003.png")) == 1
    fields = data.sources.together([str(folder / "003.png"), str(folder / "005.png")])
    assert Source(**fields).only == ("003.png", "005.png")
    assert len(data.load(Source(**fields), "all")) == 2
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    saved(tmp_path / "work" / "more", grey)
    fields = data.sources.together(["../set", "more/004.png"])
    assert (fields["name"], fields["only"]) == (str(tmp_path), ("set", "work/more/004.png"))
    (tmp_path / "linked").symlink_to(folder)
    fields = data.sources.together(["../linked", "more"])
    assert fields["only"] == ("linked", "work/more")  # links keep their names
    with pytest.raises(DataError, match="no such file"):
        data.sources.together([str(folder / "003.png"), str(folder / "nowhere.png")])
    for name in ("val", "valid", "dev"):
        parts = tmp_path / name
        saved(parts / "train" / "a", grey[:20])
        saved(parts / name / "a", grey[20:])
        assert [len(data.load(str(parts), s)) for s in ("train", "validation")] == [20, 10]
    saved(tmp_path / "dev" / "val" / "a", grey[20:])
    with pytest.raises(DataError, match="dev and val name one split twice"):
        data.load(str(tmp_path / "dev"))


def test_a_file_that_has_no_images_to_validate_with_holds_some_out(tmp_path: Path) -> None:
    pixels, name = (FIGURES * 255).astype(np.uint8), str(tmp_path / "two.npz")
    np.savez(name, train_images=pixels[:20], test_images=pixels[20:26])
    sizes = [len(data.load(name, s)) for s in ("train", "validation", "test", "all")]
    assert sizes == [18, 2, 6, 20]
    assert (data.load(name).pixels[..., 0] == np.delete(pixels[:20], (9, 19), 0)).all()
    np.savez(name, train_images=pixels, val_images=pixels, train_labels=LABELS)
    with pytest.raises(DataError, match="has no val_labels"):
        data.load(name, "all")
    np.savez(name, test_images=pixels)
    for split in ("train", "all"):
        with pytest.raises(DataError, match="has no train_images, but test_images"):
            data.load(name, split)


def test_sets_as_they_are_published(tmp_path: Path) -> None:
    pixels = (FIGURES * 255).astype(np.uint8)
    parts = {"train": 20, "val": 6, "test": 4}
    medmnist: dict[str, Any] = {}
    for part, n in parts.items():
        medmnist |= {f"{part}_images": pixels[:n], f"{part}_labels": LABELS[:n, None]}
    np.savez(tmp_path / "medmnist.npz", **medmnist)
    load = data.load
    name = str(tmp_path / "medmnist.npz")
    assert [len(load(name, s)) for s in ("train", "validation", "test", "all")] == [20, 6, 4, 26]
    assert load(name, "test").classes == ("0", "1", "2")

    words = np.array(["square ", " disc", "bar"])[LABELS]
    np.savez(tmp_path / "words.npz", images=pixels, labels=words)
    named = whole(tmp_path / "words.npz")
    assert named.classes == ("bar", "disc", "square")
    assert [named.classes[i] for i in named.labels[:3]] == ["square", "disc", "bar"]

    factors = np.stack([LABELS, LABELS * 2], 1)
    np.savez(tmp_path / "dsprites.npz", imgs=FIGURES.astype(np.uint8), latents_classes=factors)
    some = np.where(LABELS == 2, -1, LABELS)  # unknown
    np.savez(tmp_path / "some.npz", images=pixels, labels=some)
    assert whole(tmp_path / "some.npz").labels.tolist() == some.tolist()

    sprites = whole(tmp_path / "dsprites.npz")
    assert sprites.factors.tolist() == factors.tolist()
    assert spread(sprites) == (0, 255)

    x = np.moveaxis(np.repeat(pixels[..., None], 3, 3), 0, 3)
    scipy.io.savemat(tmp_path / "svhn.mat", {"X": x, "y": (LABELS + 9).astype(np.uint8)[:, None]})
    svhn = whole(tmp_path / "svhn.mat")
    assert svhn.shape == (SIDE, SIDE, 3) and spread(svhn) == (0, 255)
    assert svhn.classes == ("10", "11", "9") or set(svhn.classes) == {"9", "10", "11"}
    tens = np.where(LABELS == 0, 10, LABELS)[:, None].astype(np.uint8)
    scipy.io.savemat(tmp_path / "svhn.mat", {"X": x, "y": tens})
    assert whole(tmp_path / "svhn.mat").classes == ("0", "1", "2")
    with pytest.raises(DataError, match="no such dataset, but X, y"):
        data.load(f"{tmp_path / 'svhn.mat'}:Z", "all")

    idx = tmp_path / "emnist"
    idx.mkdir()
    head = struct.pack(">IIII", 2051, N, SIDE, SIDE)
    (idx / "train-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
    labels = (LABELS + 1).astype(np.uint8).tobytes()
    (idx / "train-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, N) + labels)
    letters = data.load(str(idx), "all")
    assert letters.classes == ("1", "2", "3")
    assert letters.labels.tolist() == LABELS.tolist()


def test_a_damaged_matlab_file_ends_no_process(tmp_path: Path) -> None:
    x = np.moveaxis(np.repeat((FIGURES * 255).astype(np.uint8)[..., None], 3, 3), 0, 3)
    scipy.io.savemat(tmp_path / "x.mat", {"X": x, "y": LABELS[:, None]})
    whole_file, rng = (tmp_path / "x.mat").read_bytes(), np.random.default_rng(0)
    for i in range(6):
        damaged = bytearray(whole_file)
        damaged[128 + 8 * i] ^= int(rng.integers(1, 256))  # a tag or a header of the first array
        (tmp_path / "x.mat").write_bytes(bytes(damaged))
        with suppress(DataError):
            data.load(str(tmp_path / "x.mat"), "all")
    (tmp_path / "x.mat").write_bytes(whole_file[:200])
    with pytest.raises(DataError, match=r"x\.mat"):
        data.load(str(tmp_path / "x.mat"), "all")


def test_a_variable_of_a_matlab_file_may_have_any_name(tmp_path: Path) -> None:
    x = (FIGURES * 255).astype(np.uint8)
    scipy.io.savemat(tmp_path / "x.mat", {"images": x, "file": np.arange(3), "arr_0": np.arange(2)})
    assert (whole(tmp_path / "x.mat").pixels[..., 0] == x).all()


def test_a_reader_that_crashes_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(600))
    crash = [sys.executable, "-c", "import os; os.abort()"]
    begin = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **how: begin(crash, **how))
    with pytest.raises(DataError, match="cannot be read as MATLAB's format 5; save it as NPZ"):
        data.load(str(tmp_path / "x.mat"), "all")


def test_hdf5_files(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    pixels = (FIGURES * 255).astype(np.uint8)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["group/pictures"], file["labels"] = pixels, LABELS
    images = data.load(f"{tmp_path / 'x.h5'}:group/pictures", "all")
    assert spread(images) == (0, 255)
    assert images.classes == ("0", "1", "2")
    with pytest.raises(DataError, match="say which are the images"):
        data.load(str(tmp_path / "x.h5"), "all")
    with h5py.File(tmp_path / "v73.mat", "w") as file:  # axes in MATLAB's order
        file["X"], file["y"] = (
            np.repeat(pixels[..., None], 3, 3).transpose(0, 3, 2, 1),
            LABELS[None],
        )
    assert spread(data.load(str(tmp_path / "v73.mat"), "all")) == (0, 255)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_any_source_is_brought_to_a_size(tmp_path: Path, fit: str) -> None:
    wide = np.zeros((N, 16, 32, 1), np.uint8)
    wide[:, :, :16], wide[:, :, 16:, 0] = 200, 100
    np.save(tmp_path / "x.npy", wide)
    saved(tmp_path / "set", wide[..., 0])
    for path in (tmp_path / "x.npy", tmp_path / "set"):
        images = whole(path, size="16", fit=fit)
        columns = images.pixels[0, 8, :, 0]
        assert images.shape == (16, 16, 1)
        assert (columns[1], columns[14]) == (200, 100)
        assert images.pixels[0, 1, 2, 0] == {"crop": 200, "pad": 0, "stretch": 200}[fit]
        assert {"crop": "cropped", "pad": "padded", "stretch": "stretched"}[fit] in images.told
    assert data.load("digits", "validation", size="32").shape == (32, 32, 1)
    assert data.load("digits", "validation", color="rgb").shape == (28, 28, 3)


def test_sums_over_images_take_no_copy_of_them_all() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4000, 32, 32, 3), np.uint8)
    images = Images(pixels)
    for look in (lambda: levels.used(pixels), lambda: images.digest):
        tracemalloc.start()
        look()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 0.5 * pixels.nbytes
    tracemalloc.start()
    grey = arrays.coloured(pixels, "grey")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * pixels.nbytes
    assert np.array_equal(grey[..., 0], np.rint(pixels @ np.array(LUMA)))


def test_images_that_are_all_the_same_stop_training(tmp_path: Path, tiny: Any) -> None:
    for level in (0, 90):
        images = Images(np.full((40, 16, 16, 1), level, np.uint8))
        with pytest.raises(
            DataError, match=f"all 40 images are the same \\(from {level} to {level}"
        ):
            fit(tiny, tmp_path / "run", images=images)
    with pytest.raises(DataError, match="there is 1 image to learn from"):
        fit(tiny, tmp_path / "run", images=Images(np.eye(16, dtype=np.uint8)[None, ..., None]))
    assert not (tmp_path / "run").exists()


def test_a_run_keeps_what_was_decided_for_its_images(
    tmp_path: Path, tiny: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "set", (FIGURES * 3500 + 200).astype(np.uint16))
    (tmp_path / "tiny.json").write_text(json.dumps(tiny.tree() | {"data": {"name": "set"}}))
    run("train", "set", "-c", "tiny.json", "--run", "r", "--steps", 2)
    kept = json.loads((tmp_path / "r" / "run.json").read_text())["images"]["source"]
    assert kept["range"] == [0, 4095]
    dark = saved(tmp_path / "dark", (FIGURES * 300 + 200).astype(np.uint16))
    assert whole(dark).decided["range"] != (0, 4095)  # by themselves they would be brighter
    seen: list[Images] = []
    from infogan.model.model import Model

    encode = Model.encode

    def noted(model: Model, images: Images) -> Any:
        seen.append(images)
        return encode(model, images)

    monkeypatch.setattr(Model, "encode", noted)
    run("encode", "r", "dark")
    assert spread(seen[-1])[0] == 12
    run("encode", "r", "set/003.png", "set/005.png")
    assert len(seen[-1]) == 2
    assert len(list((cache.root() / "folders").glob("*.npy"))) > 0
    capsys.readouterr()
    assert "give the images" in refused(capsys, "encode", "r")


def test_a_run_is_called_like_the_folder_and_is_no_part_of_it(
    tmp_path: Path, tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = saved(tmp_path / "mine", (FIGURES * 200 + 20).astype(np.uint8))
    settings = tmp_path / "tiny.json"
    settings.write_text(json.dumps(tiny.tree() | {"data": {"name": "."}}))
    monkeypatch.chdir(photos)
    run("train", ".", "-c", settings, "--steps", 2)
    assert (photos / "runs" / "mine" / "report.html").is_file()
    assert len(whole(photos)) == N
    run("train", ".", "-c", settings, "--steps", 2)  # is done: its pictures are no new images


def test_the_cache_is_bounded_shown_and_done_without(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path / "cache"))
    grey = (FIGURES * 200 + 20).astype(np.uint8)
    for name in "abc":
        whole(saved(tmp_path / name, grey))
    assert len(cache.entries()) == 3
    run("cache")
    assert f"in {tmp_path / 'cache'}" in capsys.readouterr().out
    sizes = [size for _, size, _ in cache.entries()]
    monkeypatch.setenv("INFOGAN_CACHE_GB", str(2.5 * max(sizes) / 1e9))
    first = cache.entries()[0][0]
    os.utime(first, (1, 1))
    whole(tmp_path / "a")  # is used again, and so is not the oldest
    whole(saved(tmp_path / "d", grey))
    assert len(cache.entries()) == 2
    assert first.is_file()
    monkeypatch.setenv("INFOGAN_CACHE_GB", "much")
    with pytest.raises(InfoganError, match="a number of GB"):
        cache.limit()
    monkeypatch.delenv("INFOGAN_CACHE_GB")
    run("cache", "--clear")
    assert not cache.entries()
    assert not [*(tmp_path / "cache").rglob("*.json")]
    whole(tmp_path / "b")
    (cache.root() / "folders" / "odd.json").write_bytes(b"\xff")  # of nobody
    run("cache", "--clear")
    assert [path.name for path in (tmp_path / "cache").rglob("*.json")] == ["odd.json"]
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path / "a" / "000.png"))  # no folder can be here
    held = whole(tmp_path / "b")
    assert "held in memory; make room there, or set INFOGAN_CACHE" in caplog.text
    assert held.digest == whole(tmp_path / "b").digest


def test_where_nothing_can_be_read_nothing_is_to_be_skipped(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"1 of 1 images .*correct or replace them"):
        whole(tmp_path / "x.png")


def test_a_file_that_is_cut_off_spoils_no_look_at_the_others(tmp_path: Path) -> None:
    folder = saved(tmp_path / "set", (FIGURES * 3500).astype(np.uint16))
    content = (folder / "003.png").read_bytes()
    (folder / "003.png").write_bytes(content[: len(content) // 2])
    assert survey(folder).number == N
    assert whole(folder, max_bad=0.1).decided["range"] == (0, 4095)
