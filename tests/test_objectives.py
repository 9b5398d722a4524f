"""Objectives at closed-form points, and what receives gradient from what."""

import math
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot, relu

from infogan.config.presets import PRESETS, preset
from infogan.config.settings import RunConfig
from infogan.core.random import Part, stream
from infogan.data.images import Images
from infogan.latent.codes import Categorical, Uniform
from infogan.latent.codes.base import MOST_RHO
from infogan.latent.latent import Draw, Latent
from infogan.networks import Verdict
from infogan.objectives import ACGAN, GAN, OBJECTIVES, InfoGAN
from infogan.objectives.base import Reading, of_classes
from infogan.objectives.terms import (
    NOISE,
    TEMPERATURE,
    Adversarial,
    AdversarialObjective,
    contrast,
)
from infogan.training import step
from infogan.training.trainer import Trainer

LATENT = Latent(noise=2, digit="categorical:4", slant="uniform:-1:1")
CLASS_ONLY = Latent(noise=2, digit="categorical:4")
K = 4
N_PARAMS = sum(code.n_params for code in LATENT.codes.values())


def verdict(real: float, n: int = 8) -> Verdict:
    heads = {
        "real": torch.full((n, 1), real),
        "code": torch.zeros(n, N_PARAMS),
        "class": torch.full((n, K + 1), -real).index_fill(1, torch.arange(2), real),
    }
    return Verdict(
        torch.zeros(n, 3, requires_grad=True),
        {name: head.requires_grad_(True) for name, head in heads.items()},
    )


@dataclass
class Still:
    """A scene whose verdicts are given."""

    real: Verdict
    fake: Verdict
    latent: Latent = LATENT
    draw: Draw = field(default_factory=lambda: LATENT.sample(8, stream(0, "still")))
    labels: Tensor | None = field(default_factory=lambda: torch.arange(8) % K)
    labelled: Verdict = field(init=False)
    seen: Verdict = field(init=False)
    view: Verdict = field(init=False)
    other: Verdict = field(init=False)
    moves: dict[str, Tensor] = field(default_factory=dict)
    groups: Tensor | None = None
    done: float = 0.5
    number: int = 0
    readings: tuple[Reading, ...] = ()

    def __post_init__(self) -> None:
        self.labelled = self.seen = self.view = self.other = self.real
        self.readings = self.readings or GAN().readings(self.latent, 0)

    def pairs(self, network: str, gap: float) -> tuple[Verdict, Tensor]:
        raise AssertionError(network)

    def network(self, name: str) -> Any:
        raise AssertionError(name)

    def disturbed(self, name: str) -> Verdict:
        return self.real if name == "real" else self.fake


@pytest.mark.parametrize("objective", [GAN(), InfoGAN()], ids=lambda o: o.kind)
def test_losses_of_an_undecided_d(objective: GAN | InfoGAN) -> None:
    scene = Still(verdict(0.0), verdict(0.0))
    d, g = objective.d_loss(scene), objective.g_loss(scene)
    assert (d.terms["real"] + d.terms["fake"]).item() == pytest.approx(2 * math.log(2))
    assert g.terms["adversarial"].item() == pytest.approx(math.log(2))
    assert d.watch["L_I/digit"].item() == pytest.approx(0, abs=1e-6)  # uniform logits tell nothing


@pytest.mark.parametrize("kind", OBJECTIVES)
@pytest.mark.parametrize("extreme", [1e4, -1e4])
def test_extreme_logits_stay_finite(kind: str, extreme: float) -> None:
    real, fake = verdict(extreme), verdict(-extreme)
    if kind == "acgan":  # its class head is Q of a latent with the class alone
        real, fake = (
            Verdict(v.features, {**v.heads, "class": v.heads["class"][:, :K]}) for v in (real, fake)
        )
    given: Any = (
        {"latent": CLASS_ONLY, "readings": of_classes(K, "digit")} if kind == "acgan" else {}
    )
    scene = Still(real, fake, **given)
    for loss in (OBJECTIVES[kind]().d_loss(scene), OBJECTIVES[kind]().g_loss(scene)):
        if loss.terms:
            assert torch.isfinite(loss.total)
            loss.total.backward()
    grads = [head.grad for seen in (real, fake) for head in seen.heads.values() if head.is_leaf]
    assert any(grad is not None for grad in grads) or kind in ("acgan",)
    assert all(torch.isfinite(grad).all() for grad in grads if grad is not None)


def test_each_code_is_weighed_by_its_own_lambda() -> None:
    latent = Latent(
        noise=2, digit={"kind": "categorical", "k": 4, "weight": 3.0}, slant="uniform:-1:1"
    )
    scene = Still(verdict(0.0), verdict(0.0), latent)
    loss = InfoGAN().g_loss(scene)
    for name, weight in (("digit", 3.0), ("slant", 1.0)):
        assert loss.terms[f"info/{name}"].item() == pytest.approx(
            -weight * loss.watch[f"L_I/{name}"].item()
        )


def test_infogan_of_weight_zero_is_the_gan() -> None:
    silent = Latent(
        noise=2,
        digit={"kind": "categorical", "k": 4, "weight": 0.0},
        slant={"kind": "uniform", "low": -1, "high": 1, "weight": 0.0},
    )
    scene = Still(verdict(0.3), verdict(-0.7), silent)
    assert InfoGAN().g_loss(scene).total.item() == pytest.approx(GAN().g_loss(scene).total.item())


def gradients(trainer: Trainer, loss: Tensor) -> dict[str, bool]:
    """Which parts of the model a loss reaches."""
    d = trainer.model.d
    parts = {"g": trainer.model.g, "trunk": d.get_submodule("dense")} | dict(d.heads.items())
    for part in parts.values():
        part.zero_grad()
    loss.backward()
    return {
        name: any(p.grad is not None and bool(p.grad.any()) for p in part.parameters())
        for name, part in parts.items()
    }


@pytest.mark.parametrize(
    ("objective", "d_info", "g_info"),
    [
        (InfoGAN(q_step="d"), {"trunk", "code"}, {"g", "trunk", "code"}),
        (InfoGAN(q_step="d-head"), {"code"}, {"g", "trunk", "code"}),
        (InfoGAN(q_step="d-real", real_weight=1.0), {"code"}, {"g", "trunk", "code"}),
        (InfoGAN(q_step="g"), set(), {"g", "trunk", "code"}),
        (GAN(), {"code"}, set()),
    ],
    ids=["d", "d-head", "d-real", "g", "gan"],
)
def test_what_receives_gradient_from_the_information_term(
    tiny: RunConfig, images: Images, objective: GAN | InfoGAN, d_info: set[str], g_info: set[str]
) -> None:
    trainer = Trainer(tiny.replace(objective=objective), images)
    for player, expected in (("d", d_info), ("g", g_info)):
        loss = getattr(trainer.config.objective, f"{player}_loss")(trainer._look(player, 0))
        info = [term for name, term in loss.terms.items() if name.startswith("info/")]
        reached = gradients(trainer, torch.stack(info).sum()) if info else {}
        assert {name for name, hit in reached.items() if hit} == expected


@pytest.mark.parametrize(("q_step", "moved"), [("d-head", True), ("d-real", False)])
def test_generated_images_may_leave_categories_alone(
    q_step: Literal["d-head", "d-real"], moved: bool
) -> None:
    objective = InfoGAN(q_step=q_step, real_weight=1.0)
    sure = verdict(0.0)
    sure.heads["code"].data[:, 0] = 3.0
    loss = objective.d_loss(Still(verdict(0.0), sure))
    assert bool(loss.terms["info/digit"]) == moved and loss.watch["L_I/digit"].item() != 0
    assert bool(objective.g_loss(Still(verdict(0.0), sure)).terms["info/digit"])


@pytest.mark.parametrize("q_step", ["d", "d-head", "d-real"])
def test_real_images_teach_the_trunk_whatever_generated_ones_teach(
    tiny: RunConfig, images: Images, q_step: Literal["d", "d-head", "d-real"]
) -> None:
    objective = InfoGAN(q_step=q_step, real_weight=1.0)
    trainer = Trainer(tiny.replace(objective=objective), images)
    terms = objective.d_loss(trainer._look("d", 0)).terms
    assert {n for n, hit in gradients(trainer, terms["real info/digit"]).items() if hit} == {
        "trunk",
        "code",
    }


@pytest.mark.parametrize("name", PRESETS)
def test_every_head_of_every_preset_learns(name: str, tiny: RunConfig, images: Images) -> None:
    """A Q that never gets a gradient is a known fault of ports: each head's weights must move in
    every preset."""
    config = preset(name).replace(networks=tiny.networks, batch=16, precision="fp32")
    if config.objective.kind == "acgan":
        config = config.replace(latent={"digit": "categorical:4"})
    if "hue" in config.latent.following.values():
        images = replace(images, base=images.base.repeat(3, 3))
    trainer = Trainer(config, images)
    # When the game has begun, where real images come first, and Q learns from them
    trainer.step = config.steps // 2 // 3 * 3
    before = {k: v.clone() for k, v in trainer.model.d.heads.state_dict().items()}
    trainer.advance()
    after = trainer.model.d.heads.state_dict()
    for head in trainer.model.d.heads:
        moved = [
            not torch.equal(before[k], after[k])
            for k in before
            if k.startswith(head) and k.endswith("weight")
        ]
        assert any(moved), head


def test_the_controls_q_changes_nothing_else(tiny: RunConfig, images: Images) -> None:
    """With and without training its probe, G and D's trunk are equal bit for bit after some
    steps."""
    config = tiny.replace(objective=GAN())
    with_q, without = Trainer(config, images), Trainer(config, images)
    without.model.d.heads["code"].requires_grad_(False)
    for _ in range(3):
        with_q.advance()
        without.advance()
    for name, tensor in with_q.model.tensors().items():
        if not name.startswith("d.heads.code"):
            assert torch.equal(tensor, without.model.tensors()[name]), name
    probe = "d.heads.code.0.weight"
    assert not torch.equal(with_q.model.tensors()[probe], without.model.tensors()[probe])


@pytest.mark.parametrize("objective", [GAN(), InfoGAN()], ids=lambda o: o.kind)
def test_losses_of_a_d_that_leans(objective: GAN | InfoGAN) -> None:
    """Logit 2 on real and -1 on fake: -ln σ(2), -ln(1 - σ(-1)), -ln σ(-1)."""
    scene = Still(verdict(2.0), verdict(-1.0))
    d, g = objective.d_loss(scene).terms, objective.g_loss(scene).terms
    assert (d["real"].item(), d["fake"].item()) == pytest.approx(
        (math.log1p(math.exp(-2)), math.log1p(math.exp(-1)))
    )
    assert g["adversarial"].item() == pytest.approx(math.log1p(math.exp(1)))


def test_real_information_is_weighed() -> None:
    loss = InfoGAN(real_weight=3.0).d_loss(Still(verdict(0.0), verdict(0.0)))
    assert loss.watch["J/digit"].item() == pytest.approx(-0.5 * math.log(4))
    assert loss.terms["real info/digit"].item() == pytest.approx(-3 * loss.watch["J/digit"].item())


def test_the_warm_up_is_a_share_of_the_steps() -> None:
    objective = InfoGAN(real_weight=3.0, warm_up=0.25)
    for done, first in ((0.0, True), (0.24, True), (0.25, False), (0.9, False)):
        scene = Still(verdict(0.0), verdict(0.0), done=done)
        d, g = objective.d_loss(scene).terms, objective.g_loss(scene).terms
        assert ({"real info/digit"} == d.keys()) is first
        assert (not g) is first


def test_after_a_warm_up_gs_codes_rise_and_real_information_stays() -> None:
    sure = verdict(0.0)
    sure.heads["code"].data[:, 0] = 3.0  # or L_I would be 0
    scenes = {done: Still(verdict(0.0), sure, done=done) for done in (0.1, 0.2, 0.6, 1.0)}
    for warm_up, risen in ((0.2, [0, 0.5, 1]), (0, [1] * 3)):
        objective = InfoGAN(real_weight=3.0, warm_up=warm_up)
        losses = [objective.d_loss(scene) for scene in scenes.values()]
        weights = [-(d.terms["real info/digit"] / d.watch["J/digit"]).item() for d in losses]
        assert weights == pytest.approx([3] * 4)
        g = [objective.g_loss(scenes[done]) for done in (0.2, 0.6, 1.0)]
        assert [-(loss.terms["info/digit"] / loss.watch["L_I/digit"]).item() for loss in g] == (
            pytest.approx(risen, abs=1e-6)
        )


def test_real_information_is_weighed_by_the_codes_own_lambda_too() -> None:
    codes = {
        "digit": Categorical(2, weight=0.5),
        "slant": Uniform(-1, 1, weight=0.1, follows="slant"),
        "b": Uniform(),
    }
    latent, plain = Latent(noise=1, **codes), verdict(0.0)
    width = sum(code.n_params for code in latent.codes.values())
    move, params = torch.arange(8.0), torch.randn(8, width, generator=stream(0, "x"))
    moved = params + move[:, None]
    seen, copy = (Verdict(plain.features, {**plain.heads, "code": p}) for p in (params, moved))
    scene = Still(seen, seen, latent, latent.sample(8, stream(0, "x")), moves={"slant": move})
    scene.view = copy
    loss = InfoGAN(real_weight=3.0).d_loss(scene)
    assert loss.watch["J/slant"].item() == pytest.approx(math.atanh(MOST_RHO), abs=0.01)
    assert loss.terms["real info/slant"].item() == pytest.approx(
        -0.3 * loss.watch["J/slant"].item()
    )
    assert loss.terms["real info/digit"].item() == pytest.approx(
        -1.5 * loss.watch["J/digit"].item()
    )
    assert "J/b" not in loss.watch


def projected(features: Tensor) -> Verdict:
    """A verdict of views with these projections; Q says nothing."""
    return Verdict(
        torch.zeros(len(features), 1),
        {"code": torch.zeros(len(features), N_PARAMS), "projection": features},
    )


def test_a_contrast_of_views_that_are_told_apart_reaches_its_bound() -> None:
    n = 8
    term, bound = contrast(torch.eye(n), torch.eye(n))
    others = (2 * n - 2) * math.exp(-1 / TEMPERATURE)  # similarity 0 against 1
    assert term.item() == pytest.approx(math.log1p(others), abs=1e-6)
    assert bound.item() == pytest.approx(math.log(2 * n - 1) - math.log1p(others), abs=1e-6)
    alike, nothing = contrast(torch.ones(n, 4), torch.ones(n, 4))
    assert alike.item() == pytest.approx(math.log(2 * n - 1), abs=1e-6)
    assert nothing.item() == pytest.approx(0, abs=1e-6)
    wrong = contrast(torch.eye(n), torch.eye(n).roll(1, 0))[1]
    assert wrong.item() < 0  # views of different images say less than nothing
    scaled = contrast(3 * torch.eye(n), 0.1 * torch.eye(n))[0]
    assert scaled.item() == pytest.approx(term.item())  # only directions count


def test_q_learns_from_real_images_in_every_so_manyth_step_of_the_game() -> None:
    objective = InfoGAN(contrast=1.0, real_weight=1.0, warm_up=0.5, real_every=3, q_step="d-head")
    scene = Still(verdict(0.0), verdict(0.0))
    scene.view = scene.other = projected(torch.eye(8))
    of_real, game = {"contrast", "real info/digit"}, {"real", "fake"}
    for scene.number in range(4):
        terms = objective.d_loss(scene).terms.keys()
        assert game <= terms and (of_real <= terms) == (scene.number in (0, 3))
    scene.done, scene.number = 0.2, 1
    assert objective.d_loss(scene).terms.keys() == {"contrast"}


def test_a_contrast_is_alone_in_the_warm_up_and_then_q_begins_as_a_probe() -> None:
    objective = InfoGAN(contrast=2.0, real_weight=1.0, warm_up=0.5, q_step="d-head")
    scene = Still(verdict(0.0), verdict(0.0), done=0.37)
    scene.view = scene.other = projected(torch.eye(8))
    term = contrast(torch.eye(8), torch.eye(8))[0].item()
    loss = objective.d_loss(scene)
    assert {name: t.item() for name, t in loss.terms.items()} == {
        "contrast": pytest.approx(2 * term)
    }
    assert loss.watch.keys() == {"I(view; view')"}
    assert objective.g_loss(scene).terms == {}
    scene.done = 0.41
    scene.groups, scene.other = torch.arange(8) % K, projected(torch.eye(8))
    scene.other.heads["code"] = torch.zeros(8, N_PARAMS)  # type: ignore[index]
    scene.other.heads["code"][:, :K] = 100 * one_hot(scene.groups)  # of the two views one is right
    loss = objective.model_copy(update={"real_weight": 3.0}).d_loss(scene)
    assert loss.terms.keys() == {"contrast", "real info/digit"}
    assert loss.terms["real info/digit"].item() == pytest.approx(3 * math.log(K) / 2)
    assert "J/digit" in loss.watch  # which is not what Q learns yet
    assert objective.g_loss(scene).terms == {}
    scene.groups, scene.done = None, 0.5
    assert {"contrast", "real", "fake", "info/digit", "real info/digit"} <= objective.d_loss(
        scene
    ).terms.keys()
    assert "adversarial" in objective.g_loss(scene).terms
    sure = verdict(0.0)
    sure.heads["code"].data[:, 0] = 3.0
    scene.fake = sure
    weights = {}
    for done in (0.5, 0.75, 1.0):
        scene.done = done
        loss = objective.g_loss(scene)
        weights[done] = -loss.terms["info/digit"].item() / loss.watch["L_I/digit"].item()
    assert weights == {0.5: pytest.approx(0), 0.75: pytest.approx(0.5), 1.0: pytest.approx(1)}
    asked = [done for done in (0.37, 0.38, 0.49, 0.5) if objective.groups(done)]
    assert asked == [0.38, 0.49]
    assert not any(InfoGAN(warm_up=0.5).groups(done) for done in (0.37, 0.38, 0.49, 0.5))
    assert objective.detached(0.49) == {"code", "close"}
    assert objective.detached(0.5) == set()
    assert InfoGAN(real_weight=1.0, warm_up=0.5).detached(0.51) == set()
    assert objective.heads(LATENT, 0).keys() == {"real", "code", "projection"}


def test_without_groups_q_begins_with_j_in_the_first_step() -> None:
    objective = InfoGAN(contrast=1.0, real_weight=1.0, warm_up=0.5, q_step="d-head", grouped=False)
    scene = Still(verdict(0.0), verdict(0.0), done=0.0)
    scene.view = scene.other = projected(torch.eye(8))
    loss = objective.d_loss(scene)
    assert loss.terms.keys() == {"contrast", "real info/digit"}
    assert loss.terms["real info/digit"].item() == pytest.approx(-loss.watch["J/digit"].item())
    probes = {"code", "close"}  # the trunk learns from the contrast
    assert objective.detached(0.0) == probes
    assert not any(objective.groups(done / 100) for done in range(100))


def test_a_relativistic_game_compares() -> None:
    objective = GAN(game="relativistic")
    for shift in (0.0, 7.0):
        scene = Still(verdict(shift), verdict(shift))
        assert objective.d_loss(scene).terms["pair"].item() == pytest.approx(math.log(2))
        assert objective.g_loss(scene).terms["adversarial"].item() == pytest.approx(math.log(2))
    ahead = Still(verdict(3.0), verdict(-2.0))
    assert objective.d_loss(ahead).terms["pair"].item() == pytest.approx(math.log1p(math.exp(-5)))
    g = objective.g_loss(ahead).terms["adversarial"].item()
    assert g == pytest.approx(5 + math.log1p(math.exp(-5)), abs=1e-5)


def test_the_penalty_of_a_linear_d_is_its_squared_slope() -> None:
    """D(x) = a x on images x: E|∇D|² = |a|² on real and on generated images each."""
    a = torch.randn(1000, generator=stream(0, "a")) / 10
    x, n = torch.zeros(4000, 1000), torch.randn(4000, 1000, generator=stream(0, "n"))

    @dataclass
    class Linear(Still):
        def disturbed(self, name: str) -> Verdict:
            return Verdict(x, {**self.real.heads, "real": ((x + NOISE * n) @ a)[:, None]})

    flat = Verdict(x, {"code": torch.zeros(4000, N_PARAMS), "real": (x @ a)[:, None]})
    scene = Linear(flat, flat, draw=LATENT.sample(4000, stream(0, "still")))
    penalty = GAN(penalty=3.0).d_loss(scene).terms["penalty"].item()
    assert penalty == pytest.approx(3 / 2 * 2 * float(a @ a), rel=0.1)
    assert "penalty" not in GAN().d_loss(scene).terms


@pytest.mark.parametrize("name", ["paper", "control", "semigan", "improvedgan", "acgan", "images"])
def test_every_game_can_be_relativistic_and_penalised(
    name: str, tiny: RunConfig, images: Images
) -> None:
    config = preset(name)
    networks = config.networks if config.networks.kind == "mlp" else tiny.networks
    config = config.replace(
        objective={"game": "relativistic", "penalty": 1.0},
        networks=networks,
        batch=8,
        game_augment="affine",
        precision="fp32",
        labels=config.labels and 2,
    )
    if name == "acgan":
        config = config.replace(latent={"digit": "categorical:4"}, labels="all")
    trainer = Trainer(config, images)
    trainer.step = config.steps // 2
    [d_loss], g_loss = trainer.advance()
    assert {"pair", "penalty"} <= d_loss.terms.keys()
    assert d_loss.terms["penalty"].item() > 0
    assert g_loss.terms.keys() & {"adversarial", "features"}


def test_the_penalty_is_of_images_and_not_of_noise_that_d_adds(
    tiny: RunConfig, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mlp` adds noise to every layer of D; where the images do not differ, nothing may."""
    config = tiny.replace(networks="mlp", objective={"penalty": 1.0}, precision="fp32")
    scene = Trainer(config, images)._look("d", 0)
    assert not torch.equal(scene.disturbed("real").heads["real"], scene.real.heads["real"])
    monkeypatch.setattr(step, "NOISE", 0.0)
    for name, plain in (("real", scene.real), ("fake", scene.fake)):
        assert torch.equal(scene.disturbed(name).heads["real"], plain.heads["real"])


def test_q_reads_real_images_as_they_are_whatever_the_game_does_to_them(
    tiny: RunConfig, images: Images
) -> None:
    plain, moved = (
        Trainer(tiny.replace(game_augment=game, precision="fp32"), images)._look("d", 0)
        for game in ("none", {"kind": "affine", "shift": 0.5})
    )
    assert plain.seen is plain.real
    features = plain.real.features
    assert torch.allclose(moved.seen.features, features, rtol=1e-4)
    assert not torch.allclose(moved.real.features, features, rtol=0.1)
    assert isinstance(tiny.objective, InfoGAN)
    assert tiny.objective.views(moved)[0] is moved.seen


def test_what_the_game_does_to_images_is_annealed(tiny: RunConfig, images: Images) -> None:
    config = tiny.replace(game_augment={"kind": "affine", "anneal": 1.0, "shift": 0.0}, steps=10)
    assert config.schedules == ["game-augment.anneal"]
    trainer = Trainer(config, images)
    moved = list[float]()
    for trainer.step in (0, 10):
        scene = trainer._look("d", 0)
        moved.append((scene._reals - scene.images).abs().mean().item())
    assert moved[0] > 0.01 > moved[1]


def test_a_process_may_have_none_of_few_fakes(tiny: RunConfig, images: Images) -> None:
    scene = Trainer(tiny.replace(game_augment="affine"), images)._look("d", 0)
    scene.own_fakes = Part(2, 2, 2)
    assert scene._compared(scene.images[:0], "fake").shape == (0, 1, 16, 16)


def test_q_learns_from_more_real_images_than_the_game_compares(
    tiny: RunConfig, images: Images
) -> None:
    objective = {"fakes": 4, "real_weight": 1.0}
    trainer = Trainer(tiny.replace(objective=objective, batch=12, precision="fp32"), images)
    scene = trainer._look("d", 0)
    compared = [len(verdict.features) for verdict in (scene.real, scene.fake)]
    assert compared == [4, 4] and len(scene.draw.vector()) == 4
    assert [len(verdict.features) for verdict in (scene.seen, scene.view)] == [12, 12]
    assert isinstance(tiny.objective, InfoGAN)
    asked = trainer.config.objective.d_loss(scene)
    whole = tiny.objective.model_copy(update={"real_weight": 1.0}).real_information(scene)
    assert asked.terms["real info/digit"].item() == whole.terms["real info/digit"].item()
    [d_loss], _ = trainer.advance()
    assert d_loss.total.isfinite()


# Another game


class Hinge(Adversarial):
    """E max(0, 1 - r(x)) + E max(0, 1 + r(G)) for D, -E r(G) for G (Lim, Ye 2017)."""

    def d_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": relu(1 - real).mean(), "fake": relu(1 + fake).mean()}

    def g_terms(self, fake: Tensor, real: Any) -> dict[str, Tensor]:
        return {"adversarial": -fake.mean()}


class HingeGAN(GAN):
    adversarial: ClassVar[Adversarial] = Hinge()


class HingeInfoGAN(InfoGAN):
    adversarial: ClassVar[Adversarial] = Hinge()


class HingeACGAN(ACGAN):
    adversarial: ClassVar[Adversarial] = Hinge()


@pytest.mark.parametrize(
    ("own", "other"),
    [(GAN(), HingeGAN()), (InfoGAN(), HingeInfoGAN()), (ACGAN(), HingeACGAN())],
    ids=lambda objective: type(objective).__name__,
)
def test_one_attribute_swaps_the_game_of_both_players(
    own: AdversarialObjective, other: AdversarialObjective
) -> None:
    """Logits 0.3 on real and -0.4 on generated images; every other term stays as it was."""
    real, fake = verdict(0.3), verdict(-0.4)
    scene = Still(real, fake)
    if isinstance(own, ACGAN):  # whose one code is the class
        heads = {**fake.heads, "class": fake.heads["class"][:, :K]}
        scene = Still(real, Verdict(fake.features, heads), CLASS_ONLY)
        scene.readings = of_classes(K, "digit")
    expected = {"real": 0.7, "fake": 0.6, "adversarial": 0.4}
    for player in ("d_loss", "g_loss"):
        before, after = (getattr(objective, player)(scene).terms for objective in (own, other))
        assert list(before) == list(after)
        for name, term in after.items():
            same = before[name].item()
            assert term.item() == pytest.approx(expected.get(name, same), abs=1e-6), name
        assert before.keys() & expected.keys()
