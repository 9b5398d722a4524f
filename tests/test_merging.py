"""Which categories are one class, without labels: planted classes are found at any size."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import infogan as ig
from conftest import refused, run
from infogan import sorting
from infogan.analysis import diagnostics, merging
from infogan.analysis.merging import NEAR, Merging, join
from infogan.analysis.observation import Observation
from infogan.cli.terminal import show_merging
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError
from infogan.data.images import Images, Pixels
from infogan.latent.posterior import Posterior
from infogan.model.model import Model
from infogan.objectives.base import STANDING_OUT
from infogan.pipeline.run import fit
from infogan.runs.folder import Run
from infogan.runs.names import Names

PLANTED = [0, 1, 2, 0, 1, 0, 2, 3]
"""The class of each category."""


def planted(shares: list[float], stays: float = 0.4, strays: float = 0.03) -> NDArray[np.float64]:
    """[K, K] joint table of categories whose views are in one of their own class, or by chance in
    any; shares: of the classes."""
    classes = np.array(PLANTED)
    own = np.array(shares)[classes] / np.bincount(classes)[classes]
    same = (classes[:, None] == classes) * own
    change = stays * np.eye(len(classes)) + (1 - stays) * same / same.sum(1, keepdims=True)
    table: NDArray[np.float64] = own[:, None] * ((1 - strays) * change + strays * own)
    assert np.allclose(table, table.T)
    return table


@pytest.mark.parametrize(
    "shares", [[0.25, 0.25, 0.25, 0.25], [0.48, 0.02, 0.48, 0.02], [0.03, 0.03, 0.04, 0.9]]
)
def test_planted_classes_come_back_whatever_their_sizes(shares: list[float]) -> None:
    groups, steps = join(planted(shares))
    assert sorted(map(sorted, groups)) == [[0, 3, 5], [1, 4], [2, 6], [7]]
    assert [classes for classes, _ in steps] == [8, 7, 6, 5, 4, 3, 2]
    near = [value for _, value in steps]
    assert min(near[:4]) > 2 * NEAR > 4 * max(near[4:])  # four pairs belong together, three do not
    assert join(planted(shares), into=4) == (groups, steps)


def test_how_near_two_categories_are() -> None:
    table = np.array([[0.35, 0.1, 0.0], [0.1, 0.2, 0.02], [0.0, 0.02, 0.21]])
    groups, steps = join(table, into=2)
    assert groups == [[0, 1], [2]]
    near = [0.1 / (0.45 * 0.32) ** 0.5, 0.02 / (0.77 * 0.23) ** 0.5]
    assert [classes for classes, _ in steps] == [3, 2]
    assert [value for _, value in steps] == pytest.approx(near)
    assert near[1] < NEAR < near[0]
    assert join(table)[0] == groups
    assert join(table, into=1)[0] == [[0, 1, 2]]
    assert table[0, 0] == 0.35  # the caller's own is left alone


def test_categories_that_never_meet_are_not_joined() -> None:
    table = np.diag([0.5, 0.5, 0.0])
    assert join(table) == ([[0], [1], [2]], [])
    assert len(join(table, into=1)[0]) == 3


def test_dead_categories_are_no_classes() -> None:
    live = np.array([[0.45, 0.02], [0.02, 0.51]])
    table = np.pad(live, (0, 3), constant_values=1e-6) + np.diag([0, 0, 1e-3, 1e-3, 1e-3])
    table[1, 2] = table[2, 1] = 1e-5
    for into in (None, 2):
        groups, steps = join(table, into)
        assert len(groups) == 2
        assert (
            next(group for group in groups if 1 in group)[1] == 2
        )  # where its views are read most
        assert [classes for classes, _ in steps] == [5, 4, 3, 2]


def test_many_even_categories_are_alive() -> None:
    table = np.full((256, 256), 1e-9) + np.eye(256) / 256
    assert len(join(table)[0]) == 256
    table[7] = table[:, 7] = 1e-10
    assert len(join(table)[0]) == 255


def test_names_hold_together_and_apart() -> None:
    names = ["a", None, "b", "b", None, "c", None, None]  # 0 and 5 are one class, 2 and 3 are not
    groups, _ = join(planted([0.25] * 4), names=names)
    found = {k: i for i, group in enumerate(groups) for k in group}
    assert found[2] == found[3]
    assert len({found[0], found[2], found[5]}) == 3
    assert found[1] == found[4]
    assert len(join(planted([0.25] * 4), into=1, names=names)[0]) == 3


def test_names_of_a_merging() -> None:
    found = Merging("digit", ((0, 2), (1,), (3, 4)), (0.5, 0.3, 0.2), (), "images", 9)
    old = Names(codes={"slant": "lean"}, categories={"digit": {2: "seven", 3: "class 9"}})
    names = found.names(old)
    assert names.codes == {"slant": "lean"}
    assert names.categories == old.categories  # the user's stay as they are
    assert names.merged["digit"] == {
        0: "seven",
        2: "seven",
        1: "class 1",
        3: "class 9",
        4: "class 9",
    }
    taken = found.names(Names(categories={"digit": {4: "class 1"}}))
    assert taken.merged["digit"] == {
        0: "class 0",
        2: "class 0",
        1: "class 3",
        3: "class 1",
        4: "class 1",
    }
    two = Merging("digit", ((0, 1), (2, 3), (4, 5), (6, 7)), (0.25,) * 4, (), "images", 9)
    both = two.names(Names(categories={"digit": {0: "class 1", 4: "class 3"}})).merged["digit"]
    assert [both[k] for k in (0, 2, 4, 6)] == ["class 1", "class 4", "class 3", "class 5"]
    again = found.names(names.model_copy(update={"categories": {}}))
    assert again.merged["digit"] == {
        0: "class 0",
        2: "class 0",
        1: "class 1",
        3: "class 2",
        4: "class 2",
    }


def test_a_gap_is_how_plainly_the_number_of_classes_stands_out() -> None:
    classes = ((0, 1), (2,))  # of three categories
    for steps, gap in (
        (((3, 0.3), (2, 0.1)), 3.0),
        (((3, 0.12), (2, 0.1)), 1.2),
        (((3, 0.3),), math.inf),  # those that are left never meet
        (((2, 0.1),), 1.0),  # nothing joined
    ):
        assert Merging("digit", classes, (0.6, 0.4), steps, "x", 9).gap == pytest.approx(gap)
    assert Merging("digit", ((0,), (1,)), (0.5, 0.5), (), "x", 9).gap == 1
    one = Merging("digit", ((0, 1, 2),), (1.0,), ((3, 0.3), (2, 0.1)), "x", 9)
    assert one.gap == 1  # no gap ended the joining


def test_reading_by_names_adds_probabilities_up() -> None:
    probs = np.array([[0.4, 0.3, 0.3, 0.0], [0.1, 0.2, 0.1, 0.6]], np.float32)
    read = Posterior(value=probs.argmax(1), confidence=probs.max(1), probs=probs)
    names = Names(categories={"digit": {1: "two", 2: "two", 0: "one", 3: "three"}})
    found = names.joined("digit", read)
    assert found.value.tolist() == [1, 3]
    assert found.confidence == pytest.approx([0.6, 0.6])
    assert names.columns({"digit": read}) == {
        "digit": [1, 3],
        "digit_name": ["two", "three"],
        "digit_confidence": [0.6, 0.6],
    }
    for alone in (Names(), Names(categories={"digit": {1: "two"}})):
        same = alone.joined("digit", read)
        assert same.value.tolist() == read.value.tolist()
        assert same.confidence == pytest.approx(read.confidence)


def test_what_is_sorted_and_scored_is_read_by_names(
    trained: Path, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Category 0 is the likeliest of every image, but 1 and 2 together, one class, are likelier."""
    probs = np.tile(np.array([0.4, 0.3, 0.3, 0.0], np.float32), (len(images), 1))
    read = {"digit": Posterior(value=probs.argmax(1), confidence=probs.max(1), probs=probs)}
    names = Names(categories={"digit": {1: "two", 2: "two", 0: "one"}})
    went = sorting.sort(images, read, "digit", names, tmp_path / "sorted", unsure=0.5)
    assert went == {"two": 64}
    model = Model.load(trained)
    model.names = names
    monkeypatch.setattr(Model, "encode", lambda *_: read)
    table = np.array(ig.evaluate(model, images)["named"]["confusion"])
    assert (table[:, 1] == np.bincount(images.labels)).all()


def test_the_doctor_asks_for_crossings_between_names(
    trained: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    probs = np.tile(np.array([[0.6, 0.4, 0, 0], [0.4, 0.6, 0, 0]], np.float32), (32, 1))
    read = Posterior(value=probs.argmax(1), confidence=probs.max(1), probs=probs)
    monkeypatch.setattr(Model, "encode", lambda *_: {"digit": read})
    model = Model.load(trained)
    ((i, j, crossing),) = diagnostics.pairs(Observation(model, images))
    assert (i, j) == (0, 1)
    assert crossing == pytest.approx(0.4)
    model.names = Names(categories={"digit": {0: "two", 1: "two"}})
    assert diagnostics.pairs(Observation(model, images)) == ()


def test_the_table_shows_both_sides_of_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    steps = tuple((classes, classes / 100) for classes in range(7, 3, -1))
    show_merging(
        Merging(
            "digit", ((0, 2), (1,), (3,), (4,), (5,)), (0.6, 0.1, 0.1, 0.1, 0.1), steps, "x", 9
        ),
        Names(),
    )
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == " 60.0%  #0: 0, 2"
    assert shown[7:11] == [
        "  7.0%  7",
        "  6.0%  6",
        "  5.0%  5  not joined",
        "  4.0%  4  not joined",
    ]


@pytest.fixture
def half_recovered(monkeypatch: pytest.MonkeyPatch, images: Images) -> None:
    """A Q whose categories 0 and 1 are class 0, 2 is class 1 and 3 all others; a view of an image
    of class 0 may be read as 0 or 1."""

    def encode(model: Model, seen: Images | Pixels) -> dict[str, Posterior]:
        labels = images.labels[: len(seen)]
        if not isinstance(seen, Images):
            assert not np.array_equal(seen, images.pixels)  # a view is augmented
        probs = np.eye(4, dtype=np.float32)[np.minimum(labels + 1, 3)]
        probs[labels == 0] = [0.5, 0.5, 0, 0]
        if isinstance(seen, Images):
            probs[labels == 0] = [0.1, 0.9, 0, 0]
            probs[np.flatnonzero(labels == 0)[::2]] = [0.9, 0.1, 0, 0]
        return {"digit": Posterior(value=probs.argmax(1), confidence=probs.max(1), probs=probs)}

    monkeypatch.setattr(Model, "encode", encode)


@pytest.mark.usefixtures("half_recovered")
def test_a_model_is_merged_and_scored(trained: Path, images: Images) -> None:
    model = Model.load(trained)
    found = ig.merge(model, images)
    assert sorted(found.classes) == [(0, 1), (2,), (3,)]
    assert list(found.shares) == sorted(found.shares, reverse=True)
    assert sum(found.shares) == pytest.approx(1)
    assert (found.n, found.code) == (64, "digit")
    assert (
        ig.merge(model, Images(images.pixels), into=3).classes == found.classes
    )  # labels change nothing
    assert len(ig.merge(model, images, into=4).classes) == 4
    assert "named" not in ig.evaluate(model, images)
    model.names = found.names(model.names)
    scores = ig.evaluate(model, images)
    assert scores["named"]["k"] == 3
    merged = np.bincount(images.labels) / 64
    assert scores["named"]["cluster_accuracy"] == pytest.approx(1 - min(merged[2:]))
    assert scores["named"]["recall"][images.classes[0]] == 1
    assert scores["cluster_accuracy"] < scores["named"]["cluster_accuracy"]


def test_the_command_writes_names(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(done, folder)
    run("name", folder, "digit.2", "seven")
    capsys.readouterr()
    run("merge", folder, "--into", 2)
    shown = capsys.readouterr().out
    assert "seven" in shown
    assert "2  not joined" in shown
    assert "6 images" in shown  # those held out
    run("evaluate", folder)
    assert "categories of one name together: " in capsys.readouterr().out
    names = Run(folder).names
    assert names.categories["digit"] == {2: "seven"}
    assert set(names.given("digit")) == {0, 1, 2, 3}
    assert len(set(names.given("digit").values())) == 2
    run("merge", folder, "--into", 4, "--dry-run")  # which writes nothing
    assert Run(folder).names == names
    capsys.readouterr()
    run("merge", folder, "--undo")
    shown = capsys.readouterr().out
    assert shown.count("removed") == 3 and "removed      digit.2" not in shown
    assert Run(folder).names == Names(categories={"digit": {2: "seven"}})
    run("merge", folder, "--undo", "--json")
    assert json.loads(capsys.readouterr().out) == {"removed": {}}
    run("name", folder, "digit.2", "")
    assert "removed      digit.2 seven" in capsys.readouterr().out
    run("merge", folder, "--into", 4, "--split", "all", "--json")
    tree = json.loads(capsys.readouterr().out)
    assert tree["n"] == 64
    given = Run(folder).names.given("digit")
    assert sorted(given.values()) == ["class 0", "class 1", "class 2", "class 3"]
    assert "--undo" in refused(capsys, "name", folder, "digit.class 0", "")
    run("name", folder, "digit.class 0", "cat")
    assert set(Run(folder).names.given("digit").values()) == {
        "cat",
        "class 1",
        "class 2",
        "class 3",
    }
    captured = capsys.readouterr()
    assert "(by merge)" in captured.out
    assert f"{folder / 'report.html'} shows the names as they were" in captured.err
    run("sort", folder, photos, "-o", tmp_path / "sorted", "--unsure", 0)
    read = Model.load(folder).encode(ig.data.load(str(photos), "all"))["digit"]
    assert {path.name for path in (tmp_path / "sorted").iterdir()} == {
        "codes.csv",
        *(Run(folder).names.category("digit", k) for k in read.value.tolist()),
    }


def test_mistakes(
    done: Path, tiny: RunConfig, images: Images, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(done, folder)
    for words, why in (
        ((folder, "--into", 5), "1 to 4"),
        ((folder, "--into", 0), "1 to 4"),
    ):
        assert why in refused(capsys, "merge", *words)
    assert "nowhere" in refused(capsys, "merge", tmp_path / "nowhere")
    assert not Run(folder).names_file.exists()
    run("name", folder, "digit.0", "a")
    run("name", folder, "digit.1", "b")
    assert "2 classes" in refused(capsys, "merge", folder, "--into", 1)
    assert Run(folder).names.categories["digit"] == {0: "a", 1: "b"}
    only_digit = {"slant": "none"}
    plain = tiny.replace(steps=1, augment=None, objective={"real_weight": 0})
    for config, why in (
        (plain, "augment"),
        (tiny.replace(steps=1, latent={"digit": "none"}), "categories"),
        (
            tiny.replace(steps=1, labels="all", latent=only_digit, objective={"kind": "acgan"}),
            "categories",
        ),
    ):
        model = fit(config, tmp_path / why[:7] / str(config.labels), images=images)
        with pytest.raises(ConfigError, match=why):
            ig.merge(model, images)


def test_without_a_gap_nothing_is_written(
    done: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(done, folder)
    steps = {"last": ((4, 0.12), (3, 0.1)), "plain": ((4, 0.3), (3, 0.05))}
    for name, written in (("last", False), ("plain", True)):
        found = Merging("digit", ((0, 1), (2,), (3,)), (0.5, 0.3, 0.2), steps[name], "x", 9)
        monkeypatch.setattr(merging, "merge", lambda *_, found=found, **__: found)
        run("merge", folder)
        assert bool(Run(folder).names.merged) == written
        assert ("no number of classes stands out" in capsys.readouterr().err) != written
    unsure = Merging("digit", ((0, 1), (2,), (3,)), (0.5, 0.3, 0.2), steps["last"], "x", 9)
    monkeypatch.setattr(merging, "merge", lambda *_, **__: unsure)
    *lines, last = Run(folder).metrics()
    for groups, said in ((3, True), (4, False), (0, False)):
        told = [json.dumps(line) for line in (*lines, last | {STANDING_OUT: groups})]
        Run(folder).metrics_file.write_text("\n".join(told))
        run("merge", folder)
        words = f"--into N it is ({groups} groups of images stood out in training)"
        assert (words in capsys.readouterr().err) == said
    apart = Merging("digit", ((0,), (1,), (2,), (3,)), (0.25,) * 4, ((4, 0.01),), "x", 9)
    monkeypatch.setattr(merging, "merge", lambda *_, **__: apart)
    run("merge", folder)
    assert "no two categories are taken for each other" in capsys.readouterr().err
