"""One look: every image is encoded once, whoever asks."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import infogan as ig
from infogan.analysis import doctor
from infogan.analysis.consistency import VIEWS, joint
from infogan.analysis.curves import series
from infogan.analysis.evaluation import METRICS, NEEDS, scores, shown
from infogan.analysis.observation import FEW, Observation, spaced
from infogan.core.random import stream
from infogan.data.augment import Affine
from infogan.data.images import Images, to_float, to_pixels
from infogan.latent.posterior import Posterior
from infogan.model.model import Model
from infogan.runs.folder import Run

SAMPLES = 300


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch, trained: Path) -> tuple[Model, Counter[bytes]]:
    """A model, and how often its D is given each image."""
    model, seen = Model.load(trained), Counter[bytes]()
    forward = model.d.forward

    def counted(images: torch.Tensor, **asked: Any) -> Any:
        seen.update(image.numpy().tobytes() for image in images)
        return forward(images, **asked)

    monkeypatch.setattr(model.d, "forward", counted)
    return model, seen


def test_each_image_is_encoded_once(
    encoded: tuple[Model, Counter[bytes]], trained: Path, images: Images
) -> None:
    """By scores, the doctor, and what a page or a picture asks for."""
    model, times = encoded
    seen = Observation(model, images, samples=SAMPLES)
    found = scores(seen)
    doctor.examine(Run(trained), seen, found)
    for _ in range(2):
        assert seen.categories is seen.read["digit"]
        assert seen.clusters is not None
        assert seen.clusters.accuracy == found["cluster_accuracy"]
    own = {image.numpy().tobytes() for image in to_float(images.pixels)}
    assert len(own) == len(images)  # no two are alike
    assert {times[image] for image in own} == {1}
    few = min(FEW, len(images))
    assert times.total() == len(images) + SAMPLES + FEW + 3 * few
    assert len(seen.views) == VIEWS
    assert len(seen.views) == VIEWS
    assert times.total() == len(images) + SAMPLES + FEW + (3 + VIEWS) * few


def test_selection_and_merging_look_once(
    encoded: tuple[Model, Counter[bytes]], images: Images
) -> None:
    model, times = encoded
    ig.merge(model, images)
    assert times.total() == (1 + VIEWS) * len(images)


def test_an_observation_says_what_its_model_says(trained: Path, images: Images) -> None:
    model = Model.load(trained)
    seen = Observation(model, images, seed=3, samples=SAMPLES)
    read = model.encode(images)["digit"]
    assert seen.categories is not None
    assert np.array_equal(seen.categories.probs, read.probs)
    assert seen.bounds == model.lower_bound(SAMPLES, seed=3)
    assert seen.numbered == ["0", "1", "2", "3"]
    assert all(view.shape == read.probs.shape for view in seen.views)
    assert joint(read.probs, seen.views[0]).sum() == pytest.approx(1)
    draw, made = seen.generated
    assert torch.equal(draw.vector(), model.latent.sample(FEW, stream(0, "doctor")).vector())
    assert np.array_equal(made, model.generate(draw.vector()))
    changed = [
        Affine()(to_float(images.pixels), stream(0, "doctor changes", i)).images for i in range(2)
    ]
    probs = [model.encode(to_pixels(view))["digit"].probs for view in changed]
    assert np.array_equal(seen.few_views, np.mean(probs, 0))
    assert np.array_equal(seen.recovered["slant"].mean, model.encode(made)["slant"].mean)
    blind = Observation(model, None)
    assert (blind.read, blind.categories, blind.clusters, blind.views) == ({}, None, None, [])
    found = scores(blind)
    assert found.keys() == {"information", "information_error", "recovered", "entropy", "prior"}
    assert found["recovered"]["digit"] == pytest.approx(found["information"]["digit"] / np.log(4))


def test_without_an_augment_the_images_are_their_own_views(trained: Path, images: Images) -> None:
    model = Model.load(trained)
    model.config = model.config.replace(augment=None, objective={"real_weight": 0})
    seen = Observation(model, images)
    assert seen.categories is not None
    assert [view is seen.categories.probs for view in seen.views] == [True]


def test_the_images_that_the_doctor_looks_at_are_spaced_evenly_and_stay_the_same() -> None:
    assert spaced(7).tolist() == list(range(7))
    rows = spaced(2000)
    assert (rows[0], rows[-1], len(rows)) == (0, 1999, FEW)
    assert set(np.diff(rows)) == {4, 5} or set(np.diff(rows)) == {4}
    assert rows[spaced(len(rows))].tolist() == rows.tolist()


def test_every_metric_is_shown_by_what_it_needs(trained: Path, images: Images) -> None:
    model = Model.load(trained)
    found = scores(Observation(model, images, samples=SAMPLES))
    text = "\n".join(shown(found, {"slant": "lean"}))
    rows = {line.split()[0]: line.split() for line in text.splitlines()[:4] if line}
    assert len(rows["digit"]) == 4  # with its ceiling
    assert len(rows["lean"]) == 3  # a differential entropy is none
    assert rows["digit"][1] == f"{max(0, found['recovered']['digit']):.0%}"
    assert f"{found['cluster_accuracy']:.1%}" in text
    assert f"{found['purity']:.1%}" in text
    assert "lean" in text.split("NMI")[0]
    assert {need for metric in METRICS for need in metric.needs} == NEEDS.keys()
    bare = scores(Observation(model, Images(images.pixels), samples=SAMPLES))
    assert found.keys() - bare.keys() == {
        *("cluster_accuracy", "purity", "nmi", "ari", "recall", "category_of"),
        *("merges", "confusion", "labelled"),
    }
    assert "NMI" not in "\n".join(shown(bare, {}))


def test_consistency_is_the_share_of_views_that_keep_the_category(
    trained: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model.load(trained)
    own = np.eye(4, dtype=np.float32)[np.arange(len(images)) % 4]
    answers = [own, np.concatenate([own[:48], own[48:, ::-1]])]  # a quarter of the views differ

    def encode(*_: object) -> dict[str, Posterior]:
        probs = answers.pop(0)
        return {"digit": Posterior(value=probs.argmax(1), confidence=probs.max(1), probs=probs)}

    monkeypatch.setattr(Model, "encode", encode)
    kept, information = Observation(model, images).consistency or (0, 0)
    assert kept == 0.75
    assert 0 < information < np.log(4)
    model.config = model.config.model_copy(update={"augment": None})
    answers.append(own)
    assert Observation(model, images).consistency is None


def test_a_new_metric_is_a_row(
    trained: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    from infogan.analysis import evaluation

    row = evaluation.Metric(
        "surest",
        ("categories",),
        lambda seen: {"surest": float(seen.read["digit"].confidence.max())},
        lambda scores, _: [f"surest {scores['surest']:.3f}"],
    )
    monkeypatch.setattr(evaluation, "METRICS", (*METRICS, row))
    model = Model.load(trained)
    found = scores(Observation(model, images, samples=SAMPLES))
    assert 0.25 <= found["surest"] <= 1
    assert shown(found, {})[-1] == f"surest {found['surest']:.3f}"


def test_curves_of_a_log() -> None:
    lines = [{"step": 1, "J/digit": 0.5}, {"step": 2, "J/digit": 1.0, "L_I/digit": 2.0}]
    assert series(lines, "J/") == {"digit": [(1, 0.5), (2, 1.0)]}
    assert series(lines, "L_I/") == {"digit": [(2, 2.0)]}
    assert list(series(lines)) == ["step", "J/digit", "L_I/digit"]
    assert series([], "J/") == {}
