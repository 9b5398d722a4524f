"""Bad input, kind by kind: an error of ours or one defined reading, never a traceback, a hang or
code that runs."""

import gzip
import io
import json
import logging
import os
import pickle
import re
import struct
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from harness import TINY, strokes
from PIL import Image, ImageDraw
from resume import until

from infogan import data
from infogan.cli import main
from infogan.config.settings import RunConfig
from infogan.config.tree import merged
from infogan.core.errors import ConfigError, DataError, InfoganError, RunError, TrainingError
from infogan.core.tables import read_file
from infogan.data.images import Images
from infogan.data.labels import from_csv
from infogan.information.table import read_table
from infogan.model.model import Model
from infogan.pipeline.run import fit
from infogan.runs.folder import Run

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "done"
    fit(TINY.replace(steps=2), run, images=strokes())
    return run


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one good image in it."""
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("L", (16, 16), 7).save(folder / "good.png")
    return folder


class Gadget:
    """What a hostile pickle is made of."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.canary),)


def test_other_images_are_not_taken_up(tmp_path: Path) -> None:
    until(TINY.replace(steps=4), tmp_path / "run", 2)
    for other in (strokes(159), Images(strokes().pixels, (strokes().labels + 1) % 3, tuple("abc"))):
        with pytest.raises(RunError, match=r"images or their labels changed.*--fresh"):
            fit(TINY.replace(steps=4), tmp_path / "run", images=other)


def test_another_machine_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    until(TINY.replace(steps=4), tmp_path / "run", 2)
    torch.set_num_threads(2)
    fit(TINY.replace(steps=4), tmp_path / "run", images=strokes())
    assert re.search(r"threads 1\b.*\b2\b", caplog.text)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "name",
    ["model.safetensors", "x.npy", "x.npz", "x-idx3-ubyte", "x.png", "x.csv", "x.toml", "x.json"],
)
def test_pickles_are_never_run(tmp_path: Path, done: Path, name: str, protocol: int) -> None:
    canary, file = tmp_path / "canary", tmp_path / name
    pickled = pickle.dumps(Gadget(canary), protocol)
    if name == "x.npz":
        about = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
        member = b"\x93NUMPY\1\0\x76\0" + about.ljust(117) + b"\n" + pickled
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("images.npy", member)
    else:
        file.write_bytes(pickled)
    with pytest.raises(InfoganError, match=name.split(".")[0]):
        if name == "model.safetensors":
            for own in ("config.json", "run.json"):
                (tmp_path / own).write_bytes((done / own).read_bytes())
            Model.load(tmp_path)
        elif name == "x.csv":
            read_table(file)
        elif name in ("x.toml", "x.json"):
            read_file(file)
        elif name == "x.png":
            data.load(str(tmp_path), "all")
        else:
            data.load(str(file), "all")
    assert not canary.exists()


ABOUT = '{"shape": [%s], "classes": [], "sha256": "0"}'


def safetensors(header: bytes, body: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + body


@pytest.mark.parametrize(
    "content",
    [
        safetensors(b"{}", length=2**63),
        safetensors(b"{}"),
        safetensors(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
        safetensors(json.dumps({"__metadata__": {"infogan": ABOUT % "16, 16, 1"}}).encode()),
        safetensors(
            json.dumps({"__metadata__": {"infogan": ABOUT % "99999999, 99999999, 1"}}).encode()
        ),
        safetensors(json.dumps({"__metadata__": {"infogan": ABOUT % "NaN, 16, 1"}}).encode()),
        safetensors(b'{"__metadata__":{"infogan":1}}'),
        safetensors(b"[" * 10_000),
        b"",
        b"PK\3\4",
    ],
    ids=[
        "length 2^63",
        "empty",
        "no shape",
        "no tensors",
        "huge",
        "NaN",
        "number",
        "deep",
        "nothing",
        "zip",
    ],
)
def test_models_that_are_none(tmp_path: Path, done: Path, content: bytes) -> None:
    for own in ("config.json", "run.json"):
        (tmp_path / own).write_bytes((done / own).read_bytes())
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(InfoganError, match=r"model\.safetensors"):
        Model.load(tmp_path)


def test_settings_that_ask_for_huge_networks_allocate_nothing(tmp_path: Path, done: Path) -> None:
    config = json.loads((done / "config.json").read_text())
    config["networks"]["features"] = 10**9
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "run.json").write_bytes((done / "run.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes((done / "model.safetensors").read_bytes())
    begun = time.perf_counter()
    with pytest.raises(RunError, match="networks"):
        Model.load(tmp_path)
    assert time.perf_counter() - begun < 5


def test_a_model_that_changed_is_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config, run = TINY.replace(steps=2), tmp_path / "run"
    fit(config, run, images=strokes())
    good = (run / "model.safetensors").read_bytes()
    for at in (20, len(good) // 2, len(good) - 1):
        (run / "model.safetensors").write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(RunError, match=r"model\.safetensors"):
            Model.load(run)
        fit(config, run, images=strokes())
        assert (run / "model.safetensors").read_bytes() == good
    assert "model.safetensors" in caplog.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"_target_": "os.system"}', "-target-"),
        ('{"optim": {"__class__": 1}}', r"optim\.--class--"),
        ('{"steps": 3, "steps": 4}', "'steps'"),
        ('{"optim": {"d_lr": 1e400}}', "optim.d-lr: "),
        ('{"optim": {"d_lr": NaN}}', "optim.d-lr: "),
        ('{"stesp": 1}', r"stesp.*\bsteps\b"),
        ("[" * 100_000, r"x\.json"),
        ("[1]", r"x\.json"),
        ('{"data": {"name": 1}}', "data.name"),
        ("\ufeff{}", r"x\.json"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        RunConfig.from_tree(merged(TINY.tree(), read_file(tmp_path / "x.json")))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def flat_png(side: int, rows: int, texts: int = 0, bits: int = 1) -> bytes:
    """A PNG that says side x side and holds `rows` black rows of some bits a pixel."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, bits, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes((side * bits // 8 + 1) * rows), 9))
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1 << 20))) * texts
    return b"\x89PNG\r\n\x1a\n" + head + text + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", flat_png(50_000, 1)),
        ("b.png", flat_png(9_999, 9_999, bits=8)),
        ("c.png", flat_png(16, 16, texts=80)),
        (
            "zeros-idx3-ubyte.gz",
            gzip.compress(b"\0\0\x08\3" + struct.pack(">III", 2**16, 2**5, 2**6) + bytes(1 << 27)),
        ),
        (
            "longer-idx3-ubyte.gz",
            gzip.compress(b"\0\0\x08\3" + struct.pack(">III", 1, 16, 16) + bytes(1 << 27)),
        ),
        ("lies-idx3-ubyte", b"\0\0\x08\3" + b"\xff" * 12 + bytes(99)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bombs_are_refused_before_they_go_off(photos: Path, name: str, content: bytes) -> None:
    (photos / name).write_bytes(content)
    status = Path("/proc/self/status")
    begun = time.process_time()
    if status.exists():
        Path("/proc/self/clear_refs").write_text("5")  # the peak of memory starts anew
        before = peak(status)
    with pytest.raises(DataError, match=re.escape(name)):
        data.load(str(photos if name.endswith("png") else photos / name), "all")
    assert time.process_time() - begun < 2
    assert not status.exists() or peak(status) - before < 64 << 10


def peak(status: Path) -> int:
    """KiB that this process ever held."""
    return int(status.read_text().split("VmHWM:")[1].split()[0])


def test_npz_bombs_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((1 << 12, 128, 256), np.uint8))
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", buffer.getvalue())
    with pytest.raises(DataError, match=r"x\.npz.* 134,"):
        data.load(str(tmp_path / "x.npz"), "all")


def turned(orientation: int) -> Image.Image:
    """A red corner that belongs at the top left, stored as an EXIF orientation says."""
    image = Image.new("RGB", (16, 16))
    ImageDraw.Draw(image).rectangle((0, 0, 7, 7), fill=(255, 0, 0))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    return image.transpose(Image.Transpose(undo[orientation])) if orientation in undo else image


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_images(photos: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned(orientation).save(photos / "good.png", exif=exif)
    pixels = data.load(str(photos), "all").pixels[0]
    assert (pixels[:8, :8, 0] == 255).all()
    assert pixels[8:].max() == pixels[:, 8:].max() == 0


GOLDEN: dict[str, tuple[Image.Image, str, dict[str, object], int]] = {
    "RGBA over white": (Image.new("RGBA", (16, 16), (0, 0, 0, 51)), "png", {}, 204),
    "LA over white": (Image.new("LA", (16, 16), (0, 51)), "png", {}, 204),
    "P with a transparent colour": (Image.new("P", (16, 16), 0), "png", {"transparency": 0}, 255),
    "CMYK": (Image.new("CMYK", (16, 16), (0, 0, 0, 255)), "jpg", {}, 0),
    "one bit": (Image.new("1", (16, 16), 1), "png", {}, 255),
    "16 bits": (Image.fromarray(np.full((16, 16), 0xC0FF, np.uint16)), "png", {}, 0xC0),
    "float": (Image.fromarray(np.full((16, 16), 300, np.float32)), "tiff", {}, 255),
    "float without a number": (
        Image.fromarray(np.full((16, 16), np.nan, np.float32)),
        "tiff",
        {},
        0,
    ),
    "an ICC profile": (Image.new("L", (16, 16), 9), "png", {"icc_profile": b"broken"}, 9),
    "broken EXIF": (
        Image.new("L", (16, 16), 9),
        "png",
        {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12"},
        9,
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_modes_have_one_conversion_each(photos: Path, name: str) -> None:
    image, suffix, more, expected = GOLDEN[name]
    (photos / "good.png").unlink()
    image.save(photos / f"x.{suffix}", **more)  # type: ignore[arg-type]
    pixels = data.load(str(photos), "all", color="grey").pixels
    assert abs(int(pixels.min()) - expected) <= 1
    assert abs(int(pixels.max()) - expected) <= 1


def test_animations_count_once_and_are_named(
    photos: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frames = [Image.new("L", (16, 16), value) for value in range(200)]
    frames[0].save(photos / "moving.gif", save_all=True, append_images=frames[1:])
    images = data.load(str(photos), "all")
    assert images.pixels.reshape(2, -1).max(1).tolist() == [255, 0]  # 7 and 0 of 255 fill the range
    assert "moving.gif" in caplog.text


def test_folders_with_loops_pipes_and_strange_names(
    photos: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (photos / "loop").symlink_to(photos)
    (photos / "itself.png").symlink_to(photos / "itself.png")
    (photos / "device.png").symlink_to("/dev/zero")
    os.mkfifo(photos / "pipe.png")
    names = ["new\nline.png", "\udcff.png", "x" * 251 + ".png", "\u202egnp.png", "\x1b[31m.png"]
    for name in names:
        Image.new("L", (16, 16), 7).save(photos / "good.png")
        (photos / "good.png").rename(photos / name)
    (photos / "bad\x1b]0;.png").write_bytes(b"no image")
    images = data.load(str(photos), "all", max_bad=0.5)
    assert len(images) == len(names)
    assert "'bad\\x1b]0;.png'" in caplog.text
    for path in (photos / "pipe.png", Path("/dev/zero")):
        with pytest.raises(DataError, match=str(path)):
            data.load(str(path), "all")


def test_a_folder_whose_cached_array_rots_is_read_again(photos: Path, tmp_path: Path) -> None:
    data.load(str(photos), "all")
    for cached in (tmp_path / "cache" / "folders").iterdir():
        cached.write_bytes(b"rot")
        assert data.load(str(photos), "all").pixels.max() == 7


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xef\xbb\xbf0.5,0.5\r\n", ""),
        (b"=cmd(),1\n", "line 1"),
        (b"1,2\n\xff,1\n", "line 2"),
        (b"1,2\n1\n", "line 2"),
        (b"1,nan\n", "line 1"),
        (b"0,0\n", r"x\.csv.* 0\b"),
        (b"", r"x\.csv"),
        (b"1," * (1 << 20), "1 MiB"),
    ],
)
def test_tables(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    if not words:
        assert read_table(tmp_path / "x.csv").tolist() == [[0.5, 0.5]]
        return
    with pytest.raises(DataError, match=words):
        read_table(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("file,label\r\nstrokes#0,a\r\nstrokes#1,b\r\n", ""),
        ("file,label\nstrokes#0,=cmd()\n", "line 2.*a, b, c"),
        ("file,label\nstrokes#0,a\nstrokes#0,b\n", "line 3.*line 2"),
        ("file,label\nstrokes#999,a\n", "line 2.*strokes#999"),
        ("name,class\n", "line 1"),
        ("file,label\nstrokes#0\n", "line 2"),
        ('file,label\n"strokes#0,a', r"x\.csv"),
        ("file,label\nstrokes#0,\udcff\n", r"x\.csv"),
    ],
)
def test_label_files(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbf" + content.encode("utf-8", "surrogateescape"))
    if not words:
        assert from_csv(strokes(), tmp_path / "x.csv").labels[:3].tolist() == [0, 1, -1]
        return
    with pytest.raises(DataError, match=words):
        from_csv(strokes(), tmp_path / "x.csv")


def test_an_absurd_rate_is_stopped_and_what_is_saved_is_finite(tmp_path: Path) -> None:
    config = TINY.replace(optim={"d_lr": 1e20, "g_lr": 1e20})
    with pytest.raises(TrainingError):
        fit(config, tmp_path / "run", images=strokes())


def test_a_log_of_rubbish_does_not_stop_a_run(tmp_path: Path) -> None:
    until(TINY.replace(steps=6), tmp_path / "run", 4)
    log = tmp_path / "run" / "metrics.jsonl"
    log.write_bytes(log.read_bytes() + b'\0\0\0\xff\n[1]\n{"step": "9"}\n')
    assert [line["step"] for line in Run(tmp_path / "run").metrics()] == [4]
    until(TINY.replace(steps=6), tmp_path / "run", -1)
    assert [line["step"] for line in Run(tmp_path / "run").metrics()] == [4, 6]


def test_a_disk_without_room_is_said_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10})())
    with pytest.raises(RunError, match=r"\b10\b"):
        fit(TINY, tmp_path / "run", images=strokes())


def test_errors_of_the_system_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    logging.disable(logging.NOTSET)
    with pytest.raises(SystemExit) as caught:
        main(["train", "digits", "--run", str(tmp_path / "file" / "run"), "--steps", "1"])
    message = capsys.readouterr().err
    assert caught.value.code == 2
    assert str(tmp_path / "file") in message
    assert message.count("\n") == 1
