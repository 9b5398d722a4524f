"""Which run to use, without labels; several seeds at once."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import infogan as ig
from conftest import refused, run
from infogan.analysis.centrality import centrality
from infogan.analysis.consistency import VIEWS, shared_information, views
from infogan.analysis.metrics.clusters import Indices
from infogan.analysis.selection import agreement, not_alone, select
from infogan.cli.terminal import show_selection
from infogan.config.settings import RunConfig
from infogan.core.random import stream
from infogan.data.augment import Affine
from infogan.data.images import Images, Pixels, to_float, to_pixels
from infogan.latent.posterior import Posterior
from infogan.model.model import Model
from infogan.pipeline import seeds
from infogan.pipeline.run import fit
from infogan.runs import checkpoints
from infogan.runs.folder import Run

RNG = np.random.default_rng(0)
CLASSES = RNG.integers(0, 4, 400)


def renamed(categories: Indices, order: Sequence[int]) -> Indices:
    """The same categories under other numbers."""
    return np.array(order)[categories]


def test_agreement_does_not_know_what_categories_are_called() -> None:
    merged = np.where(CLASSES == 3, 2, CLASSES)
    random = RNG.integers(0, 4, 400)
    runs = [CLASSES, renamed(CLASSES, [2, 0, 3, 1]), merged, random]
    table = agreement(runs)
    assert table[0, 1] == 1
    assert 0.5 < table[0, 2] == table[1, 2] < 0.9
    assert abs(table[3, :3]).max() < 0.05
    scores = centrality(table)
    assert list(np.argsort(-scores)) in ([0, 1, 2, 3], [1, 0, 2, 3])
    assert scores[0] == pytest.approx(table[0, 1:].mean())
    again = agreement([renamed(one, [3, 2, 1, 0]) for one in runs])
    assert np.allclose(again, table)


def test_runs_that_tell_nothing_apart_do_not_elect_each_other() -> None:
    collapsed = np.zeros(400, np.int64)
    assert centrality(agreement([collapsed, collapsed, collapsed + 1, CLASSES])).max() == 0


def test_centrality_counts_both_directions() -> None:
    table = np.array([[1, 0.2, 0.4], [0.6, 1, 0.8], [0, 0.2, 1]])
    assert centrality(table) == pytest.approx([(0.4 + 0.2) / 2, (0.4 + 0.5) / 2, (0.2 + 0.5) / 2])


def test_information_shared_with_a_view_at_closed_forms() -> None:
    sure, nothing = np.eye(4, dtype=np.float32), np.full((4, 4), 0.25, np.float32)
    assert shared_information(sure, sure) == pytest.approx(np.log(4))
    assert shared_information(nothing, nothing) == pytest.approx(0, abs=1e-6)
    assert shared_information(sure, nothing) == pytest.approx(
        0, abs=1e-6
    )  # the change takes all of it
    one, two = sure[[0, 0, 0]], sure[[0, 0, 1, 1]]
    assert shared_information(one, one) == pytest.approx(0, abs=1e-6)
    assert shared_information(two, two) == pytest.approx(np.log(2))
    assert shared_information(sure, np.roll(sure, 1, 1)) == pytest.approx(
        np.log(2)
    )  # each category is two
    unsure = 0.9 * sure + 0.1 * nothing
    assert 0.5 < shared_information(sure, unsure) < 1.3
    assert shared_information(sure, unsure) == pytest.approx(shared_information(unsure, sure))


def test_runs_alone_are_those_far_below_the_best_agreement() -> None:
    assert not_alone(np.array([0.8, 0.41, 0.39, 0.0])).tolist() == [True, True, False, False]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny: RunConfig, photos: Path) -> list[Path]:
    """Three tiny runs that differ in their seed."""
    folder = tmp_path_factory.mktemp("select")
    for seed in range(3):
        fit(tiny.replace(data={"name": str(photos)}, seed=seed, steps=2), folder / f"seed-{seed}")
    return [folder / f"seed-{seed}" for seed in range(3)]


def test_information_ranks_and_a_run_alone_comes_last(
    runs: list[Path], images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seed 0 is as confident as seed 1, of what no other run sees; seed 2 merged two classes."""
    classes = images.labels
    merged = np.where(classes == 3, 2, classes)
    found = {0: RNG.integers(0, 4, len(classes)), 1: renamed(classes, [1, 2, 3, 0]), 2: merged}
    forgetful: set[int] = set()

    def encode(model: Model, seen: Images | Pixels) -> dict[str, Posterior]:
        value = found[model.config.seed]
        probs = np.eye(4, dtype=np.float32)[value]
        if model.config.seed in forgetful and not isinstance(seen, Images):  # an augmented view
            probs = np.full_like(probs, 0.25)
        return {
            "digit": Posterior(value=value, confidence=np.ones(len(value), np.float32), probs=probs)
        }

    monkeypatch.setattr(Model, "encode", encode)
    ranked = select(runs, images)
    assert [candidate.seed for candidate in ranked.candidates] == [1, 2, 0]
    assert ranked.candidates[-1].scores["information"] > ranked.candidates[1].scores["information"]
    pair = select([runs[2], runs[1]], images)  # they agree with each other alike
    assert pair.candidates[0].scores["agreement"] == pair.candidates[1].scores["agreement"]
    assert (pair.best.seed, pair.best.run) == (1, str(runs[1]))
    share = np.bincount(classes) / len(classes)
    assert pair.best.scores["information"] == pytest.approx(-(share * np.log(share)).sum())
    forgetful.add(1)
    assert [candidate.seed for candidate in select(runs, images).candidates] == [2, 1, 0]


def test_all_runs_read_the_views_of_the_first(
    runs: list[Path],
    tiny: RunConfig,
    photos: Path,
    images: Images,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = tiny.replace(data={"name": str(photos)}, seed=9, steps=1, augment={"strength": 3.0})
    fit(settings, tmp_path / "other")
    given: dict[int, list[bytes]] = {0: [], 9: []}
    original = Model.encode

    def encode(model: Model, seen: Images | Pixels) -> dict[str, Posterior]:
        if isinstance(seen, np.ndarray):
            given[model.config.seed].append(seen.tobytes())
        return original(model, seen)

    monkeypatch.setattr(Model, "encode", encode)
    select([runs[0], tmp_path / "other"], images)
    assert given[0] == given[9] == [view.tobytes() for view in views(images, tiny.augment)]


def test_views_are_augmented_as_in_training(
    images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(views(images, None)) == []
    monkeypatch.setattr("infogan.analysis.consistency.CHUNK", 40)
    augment = Affine(strength=2)
    found = list(views(images, augment, seed=3))
    assert len(found) == VIEWS
    for i, view in enumerate(found):
        for at in (0, 40):
            generator = stream(3, f"selection {i}", at)
            expected = augment(to_float(images.pixels[at : at + 40]), generator).images
            assert np.array_equal(view[at : at + 40], to_pixels(expected))


def test_labels_change_nothing(
    runs: list[Path], images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Images(images.pixels, name=images.name)
    wrong = Images(images.pixels, RNG.permutation(images.labels), images.classes, images.name)
    assert select(runs, images).tree() == select(runs, bare).tree() == select(runs, wrong).tree()
    by_default = select(runs).tree()

    original = ig.data.load

    def load(*source: Any) -> Images:
        found = original(*source)
        return Images(found.pixels, name=found.name)

    monkeypatch.setattr("infogan.runs.images.data.load", load)
    assert select(runs).tree() == by_default


def test_the_command_names_the_run(
    runs: list[Path], photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("select", *runs, "--data", photos, "--split", "all", "--json")
    tree = json.loads(capsys.readouterr().out)
    assert tree["n"] == 64
    best = max(row["agreement"] for row in tree["runs"])
    scores = [(row["agreement"] >= best / 2, row["information"]) for row in tree["runs"]]
    assert scores == sorted(scores, reverse=True)
    assert tree["selected"] == tree["runs"][0]["run"]
    assert {row["seed"] for row in tree["runs"]} == {0, 1, 2}
    run("select", runs[0].parent, "--data", photos, "--split", "all", "--json")
    assert json.loads(capsys.readouterr().out) == tree  # a folder of seeds stands for its runs
    run("select", *runs)
    lines = capsys.readouterr().out.strip().splitlines()
    best = ig.select(runs).best
    assert lines[-1].split() == ["use", best.run]
    assert lines[1].split()[0] == best.run
    assert "on 6 images" in "\n".join(lines[-3:])  # those held out


def test_mistakes(
    runs: list[Path],
    tiny: RunConfig,
    images: Images,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fit(tiny.replace(steps=1, latent={"digit": "none"}), tmp_path / "slant", images=images)
    fit(tiny.replace(steps=1, latent={"digit": "categorical:5"}), tmp_path / "five", images=images)
    wide = Images(np.repeat(images.pixels, 2, 2), images.labels, images.classes)
    fit(tiny.replace(steps=1), tmp_path / "wide", images=wide)
    fit(tiny.replace(steps=1), tmp_path / "other", images=images)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text(json.dumps(tiny.tree()))
    assert "0" in refused(capsys, "select")
    assert "1" in refused(capsys, "select", runs[0])
    assert "twice" in refused(capsys, "select", runs[0], runs[0])
    for name in ("nowhere", "half", "slant"):
        assert str(tmp_path / name) in refused(capsys, "select", runs[0], tmp_path / name)
    assert "digit categorical:5" in refused(capsys, "select", runs[0], tmp_path / "five")
    assert "(16, 32, 1)" in refused(capsys, "select", runs[0], tmp_path / "wide")
    assert "--data" in refused(capsys, "select", runs[0], tmp_path / "other")
    assert "--seeds 1" in refused(
        capsys, "train", "digits", "--seeds", 1, "--run", tmp_path / "new"
    )
    assert "ranks runs by a categorical code that Q reads, or by two" in refused(
        capsys, "train", "classifier", "--seeds", 2
    )
    assert "holds a run of one seed" in refused(
        capsys, "train", "digits", "--seeds", 2, "--run", runs[0]
    )
    assert "did you mean --steps" in refused(capsys, "train", "digits", "--seeds", 2, "--stesp", 1)


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_seeds_stop_go_on_and_are_ranked(
    done: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGINT in the middle; the same command, where one seed cannot train; and again without it."""
    folder = tmp_path / "runs"
    words = [
        "train",
        "-c",
        done / "config.json",
        "--run",
        folder,
        "--seed",
        5,
        "--checkpoint-every",
        999_999,
    ]
    many = [str(word) for word in (*words, "--seeds", 2, "--steps", 3000)]
    first = Run(folder / "seed-5")
    with subprocess.Popen(
        [sys.executable, "-m", "infogan", *many], stderr=subprocess.PIPE, text=True
    ) as parent:
        while not first.metrics() and parent.poll() is None:
            time.sleep(0.05)
        parent.send_signal(signal.SIGINT)
        said = parent.communicate()[1]
    assert parent.returncode == 130, said
    assert f"infogan {' '.join(many)}" in said
    assert "2 seeds of 3,000 steps, up to " in said and f"into {folder}; Ctrl-C stops" in said
    left = folder.glob("seed-*/checkpoints/step-*")  # of two seeds, one of which is ahead
    saved = max(int(path.name.removeprefix("step-")) for path in left)
    assert saved < 3000, "the signal did not reach the process that trains"
    words += ["--steps", saved + 1]
    (folder / "seed-7").mkdir()
    (folder / "seed-7" / "precious").write_text("mine")
    with caplog.at_level("INFO"), pytest.raises(SystemExit) as caught:
        run(*words, "--seeds", 3)
    assert caught.value.code == 2
    shown, said = capsys.readouterr()
    assert [f"seed {seed}: scoring" in caplog.text for seed in (5, 6, 7)] == [True, True, False]
    assert "seed 7:" in said
    assert "holds no run" in said
    assert "1 of 3 seeds failed" in said
    tree = json.loads((folder / "selection.json").read_text())
    assert {row["seed"] for row in tree["runs"]} == {5, 6}
    assert shown.strip().splitlines()[-1].split() == ["use", tree["selected"]]
    assert checkpoints.found(first.checkpoints)[-1].name == f"step-{saved + 1:08d}"
    assert "selection.json" in refused(capsys, "sample", folder)
    assert [path.name for path in folder.glob("*.log")] == ["seed-7.log"]

    def nothing(*words: object) -> None:
        raise AssertionError("a finished seed was trained again")

    monkeypatch.setattr(seeds, "start", nothing)
    run(*words, "--seeds", 2)
    assert capsys.readouterr().out == shown


def test_runs_that_do_not_differ_are_said_to(capsys: pytest.CaptureFixture[str]) -> None:
    for other, told in ((2.105, True), (2.2, False)):
        runs = [
            {"run": n, "information": i, "agreement": 0.9, "L_I": 2.0}
            for n, i in (("a", other), ("b", 2.1))
        ]
        show_selection({"runs": runs, "n": 9, "images": "x", "selected": "a"})
        assert ("no reason to prefer one" in capsys.readouterr().out) == told
