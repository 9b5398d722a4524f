"""The doctor: every finding on both sides of its threshold, from made-up signs; its commands."""

import json
import math
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from conftest import refused, run, write_record
from infogan.analysis import consistency, diagnostics, doctor
from infogan.analysis.diagnostics import Signs, measure
from infogan.analysis.doctor import findings
from infogan.analysis.observation import Observation
from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.data import Source
from infogan.data.augment import Affine
from infogan.data.images import Images
from infogan.latent.codes import AnyCode, Categorical, Gaussian, Uniform
from infogan.latent.posterior import Posterior
from infogan.model.model import Model
from infogan.objectives.base import STANDING_OUT
from infogan.pipeline.run import fit
from infogan.runs.folder import Run

CONFIG = RunConfig().replace(
    latent={"category": "none", "digit": "categorical:4", "slant": "uniform:-1:1"}, steps=100
)
HEALTHY = {"d/real": 0.6, "d/fake": 0.6, "g/adversarial": 0.9, "L_I/digit": 1.3, "L_I/slant": 0.9}


def log(**last: float) -> list[dict[str, Any]]:
    """Ten healthy lines, the last two of which differ. `d_real` stands for d/real."""
    changed = {
        name.replace("_", "/", 1): value
        for name, value in last.items()
        if not name.startswith("L_I")
    }
    changed |= {f"L_I/{name[4:]}": value for name, value in last.items() if name.startswith("L_I")}
    return [{"step": 10 * i, **HEALTHY, **(changed if i > 8 else {})} for i in range(1, 11)]


def names_of(seen: Signs, config: RunConfig = CONFIG) -> list[str]:
    return [finding.name for finding in findings(seen, config)]


def test_a_healthy_run_has_no_finding() -> None:
    seen = measure(CONFIG, log(), {"n": 400, "code": "digit", "shares": [0.25] * 4})
    assert findings(seen, CONFIG) == []
    assert len(list(doctor.looked_at(seen))) == 4


def test_a_d_that_overpowers() -> None:
    half = doctor.OVERPOWERED * Signs().chance / 2
    assert names_of(measure(CONFIG, log(d_real=half + 0.01, d_fake=half), {})) == []
    bad = measure(CONFIG, log(d_real=half - 0.01, d_fake=half, g_adversarial=3.14), {})
    (found,) = findings(bad, CONFIG)
    assert (found.name, "3.14" in found.seen) == ("D overpowers G", True)
    assert "optim.d-lr 5e-05 (now 0.0002)" in found.remedy
    assert "d-steps 1 (now 5)" in findings(bad, CONFIG.replace(d_steps=5))[0].remedy
    catgan = CONFIG.replace(latent={"digit": "none", "slant": "none"}, objective="catgan")
    assert (
        measure(catgan, log(d_real=0.0, d_fake=-2.0), {}).losses is None
    )  # its losses are entropies


def test_a_d_that_is_ahead_of_a_g_that_draws_well_is_no_fault() -> None:
    """As of every long run of `digits`, which has 4,500 images: D knows them by heart."""
    ahead = Signs(losses=(0.3, 2.5), spacing=0.8, away=1.0)
    assert names_of(ahead) == []
    for changes in ({"spacing": 0.1}, {"away": 1.6}, {"spacing": None, "away": None}):
        assert "D overpowers G" in names_of(replace(ahead, **changes))


def test_a_relativistic_d_is_measured_by_its_own_chance() -> None:
    config = CONFIG.replace(objective={"game": "relativistic"})
    for pair, expected in ((math.log(2), []), (0.3, []), (0.25, ["D overpowers G"])):
        lines = [{"step": line["step"], "d/pair": pair, "g/adversarial": 0.7} for line in log()]
        seen = measure(config, lines, {})
        assert list(seen.losses or ()) == pytest.approx([pair, 0.7])
        assert [f.name for f in findings(seen, config) if f.name == "D overpowers G"] == expected
    assert "(0.69 by chance)" in next(doctor.looked_at(seen))


def test_no_larger_weight_is_recommended_where_it_would_rule_g() -> None:
    seen = Signs(step=9, recovered={"group": 0.1}, information={"group": 0.2})
    config = preset("images")
    remedies = [f.remedy for f in findings(seen, config) if f.name == "code ignored"]
    assert remedies == [f"another run with more steps (now {config.steps})"]
    alone = config.replace(objective={"contrast": 0.0})
    remedies = [f.remedy for f in findings(seen, alone) if f.name == "code ignored"]
    assert remedies == ["latent.group.weight 1 (now 0.1)"]
    codes = {"digit": "categorical:4", "category": "none"}
    classes = RunConfig().replace(latent=codes, objective="acgan", labels="all", steps=100)
    seen = Signs(step=100, recovered={"digit": 0.1}, information={"digit": 0.2})
    remedies = [f.remedy for f in findings(seen, classes) if f.name == "code ignored"]
    assert remedies == ["more steps (now 100)"]  # it has no such weight


def test_more_classes_than_categories() -> None:
    config, line = preset("images"), log()[-1]
    for found, expected in ((15, True), (14, False), (3, False), (0, False), (None, False)):
        last = line if found is None else {**line, STANDING_OUT: found}
        signs = measure(config, [last], {})
        assert signs.groups == found
        assert ("more classes" in names_of(signs, config)) == expected
    (more,) = [f for f in findings(Signs(groups=15), config) if f.name == "more classes"]
    assert "15 groups of images stood out, not 10" in more.seen
    assert more.remedy == "--classes 15"


def test_a_critic_of_its_own_is_made_smooth_and_not_slow() -> None:
    """What keeps G alive on photos; where D shares Q's trunk it would end in noise."""
    collapsed = Signs(losses=(0.01, 5.0), chance=1.4, spacing=0.02)
    photos = preset("images").replace(objective={"game": "non-saturating", "penalty": 0.0})
    by_batches = photos.replace(networks={"norm": "batch"})
    for config, expected in (
        (photos, True),
        (preset("images"), False),
        (CONFIG, False),
        (by_batches, False),
    ):
        found = {f.name: f.remedy for f in findings(collapsed, config)}
        assert {"D overpowers G", "generator collapse"} <= found.keys()
        for remedy in (found["D overpowers G"], found["generator collapse"]):
            assert ("objective.game relativistic (now non-saturating)" in remedy) == expected
            assert "optim." not in remedy or not expected
        slower = "optim.d-lr" in found["D overpowers G"]
        assert slower == (not config.objective.contrasts)  # where it is Q's rate too


def test_images_that_are_alike_are_the_cause_of_all_else(trained: Path, images: Images) -> None:
    model = Model.load(trained)
    same = Images(np.full_like(images.pixels, 90))
    for given, expected in ((same, True), (images, False), (images.subset([0]), False)):
        seen = measure(model.config, log(), {}, Observation(model, given))
        names = names_of(seen, model.config)
        assert ("images alike" in names) == expected
        assert (names == ["images alike"]) == expected


def test_loose_categories_of_photos_and_what_to_use_instead() -> None:
    config = preset("images")
    for kept, expected in ((0.74, ["categories loose"]), (0.76, []), (None, [])):
        found = [f.name for f in findings(Signs(kept=kept), config)]
        assert found == expected
    (found_,) = findings(Signs(kept=0.6), config)
    assert "60% of augmented views" in found_.seen
    assert "networks projected" in found_.remedy
    (found_,) = findings(Signs(kept=0.6), config.replace(networks="projected"))
    assert "another tool" in found_.remedy
    assert findings(Signs(kept=0.6), CONFIG) == []  # whose views were not chosen for classes


@pytest.mark.parametrize(
    ("name", "code"),
    [("digit", Categorical(4)), ("slant", Uniform(-1, 1)), ("slant", Gaussian(sigma=1.0))],
)
def test_a_code_that_is_ignored(name: str, code: AnyCode) -> None:
    config = CONFIG.replace(latent={name: code})
    low, high = -3.0, code.entropy
    while high - low > 1e-6:  # where L_I tells just enough
        middle = (low + high) / 2
        low, high = (low, middle) if code.recovered(middle) > doctor.RECOVERED else (middle, high)
    assert names_of(measure(config, log(**{f"L_I_{name}": high + 0.01}), {}), config) == []
    (found,) = findings(measure(config, log(**{f"L_I_{name}": low - 0.01}), {}), config)
    assert found.name == "code ignored"
    assert name in found.seen
    gan = config.replace(objective="gan")
    assert (
        "objective infogan"
        in findings(measure(gan, log(**{f"L_I_{name}": low - 0.01}), {}), gan)[0].remedy
    )


@pytest.mark.parametrize(
    "code", [Uniform(-1, 1), Uniform(-2, 2), Gaussian(scale=3.0), Uniform(-1, 1, sigma=1.0)]
)
def test_recovered_is_the_share_of_variance_that_q_reads(code: Uniform | Gaussian) -> None:
    """For a Q whose error is a third of the variance, and for one that ignores the image."""
    c = code.sample(200_000, torch.Generator().manual_seed(0))
    for share in (0.0, 2 / 3):
        error = math.sqrt(1 - share) * code.std
        mu = share * c + math.sqrt(share * (1 - share)) * code.std * torch.randn(c.shape)
        s = math.log(error / code.std)
        b = math.log(100)
        params = torch.cat([mu, torch.full_like(mu, b * math.atanh(s / b))], 1)[:, : code.n_params]
        bound = code.entropy + float(code.log_q(params, c).mean())
        assert code.recovered(bound) == pytest.approx(share, abs=0.01)
    assert code.recovered(-1e6) < 0  # however wrong Q is
    assert Categorical(4).recovered(math.log(2)) == pytest.approx(0.5)


def test_a_run_that_is_not_finished_or_jumped() -> None:
    assert names_of(measure(CONFIG, log(), {}), CONFIG.replace(steps=101)) == ["not finished"]
    lines = log()
    lines[-1]["d/info/digit"] = -5.11  # ten times 0.41, and 1
    for line in lines[:-1]:
        line["d/info/digit"] = -0.41
    assert names_of(measure(CONFIG, lines, {})) == ["loss jumped"]
    lines[-1]["d/info/digit"] = -5.09
    assert names_of(measure(CONFIG, lines, {})) == []
    lines[-1]["d/info/digit"] = math.nan
    assert "nan" in findings(measure(CONFIG, lines, {}), CONFIG)[0].seen


@pytest.mark.parametrize(
    ("rates", "remedy"),
    [
        ({"d_lr": 1e10}, "optim.d-lr 0.0002 (now 1e+10)"),
        ({"g_lr": 1e10}, "optim.g-lr 0.001 (now 1e+10)"),
        ({"d_lr": 1e-5, "g_lr": 1e-3}, "optim.g-lr 0.00025 (now 0.001)"),
        ({"d_lr": 1e-3, "g_lr": 2e-3}, "optim.d-lr 0.0002 (now 0.001)"),
    ],
)
def test_training_that_diverged(rates: dict[str, float], remedy: str) -> None:
    """Judged at the log's end, with the rate that is highest for its player; what is left of the
    model after that is a consequence."""
    config = CONFIG.replace(optim=rates)
    edge = doctor.DIVERGED
    for kept in (edge + 1, -40.0):
        assert "training diverged" not in names_of(measure(config, log(L_I_digit=kept), {}))
    early = log()
    early[0]["L_I/slant"] = -964.0  # as the worst line of a sound run
    assert names_of(measure(config, early, {})) == []
    seen = measure(config, log(L_I_digit=edge - 1, d_real=0.0, d_fake=0.0), {})
    (found,) = findings(replace(seen, spacing=0.0, usage=(0.0, 1.0)), config)
    assert (found.name, found.remedy) == ("training diverged", remedy)
    assert found.seen == "L_I of digit is -101 nats"


def test_a_finished_model_that_lags_behind_training() -> None:
    seen = measure(CONFIG, log(), {})
    enough = {name: doctor.LAG * share for name, share in seen.recovered.items()}
    assert names_of(replace(seen, finished=enough)) == []
    ema = CONFIG.replace(optim={"ema": 0.99})
    (found,) = findings(replace(seen, finished=enough | {"slant": enough["slant"] - 0.01}), ema)
    assert (found.name, "of digit" in found.seen) == ("finished model lags", False)
    assert "optim.ema 0.96" in found.remedy
    slow = CONFIG.replace(optim={"ema": 0.999})
    (found,) = findings(replace(seen, finished=enough | {"slant": 0.0}), slow)
    assert "optim.ema 0.996 (" in found.remedy


def test_what_is_read_of_a_continuous_code_needs_neither_its_zero_nor_a_true_sigma() -> None:
    """L_I of the same Q is far below 0: sure of itself, and beside the point by 0.3 everywhere."""
    code = Uniform(-1, 1)
    drawn = code.sample(2000, torch.Generator().manual_seed(0))
    noise = torch.randn(drawn.shape, generator=torch.Generator().manual_seed(1))
    mean = (0.3 + 0.5 * drawn + 0.5 * code.std * math.sqrt(1 / 0.8 - 1) * noise)[:, 0].numpy()
    off = Posterior(value=mean, confidence=mean, mean=mean, std=np.full_like(mean, 0.05))
    assert code.recovered_from(drawn, off) == pytest.approx(0.8, abs=0.02)
    assert code.recovered_from(drawn, replace(off, mean=-mean)) < 0.01  # backwards is wrong
    lost = np.full_like(mean, np.nan)
    assert not code.recovered_from(drawn, replace(off, mean=lost, std=lost)) > 0
    assert code.recovered_from(drawn, replace(off, mean=noise[:, 0].numpy())) == pytest.approx(
        0, abs=0.01
    )
    assert code.recovered_from(drawn, replace(off, mean=np.ones_like(mean))) == 0


def test_what_is_read_of_a_continuous_code_counts_what_q_knows_to_be_unsure_of() -> None:
    """Of every second image Q knows that it cannot read it: its means explain a quarter of the
    variance, its Gaussians far more."""
    code = Uniform(-1, 1)
    drawn = code.sample(2000, torch.Generator().manual_seed(0))
    c = drawn[:, 0].numpy()
    lost = np.arange(2000) % 2 == 0
    mean = np.where(lost, np.roll(c, 2), c)  # some other image's value
    std = np.where(lost, 10.0, 0.01).astype(np.float32)
    read = Posterior(value=mean, confidence=std, mean=mean, std=std)
    bound = code.entropy - (0.5 * math.log(2 * math.pi) + (math.log(10.0) + math.log(0.01)) / 2)
    assert np.corrcoef(c, mean)[0, 1] ** 2 < 0.3
    assert code.recovered_from(drawn, read) == pytest.approx(code.recovered(bound), abs=0.01)


def test_what_is_read_of_a_categorical_code_is_its_share_of_information() -> None:
    code = Categorical(4)
    drawn = code.sample(2000, torch.Generator().manual_seed(0))
    probs = (0.1 + 0.6 * drawn).numpy()
    read = Posterior(value=probs.argmax(1), confidence=probs.max(1), probs=probs)
    assert code.recovered_from(drawn, read) == pytest.approx(
        1 + math.log(0.7) / math.log(4), abs=1e-4
    )
    wrong = np.roll(drawn.numpy(), 1, 1)
    assert (
        -100 < code.recovered_from(drawn, replace(read, probs=wrong)) < -10
    )  # sure, and wrong: finite


def test_what_the_finished_model_reads_is_asked_of_its_own_images(trained: Path) -> None:
    """Without a real image, and as its encoder has it."""
    model = Model.load(trained)
    finished = measure(model.config, log(), {}, Observation(model, None)).finished
    assert finished.keys() == {"digit", "slant"}
    with torch.no_grad():
        for parameter in model.d.parameters():
            parameter.zero_()  # the same of every image
    assert measure(model.config, log(), {}, Observation(model, None)).finished == pytest.approx(
        {"digit": 0, "slant": 0}, abs=0.1
    )
    acgan = model.config.replace(
        latent={"slant": "none"}, objective="acgan", labels="all", augment=None
    )
    classifying = Model(acgan, model.shape, ("a", "b", "c", "d"))
    assert measure(acgan, [], {}, Observation(classifying, None)).finished.keys() == {
        "digit"
    }  # by the head of classes
    catgan = model.config.replace(
        latent={"digit": "none", "slant": "none"}, objective={"kind": "catgan", "k": 4}
    )
    assert (
        measure(catgan, [], {}, Observation(Model(catgan, model.shape), None)).finished == {}
    )  # has no head that reads codes


def test_each_image_is_asked_for_the_code_that_it_was_made_of(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A G that writes its codes into pixels, and a Q that reads them there."""
    model = Model.load(trained)
    noise = model.latent.noise

    def generate(vectors: torch.Tensor) -> Any:
        made = torch.zeros(len(vectors), *model.shape)
        made[:, 0, :5, 0] = (vectors[:, noise:] + 1) * 100
        return made.to(torch.uint8).numpy()

    def encode(images: Any) -> dict[str, Posterior]:
        codes = images[:, 0, :5, 0].astype(np.float32) / 100 - 1
        mean, std = codes[:, 4], np.full(len(codes), 0.05, np.float32)
        digit = Posterior(
            value=codes.argmax(1), confidence=std, probs=0.01 + 0.96 * (codes[:, :4] > 0.5)
        )
        return {"digit": digit, "slant": Posterior(value=mean, confidence=std, mean=mean, std=std)}

    monkeypatch.setattr(model, "generate", generate)
    monkeypatch.setattr(model, "encode", encode)
    finished = measure(model.config, log(), {}, Observation(model, None)).finished
    assert finished == pytest.approx(
        {"digit": 1 + math.log(0.97) / math.log(4), "slant": 1}, abs=0.01
    )


def test_a_learned_prior_is_the_measure_of_both_shares(trained: Path) -> None:
    """What Q recovers in training and what the finished one recovers are shares of one entropy."""
    learned = Model.load(trained).config.replace(latent={"digit": {"probs": "learned"}})
    model = Model(learned, (16, 16, 1))
    model.priors["digit"] = torch.tensor([0.85, 0.05, 0.05, 0.05])
    entropy = model.latent.codes["digit"].entropy
    assert measure(learned, log(L_I_digit=entropy), {}, Observation(model, None)).recovered[
        "digit"
    ] == pytest.approx(1, abs=1e-6)


def test_a_log_alone_has_the_entropy_of_a_learned_prior() -> None:
    lines = [line | {"H(c)/digit": 0.9} for line in log(L_I_digit=0.45)]
    assert measure(CONFIG, lines, {}).recovered["digit"] == pytest.approx(0.5)
    assert measure(CONFIG, log(L_I_digit=0.45), {}).recovered["digit"] < 0.4  # of ln 4


def test_a_category_that_is_unused() -> None:
    def scores(share: float, n: int = 400) -> dict[str, Any]:
        return {"n": n, "code": "digit", "shares": [share, 0.3, 0.3, 0.4 - share]}

    promised = doctor.UNUSED / 4
    assert names_of(measure(CONFIG, log(), scores(promised + 0.001))) == []
    (found,) = findings(measure(CONFIG, log(), scores(promised - 0.001)), CONFIG)
    assert found.name == "category unused"
    assert found.seen.startswith("category 0")
    assert (
        measure(CONFIG, log(), scores(0.0, n=4 * consistency.FEWEST - 1)).usage == ()
    )  # too few images to tell
    learned = {"prior": {"digit": [0.04, 0.32, 0.32, 0.32]}}
    assert measure(CONFIG, log(), scores(0.02) | learned).usage[0] == pytest.approx(0.5)
    two = preset("digits").replace(latent={"digit": Categorical(2)}, steps=100)
    more = "more steps (now 100)"  # one category is none
    (found,) = findings(Signs(usage=(0.0, 2.0), recovered={"digit": 1.0}), two)
    assert (found.name, found.remedy) == ("category unused", f"another run with {more}")
    rare = CONFIG.replace(latent={"digit": Categorical(4, probs=(0.04, 0.32, 0.32, 0.32))})
    assert names_of(measure(rare, log(), scores(0.02)), rare) == []  # as rare as its prior has it
    silent = measure(CONFIG, log(L_I_digit=0.1), scores(0.0))
    assert names_of(silent) == ["code ignored"]  # the cause alone


def test_categories_that_share_a_class() -> None:
    """Views of images of 0 and 1 are read as each other, those of 2 are not; 3 has too few."""
    read = np.repeat([0, 1, 2, 3], [40, 20, 40, 5])
    view = np.full((105, 4), 0.01)
    view[np.arange(105), read] = 0.97
    view[:40, :2] = [0.68, 0.3]
    view[40:60, :2] = [0.1, 0.88]
    view[100:] = 0.25
    table = consistency.confusion(read, view)
    assert table[0, 1] == table[1, 0] == pytest.approx(0.2)
    assert table[0, 2] == pytest.approx(0.01)
    assert (table[3] == 0).all()
    assert (np.diag(table) == 0).all()
    base = measure(CONFIG, log(), {})
    assert names_of(replace(base, pairs=((0, 1, doctor.MIXED - 1e-6),))) == []
    mixed = replace(base, pairs=((0, 1, doctor.MIXED), (2, 3, 0.01)))
    (found,) = findings(mixed, CONFIG)
    assert found.name == "categories mixed"
    assert "0 and 1" in found.seen
    assert "2 and 3" not in found.seen
    assert "real-weight 3" in found.remedy  # it is off; where it is on, it is no remedy
    trained = CONFIG.replace(objective={"real_weight": 3}, augment="affine")
    assert "augment.bend 0.05 (now 0)" in findings(mixed, trained)[0].remedy
    assert "another seed" in findings(mixed, trained.replace(augment={"bend": 0.1}))[0].remedy


def test_images_that_repeat() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 8, 8, 3)).astype(np.uint8)
    flat = images.reshape(30, -1).astype(float)
    by_hand = [
        min(np.sqrt(((a - b) ** 2).mean()) for j, b in enumerate(flat) if j != i)
        for i, a in enumerate(flat)
    ]
    assert diagnostics.nearest(images) == pytest.approx(np.array(by_hand), rel=1e-4)
    assert diagnostics.nearest(np.concatenate([images, images])) == pytest.approx(0, abs=0.05)
    base = measure(CONFIG, log(), {})
    assert names_of(replace(base, spacing=doctor.CLOSE, spacings={0: doctor.CLOSE})) == []
    (found,) = findings(replace(base, spacing=doctor.CLOSE - 0.01), CONFIG)
    assert (found.name, "category" in found.seen) == ("generator collapse", False)
    within = replace(base, spacing=1.0, spacings={0: 0.9, 2: 0.1})
    seen = findings(within, CONFIG)[0].seen
    assert "category 2" in seen
    assert "0.10" in seen
    assert (
        "latent.noise 62 (now 2)" in findings(within, CONFIG.replace(latent={"noise": 2}))[0].remedy
    )


def test_a_generator_that_draws_nothing_like_the_images(trained: Path, images: Images) -> None:
    rng = np.random.default_rng(0)
    real, made = (rng.integers(0, 256, (n, 8, 8, 1)).astype(np.uint8) for n in (20, 30))
    apart = real.reshape(20, 1, -1).astype(float) - made.reshape(30, -1)
    by_hand = np.sqrt((apart**2).mean(2)).min(1)
    assert diagnostics.nearest(real, made) == pytest.approx(by_hand, rel=1e-4)
    model, copied = Model.load(trained), images.pixels
    far = 255 * (rng.random(copied.shape) > 0.5).astype(np.uint8)
    for drawn, unlike in ((copied, False), (far, True)):
        seen = Observation(model, images)
        seen.__dict__["generated"] = seen.generated[0], np.resize(drawn, (500, *copied.shape[1:]))
        signs = measure(model.config, log(), {}, seen)
        assert ("generated images unlike" in names_of(signs, model.config)) == unlike
        assert signs.away is not None
        assert (signs.away > 0) == unlike


def test_what_helps_a_generator_that_draws_nothing_like_the_images() -> None:
    unlike = Signs(away=doctor.AWAY + 0.01, spacing=0.5)
    sharp = preset("images").replace(objective={"game": "non-saturating", "penalty": 0.0})
    waits = CONFIG.replace(objective={"warm_up": 0.9, "real_weight": 1.0}, augment=Affine())
    for config, remedy in (
        (waits, "objective.warm-up 0.25 (now 0.9)"),
        (CONFIG, f"more steps (now {CONFIG.steps})"),
        (preset("images"), "another run with more steps (now 2000)"),
        (
            sharp,
            "objective.game relativistic (now non-saturating) with objective.penalty 1 (now 0)",
        ),
    ):
        (found,) = findings(unlike, config)
        assert (found.name, found.remedy) == ("generated images unlike", remedy)
    (found,) = findings(replace(unlike, spacing=0.01), CONFIG)  # black images are both
    assert found.name == "generator collapse"
    assert findings(replace(unlike, away=doctor.AWAY), CONFIG) == []


def test_a_generator_that_makes_one_image_a_category(trained: Path, images: Images) -> None:
    model = Model.load(trained)
    fine = measure(model.config, [], {}, Observation(model, images))
    assert fine.spacing is not None
    assert fine.spacing > 0
    with torch.no_grad():
        first = next(p for p in model.g.parameters() if p.ndim == 2)
        first[:, : model.config.latent.noise] = 0  # without z
        first[:, -1] = 0  # and to the slant
    assert measure(model.config, [], {}, Observation(model, images)).spacing == pytest.approx(
        0, abs=0.01
    )


def test_no_label_is_looked_at(trained: Path, images: Images) -> None:
    """Other labels, or none, and never any of the scores that labels gave: the same words."""
    there, model = Run(trained), Model.load(trained)
    scores: dict[str, Any] = {"n": 64, "code": "digit", "shares": [0.25] * 4}
    found = [
        doctor.examine(there, Observation(model, Images(images.pixels, labels, classes)), scores)
        for labels, classes in (
            (images.labels, images.classes),
            (images.labels[::-1].copy(), ("b", "a", "d", "c")),
        )
    ]
    assert (
        found[0]
        == found[1]
        == doctor.examine(there, Observation(model, Images(images.pixels)), scores)
    )


def test_the_command(done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("doctor", done)
    shown = capsys.readouterr().out
    assert "code ignored: " in shown  # of four steps
    assert "looked at" in shown
    run("doctor", done, "--json")
    tree = json.loads(capsys.readouterr().out)
    assert {finding["name"] for finding in tree["findings"]} >= {"code ignored"}
    assert tree["signs"]["recovered"].keys() == {"digit", "slant"}
    recorded = json.loads((done / "scores.json").read_text())["findings"]
    assert recorded == tree["findings"]  # what the end of training saw


def test_a_run_is_looked_at_by_its_own_seed(
    tiny: RunConfig, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the end of training looked at it: else views and samples are others."""
    fit(tiny.replace(seed=3, steps=1), tmp_path / "run", images=images)
    seeds, begin = list[int](), Observation.__init__

    def watched(seen: Observation, *given: Any, **named: Any) -> None:
        begin(seen, *given, **named)
        seeds.append(seen.seed)

    monkeypatch.setattr(Observation, "__init__", watched)
    run("doctor", tmp_path / "run")
    assert seeds == [3]


def test_a_run_that_is_being_trained_is_waited_for(done: Path, tmp_path: Path) -> None:
    copy = Run(shutil.copytree(done, tmp_path / "run"))
    longer = copy.config.replace(steps=copy.config.steps + 1)
    copy.write_json(copy.config_file, longer.tree())

    def remedy() -> str:
        found = doctor.examine(copy, None).findings
        return next(f.remedy for f in found if f.name == "not finished")

    assert copy.holder == ""
    assert "the same train command" in remedy()
    with closing(Run(copy.path)) as training:
        training.hold()
        assert remedy() == f"waiting: {copy.holder} is training it"
        assert copy.holder.startswith("process ")
    assert copy.holder == ""


def test_runs_without_weights_or_lines(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(done, copy)
    (copy / "model.safetensors").unlink()
    (copy / "scores.json").unlink()
    capsys.readouterr()
    run("doctor", copy)
    shown = capsys.readouterr().out
    assert "left out" in shown
    assert "model.safetensors" in shown
    assert "losses: L_D" in shown
    (copy / "metrics.jsonl").unlink()
    assert "metrics.jsonl" in refused(capsys, "doctor", copy)
    assert str(tmp_path / "nowhere") in refused(capsys, "doctor", tmp_path / "nowhere")
    assert "config.json" in refused(capsys, "doctor", tmp_path)
    shutil.copy(done / "model.safetensors", copy)
    run("doctor", copy)
    assert "left out: losses" in capsys.readouterr().out
    write_record(copy, source=Source(name=str(tmp_path / "gone")))
    moved = json.loads((copy / "config.json").read_text()) | {
        "data": {"name": str(tmp_path / "gone")}
    }
    (copy / "config.json").write_text(json.dumps(moved))
    run("doctor", copy)
    shown = capsys.readouterr().out
    assert str(tmp_path / "gone") in shown
    assert "samples: " not in shown  # they are compared with real images
    assert str(tmp_path / "gone") in refused(capsys, "doctor", copy, "--data", tmp_path / "gone")


def test_training_and_the_report_say_it(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`train` on a finished run shows the findings again; the page begins with what they mean, as
    plain text. Both say that nothing is wrong, but not of a run that was not examined."""
    copy = tmp_path / "run"
    shutil.copytree(done, copy)
    capsys.readouterr()
    run("train", "-c", copy / "config.json", "--run", copy)
    assert "generated images hardly show digit, " in capsys.readouterr().out.lower()
    scores = json.loads((copy / "scores.json").read_text())
    scores["findings"] = [
        {"name": "code ignored", "seen": "<script>alert(1)</script>", "remedy": "a & b"},
        {"name": "not finished", "seen": "step 3", "remedy": "patience", "means": "it is <early>"},
    ]

    def said() -> tuple[str, str]:
        """The page from its title to its figures, and what `train` prints."""
        (copy / "scores.json").write_text(json.dumps(scores))
        run("report", copy)
        page = (copy / "report.html").read_text()
        assert "<script>alert" not in page
        capsys.readouterr()
        run("train", "-c", copy / "config.json", "--run", copy)
        return page.partition("</h1>")[2].partition('<dl class="figures">')[0], (
            capsys.readouterr().out
        )

    page, shown = said()
    assert "code ignored: &lt;script&gt;alert(1)&lt;/script&gt;." in page
    assert "It is &lt;early&gt;. Try patience." in page
    assert "It is <early>. Try patience.\n  not finished: step 3\n" in shown
    assert doctor.SOUND not in page + shown
    scores["findings"] = []
    page, shown = said()
    assert all(doctor.SOUND in words and "Try " not in words for words in (page, shown))
    del scores["findings"]
    assert not any(doctor.SOUND in words or "Try " in words for words in said())


def test_categories_come_before_factors_and_all_say_what_they_mean() -> None:
    seen = Signs(step=9, kept=0.6, spacing=0.1, usage=(0.0, 1.0), pairs=((0, 1, 0.2),))
    seen = replace(seen, recovered={"a": 0.1, "group": 0.9, "b": 0.2}, losses=(0.1, 2.0))
    seen = replace(seen, information={"a": 0.1, "group": 2.0, "b": 0.2}, jumps={"d/real": (1, 99)})
    seen = replace(seen, finished={"a": 0.1, "group": 0.1, "b": 0.2})
    found = findings(seen, preset("images"))
    assert [finding.name for finding in found] == [
        *("not finished", "loss jumped", "D overpowers G", "generator collapse"),
        *("finished model lags", "category unused", "categories mixed", "categories loose"),
        *("code ignored", "code ignored"),
    ]
    assert all(finding.means for finding in found)
    assert [finding.verdict[:31] for finding in found[-2:]] == [
        "Generated images hardly show a,",
        "Generated images hardly show b,",
    ]
    ignored = replace(seen, recovered={"a": 0.1, "group": 0.1, "b": 0.2})
    assert [finding.seen.split()[-4] for finding in findings(ignored, preset("images"))[-3:]] == [
        "group",
        "a",
        "b",
    ]


def test_huge_figures_are_short() -> None:
    seen = Signs(losses=(1.5, -98765432.1), recovered={"a": -1.0}, information={"a": -123456789.1})
    assert list(doctor.looked_at(seen)) == [
        "losses: L_D 1.50 (1.39 by chance), L_G -9.9e+07",
        "a: Q recovers 0% (L_I -1.2e+08)",
    ]
