"""Which categories are one class, without labels: planted classes come back, whatever their sizes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import infogan as ig
from conftest import refused, run
from infogan.codes import Posterior
from infogan.config import RunConfig
from infogan.data.images import Images, Pixels
from infogan.errors import ConfigError
from infogan.merging import NEAR, Merging, join
from infogan.model import Model
from infogan.names import Names
from infogan.run import Run
from infogan.training import loop

PLANTED = [0, 1, 2, 0, 1, 0, 2, 3]
"""The class of each category."""


def planted(shares: list[float], stays: float = 0.4, strays: float = 0.03) -> NDArray[np.float64]:
    """[K, K] joint table of categories that turn into one of their class, or by chance into any; shares of classes."""
    classes = np.array(PLANTED)
    own = np.array(shares)[classes] / np.bincount(classes)[classes]
    same = (classes[:, None] == classes) * own
    change = stays * np.eye(len(classes)) + (1 - stays) * same / same.sum(1, keepdims=True)
    table: NDArray[np.float64] = own[:, None] * ((1 - strays) * change + strays * own)
    assert np.allclose(table, table.T)
    return table


@pytest.mark.parametrize("shares", [[0.25, 0.25, 0.25, 0.25], [0.48, 0.02, 0.48, 0.02], [0.03, 0.03, 0.04, 0.9]])
def test_planted_classes_come_back_whatever_their_sizes(shares: list[float]) -> None:
    groups, near = join(planted(shares))
    assert sorted(map(sorted, groups)) == [[0, 3, 5], [1, 4], [2, 6], [7]]
    assert len(near) == len(PLANTED) - 1
    assert min(near[:4]) > 2 * NEAR > 4 * max(near[4:])  # four pairs belong together, three do not
    again, same = join(planted(shares), into=4)
    assert (again, same) == (groups, near)


def test_how_near_two_categories_are() -> None:
    table = np.array([[0.35, 0.1, 0.0], [0.1, 0.2, 0.02], [0.0, 0.02, 0.21]])
    groups, near = join(table, into=2)
    assert groups == [[0, 1], [2]]
    assert near == pytest.approx([0.1 / (0.45 * 0.32) ** 0.5, 0.02 / (0.77 * 0.23) ** 0.5])
    assert near[1] < NEAR < near[0]
    assert join(table)[0] == groups
    assert join(table, into=1)[0] == [[0, 1, 2]]
    assert table[0, 0] == 0.35  # the caller's own is left alone


def test_categories_that_never_meet_are_not_joined() -> None:
    table = np.diag([0.5, 0.5, 0.0])
    groups, near = join(table)
    assert (groups, near) == ([[0], [1], [2]], [])
    assert len(join(table, into=1)[0]) == 3


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
    assert names.categories["digit"] == {0: "seven", 2: "seven", 1: "class 1", 3: "class 2", 4: "class 2"}


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
    assert Names().joined("digit", read) is read
    assert Names(categories={"digit": {1: "two"}}).joined("digit", read) is read


@pytest.fixture
def half_told(monkeypatch: pytest.MonkeyPatch, images: Images) -> None:
    """A Q whose categories 0 and 1 are the class 0, 2 the class 1, 3 all others; a copy of class 0 may be either."""

    def encode(model: Model, seen: Images | Pixels) -> dict[str, Posterior]:
        labels = images.labels[: len(seen)]
        probs = np.eye(4, dtype=np.float32)[np.minimum(labels + 1, 3)]
        probs[labels == 0] = [0.5, 0.5, 0, 0]
        if isinstance(seen, Images):
            probs[labels == 0] = [0.1, 0.9, 0, 0]
            probs[np.flatnonzero(labels == 0)[::2]] = [0.9, 0.1, 0, 0]
        return {"digit": Posterior(value=probs.argmax(1), confidence=probs.max(1), probs=probs)}

    monkeypatch.setattr(Model, "encode", encode)


@pytest.mark.usefixtures("half_told")
def test_a_model_is_merged_and_scored(trained: Path, images: Images) -> None:
    model = Model.load(trained)
    found = ig.merge(model, images)
    assert sorted(found.classes) == [(0, 1), (2,), (3,)]
    assert list(found.shares) == sorted(found.shares, reverse=True)
    assert sum(found.shares) == pytest.approx(1)
    assert (found.n, found.code) == (64, "digit")
    assert ig.merge(model, Images(images.pixels), into=3).classes == found.classes  # labels change nothing
    assert len(ig.merge(model, images, into=4).classes) == 4
    assert "named" not in ig.evaluate(model, images)
    model.names = found.names(model.names)
    scores = ig.evaluate(model, images)
    assert scores["named"]["k"] == 3
    merged = np.bincount(images.labels) / 64
    assert scores["named"]["cluster_accuracy"] == pytest.approx(1 - min(merged[2:]))
    assert scores["named"]["recall"][images.classes[0]] == 1
    assert scores["cluster_accuracy"] < scores["named"]["cluster_accuracy"]


def test_the_command_writes_names(done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    shutil.copytree(done, folder)
    run("name", folder, "digit.2", "seven")
    capsys.readouterr()
    run("merge", folder, "--into", 2)
    shown = capsys.readouterr().out
    assert "seven" in shown
    assert "not joined" in shown
    given = Run(folder).names.categories["digit"]
    assert set(given) == {0, 1, 2, 3}
    assert given[2] == "seven"
    assert len(set(given.values())) == 2
    run("name", folder, "digit.seven", "")
    capsys.readouterr()
    run("merge", folder, "--into", 4, "--data", photos, "--split", "all", "--json")
    tree = json.loads(capsys.readouterr().out)
    assert tree["n"] == 64
    given = Run(folder).names.categories["digit"]
    assert sorted(given.values()) == ["class 0", "class 1", "class 2", "class 3"]
    run("name", folder, "digit.class 0", "cat")
    assert set(Run(folder).names.categories["digit"].values()) == {"cat", "class 1", "class 2", "class 3"}
    run("sort", folder, photos, "-o", tmp_path / "sorted", "--unsure", 0)
    assert {path.name for path in (tmp_path / "sorted").iterdir()} <= {*given.values(), "cat", "codes.csv"}


def test_mistakes(
    done: Path, tiny: RunConfig, images: Images, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(done, folder)
    for words, why in (((folder, "--into", 5), "from 1 to 4"), ((folder, "--into", 0), "from 1 to 4")):
        assert why in refused(capsys, "merge", *words)
    assert "no such run folder" in refused(capsys, "merge", tmp_path / "nowhere")
    assert not Run(folder).names_file.exists()
    run("name", folder, "digit.0", "a")
    run("name", folder, "digit.1", "b")
    assert "leaves 2 classes" in refused(capsys, "merge", folder, "--into", 1)
    assert Run(folder).names.categories["digit"] == {0: "a", 1: "b"}
    only_digit = {"slant": "none"}
    plain = tiny.replace(steps=1, augment=None, objective={"real_weight": 0})
    for config, why in (
        (plain, "without changed copies"),
        (tiny.replace(steps=1, latent={"digit": "none"}), "reads no categories"),
        (tiny.replace(steps=1, labels="all", latent=only_digit, objective={"kind": "acgan"}), "reads no categories"),
    ):
        model = loop.train(config, tmp_path / why[:7] / str(config.labels), images=images)
        with pytest.raises(ConfigError, match=why):
            ig.merge(model, images)
