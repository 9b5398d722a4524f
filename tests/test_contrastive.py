"""InfoGAN-CR: pairs of generated images that share one code, and the network that says which."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError
from infogan.core.random import stream
from infogan.data.images import Images
from infogan.latent.codes import Angle, Code, Gaussian, Uniform
from infogan.latent.latent import Latent
from infogan.networks import Dcgan, Mlp, Photo, Projected, Verdict
from infogan.objectives import InfoGAN
from infogan.objectives.infogan import H
from infogan.training.trainer import Trainer, train

LATENT = Latent(
    noise=3, a="uniform:-1:1", digit="categorical:4", b=Gaussian(1, 2), turn="angle", c="uniform"
)
N = 20_000


@pytest.fixture
def paired(tiny: RunConfig) -> RunConfig:
    """Tiny settings whose regulariser sets in after half of six steps."""
    objective = {"cr": 2.0, "cr_from": 0.5, "real_weight": 0.0}
    return tiny.replace(objective=objective, latent={"width": "uniform:-1:1"})


def distance(code: Code, one: Tensor, other: Tensor) -> Tensor:
    """[N] how far apart values are, as a share of the largest distance."""
    values = torch.stack([code.value(one), code.value(other)])
    match code:
        case Angle():
            apart = (values[0] - values[1]).abs() / math.pi
            return torch.minimum(apart, 2 - apart)
        case Gaussian(mean, scale):
            values = torch.special.ndtr((values - mean) / scale)
        case Uniform(low, high):
            values = (values - low) / (high - low)
    return (values[0] - values[1]).abs()


@pytest.mark.parametrize("code", [Uniform(-2, 3), Gaussian(1, 2), Angle()], ids=lambda c: c.kind)
@pytest.mark.parametrize("gap", [0.0, 0.4, 0.95])
def test_pairs_lie_at_least_the_gap_apart_and_anywhere_beyond(code: Code, gap: float) -> None:
    one, other = code.pair(N, gap, stream(0, "pair"))
    apart = distance(code, one, other)
    assert float(apart.min()) >= gap - 1e-5
    # |u - v| of two uniform draws has the mean (1 + 2 gap) / 3, given that it exceeds the gap.
    mean = (1 + gap) / 2 if isinstance(code, Angle) else (1 + 2 * gap) / 3
    assert float(apart.mean()) == pytest.approx(mean, abs=0.01)
    assert float((code.value(one) > code.value(other)).double().mean()) == pytest.approx(
        0.5, abs=0.02
    )


def test_pairs_share_noise_and_one_code() -> None:
    draw = LATENT.sample(N, stream(0, "draw"))
    one, other, shared = LATENT.pairs(draw, 0.3, stream(0, "pairs"))
    assert LATENT.continuous == ("a", "b", "turn", "c")
    assert torch.equal(one.noise, other.noise)
    assert torch.equal(one.noise, draw.noise)
    assert torch.bincount(shared, minlength=4).div(N).tolist() == pytest.approx(
        [0.25] * 4, abs=0.02
    )
    for i, name in enumerate(LATENT.continuous):
        same = (one.values[name] == other.values[name]).all(1)
        assert torch.equal(same, shared == i)
        code = LATENT.codes[name]
        apart = distance(code, one.values[name], other.values[name])[~same]
        assert float(apart.min()) >= 0.3 - 1e-5
    # A shared value has the prior's distribution; those of a gap lie towards the ends.
    values = one.values["a"][shared == 0]
    assert float(values.std()) == pytest.approx(Uniform(-1, 1).std, abs=0.02)
    digits = torch.stack([draw.values["digit"].argmax(1) for draw in (one, other)])
    assert float((digits[0] == digits[1]).double().mean()) == pytest.approx(0.25, abs=0.02)


def test_without_a_gap_the_first_of_a_pair_is_the_draw() -> None:
    draw = LATENT.sample(N, stream(0, "draw"))
    one, other, shared = LATENT.pairs(draw, 0.0, stream(0, "pairs"))
    assert torch.equal(one.vector(), draw.vector())
    for i, name in enumerate(LATENT.continuous):
        same = (one.values[name] == other.values[name]).all(1)
        assert torch.equal(same, shared == i)
    apart = distance(LATENT.codes["a"], one.values["a"], other.values["a"])[shared != 0]
    assert float(apart.mean()) == pytest.approx(1 / 3, abs=0.01)  # of independent draws


class Said:
    """A scene in which H has these logits for four codes, of pairs that share each in turn."""

    latent = LATENT

    def __init__(self, sure: float, done: float) -> None:
        self.done, self.gaps = done, list[float]()
        self.shared = torch.arange(8) % 4
        self.logits = sure * one_hot(self.shared, 4).float()

    def pairs(self, network: str, gap: float) -> tuple[Verdict, Tensor]:
        self.gaps.append(gap)
        return Verdict(torch.empty(8, 0), {network: self.logits}), self.shared


def term(objective: InfoGAN, sure: float, done: float) -> tuple[float, float, float]:
    """The regulariser, the bound that is watched, and the gap of the pairs."""
    scene: Any = Said(sure, done)
    loss = objective.regulariser(scene)
    return loss.terms["cr"].item(), loss.watch["I(shared; pair)"].item(), scene.gaps[0]


def test_the_regulariser_at_closed_forms() -> None:
    objective = InfoGAN(cr=3.0, cr_from=0.5, cr_gap=0.8)
    assert term(objective, 0.0, 0.5) == pytest.approx((3 * math.log(4), 0, 0.8), abs=1e-6)
    assert term(objective, 100.0, 0.75) == pytest.approx((0, math.log(4), 0.4), abs=1e-6)
    wrong = math.log(math.e**-1 + 3) + 1
    assert term(objective, -1.0, 0.99)[0] == pytest.approx(3 * wrong, abs=1e-5)
    assert term(objective, 0.0, 1 - 1e-9)[2] == pytest.approx(0, abs=1e-6)


def test_nothing_is_regularised_before_its_time() -> None:
    early: Any = Said(0.0, 0.49)
    assert InfoGAN(cr=3.0, cr_from=0.5).regulariser(early).terms == {}
    late: Any = Said(0.0, 0.99)
    assert InfoGAN().regulariser(late).terms == {}
    assert early.gaps == late.gaps == []


def weights(trainer: Trainer, part: str) -> dict[str, Tensor]:
    named = trainer.model.networks[part].named_parameters()
    return {name: weight.detach().clone() for name, weight in named}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.parametrize("norm", ["batch", "spectral"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_h_waits_then_learns_with_g(
    paired: RunConfig, images: Images, precision: str, norm: str
) -> None:
    trainer = Trainer(paired.replace(precision=precision, networks={"norm": norm}), images)
    first = weights(trainer, H)
    lines = [trainer.advance() for _ in range(3)]
    assert same(first, weights(trainer, H))
    trainer.model.networks.train()
    trainer.d_step(3)
    assert same(first, weights(trainer, H))  # frozen while D steps
    lines.append(trainer.advance())
    learned = weights(trainer, H)
    assert not any(
        torch.equal(tensor, first[name])
        for name, tensor in learned.items()
        if name.endswith("weight")
    )
    assert ["cr" in g.terms for _, g in lines] == [False, False, False, True]
    assert not any("cr" in d.terms for ds, _ in lines for d in ds)
    assert lines[-1][1].terms["cr"].item() == pytest.approx(2 * math.log(2), rel=0.3)


def test_g_receives_gradient_from_h(paired: RunConfig, images: Images) -> None:
    trainer = Trainer(paired, images)
    trainer.step = 3
    step = trainer._look("g", 3)
    regular = paired.objective
    assert isinstance(regular, InfoGAN)
    regular.regulariser(step).total.backward()
    assert all(weight.grad is not None for weight in trainer.model.g.parameters())
    assert all(weight.grad is None for weight in trainer.model.d.parameters())


@pytest.mark.parametrize("gap", [0.0, 0.5])
def test_h_sees_both_images_of_each_pair(
    paired: RunConfig, images: Images, monkeypatch: pytest.MonkeyPatch, gap: float
) -> None:
    trainer = Trainer(paired, images)  # in evaluation: each image is drawn by itself
    step, h, seen = trainer._look("g", 4), trainer.players[H], list[Tensor]()

    def looking(pair: Tensor) -> Verdict:
        seen.append(pair)
        said: Verdict = h(pair)
        return said

    monkeypatch.setitem(trainer.players, H, looking)
    shared = step.pairs(H, gap)[1]
    draws = trainer.model.latent.pairs(step.draw, gap, stream(paired.seed, "pairs", 4))
    for channel, draw in enumerate(draws[:2]):
        own = trainer.model.g(draw.vector())
        assert torch.allclose(seen[0][:, channel : channel + 1], own, atol=1e-5)
    assert torch.equal(shared, draws[2])


def test_pairs_leave_gs_statistics_and_other_draws_alone(paired: RunConfig, images: Images) -> None:
    trainer = Trainer(paired, images)
    trainer.model.networks.train()
    before = [buffer.clone() for buffer in trainer.model.g.buffers()]
    step = trainer._look("g", 0)
    drawn = step.draw.vector().clone()
    step.pairs(H, 0.5)
    assert all(map(torch.equal, before, trainer.model.g.buffers()))
    assert torch.equal(trainer._look("g", 0).draw.vector(), drawn)


def test_until_it_sets_in_a_run_is_the_one_without(paired: RunConfig, images: Images) -> None:
    alone = paired.replace(objective={"cr": 0.0, "cr_from": 0.9})
    with_cr, without = (Trainer(config, images) for config in (paired, alone))
    for trainer in (with_cr, without):
        for _ in range(3):
            trainer.advance()
    tensors = with_cr.model.tensors()
    assert same(without.model.tensors(), tensors)
    assert {name for name in tensors if name.startswith("h.")}
    with_cr.advance()
    without.advance()
    assert not same(without.model.tensors(), with_cr.model.tensors())


def test_h_begins_unlike_d(paired: RunConfig, images: Images) -> None:
    trainer = Trainer(paired, images)
    one, other = weights(trainer, "d"), weights(trainer, H)
    shared = [name for name in one.keys() & other.keys() if one[name].shape == other[name].shape]
    drawn = [name for name in shared if one[name].std() > 0]
    assert drawn and not any(torch.equal(one[name], other[name]) for name in drawn)


@pytest.mark.parametrize("family", [Dcgan(), Mlp(), Photo(), Projected()], ids=lambda f: f.kind)
def test_every_family_reads_pairs(family: Any) -> None:
    shape, latent = (16, 16, 3), Latent(noise=1, a="uniform", b="uniform", c="uniform")
    built: nn.Module = InfoGAN(cr=1.0).networks(latent, family, shape, 0)[H].eval()
    pair = torch.randn(2, 6, 16, 16, generator=stream(0, "pair"))
    said = built(pair).heads[H]
    assert said.shape == (2, 3)
    swapped = built(pair.roll(3, 1)).heads[H]
    assert not torch.allclose(said, swapped)  # it sees both images, each in its place


def test_h_tells_the_shared_code_of_a_g_that_keeps_them_apart() -> None:
    """Two codes that each move pixels of their own: H learns to say which is shared."""
    latent = Latent(noise=1, a="uniform:-1:1", b="uniform:-1:1")
    h = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
    steps = torch.optim.Adam(h.parameters(), 0.02)

    class Toy:
        done = 0.5
        number = 0

        def pairs(self, network: str, gap: float) -> tuple[Verdict, Tensor]:
            random = stream(0, "toy", self.number)
            one, other, shared = latent.pairs(latent.sample(256, random), gap, random)
            moved = (one.vector() - other.vector())[:, 1:]
            return Verdict(moved, {network: h(moved)}), shared

    scene: Any = Toy()
    scene.latent, objective = latent, InfoGAN(cr=1.0, cr_from=0.0)
    for scene.number in range(300):
        loss = objective.regulariser(scene)
        steps.zero_grad()
        loss.total.backward()
        steps.step()
    assert 0.9 * math.log(2) < loss.watch["I(shared; pair)"].item() <= math.log(2)


def test_the_averaged_h_is_in_the_model(paired: RunConfig, images: Images) -> None:
    trainer = Trainer(paired, images)
    model = train(trainer)
    assert model is not None
    averaged = dict(trainer.averages[H].module.named_parameters())
    assert same(weights(trainer, H), {name: w.detach() for name, w in averaged.items()})


def test_what_the_regulariser_needs(paired: RunConfig) -> None:
    with pytest.raises(ConfigError, match=r"objective\.cr needs two continuous codes"):
        paired.replace(latent={"width": "none"})
    assert paired.schedules == ["objective.cr-from"]
    assert paired.replace(objective={"cr_from": 0.0}).schedules == []
    assert paired.replace(objective={"cr_gap": 0.5}).schedules[-1] == "objective.cr-gap"
    assert not paired.replace(objective={"cr": 0.0, "cr_from": 0.9}).timed


@pytest.mark.parametrize(("name", "unset"), [("cr_from", 0.9), ("cr_gap", 0.0)])
def test_what_needs_the_regulariser_is_refused_without_it(
    paired: RunConfig, name: str, unset: float
) -> None:
    dashed = name.replace("_", "-")
    remedy = rf"objective\.{dashed} needs objective\.cr above 0; .* set {dashed} {unset:g}$"
    for alone in (0.5, 0.0 if unset else 0.1):
        with pytest.raises(ConfigError, match=remedy):
            paired.replace(objective={"cr": 0.0, "cr_from": 0.9, name: alone})
        paired.replace(objective={name: alone})
    paired.replace(objective={"cr": 0.0, "cr_from": 0.9, name: unset})
