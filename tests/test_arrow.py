"""Tables of encoded images: Parquet, saved datasets of Hugging Face's library, and the Hub."""

import io
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import refused, run
from infogan import data
from infogan.core.errors import DataError
from infogan.data import arrow, hub
from infogan.data.images import Images

N, SIDE = 30, 16
PIXELS = np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE)).astype(np.uint8)
LABELS = [i % 3 for i in range(N)]
NAMES = ["zero", "one", "two"]
CLASS_LABEL = {"names": NAMES, "_type": "ClassLabel"}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path / "cache"))
    hub.cached.cache_clear()


@pytest.fixture
def pa() -> Any:
    pytest.importorskip("pyarrow.parquet", reason="the extra datasets is not installed")
    return sys.modules["pyarrow"]


def png(pixels: Any, mode: str | None = None) -> bytes:
    file, image = io.BytesIO(), Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, "PNG")
    return file.getvalue()


ENCODED = [png(pixels) for pixels in PIXELS]


def table(path: Path, features: Any = None, **columns: Any) -> Path:
    """A Parquet file of those columns; with what Hugging Face's library would write about them."""
    import pyarrow as pa

    path.parent.mkdir(parents=True, exist_ok=True)
    held = pa.table(columns)
    if features:
        about = {"huggingface": json.dumps({"info": {"features": features}})}
        held = held.replace_schema_metadata(about)
    pa.parquet.write_table(held, path, row_group_size=8)
    return path


def whole(name: Path | str, **settings: Any) -> Images:
    return data.load(str(name), "all", **settings)


@pytest.mark.parametrize("kind", ["bytes", "large", "struct", "turned", "paths"])
def test_images_of_a_column_are_those_that_were_encoded(tmp_path: Path, pa: Any, kind: str) -> None:
    named = [f"{i:02}.png" for i in range(N)]
    if kind == "paths":
        for name, content in zip(named, ENCODED, strict=True):
            (tmp_path / name).write_bytes(content)
    columns = {
        "bytes": pa.array(ENCODED),
        "large": pa.array(ENCODED, pa.large_binary()),
        "struct": pa.array([{"bytes": b, "path": None} for b in ENCODED]),
        "turned": pa.array([{"path": n, "bytes": b} for n, b in zip(named, ENCODED, strict=True)]),
        "paths": pa.array(
            [{"bytes": None, "path": n} for n in named],
            pa.struct({"bytes": pa.binary(), "path": pa.string()}),
        ),
    }
    images = whole(table(tmp_path / "x.parquet", anything=columns[kind], number=range(N)))
    assert np.array_equal(images.pixels[..., 0], PIXELS)
    assert isinstance(images.base, np.memmap)
    assert (images.classes, images.labels.tolist()) == ((), [-1] * N)
    assert images.told == f"{N} images, 16x16 grey"
    assert images.source(17) == f"{tmp_path / 'x.parquet'}#17"
    held_out = data.load(str(tmp_path / "x.parquet"), "validation")
    assert np.array_equal(held_out.pixels[..., 0], PIXELS[9::10])


def test_labels_are_numbers_names_or_classes(tmp_path: Path, pa: Any) -> None:
    words = [NAMES[i] for i in LABELS]
    holes = [None if i == 4 else NAMES[i % 3] + " " * (i % 2) for i in range(N)]
    expected = [sorted(NAMES).index(word) for word in words]
    with_hole = [-1 if i == 4 else label for i, label in enumerate(expected)]
    for column, features, classes, labels in [
        (pa.array(LABELS), None, ("0", "1", "2"), LABELS),
        (pa.array(LABELS, pa.uint8()), {"label": CLASS_LABEL}, tuple(NAMES), LABELS),
        (pa.array([None, *LABELS[1:]], pa.uint8()), None, ("0", "1", "2"), [-1, *LABELS[1:]]),
        (pa.array(words), None, tuple(sorted(NAMES)), expected),
        (pa.array(holes), None, tuple(sorted(NAMES)), with_hole),
        (pa.array(words).dictionary_encode(), None, tuple(sorted(NAMES)), expected),
        (pa.array([i == 1 for i in LABELS]), None, ("0", "1"), [int(i == 1) for i in LABELS]),
    ]:
        path = table(tmp_path / "x.parquet", features, image=pa.array(ENCODED), label=column)
        images = whole(path)
        assert (images.classes, images.labels.tolist()) == (classes, labels)
        assert ", labels of label" in images.told
    features = {"coarse": CLASS_LABEL, "image": {"_type": "Image"}}
    table(path, features, image=pa.array(ENCODED), thumb=pa.array(ENCODED), coarse=LABELS)
    assert whole(path).classes == tuple(NAMES)
    table(path, image=pa.array(ENCODED), label=[[i] for i in LABELS])
    assert "without label, which is list<" in whole(path).told
    assert whole(path).classes == ()


def test_files_of_a_folder_are_one_set_in_the_order_of_names(tmp_path: Path, pa: Any) -> None:
    words = [NAMES[i] for i in LABELS]
    for i, start in enumerate(range(0, N, 7)):
        rows = slice(start, start + 7)
        table(tmp_path / "set" / f"{i:03}.parquet", image=ENCODED[rows], label=words[rows])
    (tmp_path / "set" / "README.md").write_text("x")
    images = whole(tmp_path / "set")
    assert np.array_equal(images.pixels[..., 0], PIXELS)
    assert [images.classes[c] for c in images.labels] == words
    assert ", 5 files, labels of label; left out: 1 .md" in images.told
    found = arrow.Rows.of(tmp_path / "set", sorted((tmp_path / "set").glob("*.parquet")))
    assert [entry.name for entry in found[::6]] == [
        f"{i // 7:03}.parquet#{i % 7}" for i in range(0, N, 6)
    ]
    assert [entry.content for entry in found[::6]] == ENCODED[::6]
    table(tmp_path / "set" / "003.parquet", image=ENCODED[:2], label=[1, 2])
    with pytest.raises(
        DataError, match=r"003\.parquet: its column label is int64, in 000.* string"
    ):
        whole(tmp_path / "set")
    table(tmp_path / "set" / "003.parquet", picture=ENCODED[:2], label=["a", "b"])
    with pytest.raises(DataError, match=r"003\.parquet: its column image is missing"):
        whole(tmp_path / "set")


def test_a_changed_file_is_read_again_and_some_rows_at_a_time(
    tmp_path: Path, pa: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, columns = list[int](), arrow._columns

    def noted(path: Path, name: str, at_once: int) -> Any:
        for column in columns(path, name, at_once):
            seen.append(len(column))
            yield column

    monkeypatch.setattr(arrow, "_columns", noted)
    monkeypatch.setattr(arrow, "AT_ONCE", 5)
    path = table(tmp_path / "x.parquet", image=ENCODED)
    assert np.array_equal(whole(path).pixels[..., 0], PIXELS)
    assert max(seen) <= 5 and sum(seen) == N
    whole(path)
    assert sum(seen) == N  # from the cache
    table(path, image=ENCODED[::-1])
    os.utime(path, (1, 1))
    assert np.array_equal(whole(path).pixels[..., 0], PIXELS[::-1])


def test_a_folder_of_hub_files_has_its_splits(tmp_path: Path, pa: Any) -> None:
    for name, rows in (
        ("train-00000-of-00002", slice(10)),
        ("train-00001-of-00002", slice(10, 20)),
    ):
        table(tmp_path / f"{name}.parquet", image=ENCODED[rows])
    table(tmp_path / "test-00000-of-00001.parquet", image=ENCODED[20:])
    assert np.array_equal(whole(tmp_path).pixels[..., 0], PIXELS[:20])
    assert np.array_equal(data.load(str(tmp_path), "test").pixels[..., 0], PIXELS[20:])
    assert [len(data.load(str(tmp_path), split)) for split in ("train", "validation")] == [18, 2]
    for path in tmp_path.glob("train-*"):
        path.unlink()
    with pytest.raises(DataError, match="has a split test but none named train"):
        data.load(str(tmp_path))


def test_rows_that_are_no_images_are_named(
    tmp_path: Path, pa: Any, caplog: pytest.LogCaptureFixture
) -> None:
    contents = [None if i == 3 else b"text" if i == 17 else b for i, b in enumerate(ENCODED)]
    path = table(tmp_path / "x.parquet", image=contents, label=LABELS)
    with pytest.raises(DataError, match=r"2 of 30 images .*x\.parquet#3: is no image .*#17: is no"):
        whole(path)
    images = whole(path, max_bad=0.1)
    good = [i for i in range(N) if i not in (3, 17)]
    assert np.array_equal(images.pixels[..., 0], PIXELS[good])
    assert images.labels.tolist() == [LABELS[i] for i in good]
    assert images.source(5) == f"{path}#6"
    assert "skipped x.parquet#17" in caplog.text
    assert "left out: 2 unreadable" in images.told


def test_what_is_decided_for_a_set_is_decided_for_rows(tmp_path: Path, pa: Any) -> None:
    figures = np.zeros((N, SIDE, SIDE), np.uint16)
    figures[:, 4:9, 5:11] = 3500
    deep = whole(table(tmp_path / "deep.parquet", image=[png(f + 200) for f in figures]))
    assert deep.decided["range"] == (0, 4095)
    ink = [np.stack([f * 0, f * 0, f * 0, (f > 0) * 255], -1).astype(np.uint8) for f in figures]
    drawn = whole(table(tmp_path / "drawn.parquet", image=[png(image) for image in ink]))
    assert drawn.decided["background"] == "white"
    colour = [png(np.stack([p, p // 2, p], -1)) for p in PIXELS]
    mixed = [*ENCODED[:20], *colour[20:]]
    assert whole(table(tmp_path / "mixed.parquet", image=mixed)).shape == (SIDE, SIDE, 3)
    odd = [*ENCODED[:20], png(PIXELS[0, :8])]
    with pytest.raises(DataError, match=r"odd\.parquet#20: is 8x16.*--data\.size"):
        whole(table(tmp_path / "odd.parquet", image=odd))
    assert whole(tmp_path / "odd.parquet", size="12").shape == (12, 12, 1)


def test_a_look_at_a_table_shows_what_it_holds(tmp_path: Path, pa: Any) -> None:
    wide = [png(np.zeros((40, 60), np.uint8))] * 20
    path = table(tmp_path / "x.parquet", image=[*wide, *ENCODED[:9], b"no image"])
    seen = data.sources.survey(data.Source(name=str(path)))
    assert seen == (30, 40, 60, True)  # number, and median height and width
    assert data.root(data.Source(name=str(path))) is None
    colour = png(np.stack([PIXELS[0], PIXELS[1], PIXELS[2]], -1))
    seen = data.sources.survey(data.Source(name=str(table(path, image=[*wide, colour]))))
    assert seen and not seen.grey
    assert data.sources.survey(data.Source(name="digits")) is None
    assert data.sources.exists("hf:someone/tiny") and data.sources.exists(str(path))
    assert not data.sources.exists(str(tmp_path / "absent.parquet"))


def test_train_takes_a_table_of_images_of_any_size(
    tmp_path: Path, pa: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = [png(np.full((40 + i, 60), 7 * i, np.uint8)) for i in range(20)]
    path = table(tmp_path / "x.parquet", image=sizes)
    run("train", path, "--dry-run")
    settings = json.loads(capsys.readouterr().out)
    assert settings["data"]["name"] == str(path)
    assert settings["data"]["size"] == [48, 48]
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert "hf:someone/absent: needs" in refused(capsys, "train", "hf:someone/absent", "--dry-run")


def test_tables_without_images_say_what_they_have(tmp_path: Path, pa: Any) -> None:
    path = tmp_path / "x.parquet"
    cases: list[tuple[dict[str, Any], str]] = [
        ({"a": [1, 2]}, r"its columns are a \(int64\); .*named image"),
        ({"a": [b"x"], "b": [b"y"]}, r"its columns are a \(binary\), b \(binary\)"),
        ({"image": [[1, 2]]}, r"image \(list<"),
        ({"image": pa.array([], pa.binary())}, "none of 0 images"),
    ]
    for columns, words in cases:
        with pytest.raises(DataError, match=words):
            whole(table(path, **columns))
    content = table(path, image=ENCODED).read_bytes()
    for wrong in (b"", b"PAR1", content[:200], content[:-300] + content[-8:], b"x" * 500):
        path.write_bytes(wrong)
        with pytest.raises(DataError, match=r"x\.parquet"):
            whole(path)
    blank = pa.table({"image": [bytes(1 << 20)] * 100})
    pa.parquet.write_table(blank, path, compression="zstd", use_dictionary=False)
    with pytest.raises(DataError, match="bomb"):
        whole(path)


def test_without_the_libraries_the_error_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "datasets", None)
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    for name in (tmp_path / "x.parquet", tmp_path):
        with pytest.raises(DataError, match=r"x\.parquet: needs pyarrow; pip install pyarrow"):
            whole(name)
    with pytest.raises(DataError, match="hf:someone/tiny: needs datasets; pip install datasets"):
        whole("hf:someone/tiny")


@pytest.fixture
def hf(pa: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Hugging Face's library; what it warns of is not ours."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with warnings.catch_warnings(action="ignore"):
        datasets = pytest.importorskip("datasets", reason="the extra datasets is not installed")
        datasets.disable_progress_bars()
        yield datasets


def dataset(hf: Any, rows: slice = slice(N)) -> Any:
    features = hf.Features({"image": hf.Image(), "label": hf.ClassLabel(names=NAMES)})
    images = [Image.fromarray(pixels) for pixels in PIXELS[rows]]
    return hf.Dataset.from_dict({"image": images, "label": LABELS[rows]}, features)


def test_a_saved_dataset(tmp_path: Path, hf: Any) -> None:
    dataset(hf, slice(10)).save_to_disk(tmp_path / "saved", num_shards=1)
    dataset(hf).save_to_disk(tmp_path / "saved", num_shards=4)
    shutil.copy(tmp_path / "saved" / "data-00000-of-00004.arrow", tmp_path / "saved" / "old.arrow")
    images = whole(tmp_path / "saved")  # files of an earlier save lie beside it
    assert np.array_equal(images.pixels[..., 0], PIXELS)
    assert (images.classes, images.labels.tolist()) == (tuple(NAMES), LABELS)
    assert ", 4 files, labels of label" in images.told
    assert len(data.load(str(tmp_path / "saved"), "validation")) == 3
    part = tmp_path / "saved" / "data-00002-of-00004.arrow"
    content, sizes = part.read_bytes(), [len(b) for b in ENCODED[16:18]]
    ends = np.cumsum([0, *sizes]).astype("<i4").tobytes()  # where the bytes of the images end
    assert content.count(ends) == 1
    for wrong in (b"x" * 300, content.replace(ends, ends[:8] + b"\xff\xff\xff\x7f")):
        part.write_bytes(wrong)
        with pytest.raises(DataError, match=r"00002-of-00004\.arrow: cannot be read"):
            whole(tmp_path / "saved")
    (tmp_path / "saved" / "state.json").write_text("{}")
    with pytest.raises(DataError, match=r"state\.json: cannot be read as what save_to_disk writes"):
        whole(tmp_path / "saved")


def test_a_saved_dataset_with_splits(tmp_path: Path, hf: Any) -> None:
    parts = {"train": slice(20), "test": slice(20, 28), "extra": slice(28, N)}
    held = hf.DatasetDict({name: dataset(hf, rows) for name, rows in parts.items()})
    held.save_to_disk(tmp_path / "saved")
    assert np.array_equal(whole(tmp_path / "saved").pixels[..., 0], PIXELS[:20])
    assert np.array_equal(data.load(str(tmp_path / "saved"), "test").pixels[..., 0], PIXELS[20:28])
    assert "left out: 1 split extra" in whole(tmp_path / "saved").told
    assert len(data.load(str(tmp_path / "saved"), "train")) == 18
    assert len(whole(tmp_path / "saved" / "extra")) == 2


def test_parquet_that_the_library_wrote(tmp_path: Path, hf: Any) -> None:
    dataset(hf).to_parquet(tmp_path / "x.parquet")
    images = whole(tmp_path / "x.parquet")
    assert np.array_equal(images.pixels[..., 0], PIXELS)
    assert (images.classes, images.labels.tolist()) == (tuple(NAMES), LABELS)


@pytest.fixture
def tiny(tmp_path: Path, hf: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """A dataset of the Hub as its library caches it."""
    parts = {"train": slice(20), "test": slice(20, N)}
    for name, rows in parts.items():
        dataset(hf, rows).to_parquet(tmp_path / f"{name}.parquet")
    files = {name: str(tmp_path / f"{name}.parquet") for name in parts}
    hf.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "made"))
    made = next((tmp_path / "made" / "parquet").glob("*/*/*/dataset_info.json")).parent
    to = tmp_path / "hub" / "someone___tiny" / "default" / "0.0.0" / made.name
    shutil.copytree(made, to)
    for path in to.glob("parquet-*.arrow"):
        path.rename(path.with_name(path.name.replace("parquet", "tiny")))
    about = json.loads((to / "dataset_info.json").read_text()) | {"dataset_name": "tiny"}
    (to / "dataset_info.json").write_text(json.dumps(about))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "hub"))
    return "hf:someone/tiny"


def test_a_dataset_of_the_hub_is_read_from_the_cache_of_its_library(
    tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("network"))
    images = whole(tiny)
    assert np.array_equal(images.pixels[..., 0], PIXELS[:20])
    assert (images.classes, images.labels.tolist()) == (tuple(NAMES), LABELS[:20])
    assert np.array_equal(data.load(tiny, "test").pixels[..., 0], PIXELS[20:])
    assert images.source(3) == f"{tiny}#3"
    assert data.sources.absolute(data.Source(name=tiny)).name == tiny


def test_an_unreachable_hub_is_one_error_at_once(hf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()

    def urlopen(url: str, timeout: float) -> Any:
        asked.append(url)
        assert timeout <= 10
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    begun = time.monotonic()
    with pytest.raises(DataError, match=r"someone/absent: is not in the cache .*\(no route\)"):
        whole("hf:someone/absent")
    assert asked == ["https://huggingface.co"]
    assert time.monotonic() - begun < 60  # a few seconds, with nothing else on the machine
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="HF_HUB_OFFLINE is set"):
        whole("hf:someone/absent")
    assert len(asked) == 1


def test_what_the_library_says_of_the_hub_is_passed_on(
    hf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    def answered(mode: str, name: str) -> Any:
        asked.append(mode)
        return {}, "" if mode == "offline" else "is gated"

    monkeypatch.setattr(hub, "_asked", answered)
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: io.BytesIO())
    with pytest.raises(DataError, match=r"hf:a/b: datasets cannot load it \(is gated\)"):
        whole("hf:a/b")
    assert asked == ["offline", "online"]
