"""Codes: priors, posteriors, ranges and L_I of every kind, against closed forms."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.stats import vonmises

from infogan.core.random import stream
from infogan.information.bounds import barber_agakov
from infogan.latent.codes import KINDS, Angle, Categorical, Code, Gaussian, Uniform
from infogan.latent.codes.angle import MOST_KAPPA
from infogan.latent.codes.base import MOST_RHO
from infogan.latent.codes.categorical import SURENESS
from infogan.latent.codes.continuous import SIGMA_SPAN

CODES: list[Code] = [
    Categorical(10),
    Categorical(3, probs=(0.5, 0.25, 0.25)),
    Uniform(-1, 1),
    Uniform(-2, 2, sigma=1.0),
    Gaussian(1.0, 3.0),
    Angle(),
]


def test_every_kind_is_tested() -> None:
    assert {code.kind for code in CODES} == KINDS.keys()


@pytest.mark.parametrize("code", CODES, ids=str)
def test_a_value_survives_the_way_through_its_columns(code: Code) -> None:
    drawn = code.sample(50, stream(2, "prior"))
    values = code.value(drawn).tolist()
    again = torch.stack([code.columns(value) for value in values])
    assert torch.allclose(again, drawn, atol=1e-5)
    for value in code.swept(5)[1:-1]:
        assert code.value(code.columns(value)[None]).item() == pytest.approx(value)


@pytest.mark.parametrize("code", CODES, ids=str)
def test_the_prior_covers_the_trained_range(code: Code) -> None:
    """All of it and no more; a Gaussian has 95.4 % within two standard deviations."""
    values = code.value(code.sample(20_000, stream(4, "prior"))).double()
    low, high = code.trained
    inside = ((values >= low - 1e-6) & (values <= high + 1e-6)).double().mean().item()
    if code.kind == "gaussian":
        assert inside == pytest.approx(0.9545, abs=0.005)
        return
    assert inside == 1
    ends = values.min().item(), values.max().item()
    assert ends == pytest.approx((low, high), abs=0.01 * (high - low))


@pytest.mark.parametrize("code", CODES, ids=str)
def test_a_page_is_given_what_the_code_declares(code: Code) -> None:
    facts = code.described()
    assert facts.get("categories", 0) == code.categories
    assert facts.get("periodic", False) == code.periodic
    if not code.categories:
        low, high = facts["range"]
        assert facts["trained"] == list(code.trained)
        assert all(low <= value <= high for value in code.swept(7))
        assert (high - low > code.trained[1] - code.trained[0]) is not code.periodic


@pytest.mark.parametrize("code", CODES, ids=str)
def test_what_q_puts_out_is_what_it_says(code: Code) -> None:
    """Exported outputs, the posterior and the likelihood are of one distribution."""
    params = torch.randn(20, code.n_params, generator=stream(3, "prior"))
    outputs, read = code.outputs(params), code.posterior(params)
    if code.categories:
        assert np.allclose(outputs["probabilities"], read.probs)
        return
    assert np.allclose(outputs["mean"], read.mean)
    assert np.allclose(outputs["std"], read.std)
    at_mode = torch.stack([code.columns(float(mean)) for mean in read.mean])
    aside = torch.stack([code.columns(float(mean) + 0.3) for mean in read.mean])
    assert (code.log_q(params, at_mode) > code.log_q(params, aside)).all()


def test_an_angles_q_is_von_mises() -> None:
    """It integrates to 1, has scipy's entropy of von Mises, and is continuous at ±π."""
    code, params = Angle(), torch.tensor([[-3.0, 0.1]])  # κ = 3 and a mean next to π
    grid = torch.linspace(-math.pi, math.pi, 20_001)[:-1].double()
    columns = torch.stack([grid.cos(), grid.sin()], 1)
    density = code.log_q(params.expand(len(grid), -1).double(), columns).exp()
    assert density.mean().item() * 2 * math.pi == pytest.approx(1, abs=1e-6)
    kappa = float(params.norm())
    entropy = -(density * density.log()).mean().item() * 2 * math.pi
    assert entropy == pytest.approx(float(vonmises(kappa).entropy()), abs=1e-4)
    either = torch.stack([code.columns(math.pi - 0.01), code.columns(-math.pi + 0.01)])
    near = code.log_q(params.expand(2, -1), either)
    assert near[0].item() == pytest.approx(near[1].item(), abs=0.01)
    assert code.posterior(torch.zeros(1, 2)).confidence[0] == pytest.approx(0, abs=1e-3)
    assert code.posterior(torch.tensor([[0.0, 300.0]])).confidence[0] > 0.99


def test_an_angles_likelihood_is_bounded_and_has_a_gradient_everywhere() -> None:
    code, right = Angle(), Angle().columns(0.5)[None]
    sure = code.log_q(1e9 * right, right).item()
    assert sure == pytest.approx(0.5 * math.log(MOST_KAPPA / (2 * math.pi)), abs=0.01)
    params = torch.zeros(1, 2, requires_grad=True)
    code.log_q(params, right).sum().backward()
    assert params.grad is not None
    assert torch.allclose(params.grad, right, atol=1e-3)  # at κ = 0: towards the value


def test_how_much_of_an_angle_is_recovered() -> None:
    code = Angle()
    drawn = code.sample(4000, stream(0, "angle"))
    noise = torch.randn(4000, generator=stream(1, "angle"))
    for sigma, least, most in ((0.05, 0.98, 1), (0.5, 0.7, 0.9)):
        mean = code.value(drawn) + sigma * noise
        params = torch.stack([mean.cos(), mean.sin()], 1) / sigma**2
        assert least < code.recovered_from(drawn, code.posterior(params)) <= most
    sure = torch.where(noise > 0, 2000.0, 1e-3)  # more than Q's bound on κ allows; else at sea
    params = sure[:, None] * torch.where(noise[:, None] > 0, drawn, drawn.flip(1))
    expected = code.recovered(code.entropy + float(code.log_q(params, drawn).mean()))
    found = code.recovered_from(drawn, code.posterior(params))
    assert found == pytest.approx(expected, abs=1e-4)
    lost = code.posterior(torch.randn(4000, 2, generator=stream(2, "angle")))
    assert code.recovered_from(drawn, lost) < 0.05


@pytest.mark.parametrize("code", CODES, ids=str)
def test_entropy_is_the_mean_of_minus_log_prior(code: Code) -> None:
    values = code.sample(100_000, stream(0, "prior"))
    assert values.shape == (100_000, code.width)
    assert float(-code.log_prior(values).double().mean()) == pytest.approx(code.entropy, abs=0.01)


@pytest.mark.parametrize("code", CODES, ids=str)
def test_a_q_that_says_the_prior_has_no_information(code: Code) -> None:
    """L_I of an uninformed Q is at most 0: exactly 0 for a category, -KL(prior‖Gaussian) for a
    uniform code."""
    values = code.sample(100_000, stream(1, "prior"))
    if isinstance(code, Categorical):
        params = code.prior.log().expand(len(values), -1)
        expected = 0.0
    else:
        params = torch.tensor([getattr(code, "mean", 0.0), 0.0][: code.n_params]).expand(
            len(values), -1
        )
        # KL(U‖N) moment-matched is 0.176485; sigma 1 on U(-2, 2): h(U) - CE(U, N(0, 1))
        expected = {"uniform": -0.176485, "gaussian": 0.0, "angle": 0.0}[code.kind]
        if code.n_params == 1:
            expected = math.log(4) - (0.5 * math.log(2 * math.pi) + (16 / 12) / 2)
    l_i = float(barber_agakov(code.entropy, code.log_q(params, values).double()))
    assert l_i == pytest.approx(expected, abs=0.01)


def test_categorical_bound_never_exceeds_the_entropy() -> None:
    code = Categorical(10)
    for seed in range(20):
        values = code.sample(7, stream(seed, "values"))
        params = torch.randn(7, 10, generator=stream(seed, "params")) * 10
        assert float(barber_agakov(code.entropy, code.log_q(params, values))) <= code.entropy
    sure = 100 * values
    assert float(barber_agakov(code.entropy, code.log_q(sure, values))) == pytest.approx(
        math.log(10)
    )


def test_symmetric_channel_reaches_the_mutual_information() -> None:
    """K = 10, error .1: I = ln K - H_b(e) - e ln(K - 1) = 1.757780; a worse Q stays below."""
    k, e, code = 10, 0.1, Categorical(10)
    posterior = torch.full((k, k), e / (k - 1), dtype=torch.float64).fill_diagonal_(1 - e)
    joint = posterior / k  # c in rows, x in columns
    one_hot = torch.eye(k, dtype=torch.float64).repeat_interleave(k, 0)

    def l_i(logits: torch.Tensor) -> float:
        log_q = code.log_q(logits.repeat(k, 1), one_hot)  # every pair (c, x), c slowest
        return code.entropy + float((joint.flatten() * log_q).sum())

    assert l_i(posterior.log()) == pytest.approx(1.757780, abs=1e-6)
    assert l_i(0.5 * posterior.log()) < 1.757


@pytest.mark.parametrize(("mse", "expected"), [(0.1, 0.426), (0.01, 1.577)])
def test_gaussian_bound_at_its_best_sigma(mse: float, expected: float) -> None:
    code = Uniform(-1, 1, sigma=math.sqrt(mse))
    error = torch.tensor([1.0, -1.0]).repeat(50_000) * math.sqrt(mse)
    values = code.sample(100_000, stream(0, "prior"))
    l_i = barber_agakov(code.entropy, code.log_q(values + error[:, None], values).double())
    assert float(l_i) == pytest.approx(expected, abs=1e-3)


def test_fixed_sigma_is_squared_error() -> None:
    code = Uniform(-1, 1, sigma=2.0)
    a, b, c = torch.tensor([[0.3]]), torch.tensor([[-0.4]]), torch.tensor([[0.9]])
    difference = float(code.log_q(a, c) - code.log_q(b, c))
    assert difference == pytest.approx(((0.9 + 0.4) ** 2 - (0.9 - 0.3) ** 2) / (2 * 2.0**2))


def test_a_learned_sigma_is_bounded_smoothly() -> None:
    code = Uniform(-1, 1)
    raw = torch.tensor([[0.0, -1e4], [0.0, 0.0], [0.0, 1e4]], requires_grad=True)
    sigma = code.q(raw).stddev
    expected = [code.std / SIGMA_SPAN, code.std, code.std * SIGMA_SPAN]
    assert sigma.tolist() == pytest.approx(expected, rel=1e-4)
    small = torch.tensor([[0.0, -8.0]], requires_grad=True)
    code.q(small).stddev.sum().backward()
    assert small.grad is not None
    assert float(small.grad[0, 1]) > 0


@pytest.mark.parametrize("code", CODES, ids=str)
def test_extreme_outputs_stay_finite(code: Code) -> None:
    for extreme in (1e4, -1e4):
        params = torch.full((4, code.n_params), extreme)
        params[:, 0] = -extreme
        params.requires_grad_(True)
        value = code.log_q(params, code.sample(4, stream(0, "x"))).mean()
        value.backward()
        assert torch.isfinite(value)
        assert params.grad is not None
        assert torch.isfinite(params.grad).all()


def test_real_information_at_its_corners() -> None:
    code = Categorical(4)
    certain, uniform, one = 1000 * torch.eye(4), torch.zeros(4, 4), torch.zeros(4, 4)
    one[:, 0] = 1000.0
    balanced = code.real_information(certain, certain, {})
    assert float(balanced) == pytest.approx(math.log(4))
    unsure = code.real_information(uniform, uniform, {})
    assert float(unsure) == pytest.approx(-SURENESS * math.log(4))
    collapsed = code.real_information(one, one, {})
    assert float(collapsed) == pytest.approx(0)
    inconsistent = code.real_information(certain, certain.roll(1, 0), {})
    assert float(inconsistent) < -100
    skewed = Categorical(2, probs=(0.75, 0.25))
    assigned = 1000 * torch.eye(2)[[0, 0, 0, 1]]
    assert float(skewed.real_information(assigned, assigned, {})) == pytest.approx(skewed.entropy)
    assert Uniform().real_information(torch.zeros(4, 2), torch.zeros(4, 2), {}) is None


def test_j_of_a_code_that_follows_a_property() -> None:
    """artanh of the correlation of moves, whatever their scale and the value before."""
    code, generator = Uniform(-1, 1, follows="slant"), stream(0, "moves")
    before, move = torch.randn(500, 2, generator=generator), torch.randn(500, generator=generator)
    noise = torch.randn(500, generator=generator)

    def z(shift: torch.Tensor) -> float:
        view = before + torch.stack([shift, torch.ones(500)], 1)  # Q's sigma says nothing here
        j = code.real_information(before, view, {"slant": move, "width": noise})
        assert j is not None
        return float(j)

    assert z(0.01 * move) == pytest.approx(math.atanh(MOST_RHO), abs=0.02)
    assert z(move) == pytest.approx(-z(-move), abs=1e-3)
    rho = float(torch.corrcoef(torch.stack([move, move + 2 * noise]))[0, 1])
    assert 0.4 < rho < 0.5
    assert z(move + 2 * noise) == pytest.approx(math.atanh(MOST_RHO * rho), abs=1e-4)
    assert z(noise) == pytest.approx(0, abs=0.1)
    bound = -0.5 * math.log(1 - rho**2)
    assert math.atanh(rho) == pytest.approx(bound + math.log(1 + rho))


def test_a_following_code_gets_no_gradient_where_nothing_moves() -> None:
    code = Gaussian(follows="width")
    params = torch.randn(8, 2, generator=stream(0, "x")).requires_grad_()
    for view, move in ((params.detach(), torch.randn(8)), (params.detach() + 1, torch.zeros(8))):
        j = code.real_information(params, view, {"width": move})
        assert j is not None and float(j.detach()) == pytest.approx(0)
        (slope,) = torch.autograd.grad(j, params)
        assert slope.isfinite().all()


@pytest.mark.parametrize("fold", [1, 4])
def test_j_of_an_angle_that_follows_a_turn(fold: int) -> None:
    """artanh of the mean cosine of what is left of the turn, wherever an angle began, over the end
    of the range too."""
    code, generator = Angle(follows="turn", fold=fold), stream(0, "moves")
    before = code.sample(500, generator)
    turn = torch.rand(500, generator=generator) - 0.5  # up to four half radians: round the circle

    def j(by: torch.Tensor) -> float:
        theta = code.value(before) + by
        view = 7 * torch.stack([theta.cos(), theta.sin()], 1)  # how sure Q is says nothing
        found = code.real_information(before, view, {"turn": turn, "slant": 5 * turn})
        assert found is not None
        return float(found)

    assert j(fold * turn) == pytest.approx(math.atanh(MOST_RHO), abs=1e-2)
    for by in (0 * turn, -fold * turn, fold * turn + 0.7):
        mean = float((by - fold * turn).cos().mean())
        assert j(by) == pytest.approx(math.atanh(MOST_RHO * mean), abs=1e-4)
    assert Angle().real_information(before, before, {}) is None
    with pytest.raises(ValueError, match="fold 4 is of what it follows; set follows"):
        Angle(fold=4)


def test_sweeps_may_leave_the_trained_range() -> None:
    code = Uniform(-1, 1, sweep=(-2, 2))
    assert list(code.swept(5)) == [-2, -1, 0, 1, 2]
    assert code.trained == (-1, 1)
    assert float(code.sample(1000, stream(0, "x")).abs().max()) <= 1
    assert Angle().swept(3) == pytest.approx([-math.pi, 0, math.pi])
    assert list(Categorical(3).swept(99)) == [0, 1, 2]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Categorical(1),
        lambda: Categorical(2, probs=(0.5, 0.4)),
        lambda: Uniform(1, 1),
        lambda: Gaussian(0, 0),
    ],
)
def test_impossible_codes_are_refused(make: type) -> None:
    with pytest.raises(ValidationError):
        make()


def test_j_holds_its_target_fixed_and_takes_both_roles() -> None:
    code = Categorical(3)
    a, b = torch.randn(2, 5, 3, generator=stream(0, "x"))
    grads = []
    for q in (torch.zeros(5, 3), b):
        leaf = a.clone().requires_grad_()
        code._consistency(leaf.log_softmax(1), q.log_softmax(1)).backward()
        grads.append(leaf.grad)
    assert torch.equal(*grads)  # what q says does not reach the target
    one, other = code.real_information(a, b, {}), code.real_information(b, a, {})
    assert float(one) == pytest.approx(float(other))


def test_gaussian_sweep_and_confidence_follow_the_prior() -> None:
    assert Gaussian(1.0, 3.0).swept(3) == pytest.approx([-5, 1, 7])  # ± 2 standard deviations
    assert Uniform(-10, 10).posterior(torch.zeros(1, 2)).confidence == pytest.approx(math.exp(-1))


def test_a_given_prior_has_a_probability_for_each_category() -> None:
    for probs in ((), (0.5, 0.5), (0.5, 0.3, 0.3), (0.5, 0.5, 0.0)):
        with pytest.raises(ValidationError):
            Categorical(3, probs=probs)
