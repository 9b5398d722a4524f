"""Names that a user gives: kept in the run folder, checked against its codes, understood wherever a
code is named."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from conftest import begin, refused, run
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError, InfoganError, RunError
from infogan.latent.latent import Latent
from infogan.latent.posterior import Posterior
from infogan.model.model import Model
from infogan.runs.folder import Run
from infogan.runs.names import Names

LATENT = Latent.model_validate(
    {"noise": 4, "digit": "categorical:4", "slant": "uniform", "width": "uniform"}
)


def test_names_come_and_go() -> None:
    names = Names().changed("digit.3", " seven ", LATENT).changed("slant", "lean", LATENT)
    own = {"codes": {"slant": "lean"}, "categories": {"digit": {"3": "seven"}}}
    assert names.tree() == own | {"merged": {}}
    assert (names.code("slant"), names.code("width")) == ("lean", "width")
    assert (names.category("digit", 3), names.category("digit", 2)) == ("seven", "#2")
    assert (names.numbered("digit", 3), names.numbered("digit", 2)) == ("3 seven", "2")
    assert names.changed("digit.03", "eight", LATENT).category("digit", 3) == "eight"
    swapped = Names().changed("digit.3", "1", LATENT).changed("digit.1", "3", LATENT)
    assert swapped.categories == {
        "digit": {3: "1", 1: "3"}
    }  # a number is a category's, whatever names there are
    both = names.changed("digit.2", "seven", LATENT).changed("digit.seven", "St. Mary", LATENT)
    assert both.categories == {"digit": {2: "St. Mary", 3: "St. Mary"}}
    assert both.changed("digit.St. Mary", "", LATENT).categories == {}
    pointed = Names(codes={"digit": "No. 1"}).changed("No. 1.2", "two", LATENT)
    assert pointed.categories == {"digit": {2: "two"}}
    assert (
        names.changed("lean", "tilt", LATENT).code("slant") == "tilt"
    )  # a code answers to its name as well
    assert names.changed("digit.3", "", LATENT).changed("slant", " ", LATENT) == Names()
    assert Names.from_tree(json.loads(json.dumps(names.tree())), LATENT) == names


def test_words_are_understood() -> None:
    names = Names(codes={"slant": "lean"}, categories={"digit": {1: "one", 2: "two", 3: "two"}})
    assert (names.find("lean"), names.find("slant"), names.find("digit")) == (
        "slant",
        "slant",
        "digit",
    )
    assert (
        names.number("digit", "one"),
        names.number("digit", "3"),
        names.number("slant", "-0.5"),
    ) == (1, 3, -0.5)
    assert (
        Names(categories={"digit": {1: "3"}}).number("digit", "3") == 1
    )  # a name comes before a number
    assert Names(categories={"digit": {1: "3"}}).number("digit", "#3") == 3
    with pytest.raises(ConfigError, match="2 and 3"):
        names.number("digit", "two")
    with pytest.raises(ConfigError, match="NAME=NUMBER"):
        names.number("digit", "three")


@pytest.mark.parametrize(
    ("what", "name", "why"),
    [
        ("digit.4", "five", "0 to 3"),
        ("digit.x", "five", r"digit\.0"),
        ("digit.", "five", r"digit\.0"),
        ("slant.0", "up", r"categories\.slant"),
        ("size", "big", "digit, slant, width"),
        ("size.0", "big", "digit, slant, width"),
        ("slant", "width", "'width'"),
        ("slant", "file", "'file'"),
        ("slant", "sorted", "'sorted'"),
        ("slant", "digit_confidence", "'digit_confidence' is another column"),
        ("width", "digit_name", "'digit_name' is another column"),
        ("digit", "class", "'class' is another column"),
        ("slant", "a\nb", r"U\+000A"),
        ("slant", "a\u2028b", r"U\+2028"),
        ("slant", "\udcff", r"codes\.slant"),
        ("slant", "x" * 81, "80"),
    ],
)
def test_what_cannot_be_a_name(what: str, name: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Names().changed(what, name, LATENT)


def test_a_run_knows_its_names(trained: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(trained, tmp_path / "run"))
    assert run.names == Names()
    names = Names().changed("digit.2", "<b>zwei</b> \u202e", run.config.latent)
    run.write_json(run.names_file, names.tree())
    assert run.names == names
    for bad, why in (
        ('{"codes": {"size": "big"}}', "digit, slant"),
        ('{"categories": {"digit": {"9": "x"}}}', "0 to 3"),
        ('{"categories": {"digit": {"one": "x"}}}', "categories.digit"),
        ('{"codes": {"slant": 3}}', "codes.slant"),
        ('{"kodes": {}}', "kodes"),
    ):
        run.names_file.write_text(bad)
        with pytest.raises(RunError, match=why) as caught:
            _ = run.names
        assert "names.json" in str(caught.value)
    run.names_file.write_text("{")
    with pytest.raises(InfoganError, match=r"names\.json"):
        _ = run.names


def test_every_command_uses_the_names(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(done, tmp_path / "run")
    run("name", copy)
    assert "nothing has a name" in capsys.readouterr().out
    run("name", copy, "digit.1", "$eins$ 一")
    run("name", copy, "slant", "lean = left")
    shown = capsys.readouterr().out
    assert "digit.1      $eins$ 一" in shown
    assert "slant        lean = left" in shown
    for a, b in (("digit=1", "digit=$eins$ 一"), ("slant=0.5", "lean = left=0.5")):
        for word, file in ((a, "a.png"), (b, "b.png")):
            run("sample", copy, "--code", word, "-n", 4, "-o", tmp_path / file)
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    run("traverse", copy, "--code", "lean = left", "-o", tmp_path / "named.png")
    run("traverse", done, "--code", "slant", "-o", tmp_path / "plain.png")
    assert (tmp_path / "named.png").read_bytes() != (tmp_path / "plain.png").read_bytes()
    run("encode", copy, photos, "-o", tmp_path / "codes.csv")
    with (tmp_path / "codes.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert list(rows[0]) == [
        "file",
        *["digit", "digit_name", "digit_confidence"],
        "lean = left",
        "lean = left_confidence",
    ]
    assert all(row["digit_name"] == ("$eins$ 一" if row["digit"] == "1" else "") for row in rows)
    capsys.readouterr()
    run("evaluate", copy)
    shown = capsys.readouterr().out
    assert "lean = left" in shown
    assert "slant" not in shown
    assert f"infogan name {copy} digit.1" in refused(capsys, "name", copy, "digit.1")
    assert "0 to 3" in refused(capsys, "name", copy, "digit.4", "x")
    assert "nowhere" in refused(capsys, "name", tmp_path / "nowhere")
    run("name", copy, "digit.1", "")
    assert Run(copy).names.tree()["categories"] == {}


def test_categories_of_a_class_head_have_names(
    tiny: RunConfig, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CatGAN without labels finds categories; encode keeps their numbers and adds the names."""
    config = tiny.replace(
        objective={"kind": "catgan", "k": 4}, latent={"digit": "none", "slant": "none"}
    )
    there = Run(tmp_path / "run")
    begin(there, config)
    there.close()
    Model(config, (16, 16, 1)).save(there.weights_file)
    named = ["one", "two", "three", "four"]
    for k, name in enumerate(named):
        run("name", there.path, f"class.{k}", name)
    run("encode", there.path, photos, "-o", tmp_path / "codes.csv")
    rows = list(csv.DictReader((tmp_path / "codes.csv").read_text(encoding="utf-8").splitlines()))
    assert rows
    assert all(row["class_name"] == named[int(row["class"])] for row in rows)
    probs = np.tile(np.array([0.4, 0.3, 0.3, 0.0], np.float32), (64, 1))
    read = {"class": Posterior(value=probs.argmax(1), confidence=probs.max(1), probs=probs)}
    monkeypatch.setattr(Model, "encode", lambda *_: read)
    run("name", there.path, "class.2", "two")
    run("encode", there.path, photos, "-o", tmp_path / "joined.csv")
    row = next(csv.DictReader((tmp_path / "joined.csv").read_text(encoding="utf-8").splitlines()))
    assert (row["class"], row["class_name"], row["class_confidence"], row["p(1)"]) == (
        "1",
        "two",
        "0.6",
        "0.3",
    )
