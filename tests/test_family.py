"""The objectives that use labels: their losses against closed forms, information theory and each
other."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from infogan import information
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError
from infogan.core.random import stream
from infogan.data.images import Images
from infogan.latent.codes import Categorical
from infogan.latent.latent import Latent
from infogan.networks import Verdict
from infogan.objectives import ACGAN, CatGAN, Classifier, ImprovedGAN, InfoGAN, SemiGAN
from infogan.objectives.base import Loss, of_classes, parameters
from infogan.objectives.catgan import conditional_entropy, marginal_entropy
from infogan.objectives.improvedgan import matching
from infogan.pipeline.run import fit
from infogan.training.precision import frozen
from infogan.training.trainer import Trainer

K, N = 5, 12
DIGIT = Latent(noise=2, digit=f"categorical:{K}")
LABELS = torch.arange(N) % K


def logits(seed: int, outputs: int = K, scale: float = 2.0) -> Tensor:
    return (
        (scale * torch.randn(N, outputs, generator=stream(seed, "logits")))
        .double()
        .requires_grad_()
    )


def scene(
    outputs: int = K,
    shift: float = 0.0,
    labels: Tensor | None = LABELS,
    given: dict[str, Tensor] | None = None,
) -> Any:
    """A scene of random class heads; shift: added to every logit of them."""
    heads = {
        part: logits(i, outputs) + shift for i, part in enumerate(("real", "fake", "labelled"))
    } | (given or {})
    ones = torch.ones(N, 1).double()
    real = {"real": 0.7 * ones, "class": heads["real"]}
    fake = {"real": -0.4 * ones, "class": heads["fake"]}
    features = {part: torch.randn(N, 3, generator=stream(0, part)) for part in ("real", "fake")}
    return SimpleNamespace(
        latent=DIGIT,
        readings=of_classes(K, "digit"),
        done=0.5,
        draw=DIGIT.sample(N, stream(0, "draw")),
        labels=labels,
        real=Verdict(features["real"], real),
        seen=Verdict(features["real"], real),
        fake=Verdict(features["fake"], fake),
        labelled=Verdict(features["real"], {"class": heads["labelled"]}),
    )


def values(loss: Loss) -> dict[str, float]:
    return {name: term.item() for name, term in loss.terms.items()}


# SemiGAN


def test_semigan_is_a_binary_gan_and_a_softmax() -> None:
    """-ln p_fake = softplus(r), -ln(1 - p_fake) = softplus(-r) of the softmax over K + 1."""
    seen = scene(K + 1)
    d, g = values(SemiGAN().d_loss(seen)), values(SemiGAN().g_loss(seen))
    p_real = seen.real.heads["class"].softmax(1)
    p_fake = seen.fake.heads["class"].softmax(1)
    assert d["real"] == pytest.approx(-(1 - p_real[:, -1]).log().mean().item())
    assert d["fake"] == pytest.approx(-p_fake[:, -1].log().mean().item())
    assert g["adversarial"] == pytest.approx(-(1 - p_fake[:, -1]).log().mean().item())
    assert values(SemiGAN(saturating=True).g_loss(seen))["adversarial"] == pytest.approx(-d["fake"])
    at_label = seen.labelled.heads["class"].softmax(1)[torch.arange(N), LABELS]
    assert d["class"] == pytest.approx(-at_label.log().mean().item())


def test_semigan_never_answers_fake() -> None:
    heads = {"class": torch.tensor([[0.0, 1.0, 9.0]])}
    assert parameters(SemiGAN().readings(DIGIT, 2), heads)["class"].tolist() == [[0, 1]]
    assert SemiGAN().heads(DIGIT, 10) == {"class": 11}


def test_semigan_with_its_last_logit_at_zero_is_improvedgan() -> None:
    seen = scene()
    pinned = {
        part: torch.cat([getattr(seen, part).heads["class"], torch.zeros(N, 1).double()], 1)
        for part in ("real", "fake", "labelled")
    }
    with_fake, without = (
        values(SemiGAN().d_loss(scene(K + 1, given=pinned))),
        values(ImprovedGAN().d_loss(seen)),
    )
    assert SemiGAN().realness(scene(given=pinned).real).tolist() == pytest.approx(
        seen.real.heads["class"].logsumexp(1).tolist()
    )
    assert (without["real"], without["fake"]) == pytest.approx(
        (with_fake["real"] / 2, with_fake["fake"] / 2)
    )


# Information on real images


@pytest.mark.parametrize("kind", [CatGAN, ImprovedGAN])
def test_class_heads_can_learn_from_real_images(kind: type[CatGAN] | type[ImprovedGAN]) -> None:
    """Weight times J of the class head, added to what the loss is without it."""
    given = scene()
    given.view, given.moves = Verdict(given.real.features, {"class": logits(7)}), {}
    j = Categorical(K).real_information(given.real.heads["class"], given.view.heads["class"], {})
    plain, loss = kind(), kind(real_weight=2.0)
    assert loss.needs_views and not plain.needs_views
    assert loss.d_loss(given).total.item() == pytest.approx(
        plain.d_loss(given).total.item() - 2 * j.item()
    )
    assert loss.d_loss(given).watch["J/class"].item() == pytest.approx(j.item())
    assert values(loss.g_loss(given)) == values(plain.g_loss(given))


# CatGAN


def test_catgans_entropies_are_those_of_information_theory() -> None:
    """E H(p) = H(category | x), H(p̄) = H(category), and their difference is I(x; category), x
    uniform."""
    seen = logits(3)
    joint = (seen.softmax(1) / N).detach().numpy()
    assert conditional_entropy(seen).item() == pytest.approx(
        float(information.conditional_entropy(joint))
    )
    assert marginal_entropy(seen).item() == pytest.approx(float(information.entropy(joint.sum(0))))
    given = scene(given={"real": seen})
    loss = CatGAN().d_loss(given)
    assert loss.watch["I(x; category)"].item() == pytest.approx(
        float(information.mutual_information(joint))
    )


def test_signs_of_catgans_entropies() -> None:
    """D: balanced and certain on real, uncertain on fake. G: balanced and certain."""
    seen = scene()
    d, g = values(CatGAN().d_loss(seen)), values(CatGAN().g_loss(seen))
    real, fake = seen.real.heads["class"], seen.fake.heads["class"]
    assert d["balance"] == pytest.approx(-marginal_entropy(real).item())
    assert d["real"] == pytest.approx(conditional_entropy(real).item())
    assert d["fake"] == pytest.approx(-conditional_entropy(fake).item())
    assert g == pytest.approx(
        {"balance": -marginal_entropy(fake).item(), "adversarial": conditional_entropy(fake).item()}
    )


def test_catgan_tells_collapse_from_success() -> None:
    """One category for everything is certain as well: only H(p̄) shows it."""
    collapsed = torch.zeros(N, K).index_fill(1, torch.tensor([2]), 50.0)
    sorted_out = 50.0 * torch.eye(K)[torch.arange(10) % K]
    assert (
        conditional_entropy(collapsed).item(),
        marginal_entropy(collapsed).item(),
    ) == pytest.approx((0, 0), abs=1e-6)
    assert (
        conditional_entropy(sorted_out).item(),
        marginal_entropy(sorted_out).item(),
    ) == pytest.approx((0, math.log(K)), abs=1e-6)
    assert (
        conditional_entropy(torch.zeros(N, K)).item(),
        marginal_entropy(torch.zeros(N, K)).item(),
    ) == pytest.approx([math.log(K)] * 2)


def test_catgan_without_labels() -> None:
    assert "class" not in CatGAN(k=K).d_loss(scene(labels=None)).terms
    assert CatGAN(k=20).heads(DIGIT, 10) == {"class": 20}
    assert CatGAN().heads(DIGIT, 10) == {"class": 10}
    with pytest.raises(ConfigError, match=r"objective\.k"):
        CatGAN().heads(DIGIT, 0)


# ImprovedGAN


def test_improvedgan_halves_the_unlabelled_terms() -> None:
    """D(x) = Z/(Z + 1), Z = Σ e^l; -½ E ln D(x) - ½ E ln(1 - D(G))."""
    seen = scene()
    z_real, z_fake = (getattr(seen, part).heads["class"].exp().sum(1) for part in ("real", "fake"))
    d = values(ImprovedGAN(weight=3.0).d_loss(seen))
    assert d["real"] == pytest.approx(-1.5 * (z_real / (z_real + 1)).log().mean().item())
    assert d["fake"] == pytest.approx(-1.5 * (1 / (z_fake + 1)).log().mean().item())


def test_the_penalty_of_improvedgan_is_no_term_of_the_game() -> None:
    """γ/2 E|∇D|², as its setting says, whatever the weight of the unlabelled terms is."""
    seen = scene()
    seen.disturbed = lambda name: Verdict(torch.zeros(N, 3), {"class": logits(9)})
    found = [values(ImprovedGAN(weight=w, penalty=1.0).d_loss(seen)) for w in (1.0, 3.0)]
    assert found[0]["penalty"] == pytest.approx(found[1]["penalty"]) != 0
    of_semigan = SemiGAN(penalty=1.0)
    seen = scene(K + 1)
    slopes = [torch.cat([h, torch.zeros(N, 1).double()], 1) for h in (logits(0), logits(1))]
    seen.real, seen.fake = (Verdict(torch.zeros(N, 3), {"class": h}) for h in slopes)
    other = torch.cat([logits(9), torch.zeros(N, 1).double()], 1)
    seen.disturbed = lambda name: Verdict(torch.zeros(N, 3), {"class": other})
    assert values(of_semigan.d_loss(seen))["penalty"] == pytest.approx(found[0]["penalty"])


def test_categories_that_labels_do_not_name_are_refused(
    tiny: RunConfig, images: Images, tmp_path: Path
) -> None:
    none = {"digit": "none", "slant": "none"}
    for k in (3, 5):
        config = tiny.replace(objective={"kind": "catgan", "k": k}, latent=none, labels=2)
        with pytest.raises(ConfigError, match=f"k is {k}, but the labels name 4 classes"):
            fit(config, tmp_path / "run", images=images)
    assert not (tmp_path / "run").exists()


def test_labelled_images_are_never_those_that_the_game_moved(
    tiny: RunConfig, images: Images
) -> None:
    config = tiny.replace(
        objective="classifier",
        latent={"digit": "none", "slant": "none"},
        labels="all",
        augment="none",
    )
    moved = config.replace(game_augment={"kind": "affine", "shift": 0.5}, precision="fp32")
    scene = Trainer(moved, images)._look("d", 0)
    plain = Trainer(config.replace(precision="fp32"), images)._look("d", 0).labelled
    assert torch.allclose(scene.labelled.features, plain.features, rtol=1e-4)


def test_feature_matching_compares_means_and_leaves_real_images_alone() -> None:
    real, fake = torch.randn(6, 3, requires_grad=True), torch.randn(9, 3, requires_grad=True)
    loss = matching(real, fake)
    assert loss.item() == pytest.approx(((real.mean(0) - fake.mean(0)) ** 2).mean().item())
    loss.backward()
    assert real.grad is None
    assert fake.grad is not None
    assert matching(real, real.flip(0)).item() == pytest.approx(0, abs=1e-12)


# ACGAN


def test_acgans_class_terms() -> None:
    """CE on labelled images and on the asked-for class of fakes; the latter is H(c) - L_I
    (InfoGAN's own term)."""
    seen = scene()
    d, g = values(ACGAN(fake_class_weight=0.5).d_loss(seen)), values(ACGAN().g_loss(seen))
    asked = seen.draw.values["digit"].argmax(1)
    cross_entropy = torch.nn.functional.cross_entropy(seen.fake.heads["class"], asked).item()
    assert g["class/digit"] == pytest.approx(cross_entropy, rel=1e-5)
    assert d["class/digit"] == pytest.approx(cross_entropy / 2, rel=1e-5)
    assert d["class"] == pytest.approx(
        torch.nn.functional.cross_entropy(seen.labelled.heads["class"], LABELS).item()
    )
    bound = ACGAN().g_loss(seen).watch["L_I/digit"].item()
    assert g["class/digit"] == pytest.approx(math.log(K) - bound, rel=1e-5)


@pytest.mark.parametrize(
    "latent",
    [
        Latent(noise=2),
        Latent(noise=2, digit="categorical:4"),
        Latent(digit="categorical:5", a="uniform:-1:1"),
    ],
)
def test_acgan_wants_the_class_as_its_one_code(latent: Latent) -> None:
    with pytest.raises(ConfigError, match="categorical:5"):
        ACGAN().heads(latent, 5)
    assert ACGAN().heads(DIGIT, K) == {"real": 1, "class": K}


# What holds for several


@pytest.mark.parametrize(
    ("objective", "outputs", "same"),
    [
        (SemiGAN(), K + 1, True),
        (CatGAN(), K, True),
        (ACGAN(), K, True),
        (Classifier(), K, True),
        (ImprovedGAN(), K, False),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_constant_on_all_logits(objective: Any, outputs: int, same: bool) -> None:
    """A softmax forgets it; ImprovedGAN's last logit is pinned, so there it counts."""
    before, after = (values(objective.d_loss(scene(outputs, shift))) for shift in (0.0, 3.0))
    assert (before == pytest.approx(after, rel=1e-5)) is same


@pytest.mark.parametrize("kind", ["semigan", "catgan", "improvedgan", "acgan", "classifier"])
def test_gradients_reach_the_player_that_steps(kind: str, tiny: RunConfig, images: Images) -> None:
    latent = {"digit": "categorical:4" if kind == "acgan" else "none", "slant": "none"}
    trainer = Trainer(tiny.replace(objective=kind, latent=latent, labels="all"), images)
    g, d = trainer.model.g, trainer.model.d
    trainer.config.objective.d_loss(trainer._look("d", 0)).total.backward()
    assert all(p.grad is None for p in g.parameters())
    assert all(p.grad is not None for p in d.parameters())
    d.zero_grad()
    with frozen([trainer.players["d"]]):
        loss = trainer.config.objective.g_loss(trainer._look("g", 0))
        if not loss.terms:
            assert kind == "classifier"
            return
        loss.total.backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in g.parameters())
    assert all(p.grad is None for p in d.parameters())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"objective": "semigan", "latent": {"digit": "none", "slant": "none"}}, "semigan.*labels"),
        ({"objective": "catgan"}, r"catgan.*latent\.digit"),
        ({"objective": {"warm_up": 0.2, "real_weight": 0}}, "real.weight"),
        ({"labels": 5}, "labels"),
        ({"objective": "acgan", "labels": "0"}, "labels.*'0'"),
        ({"objective": "acgan", "labels": "some"}, "labels.*'some'"),
    ],
)
def test_settings_that_disagree(changes: dict[str, Any], named: str, tiny: RunConfig) -> None:
    with pytest.raises(ConfigError, match=named):
        tiny.replace(**changes)


def test_settings_without_effect_are_told_and_no_run_is_lost_by_them(
    tiny: RunConfig, images: Images, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    semigan = {"kind": "semigan", "saturating": True, "game": "relativistic"}
    none = {"digit": "none", "slant": "none"}
    for changes, told in (
        ({"objective": {"real_every": 3}}, "real-every needs objective.contrast above 0"),
        ({"objective": {"fakes": 500}}, "fakes 500 is above batch, 16, which is the most; lower"),
        ({"objective": {"grouped": False}}, "raise it or set grouped true"),
        ({"objective": semigan, "latent": none, "labels": 5}, "game non-saturating; set that"),
    ):
        config = tiny.replace(**changes)
        assert told in " ".join(config.idle)
    assert not tiny.idle
    fit(tiny.replace(objective={"real_every": 3}, steps=1), tmp_path / "run", images=images)
    assert "has no effect: objective.real-every needs" in caplog.text


def test_infogans_term_is_acgans_less_the_entropy() -> None:
    seen = scene()
    seen.fake.heads["code"] = seen.fake.heads["class"]
    info = values(InfoGAN().g_loss(seen))["info/digit"]
    assert info == pytest.approx(
        values(ACGAN().g_loss(seen))["class/digit"] - math.log(K), rel=1e-5
    )
