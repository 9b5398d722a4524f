"""The label budget: what an objective may see, how it is chosen, and that it sees no more."""

from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from infogan.config.settings import RunConfig
from infogan.core.errors import DataError
from infogan.data import load
from infogan.data.images import Images
from infogan.data.labels import for_scoring, from_csv, reveal, write_csv
from infogan.model.model import Model
from infogan.pipeline.run import fit
from infogan.runs.folder import Run


def test_a_number_for_each_class(images: Images) -> None:
    seen = reveal(images, 3, seed=0)
    assert np.bincount(seen.labels[seen.labels >= 0]).tolist() == [3, 3, 3, 3]
    kept = seen.labels >= 0
    assert (seen.labels[kept] == images.labels[kept]).all()
    assert not np.array_equal(seen.labels, reveal(images, 3, seed=1).labels)
    assert np.array_equal(seen.labels, reveal(images, 3, seed=0).labels)


def test_all_labels(images: Images) -> None:
    assert np.array_equal(reveal(images, "all", 0).labels, images.labels)


@pytest.mark.parametrize(("budget", "words"), [(40, "labels 40"), (1, "CSV")])
def test_a_budget_that_cannot_be_met(budget: int, words: str, images: Images) -> None:
    if budget == 1:
        images = replace(images, labels=np.full(len(images), -1))
    with pytest.raises(DataError, match=words):
        reveal(images, budget, 0)


def test_a_class_without_a_label(images: Images) -> None:
    with pytest.raises(DataError, match="class d"):
        reveal(replace(images, labels=np.where(images.labels == 3, -1, images.labels)), "all", 0)


def test_what_is_written_is_read_back(images: Images, tmp_path: Path) -> None:
    seen = reveal(images, 2, 0)
    write_csv(seen, tmp_path / "labels.csv")
    again = reveal(images, str(tmp_path / "labels.csv"), 5)
    assert np.array_equal(again.labels, seen.labels)
    assert again.classes == images.classes


def of_folder(tmp_path: Path) -> Images:
    files = [str(tmp_path / "photos" / name) for name in ("a,b.png", "é.png", "x/c.png")]
    return Images(np.zeros((3, 16, 16, 1), np.uint8), name=str(tmp_path / "photos"), files=files)


@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["plain", "bom"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_csv_of_ones_own_folder(start: str, end: str, tmp_path: Path) -> None:
    """Relative or absolute names, quoted commas, sorted classes; a held-out file is skipped."""
    held_out = tmp_path / "photos" / "held.png"
    held_out.parent.mkdir()
    held_out.touch()
    lines = ["file,label", '"a,b.png",dog', f"{tmp_path}/photos/é.png,=cat()", "held.png,dog", ""]
    path = tmp_path / "mine.csv"
    path.write_bytes((start + end.join(lines)).encode())
    found = from_csv(of_folder(tmp_path), path)
    assert found.classes == ("=cat()", "dog")
    assert found.labels.tolist() == [1, 0, -1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"name,class\na.png,x\n", "line 1: .*file,label"),
        (b"", "line 1: .*file,label"),
        (b"file,label\nx/c.png\n", "line 2: 'x/c.png'"),
        (b"file,label\nx/c.png,\n", "line 2: 'x/c.png,' has no class name; give it one"),
        (b"file,label\nx/c.png, \t\n", "line 2: .* has no class name"),
        (b"file,label\n,dog\n", "line 2: ',dog' is not file,label"),
        (b"file,label\nx/c.png,dog,3\n", "line 2: 'x/c.png,dog,3'"),
        (b"file,label\nx/c.png,dog\nx/c.png,cat\n", "line 3: x/c.png .*line 2"),
        (b"file,label\nnone.png,dog\n", "line 2: .*'none.png'"),
        (b"file,label\nx/c.png,\xff\xfe\n", "mine.csv: .*UTF-8"),
        (b'file,label\n"x/c.png,dog\n', "mine.csv: .*CSV"),
    ],
)
def test_csv_mistakes_name_the_line(text: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(text)
    with pytest.raises(DataError, match=words):
        from_csv(of_folder(tmp_path), path)


def test_a_csv_of_no_labels_or_of_other_images_is_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "mine.csv", tmp_path / "other.png"
    path.write_text("file,label\n")
    with pytest.raises(DataError, match="no line below its header"):
        from_csv(of_folder(tmp_path), path)
    other.touch()  # a file, but none of these images
    path.write_text(f"file,label\n{other},dog\n")
    with pytest.raises(DataError, match=r"line 2: no image .*other\.png"):
        from_csv(of_folder(tmp_path), path)


@pytest.mark.parametrize("asked", ["arr.npy", "./arr.npy"])
def test_rows_of_an_array_are_called_as_encode_calls_them(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("arr.npy", np.arange(20 * 256, dtype=np.uint16).reshape(20, 16, 16) % 251)
    Path("mine.csv").write_text("file,label\narr.npy#0,a\n./arr.npy#1,b\n")
    images = load(asked, "all")
    assert for_scoring(images, Path("mine.csv"), asked).labels[:3].tolist() == [0, 1, -1]


def test_names_of_a_split_are_relative_to_it_or_to_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for part, n in (("train", 4), ("validation", 2)):
        Path("set", part).mkdir(parents=True)
        for i in range(n):
            Image.fromarray(np.full((16, 16), 9 * i, np.uint8)).save(f"set/{part}/{part}{i}.png")
    Path("beside").mkdir()
    below, csv = ("", "train/", "./train/"), Path("mine.csv").absolute()
    for folder, asked, starts in (
        (".", "set", (*below, "set/train/", "./set/train/")),
        ("beside", "../set", (*below, "../set/train/")),
    ):
        monkeypatch.chdir(tmp_path / folder)
        for start in starts:
            csv.write_text(f"file,label\n{start}train0.png,a\nvalidation/validation1.png,b\n")
            assert from_csv(load(asked, "train"), csv).labels.tolist() == [0, -1, -1, -1]


def test_a_held_out_page_may_have_a_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("set").mkdir()
    pages = [Image.fromarray(np.full((16, 16), 9 * i, np.uint8)) for i in range(20)]
    pages[0].save("set/stack.tif", save_all=True, append_images=pages[1:])
    Path("mine.csv").write_text("file,label\nstack.tif#0,a\nstack.tif#9,b\n")
    found = from_csv(load("set", "train"), Path("mine.csv"))
    assert found.labels[:2].tolist() == [0, -1]


def test_a_csv_may_cover_a_whole_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ZipFile("z.zip", "w") as archive:
        for i in range(20):
            Image.fromarray(np.full((16, 16), 10 * i, np.uint8)).save("image.png")
            archive.write("image.png", f"{i:02}.png")
    for prefix in ("", "z.zip/"):
        lines = [f"{prefix}{i:02}.png,{'ab'[i % 2]}" for i in range(20)]
        Path("mine.csv").write_text("\n".join(["file,label", *lines]))
        found = from_csv(load("z.zip", "train"), Path("mine.csv"))
        assert np.bincount(found.labels).tolist() == [10, 8]


def test_spaces_around_class_names_do_not_count(images: Images, tmp_path: Path) -> None:
    """As a table program leaves them behind: `dog ` is no second class."""
    path = tmp_path / "mine.csv"
    path.write_text('file,label\nx/c.png, dog\n"a,b.png",dog \né.png,old dog\t\n')
    found = from_csv(of_folder(tmp_path), path)
    assert found.classes == ("dog", "old dog")
    assert found.labels.tolist() == [0, 1, 0]
    spaced = replace(images, classes=(" a", *images.classes[1:]))  # a folder may have such a name
    path.write_text("file,label\nstrokes#0, a \nstrokes#1,b\n")
    assert from_csv(spaced, path).labels[:3].tolist() == [0, 1, -1]
    assert from_csv(spaced, path).classes == spaced.classes


def test_csv_with_a_class_that_is_not_there(images: Images, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("file,label\nstrokes#0,zebra\n")
    with pytest.raises(DataError, match=r"line 2: 'zebra'.*a, b, c, d"):
        from_csv(images, path)
    with pytest.raises(DataError, match=r"none\.csv"):
        from_csv(images, tmp_path / "none.csv")


@pytest.mark.parametrize("kind", ["semigan", "catgan", "improvedgan", "acgan", "classifier"])
def test_no_other_label_changes_a_bit(
    kind: str, tiny: RunConfig, images: Images, tmp_path: Path
) -> None:
    """Runs that may see the same labels have the same weights, whatever all other labels are."""
    latent = {"digit": "categorical:4" if kind == "acgan" else "none", "slant": "none"}
    config = tiny.replace(objective=kind, latent=latent, labels=2)
    first = fit(config, tmp_path / "first", images=images)
    record = Run(tmp_path / "first").labels_file
    shown = from_csv(images, record).labels
    assert np.bincount(shown[shown >= 0]).tolist() == [2, 2, 2, 2]
    others = np.where(shown < 0, (images.labels + 1) % 4, images.labels)
    by_record = config.replace(labels=str(record))
    second = fit(by_record, tmp_path / "second", images=replace(images, labels=others))
    erased = fit(config, tmp_path / "third", images=replace(images, labels=shown))
    for model in (second, erased):
        assert {k: v.numpy().tobytes() for k, v in model.tensors().items()} == {
            k: v.numpy().tobytes() for k, v in first.tensors().items()
        }
    wrong = np.where(shown < 0, images.labels, (images.labels + 1) % 4)
    fourth = fit(
        config.replace(labels="all"), tmp_path / "fourth", images=replace(images, labels=wrong)
    )
    assert any((fourth.tensors()[k] != v).any() for k, v in first.tensors().items())


def test_classes_are_kept_with_the_model(tiny: RunConfig, images: Images, tmp_path: Path) -> None:
    config = tiny.replace(objective="catgan", latent={"digit": "none", "slant": "none"}, labels=2)
    fit(config, tmp_path / "run", images=images)
    model = Model.load(tmp_path / "run")
    assert model.classes == images.classes
    assert model.categorical == "class"
    assert model.encode(images)["class"].probs.shape == (len(images), 4)


def test_labels_of_a_file_serve_scoring_unless_images_have_their_own(
    images: Images, tmp_path: Path
) -> None:
    """Without classes of its own, a folder is scored by the file that training used."""
    path = tmp_path / "mine.csv"
    path.write_text("file,label\nstrokes#0,x\nstrokes#1,y\n")
    bare = replace(images, labels=np.full(len(images), -1), classes=())
    scored = for_scoring(bare, path, bare.name)
    assert scored.labels[:3].tolist() == [0, 1, -1]
    assert for_scoring(images, path, images.name) is images
    assert for_scoring(bare, None, bare.name) is bare
