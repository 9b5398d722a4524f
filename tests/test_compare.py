"""Objectives that use labels, at the command line; and runs beside each other."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import refused
from infogan.analysis.comparison import compare
from infogan.cli import main
from infogan.cli.terminal import show_comparison
from infogan.config.settings import RunConfig
from infogan.data.images import Images
from infogan.objectives import ACGAN, GAN
from infogan.pipeline.run import train


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory, tiny: RunConfig, images: Images) -> Path:
    """Tiny runs: ACGAN with two seeds, InfoGAN and GAN with one each."""
    folder = tmp_path_factory.mktemp("family")
    acgan = tiny.replace(objective=ACGAN(), latent={"slant": "none"}, labels="all", log_every=1)
    for seed in (0, 1):
        train(acgan, run=folder / f"acgan-{seed}", data=images, seed=seed)
    train(tiny.replace(log_every=1), run=folder / "infogan", data=images)
    train(tiny.replace(objective=GAN(), augment=None, log_every=1), run=folder / "gan", data=images)
    return folder


def run(*words: object) -> None:
    main([str(word) for word in words])


def test_seeds_are_one_row(family: Path) -> None:
    rows = compare([family / name for name in ("acgan-0", "infogan", "acgan-1", "gan")])
    assert [row.name for row in rows] == ["acgan", "infogan", "gan"]
    tree = rows[0].tree()
    scores = [json.loads((family / f"acgan-{seed}" / "scores.json").read_text()) for seed in (0, 1)]
    errors = [score["error"] for score in scores]
    assert tree["seeds"] == [0, 1]
    assert tree["labels"] == "all"
    assert tree["error"]["values"] == errors
    assert tree["error"]["mean"] == pytest.approx(np.mean(errors))
    assert tree["error"]["std"] == pytest.approx(np.std(errors, ddof=1))
    assert tree["L_I"]["values"] == [score["information"]["digit"] for score in scores]
    assert "error" not in rows[1].tree()
    assert rows[1].tree()["cluster_accuracy"]["std"] is None


def test_rows_of_one_objective_say_how_they_differ(
    family: Path, tiny: RunConfig, images: Images
) -> None:
    train(tiny.replace(batch=8), run=family / "other", data=images)
    names = [row.name for row in compare([family / "infogan", family / "other"])]
    assert names == ["infogan, batch 16", "infogan, batch 8"]
    train(tiny.replace(steps=tiny.steps + 1), run=family / "longer", data=images)
    names = [row.name for row in compare([family / "infogan", family / "longer"])]
    assert names == [f"infogan, steps {tiny.steps}", f"infogan, steps {tiny.steps + 1}"]
    three = [family / name for name in ("infogan", "other", "longer")]
    names = [row.name for row in compare(three)]
    assert names[1:] == ["infogan, batch 8", f"infogan, steps {tiny.steps + 1}"]
    assert names[0] == f"infogan, batch 16, steps {tiny.steps}"  # which both others need
    other = Images(255 - images.pixels)
    train(tiny.replace(augment="photo"), run=family / "inverse", data=other)
    first, second = (row.name for row in compare([family / "infogan", family / "inverse"]))
    assert first.startswith("infogan, data ") and second.startswith("infogan, data ")
    assert first != second


def test_a_run_counts_once(family: Path) -> None:
    twice = [family / "gan", family / "infogan", family / ".." / family.name / "gan"]
    assert [len(row.runs) for row in compare(twice)] == [1, 1]


def test_distances_in_other_features_are_told_apart(
    family: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("compare", family / "gan", family / "infogan")
    assert "cannot be compared" not in capsys.readouterr().out
    shutil.copytree(family / "gan", tmp_path / "gan")
    scores = json.loads((tmp_path / "gan" / "scores.json").read_text())
    own, scores["fidelity"]["features"] = scores["fidelity"]["features"], "others"
    (tmp_path / "gan" / "scores.json").write_text(json.dumps(scores))
    run("compare", tmp_path / "gan", family / "infogan")
    expected = " and ".join(sorted(["others", own]))
    assert f"recall and FD of {expected} features cannot be compared" in capsys.readouterr().out


def test_the_table_and_the_figure(
    family: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [family / name for name in ("infogan", "gan", "acgan-0", "acgan-1")]
    run("compare", *runs, "-o", tmp_path / "compare.png")
    shown, said = capsys.readouterr()
    assert said.splitlines()[-1] == str(tmp_path / "compare.png")
    assert "acgan" in shown
    assert "±" in shown
    with Image.open(tmp_path / "compare.png") as figure:
        assert figure.width > figure.height > 300
    run("compare", *runs, "--json")
    rows = json.loads(capsys.readouterr().out)
    assert [row["objective"] for row in rows] == ["infogan", "gan", "acgan"]
    for key, own in (("recall", "recall"), ("FD", "fd")):
        of_run = json.loads((family / "gan" / "scores.json").read_text())["fidelity"][own]
        assert rows[1][key]["values"] == [of_run]


def test_a_name_in_brackets_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show_comparison(
        [{"name": "infogan, data x[old] [/b]", "labels": None, "seeds": [0], "features": None}]
    )
    assert "data x[old] [/b]" in capsys.readouterr().out


def test_agreement_and_the_information_of_every_code_are_in_the_tree(family: Path) -> None:
    gan, acgan = (row.tree() for row in compare([family / "gan", family / "acgan-0"]))
    scores = json.loads((family / "gan" / "scores.json").read_text())
    for key in ("nmi", "ari"):
        assert gan[key] == {"mean": scores[key], "std": None, "values": [scores[key]]}
        assert key not in acgan  # it has an error instead
    for code in ("digit", "slant"):
        assert gan[f"L_I/{code}"]["values"] == [scores["information"][code]]
    assert gan["L_I"] == gan["L_I/digit"] != gan["L_I/slant"]
    assert "L_I/slant" not in acgan


def test_a_folder_of_seeds_stands_for_its_runs(
    family: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the order of the seeds, which is not that of their names; other folders do not count."""
    for name, seed in (("seed-9", 0), ("seed-10", 1)):
        shutil.copytree(family / f"acgan-{seed}", tmp_path / "several" / name)
    for name in ("seed-begun", "other"):
        (tmp_path / "several" / name).mkdir()
    run("compare", tmp_path / "several", family / "gan", "--json")
    acgan, gan = json.loads(capsys.readouterr().out)
    assert acgan["runs"] == [str(tmp_path / "several" / name) for name in ("seed-9", "seed-10")]
    assert (acgan["seeds"], gan["seeds"], gan["runs"]) == ([0, 1], [0], [str(family / "gan")])
    for folder in (tmp_path, tmp_path / "several" / "other"):
        assert "seed-0" in refused(capsys, "compare", family / "gan", folder)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compare"], "run folders"),
        (["compare", "nowhere"], "nowhere"),
        (["compare", "{half}"], "scores.json"),
        (["sample", "{acgan}", "--class", "z"], "a, b, c, d"),
        (["sample", "{infogan}", "--class", "a"], "--code"),
    ],
)
def test_mistakes(
    words: list[str], message: str, family: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(family / "gan", tmp_path / "half")
    (tmp_path / "half" / "scores.json").unlink()
    places = {"half": tmp_path / "half", "acgan": family / "acgan-0", "infogan": family / "infogan"}
    with pytest.raises(SystemExit) as caught:
        run(*[word.format(**places) for word in words])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_class_is_drawn_by_its_name(family: Path, tmp_path: Path) -> None:
    for words in (["--class", "b"], ["--code", "digit=1"]):
        run("sample", family / "acgan-0", *words, "-n", 4, "-o", tmp_path / f"{words[0][2:]}.png")
    assert (tmp_path / "class.png").read_bytes() == (tmp_path / "code.png").read_bytes()


def test_own_folder_with_a_file_of_labels(
    tiny: RunConfig, images: Images, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a flat folder and a CSV of some labels to the class of every image."""
    photos = tmp_path / "photos"
    photos.mkdir()
    lines = []
    for i, (pixels, label) in enumerate(zip(images.pixels, images.labels, strict=True)):
        Image.fromarray(pixels[..., 0]).save(photos / f"{i:02d}.png")
        lines += [f"{i:02d}.png,kind {images.classes[label]}"] if i < 50 else []
    (tmp_path / "mine.csv").write_text("\n".join(["file,label", *lines]), encoding="utf-8")
    settings = tiny.replace(
        objective="semigan", latent={"digit": "none", "slant": "none"}, labels=1
    ).tree()
    (tmp_path / "semi.json").write_text(
        json.dumps(settings | {"labels": str(tmp_path / "mine.csv")})
    )
    run("train", photos, "-c", tmp_path / "semi.json", "--run", tmp_path / "run")
    shown = capsys.readouterr().out
    assert "error" in shown  # every tenth image is held out, and some of those are labelled
    seen = list(
        csv.DictReader((tmp_path / "run" / "labels.csv").read_text(encoding="utf-8").splitlines())
    )
    assert len(seen) == sum(i % 10 != 9 for i in range(50))
    run("encode", tmp_path / "run", photos, "-o", tmp_path / "codes.csv")
    rows = list(csv.DictReader((tmp_path / "codes.csv").read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == ["file", "class", "class_confidence", *(f"p(kind {c})" for c in "abcd")]
    for row in rows:
        shares = {c: float(row[f"p(kind {c})"]) for c in "abcd"}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert row["class"] == f"kind {max(shares, key=shares.__getitem__)}"
    run("evaluate", tmp_path / "run", "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["recall"].keys() == {
        f"kind {c}" for c in "abcd"
    }
