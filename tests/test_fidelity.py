"""Distances and coverage of generated images, on fixed features."""

import math

import numpy as np
import pytest
import torch

from infogan import Model, data
from infogan.analysis.evaluation import evaluate, shown
from infogan.analysis.features import extractor, judge
from infogan.analysis.metrics import fidelity
from infogan.analysis.metrics.fidelity import Features
from infogan.config.presets import DIGITS
from infogan.data.images import Pixels, to_float


def features(n: int = 400, m: int = 300) -> tuple[Features, Features]:
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(n, 6)), 0.8 * rng.normal(size=(m, 6)) + 0.3
    fake[:, 0] = np.abs(fake[:, 0])
    return real, fake


def modes(which: range, n: int = 60) -> Features:
    """n features about each of some of ten far places."""
    rng = np.random.default_rng(len(which))
    return np.concatenate([rng.normal(size=(n, 4)) + 100 * k for k in which])


def test_published_implementations_agree() -> None:
    """Fixed figures from prdc 0.2 (k = 3, and 5 for density and coverage), pytorch-fid 0.3.0 and
    torch-fidelity 0.4.0 (kernel distance without subsets), on these features."""
    found = fidelity.score(*features())
    assert found.precision == pytest.approx(0.9633333333333334, abs=1e-9)
    assert found.recall == pytest.approx(0.5, abs=1e-9)
    assert found.density == pytest.approx(1.2333333333333334, abs=1e-9)
    assert found.coverage == pytest.approx(0.6875, abs=1e-9)
    assert found.fd == pytest.approx(1.664986771677519, abs=1e-9)
    real, fake = features()
    assert fidelity.kernel(real[:250], fake[:250]) == pytest.approx(0.6566706223311183, abs=1e-9)


def test_parts_of_a_matrix_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fidelity.score(*features()).tree()
    monkeypatch.setattr(fidelity, "ROWS", 7)
    assert fidelity.score(*features()).tree() == pytest.approx(whole, rel=1e-9)


def test_equal_sets_are_covered_and_distant_ones_are_not() -> None:
    real = features()[0]
    same = fidelity.score(real, real.copy())
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    assert same.fd == pytest.approx(0, abs=1e-9)
    assert same.kd < 0.01
    far = fidelity.score(real, real + 1000)
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)
    assert far.fd == pytest.approx(6 * 1000**2, rel=1e-6)


def test_a_mode_that_is_dropped_lowers_recall_and_not_precision() -> None:
    real = modes(range(10))
    rng = np.random.default_rng(1)
    whole = fidelity.score(real, real + 0.01 * rng.normal(size=real.shape))
    short = fidelity.score(real, real[:540] + 0.01 * rng.normal(size=(540, 4)))
    assert whole.precision == short.precision == 1
    assert whole.recall - short.recall == pytest.approx(0.1, abs=0.01)
    assert whole.coverage - short.coverage == pytest.approx(0.1, abs=0.01)


def test_one_image_over_and_over_covers_nothing() -> None:
    real, _ = features()
    found = fidelity.score(real, np.repeat(real[:1], 300, 0))
    assert found.precision == 1
    assert found.recall == 0
    assert found.coverage < 0.03


def test_features_without_spread_are_no_trap() -> None:
    flat = np.ones((20, 3))
    found = fidelity.score(flat, flat)
    assert all(math.isfinite(value) for value in found.tree().values())
    one = fidelity.score(features()[0][:, :1], features()[1][:, :1])
    assert math.isfinite(one.fd)
    with pytest.raises(ValueError, match="5 images are too few"):
        fidelity.score(features()[0], features()[1][:5])


def test_real_digits_cover_each_other_and_other_images_do_not() -> None:
    held = data.load("digits", "validation")
    extract = extractor("digits", held.shape)
    assert extract is not None
    assert extract.name == "classifier-mnist"
    one, other = extract(held.pixels[:250]), extract(held.pixels[250:])
    assert one.shape == (250, 128)
    assert one.dtype == np.float64
    assert fidelity.neighbours(one, other)[1] > 0.6
    inverted = extract(255 - held.pixels[250:])
    assert fidelity.neighbours(one, inverted)[1] < 0.1
    assert fidelity.frechet(one, other) < fidelity.frechet(one, inverted) / 10


@pytest.mark.parametrize(("name", "source"), [("mnist", "digits"), ("fashion-mnist", None)])
def test_the_judges_tell_classes(name: str, source: str | None) -> None:
    """Of Fashion-MNIST nothing is embedded: its judge is only not that of the digits."""
    network = judge(name)
    if source is None:
        own, other = (n.state_dict()["last.1.weight"] for n in (network, judge("mnist")))
        assert not torch.equal(own, other)
        return
    held = data.load(source, "validation")
    with torch.no_grad():
        said = network(to_float(held.pixels)).argmax(1).numpy()
    assert (said == held.labels).mean() > 0.98


def test_features_are_those_of_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (28, 28, 1)
    fashion, own = extractor("fashion-mnist", shape), extractor("photos/", (32, 32, 3))
    assert fashion is not None
    assert own is not None
    assert (fashion.name, own.name) == ("classifier-fashion-mnist", "efficientnet-lite0")
    pixels = np.random.default_rng(0).integers(0, 255, (3, 32, 32, 3), np.uint8)
    assert own(pixels).shape == (3, 320)
    assert own(pixels[..., :1]).shape == (3, 320)
    assert getattr(extractor("digits", (32, 32, 1)), "name", "") == "efficientnet-lite0"
    monkeypatch.setattr("infogan.networks.pretrained.PACKAGE", "no_such_package_here")
    assert extractor("photos/", shape) is None
    assert extractor("digits", shape) is not None


def test_fidelity_is_a_score_of_every_generator_that_can_be_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = DIGITS.replace(networks={"channels": [4, 8], "features": 16})
    tiny_model = Model(small, (28, 28, 1))
    held = data.load("digits", "validation")
    found = evaluate(tiny_model, held)["fidelity"]
    assert found.keys() == {
        *("features", "n", "fd", "kd", "precision", "recall", "density", "coverage", "recall_of"),
    }
    assert (found["features"], found["n"]) == ("classifier-mnist", 500)
    assert found["fd"] > 0
    assert "fidelity" not in evaluate(tiny_model, held.subset(range(5)))
    few = evaluate(tiny_model, held.subset(range(40)))["fidelity"]
    assert few["n"] == 40

    # A generator that shows real images is told from this one, which has learned next to nothing.
    def copies(self: Model, vectors: torch.Tensor) -> Pixels:
        return held.pixels[np.arange(len(vectors)) % len(held)]

    monkeypatch.setattr(Model, "generate", copies)
    copied = evaluate(tiny_model, held)["fidelity"]
    assert (copied["precision"], copied["recall"], copied["coverage"]) == (1, 1, 1)
    assert copied["fd"] < found["fd"] / 100
    scores = evaluate(tiny_model, held)
    scores["fidelity"]["recall_of"] = {"3": 0.5, "7": 0.25, "8": 0.75}
    lines = "\n".join(shown(scores, {}))
    assert "generated images: precision 1.00, recall 1.00" in lines
    assert "lowest recall of a category: 0.25 (7)" in lines
