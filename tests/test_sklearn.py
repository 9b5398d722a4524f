"""The estimators: what scikit-learn asks of them, and what it does not know to ask."""

import doctest
import importlib
import json
import logging
import os
import re
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from harness import strokes
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from infogan.config import presets
from infogan.config.settings import RunConfig
from infogan.core import interrupts
from infogan.core.errors import ConfigError, DataError, RunError
from infogan.data.images import Images
from infogan.model.model import Model
from infogan.pipeline import recipe
from infogan.pipeline.progress import Said
from infogan.pipeline.run import fit as fit_run
from infogan.runs.folder import Run
from infogan.sklearn import (
    ACGANClassifier,
    CatGANClassifier,
    ImprovedGANClassifier,
    InfoGANClusterer,
    SemiGANClassifier,
)
from infogan.training.trainer import Trainer

ROOT = Path(__file__).parents[1]
STILL = {"strength": 0, "shift": 0, "bend": 0, "stretch": 0, "thicken": 0, "patch": 0}
TINY = {
    "networks": {"kind": "dcgan", "channels": [4, 8], "features": 128, "q_hidden": 32},
    "augment": {"kind": "affine", **STILL},  # the points of blobs have no views
    "optim": {"d_lr": 2e-2, "g_lr": 1e-3, "ema": 0.0},
    "batch": 48,
    "steps": 10,
    "precision": "fp32",
    "device": "cpu",
}
FREE = {"slant": {"follows": None}, "width": {"follows": None}}
OWN = {"latent": FREE, "objective": {"real_weight": 10}, "steps": 8}
CLASSIFIERS = SemiGANClassifier, ImprovedGANClassifier, CatGANClassifier, ACGANClassifier

ONE = "sets n_clusters=1, and a code of one category carries no information"
MINUS_ONE = "has a y of -1 and 1, where -1 stands for no label"
SINGLE = (
    "check_dont_overwrite_parameters",
    "check_fit2d_1feature",
    "check_fit2d_predict1d",
    "check_methods_subset_invariance",
)
EXPECTED = {kind.__name__: {"check_classifiers_classes": MINUS_ONE} for kind in CLASSIFIERS}
EXPECTED["InfoGANClusterer"] = dict.fromkeys(SINGLE, ONE)
"""Every check of scikit-learn's that cannot hold, with the reason."""


@pytest.fixture(autouse=True)
def tiny_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny networks and few steps in place of the presets that the estimators take."""
    for name in ("digits", "semigan", "improvedgan", "catgan", "acgan"):
        entry = presets.PRESETS[name]
        own = entry.config.replace(**TINY | (OWN if name == "digits" else {}))
        monkeypatch.setitem(presets.PRESETS, name, replace(entry, config=own))


def expected(estimator: BaseEstimator) -> dict[str, str]:
    return EXPECTED[type(estimator).__name__]


Check = Callable[[BaseEstimator], None]


def asked_of(*estimators: BaseEstimator) -> pytest.MarkDecorator:
    """Every check of scikit-learn's, on each of them."""
    checks: Any = parametrize_with_checks([*estimators], expected_failed_checks=expected)
    return checks  # type: ignore[no-any-return]


every_check = pytest.mark.filterwarnings("ignore:X has .* which is no square:UserWarning")


@every_check
@asked_of(InfoGANClusterer())
def test_what_scikit_learn_asks(estimator: BaseEstimator, check: Check) -> None:
    check(estimator)


@pytest.mark.slow
@every_check
@asked_of(*(kind() for kind in CLASSIFIERS))
def test_what_scikit_learn_asks_of_classifiers(estimator: BaseEstimator, check: Check) -> None:
    check(estimator)


class TwoAtLeast(InfoGANClusterer):
    """A clusterer that takes a request for one cluster for one of two."""

    def _for_classes(self, config: RunConfig, classes: Any) -> RunConfig:
        return config.with_classes(max(2, self.n_clusters))


@every_check
@pytest.mark.parametrize("name", SINGLE)
def test_what_is_asked_with_one_cluster_holds_with_two(name: str) -> None:
    asked = estimator_checks_generator(TwoAtLeast())
    (check,) = (check for _, check in asked if check.func.__name__ == name)
    check(TwoAtLeast())


@pytest.fixture(scope="module")
def bars() -> Images:
    return strokes(64)


def clusterer(**own: Any) -> InfoGANClusterer:
    return InfoGANClusterer(4, random_state=0, **own)


def test_a_fit_is_a_run_without_its_folder(bars: Images, tmp_path: Path) -> None:
    """The same weights, bit for bit, as the pipeline trains into a folder."""
    own = clusterer().fit(bars.pixels)
    config = presets.preset("digits").with_classes(4).replace(seed=0)
    model = fit_run(
        config, tmp_path / "run", images=replace(bars, labels=bars.labels[:0], classes=())
    )
    kept = own.model_.tensors()
    assert kept.keys() == model.tensors().keys()
    assert all((kept[name] == tensor).all() for name, tensor in model.tensors().items())
    assert (own.labels_ == model.encode(bars.pixels)["digit"].value).all()
    assert own.n_iter_ == config.steps


def test_clusters_and_what_is_said_of_them(bars: Images) -> None:
    own = clusterer(steps=60).fit(bars.pixels)
    assert own.labels_.shape == (64,) and set(own.labels_) <= {0, 1, 2, 3}
    assert (own.predict(bars.pixels) == own.labels_).all()
    probs = own.predict_proba(bars.pixels)
    assert np.allclose(probs.sum(1), 1, atol=1e-5) and (probs.argmax(1) == own.labels_).all()
    columns = own.transform(bars.pixels)
    assert own.get_feature_names_out().tolist() == [
        *(f"digit_{k}" for k in range(4)),
        "slant",
        "width",
    ]
    read = own.model_.encode(bars.pixels)
    assert (columns[:, :4] == probs).all() and (columns[:, 4] == read["slant"].mean).all()
    assert 0 < own.score(bars.pixels) <= np.log(4)
    untrained = clusterer(steps=1).fit(bars.pixels)
    assert untrained.score(bars.pixels) < own.score(bars.pixels)


def test_forms_of_one_x_are_one_x(bars: Images) -> None:
    grey = bars.pixels[..., 0]
    own = clusterer().fit(grey)
    assert own.n_features_in_ == 256
    for form in (bars.pixels, grey.reshape(64, -1), grey.reshape(64, -1).tolist()):
        assert (clusterer().fit(form).labels_ == own.labels_).all()
        assert (own.predict_proba(form) == own.predict_proba(grey)).all()
    scaled = clusterer().fit(grey / 255)
    assert (scaled.predict_proba(grey / 255) == own.predict_proba(grey)).all()
    rgb = np.repeat(bars.pixels, 3, 3)
    colour = clusterer(settings="digits").fit(rgb)
    flat = clusterer(settings="digits", image_shape=(16, 16, 3)).fit(rgb.reshape(64, -1))
    assert colour.model_.shape == flat.model_.shape == (16, 16, 3)
    assert (colour.predict_proba(rgb) == flat.predict_proba(rgb.reshape(64, -1))).all()


def test_a_vector_that_is_no_square_is_padded_with_black(bars: Images) -> None:
    short = bars.pixels.reshape(64, -1)[:, :250]
    with pytest.warns(UserWarning, match=r"250 features.*16x16.*give image_shape"):
        own = clusterer().fit(short)
    padded = np.pad(short, ((0, 0), (0, 6)))
    assert (own.predict_proba(short) == clusterer().fit(padded).predict_proba(padded)).all()
    assert own.sample(3).shape == (3, 250)


@pytest.mark.parametrize(
    ("x", "given", "said"),
    [
        (np.ones((9, 16)), (3, 5), "16 features"),
        (np.ones((9, 16)), (16,), "height, width"),
        (np.ones((9, 4, 4)), (2, 8), "leave image_shape out"),
        (np.ones((9, 4, 4, 4, 1)), None, "4 axes"),
        (np.arange(9 * 80).reshape(9, 4, 4, 5), None, "channels"),
    ],
)
def test_an_x_of_no_images_is_refused(x: Any, given: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        clusterer(image_shape=given).fit(x)


def test_images_of_another_shape_are_refused(bars: Images) -> None:
    own = clusterer().fit(bars.pixels)
    with pytest.raises(DataError, match=r"8x32, .* learned from 16x16"):
        own.predict(bars.pixels.reshape(64, 8, 32))
    with pytest.raises(ValueError, match="features"):
        own.predict(bars.pixels[:, :8])


def test_the_range_of_values_is_that_of_the_fit(bars: Images) -> None:
    """One dark image alone is read as it is among the others."""
    x = bars.pixels[..., 0] * 16.0  # 12 bits
    own = clusterer().fit(x)
    assert own.model_.config.data.range == (0, 4095)
    dark = x.copy()
    dark[0] /= 4
    whole, alone = own.predict_proba(dark)[:1], own.predict_proba(dark[:1])
    assert np.allclose(whole, alone, rtol=1e-4)
    assert not np.allclose(whole, own.predict_proba(x)[:1], rtol=1e-2)


def test_small_images_are_enlarged_and_drawn_small(bars: Images) -> None:
    x = bars.pixels[:, ::2, ::2, 0] / 255 * 16
    own = clusterer().fit(x.reshape(64, -1))
    assert own.model_.shape == (16, 16, 1)
    drawn = own.sample(5)
    assert drawn.shape == (5, 64) and drawn.dtype == np.float64
    assert 0 <= drawn.min() < drawn.max() <= 16
    assert own.predict(drawn).shape == (5,)


def test_what_is_drawn_is_what_the_model_draws(bars: Images) -> None:
    own = clusterer().fit(bars.pixels)
    made = own.sample(3, label=2, random_state=5, slant=0.5)
    assert made.dtype == np.uint8
    assert (made == own.model_.sample(3, seed=5, digit=2, slant=0.5)).all()
    assert (own.sample(3) == own.model_.sample(3, seed=0)).all()
    with pytest.raises(ConfigError, match="unknown code"):
        own.sample(1, nothing=1)
    with pytest.raises(ConfigError, match="digit"):
        own.sample(1, label=4)


def test_settings_follow_what_the_images_are(monkeypatch: pytest.MonkeyPatch) -> None:
    small = TINY | {
        "steps": 100,
        "objective": {"warm_up": 0, "contrast": 0},
        "game_augment": "none",
    }
    monkeypatch.setattr(recipe, "IMAGES", presets.IMAGES.replace(**small))
    monkeypatch.setattr(recipe, "DRAWINGS", presets.DRAWINGS.replace(**small))
    rng = np.random.default_rng(0)
    for shape, code, size in [
        ((20, 32), "digit", None),
        ((20, 33), "group", None),
        ((20, 20, 3), "group", None),
        ((8, 8), "digit", (16, 16)),
        ((10, 10, 3), "group", (16, 16)),
    ]:
        x = rng.integers(0, 255, (20, *shape), np.uint8)
        config = clusterer(steps=1).fit(x).model_.config
        assert config.latent.categorical == code
        assert config.latent.code(code).categories == 4
        assert config.data.size == size


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"settings": "nothing"}, "unknown preset"),
        ({"settings": "semigan"}, "semigan learns from labels"),
        ({"settings": "catgan-20"}, "no categorical code|learns from labels"),
        ({"steps": 0}, "steps"),
    ],
)
def test_settings_that_do_not_fit_are_refused(own: Any, said: str, bars: Images) -> None:
    with pytest.raises(ConfigError, match=said):
        clusterer(**own).fit(bars.pixels)


def test_nothing_is_written_without_a_run(
    bars: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clusterer().fit(bars.pixels).sample(2)
    SemiGANClassifier(random_state=0).fit(bars.pixels, bars.labels)
    assert not [*tmp_path.iterdir()]


def test_a_run_folder_is_the_whole_record(bars: Images, tmp_path: Path) -> None:
    own = clusterer(run=tmp_path / "run").fit(bars.pixels)
    run = Run(tmp_path / "run")
    assert run.scores_file.is_file() and run.report_file.is_file()
    assert (Model.load(run.path).encode(bars.pixels)["digit"].value == own.labels_).all()
    assert (own.labels_ == clusterer().fit(bars.pixels).labels_).all()
    with pytest.raises(RunError):
        clusterer(run=tmp_path / "run").fit(bars.pixels[:40])


def test_a_grid_and_a_pipeline(bars: Images) -> None:
    flat = bars.pixels.reshape(64, -1).astype(float)
    steps = [("darker", FunctionTransformer(lambda x: x / 2)), ("groups", clusterer())]
    grid = {"groups__n_clusters": np.arange(2, 4), "groups__steps": np.array([1, 2])}
    found = GridSearchCV(Pipeline(steps), grid, cv=2, error_score="raise").fit(flat)
    best = found.best_estimator_["groups"]
    assert best.predict_proba(flat / 2).shape == (64, found.best_params_["groups__n_clusters"])
    assert found.best_score_ == found.cv_results_["mean_test_score"].max()
    learned = GridSearchCV(SemiGANClassifier(random_state=0), {"steps": [1, 30]}, cv=2)
    learned.fit(bars.pixels, bars.labels)
    assert learned.best_params_ == {"steps": 30} and learned.best_score_ > 0.5


def test_a_random_state_is_a_seed(bars: Images) -> None:
    drawn = [InfoGANClusterer(4, steps=1).fit(bars.pixels).model_.config.seed for _ in range(2)]
    assert drawn[0] != drawn[1]
    state = InfoGANClusterer(4, steps=1, random_state=np.random.RandomState(3)).fit(bars.pixels)
    again = InfoGANClusterer(4, steps=1, random_state=np.random.RandomState(3)).fit(bars.pixels)
    assert state.model_.config.seed == again.model_.config.seed not in (0, 3)
    assert clusterer(steps=1).fit(bars.pixels).model_.config.seed == 0


NAMES = np.array(["bar a", "bar b", "bar c", "bar d"])


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_classifier_learns_from_some_labels(kind: type[Any], bars: Images) -> None:
    y = np.where(np.arange(64) < 32, bars.labels, -1)
    own = kind(steps=60, random_state=0).fit(bars.pixels, y)
    assert own.classes_.tolist() == [0, 1, 2, 3]
    assert own.score(bars.pixels, bars.labels) > 0.7  # also of the half that had no label
    assert own.score(bars.pixels, y) == (own.predict(bars.pixels)[:32] == y[:32]).mean()
    assert own.model_.config.objective.kind == kind.objective
    alone = kind(steps=60, random_state=0).fit(bars.pixels[:32], y[:32])
    assert (own.predict_proba(bars.pixels) != alone.predict_proba(bars.pixels)).any()


@pytest.mark.parametrize(
    ("classes", "missing"),
    [
        (NAMES.astype(object), None),
        (NAMES.astype(object), np.nan),
        (NAMES.astype(object), -1),
        (NAMES, "-1"),
        (np.array([2.0, 3.0, 5.0, 7.0]), np.nan),
        (np.array([2.0, 3.0, 5.0, 7.0]), -1),
        (np.array([2, 3, 5, 7], np.uint8), None),
    ],
)
def test_classes_of_any_type(classes: Any, missing: Any, bars: Images, tmp_path: Path) -> None:
    some = np.arange(64) < (64 if classes.dtype == np.uint8 else 40)
    y = np.where(some, classes[bars.labels], missing) if not some.all() else classes[bars.labels]
    own = SemiGANClassifier(random_state=0).fit(bars.pixels, y)
    plain = SemiGANClassifier(random_state=0).fit(bars.pixels, np.where(some, bars.labels, -1))
    assert own.classes_.tolist() == classes.tolist()
    assert (own.predict(bars.pixels) == classes[plain.predict(bars.pixels)]).all()
    own.save(tmp_path / "own.safetensors")
    again = SemiGANClassifier.load(tmp_path / "own.safetensors")
    assert again.classes_.dtype == own.classes_.dtype
    assert again.predict(bars.pixels).tolist() == own.predict(bars.pixels).tolist()


def test_labels_that_cannot_be_learned_from_are_refused(bars: Images) -> None:
    own, x = SemiGANClassifier(), bars.pixels
    with pytest.raises(DataError, match=r"one class at most \(none\)"):
        own.fit(x, np.full(64, -1))
    with pytest.raises(DataError, match=r"one class at most \(1\); .* -1 stands for no label"):
        own.fit(x, np.where(bars.labels > 1, 1, -1))
    with pytest.raises(ValueError, match="inconsistent"):
        own.fit(x, bars.labels[:-1])
    with pytest.raises(ConfigError, match="objective catgan, not semigan"):
        SemiGANClassifier(settings="catgan").fit(x, bars.labels)
    with pytest.raises(ConfigError, match=r"4 classes; set objective\.k none"):
        CatGANClassifier(settings="catgan-20").fit(x, bars.labels)


def test_only_a_generator_that_is_given_the_class_draws_one(bars: Images) -> None:
    y = NAMES[bars.labels]
    own = ACGANClassifier(random_state=0).fit(bars.pixels, y)
    made = own.sample(3, label="bar c", random_state=1)
    assert (made == own.model_.sample(3, seed=1, digit=2)).all()
    with pytest.raises(ConfigError, match="unknown class 'bar e'"):
        own.sample(1, label="bar e")
    with pytest.raises(ConfigError, match="gives G no class"):
        SemiGANClassifier(random_state=0).fit(bars.pixels, y).sample(1, label="bar c")


def test_a_file_without_a_pickle(bars: Images, tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    x = bars.pixels.reshape(64, -1) / 255
    state = np.random.RandomState(3)
    settings = presets.preset("digits").replace(batch=32)
    four: Any = np.int64(4)
    own = InfoGANClusterer(
        four, settings=settings, steps=5, image_shape=(16, 16), random_state=state
    ).fit(x)
    own.save(path)
    again = InfoGANClusterer.load(path)
    assert (again.predict_proba(x) == own.predict_proba(x)).all()
    assert (again.sample(2) == own.sample(2)).all() and again.n_iter_ == 5
    assert again.n_features_in_ == 256
    params = own.get_params() | {"random_state": own.model_.config.seed}
    assert again.get_params() == params
    assert (clone(again).fit(x).labels_ == own.labels_).all()
    assert Model.load(path).config == own.model_.config
    with pytest.raises(RunError, match="is of InfoGANClusterer, not SemiGANClassifier"):
        SemiGANClassifier.load(path)
    own.model_.save(tmp_path / "model.safetensors")
    with pytest.raises(RunError, match="an estimator of infogan's"):
        InfoGANClusterer.load(tmp_path / "model.safetensors")
    content = bytearray(path.read_bytes())
    content[content.index(b"n_iter") + 11] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError):
        InfoGANClusterer.load(path)


def test_networks_under_weight_norm_travel_to_another_process(bars: Images, tmp_path: Path) -> None:
    mlp = presets.preset("improvedgan").replace(networks={"kind": "mlp", "d_layers": [8, 8]})
    own = ImprovedGANClassifier(settings=mlp, random_state=0).fit(bars.pixels, bars.labels)
    joblib.dump(own, tmp_path / "own.joblib")
    again = joblib.load(tmp_path / "own.joblib")
    assert (again.predict_proba(bars.pixels) == own.predict_proba(bars.pixels)).all()
    assert (again.sample(2) == own.sample(2)).all()


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as a terminal has it, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not interrupts.asked()
    signal.signal(signal.SIGINT, before)


def at_step(monkeypatch: pytest.MonkeyPatch, step: int, what: Callable[[], None]) -> list[int]:
    """Do something in the middle of a step of training; the steps that were begun."""
    advance, begun = Trainer.advance, list[int]()

    def disturbed(self: Trainer) -> Any:
        begun.append(self.step)
        losses = advance(self)
        if len(begun) == step:
            what()
        return losses

    monkeypatch.setattr(Trainer, "advance", disturbed)
    return begun


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def raise_interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("what", [press, raise_interrupt])
def test_ctrl_c_leaves_what_was_reached(
    what: Callable[[], None], bars: Images, monkeypatch: pytest.MonkeyPatch, ctrl_c: None
) -> None:
    begun = at_step(monkeypatch, 7, what)
    with pytest.warns(ConvergenceWarning, match="interrupted at step 7 of 8") as told:
        own = clusterer().fit(bars.pixels)
    assert told[0].filename == __file__
    assert begun == [*range(7)] and own.n_iter_ == 7
    assert (own.predict(bars.pixels) == own.labels_).all()
    kept = {name: tensor.isfinite().all() for name, tensor in own.model_.tensors().items()}
    assert all(kept.values())
    assert own.model_.sample(2).std() > 0


def test_a_second_ctrl_c_is_obeyed_at_once(
    bars: Images, monkeypatch: pytest.MonkeyPatch, ctrl_c: None
) -> None:
    def twice() -> None:
        press()
        press()

    at_step(monkeypatch, 3, twice)
    with pytest.raises(KeyboardInterrupt):
        clusterer().fit(bars.pixels)


def test_ctrl_c_before_the_first_step_is_no_fit(
    bars: Images, monkeypatch: pytest.MonkeyPatch, ctrl_c: None
) -> None:
    monkeypatch.setattr(Trainer, "advance", lambda self: raise_interrupt())
    own = clusterer()
    with pytest.raises(KeyboardInterrupt):
        own.fit(bars.pixels)
    assert not hasattr(own, "model_")


@pytest.mark.slow
def test_an_interrupted_run_goes_on(
    bars: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ctrl_c: None
) -> None:
    whole, parted = (clusterer(run=tmp_path / name) for name in ("whole", "parted"))
    with monkeypatch.context() as patch:
        at_step(patch, 7, press)
        with pytest.warns(ConvergenceWarning, match="step 7 of 8.*fit again with run="):
            parted.fit(bars.pixels)
    assert parted.n_iter_ == 7 and parted.labels_.shape == (64,)
    one, other = (own.fit(bars.pixels).model_.tensors() for own in (whole, parted))
    assert parted.n_iter_ == 8
    Run(tmp_path / "parted").scores_file.unlink()
    with monkeypatch.context() as patch:  # while it is scored
        patch.setattr("infogan.pipeline.run.record", lambda *_: raise_interrupt())
        with pytest.warns(ConvergenceWarning, match="step 8 of 8.*fit again with run="):
            assert (parted.fit(bars.pixels).labels_ == whole.labels_).all()
    assert all((one[name] == other[name]).all() for name in one)


def test_a_fit_in_another_thread_leaves_signals_alone(bars: Images, ctrl_c: None) -> None:
    found = list[InfoGANClusterer]()
    thread = threading.Thread(target=lambda: found.append(clusterer().fit(bars.pixels)))
    thread.start()
    thread.join()
    assert found[0].n_iter_ == 8


def test_what_handles_ctrl_c_already_goes_on_doing_so() -> None:
    with interrupts.handled():
        own = signal.getsignal(signal.SIGINT)
        with interrupts.noticed():
            assert signal.getsignal(signal.SIGINT) is own


def test_progress_is_shown_if_asked_for(bars: Images, capsys: pytest.CaptureFixture[str]) -> None:
    clusterer().fit(bars.pixels)
    assert capsys.readouterr() == ("", "")
    clusterer(verbose=True).fit(bars.pixels)
    shown = capsys.readouterr().err
    assert "seed 0, step 8 of 8" in shown and "img/s" in shown
    clusterer().fit(bars.pixels)
    assert capsys.readouterr() == ("", "")
    assert not any(isinstance(handler, Said) for handler in logging.getLogger("infogan").handlers)


def test_the_package_alone_loads_no_estimator() -> None:
    code = (
        "import sys, infogan; infogan.RunConfig; print([m for m in sys.modules if 'sklearn' in m])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_the_page_lists_what_cannot_hold_and_its_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "scikit-learn.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(check_\w+)`", page))
    assert listed == {name for checks in EXPECTED.values() for name in checks}
    monkeypatch.setattr(presets, "DIGITS", presets.preset("digits"))
    scope: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        few = code.replace("steps=600", "steps=2").replace(
            "X, y = load_digits(return_X_y=True)", FEW
        )
        exec(compile(few, "docs/scikit-learn.md", "exec"), scope)  # the page's own lines
    assert scope["clusterer"].n_clusters == 10 and scope["search"].cv == 2
    assert scope["classifier"].classes_.tolist() == [*range(10)]


FEW = "X, y = (part[:250] for part in load_digits(return_X_y=True))"


@pytest.mark.slow
def test_the_example_compares_three_methods(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = runpy.run_path(str(ROOT / "examples" / "scikit_learn.py"))
    example["main"](["--steps", "2", "--output", str(tmp_path / "scores.json")])
    report = json.loads((tmp_path / "scores.json").read_text())
    shown = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in shown[1:]] == [row["method"] for row in report["rows"]]
    kmeans = report["rows"][0]
    assert 0.2 < kmeans["ARI"] < 0.6 and f"{kmeans['ARI']:.3f}" in shown[1]


@pytest.mark.parametrize("module", ["rows", "clusterer"])
def test_examples_in_docstrings(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"infogan.sklearn.{module}"))
    assert result.attempted and not result.failed
