"""The record of a run tells the truth about its images, and a folder of images may grow."""

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from harness import strokes
from PIL import Image

import infogan as ig
from conftest import TINY, refused, run
from infogan.core.errors import DataError, RunError
from infogan.data import Source, load
from infogan.data.settings import GIVEN
from infogan.model.model import Model
from infogan.pipeline.run import finished, fit
from infogan.runs.folder import Run
from infogan.runs.images import Known, Listed, read_listing, real_images
from infogan.training.trainer import Trainer

QUICK = ("--steps", 2, "--checkpoint-every", 1, "--log-every", 1)


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but the lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def add(folder: Path, n: int, first: int = 0) -> list[Path]:
    """n more images, in a class that is there."""
    paths = [folder / "a" / f"new-{i:03d}.png" for i in range(first, first + n)]
    for path, pixels in zip(paths, strokes(first + n, seed=9).pixels[first:], strict=True):
        Image.fromarray(pixels[..., 0]).save(path)
    return paths


@pytest.fixture
def place(tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with pictures/ of 64 images and tiny.json."""
    shutil.copytree(photos, tmp_path / "pictures")
    (tmp_path / "tiny.json").write_text(json.dumps(TINY.tree() | {"data": {"name": "pictures"}}))
    monkeypatch.chdir(tmp_path)
    yield tmp_path


@pytest.fixture
def started(place: Path) -> Path:
    """A finished run of those pictures: two steps, without scores and figures."""
    fit(TINY.replace(data="pictures", steps=2, checkpoint_every=1), "run")
    return Path("run")


def again(*words: object, images: str = "pictures", to: str = "run") -> tuple[object, ...]:
    return ("train", images, "-c", "tiny.json", *QUICK, "--run", to, *words)


def test_what_is_held_out_is_read_as_what_was_learned_from(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Range, colour and size of a folder `validation` are those of `train`, then as ever after."""
    rng = np.random.default_rng(0)
    for part, n, top in (("train", 24, 4000), ("validation", 8, 60_000)):
        (place / "split" / part).mkdir(parents=True)
        for i in range(n):
            side = 16 if part == "train" else 20 + i % 2
            values = rng.integers(0, top, (side, side)).astype(np.uint16)
            Image.fromarray(values).save(place / "split" / part / f"{i}.png")
    config = TINY.replace(data="split", steps=2, checkpoint_every=1)
    fit(config, "run")
    with caplog.at_level(logging.WARNING, "infogan"):
        held_out = real_images(config, Run("run"))
    assert held_out.shape == (16, 16, 1) and len(held_out) == 8
    assert np.median(held_out.pixels) == 255  # by the range of what was learned from
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_broken_validation_is_told_before_training(place: Path) -> None:
    (place / "pictures").rename(place / "train")
    (place / "split" / "validation").mkdir(parents=True)
    (place / "train").rename(place / "split" / "train")
    (place / "split" / "validation" / "0.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"0\.png"):
        fit(TINY.replace(data="split", steps=2), "run")


def test_a_run_finds_its_csv_of_labels_from_anywhere(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by the folder as it was asked for; other spellings mean the same file."""
    flat = place / "flat"
    flat.mkdir()
    names = [f"flat/{i:02}.png" for i in range(20)]
    for i, pixels in enumerate(strokes(20).pixels):
        Image.fromarray(pixels[..., 0]).save(place / names[i])
    lines = [f"{['', './'][i % 2]}{name},{'ab'[i % 2]}" for i, name in enumerate(names)]
    (place / "mine.csv").write_text("\n".join(["file,label", *lines]))
    config = TINY.replace(
        data="flat", objective="catgan", latent={"digit": "none", "slant": "none"}, steps=2
    )
    fit(config.replace(labels="mine.csv"), "run")
    assert real_images(Run("run").config, Run("run")).labels.tolist() == [1, 1]
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    moved = Run(place / "run")
    assert real_images(moved.config, moved).labels.tolist() == [1, 1]


def test_images_given_as_an_array_are_recorded_as_such(
    images: ig.Images, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run"
    model = ig.train(TINY, run=path, data=images)
    assert model.config.data.name == Run(path).config.data.name == GIVEN
    learned = Run(path).record.images
    assert (learned.source.name, learned.number, learned.shape) == (GIVEN, 64, (16, 16, 1))
    assert learned.digest == images.digest
    for command in ("evaluate", "merge"):
        assert "--data" in refused(capsys, command, path)
    assert "--data" in refused(capsys, "select", path, shutil.copytree(path, tmp_path / "other"))
    assert "--data" in refused(capsys, "report", path)
    assert '<main id="main" data-real>' in (path / "report.html").read_text()
    run("doctor", path)
    assert "array from Python" in capsys.readouterr().out
    np.save(tmp_path / "same.npy", images.pixels)
    run("evaluate", path, "--data", tmp_path / "same.npy")
    with pytest.raises(DataError, match="--data"):
        ig.merge(Model.load(path))
    assert finished(Run(path), model.config)
    assert Model.load(path / "model.safetensors").run is None
    with pytest.raises(RunError, match="cannot go on"):
        ig.train(TINY, run=path, data=strokes(64, seed=5))
    ig.train(TINY, run=path, data=images)


def test_the_very_images_that_were_learned_from_are_named(
    images: ig.Images, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    np.save(tmp_path / "same.npy", images.pixels)
    bare = ig.data.load(str(tmp_path / "same.npy"), "all")
    fit(TINY.replace(steps=2), tmp_path / "run", images=bare)
    folder = Run(tmp_path / "run")
    real_images(folder.config, folder, other=Source(name=str(tmp_path / "same.npy")))
    assert "the very images that the run learned from" in caplog.text


def test_fewer_steps_than_a_run_has_are_refused(
    started: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(started)
    assert "has 2 steps, more than --steps 1" in refused(capsys, *again("--steps", 1))
    assert content(started) == before
    shutil.rmtree(started / "checkpoints")
    assert "no checkpoint" in refused(capsys, *again("--steps", 3))
    assert "has 2 steps, more than --steps 1" in refused(capsys, *again("--steps", 1))
    fit(Run(started).config, started)  # nothing is left to train
    assert (started / "model.safetensors").read_bytes() == before["model.safetensors"]


def test_a_refused_command_changes_nothing(
    started: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(started)
    new = add(place / "pictures", 1)
    told = refused(capsys, *again("--steps", 5))
    assert "1 new" in told
    assert "--continue-from" in told
    assert content(started) == before
    new[0].unlink()
    assert "batch 16 (now 8)" in refused(capsys, *again("--batch", 8, "--steps", 5))
    assert "<given>" not in refused(capsys, *again("--data.name", GIVEN))
    assert content(started) == before
    run(*again("--steps", 3))
    assert Run(started).config.steps == 3


def test_the_doctor_recommends_nothing_that_is_refused(
    started: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (started / "model.safetensors").unlink()
    config = started / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"steps": 9}))
    run("doctor", started)
    assert "Try the same train command, which resumes" in capsys.readouterr().out
    add(place / "pictures", 2)
    run("doctor", started)
    shown = capsys.readouterr().out
    assert "2 new" in shown
    assert "the same train command" not in shown
    assert "--fresh" in shown


@pytest.mark.parametrize("spelling", ["pictures/", "./pictures", "{}/pictures", "elsewhere"])
def test_where_images_are_is_no_setting(
    started: Path, place: Path, spelling: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if spelling == "elsewhere":
        (place / "pictures").rename(place / "elsewhere")
    run(*again("--steps", 3, images=spelling.format(place)))
    assert Run(started).record.images.source.name == str(place / spelling.format(place)).rstrip("/")
    assert len(real_images(Run(started).config, Run(started))) == 6


def test_images_are_found_from_another_working_folder(
    started: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Run(place / "run")
    expected = real_images(folder.config, folder)
    other = tmp_path / "other"
    shutil.copytree(place / "pictures" / "a", other / "pictures")  # of the same name
    monkeypatch.chdir(other)
    assert [Path(file).name for file in real_images(folder.config, folder).files] == [
        Path(file).name for file in expected.files
    ]
    (place / "pictures").rename(place / "gone")
    shutil.rmtree(other / "pictures")
    with pytest.raises(DataError, match=f"{place}/pictures: no such .*; pictures: no such"):
        real_images(folder.config, folder)
    (place / "gone").rename(other / "pictures")  # they came along with the working folder
    assert len(real_images(folder.config, folder)) == len(expected)


def test_the_report_keeps_a_page_with_images(
    started: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("report", started)
    page = (started / "report.html").read_bytes()
    (place / "pictures").rename(place / "gone")
    assert "is kept" in refused(capsys, "report", started)
    assert (started / "report.html").read_bytes() == page
    run("report", started, "--data", "gone")
    (started / "report.html").unlink()
    run("report", started)
    run("report", started)  # one without images may be replaced


def test_what_was_held_out_stays_so_in_a_folder_that_grew(
    started: Path, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = Run(started)
    learned = {n for n, listed in read_listing(folder).items() if listed.split == "train"}
    before = {str(file) for file in real_images(folder.config, folder).files}
    assert len(before) == 6
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]
    new = add(place / "pictures", 20)
    first = sorted((place / "pictures" / "b").iterdir())[0]
    first.rename(first.with_name("zzz.png"))
    edited = sorted((place / "pictures" / "c").iterdir())[0]
    Image.new("L", (16, 16), 7).save(edited)
    last = sorted((place / "pictures" / "d").iterdir())[0]
    last.unlink()
    unseen = real_images(folder.config, folder)
    assert "20 new, 1 changed, 1 renamed, 1 gone of 64 images since training" in caplog.text
    names = {str(Path(file).relative_to("pictures")) for file in unseen.files}
    assert {f"a/{path.name}" for path in new} <= names
    assert not names & (learned | {"b/zzz.png"})  # by pixels too
    assert real_images(folder.config, folder, "train").files
    assert not set(real_images(folder.config, folder, "train").files) & set(unseen.files)
    assert len(real_images(folder.config, folder, "all")) == 83


def test_other_images_are_split_by_the_record_only_if_it_knows_them(
    started: Path, place: Path, tmp_path: Path
) -> None:
    folder = Run(started)
    shutil.copytree(place / "pictures", place / "copy")
    add(place / "copy", 5)
    assert len(real_images(folder.config, folder, other=Source(name="copy"))) == 11
    for i, pixels in enumerate(strokes(40, seed=8).pixels):
        path = place / "strange" / "a" / f"{i:02d}.png"  # paths that the run knows
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[..., 0]).save(path)
    assert len(real_images(folder.config, folder, other=Source(name="strange"))) == 4


def test_a_run_without_held_out_images_says_so(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path in sorted((place / "pictures").rglob("*.png"))[4:]:
        path.unlink()
    fit(TINY.replace(data="pictures", steps=2, batch=4), "few")
    assert len(real_images(Run("few").config, Run("few"))) == 4
    assert "no image was held out" in caplog.text


def test_a_run_goes_on_from_another(
    started: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("name", started, "digit.1", "one")
    known = read_listing(Run(started))
    add(place / "pictures", 33)
    config = json.loads((started / "config.json").read_text())
    begin = ("--continue-from", started, "--run", "next", "--steps", 2)
    run("train", "pictures", *begin)
    new, old = Run(Path("next")), Run(started)
    assert new.config == old.config.replace(data={"name": "pictures", "color": "grey"})
    assert json.loads((started / "config.json").read_text()) == config
    assert new.record.continued_from is not None
    assert new.record.continued_from.run == str(place / "run")
    assert old.record.continued_from is None
    assert new.names == old.names
    listing = read_listing(new)
    assert len(listing) == 97
    assert all(listing[name] == listed for name, listed in known.items())
    splits = [listing[f"a/new-{i:03d}.png"].split for i in range(33)]
    assert 1 <= splits.count("validation") <= 5
    assert new.record.images.number == sum(one.split == "train" for one in listing.values())
    run("train", "pictures", *begin)  # is done
    assert "is the run to continue from" in refused(
        capsys, "train", "pictures", "--continue-from", started, "--run", started
    )
    assert "run: differs in latent" in refused(
        capsys, "train", "pictures", "--continue-from", started, "--run", "x", "--latent.noise", 3
    )
    assert "images are 20x20x1, and the weights to begin with are for 16x16x1" in refused(
        capsys, *again("--data.size", 20, "--continue-from", started, to="x")
    )
    assert not Path("x").exists()
    told = refused(capsys, *again("--continue-from", started))
    assert "is the run to continue from" in told
    assert f"give --continue-from {place}/run" in refused(
        capsys, "train", "--config", "next/config.json", "--data", "pictures", "--run", "next"
    )
    run("train", "--continue-from", started, "--run", "third", "--steps", 2)  # of its own images
    assert "no such run folder" in refused(capsys, "train", "--continue-from", "nothing")


def test_weights_begin_where_the_other_run_ended(started: Path, images: ig.Images) -> None:
    start = Model.load(started)
    trainer = Trainer(start.config, images, start)
    fresh = Trainer(start.config, images)
    for name, tensor in trainer.model.tensors().items():
        assert torch.equal(tensor, start.tensors()[name]), name
    assert not torch.equal(fresh.model.tensors()["g.up.0.weight"], start.tensors()["g.up.0.weight"])
    assert all(
        torch.equal(value, start.tensors()[f"g.{name}"])
        for name, value in trainer.averages["g"].module.state_dict().items()
    )
    wide = replace(images, base=np.zeros((64, 32, 32, 1), np.uint8))
    with pytest.raises(RunError, match="weights to begin with"):
        Trainer(start.config, wide, start)


def test_fresh_keeps_names_and_says_what_goes(
    started: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run("name", started, "digit.1", "one")
    run(*again("--fresh", "--batch", 8))
    assert "removes the run that is there (" in caplog.text
    assert "model.safetensors" in caplog.text
    assert "names.json stay" in caplog.text
    assert Run(started).names.category("digit", 1) == "one"
    run(*again("--fresh", "--latent.digit", "none", "--latent.kind_of", "categorical:3"))
    assert "names-before.json" in caplog.text
    assert "one" in (started / "names-before.json").read_text()
    assert not (started / "names.json").exists()


@pytest.mark.parametrize("number", [0, 2, "x", None])
def test_a_folder_of_another_format_is_refused(
    started: Path, number: object, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = json.loads((started / "run.json").read_text())
    (started / "run.json").write_text(json.dumps(tree | {"format": number, "infogan": "9.9"}))
    for words in (("evaluate", started), again("--steps", 9), ("compare", started)):
        assert "reads 1" in refused(capsys, *words)
    (started / "run.json").unlink()
    assert "no run.json" in refused(capsys, "evaluate", started)
    assert Model.load(started / "model.safetensors").sample(1).shape == (1, 16, 16, 1)


@pytest.mark.parametrize("text", ["", "[1]", '{"format": 1}', '{"format": 1, "infogan": 3}'])
def test_a_damaged_record_is_named(
    started: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (started / "run.json").write_text(text)
    assert "run.json" in refused(capsys, "evaluate", started)


@pytest.mark.parametrize("text", ["", "a,b\n", "file,sha256,split\nx,y,z\n", "\x00", '"'])
def test_a_damaged_listing_is_named(
    started: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (started / "images.csv").write_text(text)
    assert "images.csv" in refused(capsys, "evaluate", started)


def test_odd_names_are_known_again(place: Path) -> None:
    odd = place / "pictures" / "a" / 'new\nline, "quoted" \udcff.png'
    Image.new("L", (16, 16), 3).save(odd, "PNG")
    fit(TINY.replace(data="pictures", steps=2), "odd")
    folder = Run("odd")
    assert f"a/{odd.name}" in read_listing(folder)
    assert len(real_images(folder.config, folder)) == 6


def test_of_two_files_with_the_same_pixels_the_learned_one_counts() -> None:
    known = Known({"a": Listed("1", "train"), "b": Listed("1", "validation")})
    assert known.split("c", "1") == known.split("b", "1") == "train"
    assert Known({"b": Listed("1", "validation")}).split("c", "1") == "validation"
    assert known.split("c", "2") is None
    assert known.changes({"a": "1", "b": "1"}) == ""


def test_runs_of_one_folder_are_one_row(started: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(*again("--seed", 0))
    run(*again("--seed", 1, images="./pictures", to="second"))
    capsys.readouterr()
    run("compare", "run", "second", "--json")
    assert len(json.loads(capsys.readouterr().out)) == 1
    run("select", "run", "second")


def test_images_of_an_array_file_that_changed_are_named(
    place: Path, images: ig.Images, caplog: pytest.LogCaptureFixture
) -> None:
    np.save(place / "x.npy", images.pixels)
    fit(TINY.replace(data="x.npy", steps=2), "array")
    folder = Run("array")
    assert len(real_images(folder.config, folder)) == 6
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]
    np.save(place / "x.npy", strokes(80, seed=3).pixels)
    real_images(folder.config, folder)
    assert "not those of training" in caplog.text
    assert load("x.npy", "all").digest != folder.record.images.digest
