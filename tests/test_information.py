"""Information theory: identities, closed forms, bounds, tables from files, and the pages on it.

Identities hold on random tables; closed forms are compared with torch.distributions and printed
numbers, bounds with channels whose information is known exactly.
"""

import doctest
import importlib
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from pytest import approx
from torch.distributions import Categorical, Distribution, Normal, Uniform, kl_divergence

import infogan.information as it
from infogan.core.errors import ConfigError, DataError
from infogan.latent.codes import Categorical as CategoricalCode
from infogan.report.diagram import circles, information_diagram, overlap

Table = NDArray[np.float64]
DOCS = Path(__file__).parents[1] / "docs"
EPS = 1e-9
checked = settings(deadline=None, derandomize=True, database=None, max_examples=60)


def _weights(shape: Any) -> st.SearchStrategy[Table]:
    """Arrays of weights of which many are 0, others equal."""
    element = st.sampled_from([0.0, 0.0, 1.0, 2.0]) | st.floats(1e-3, 1)
    return arrays(np.float64, shape, elements=element).filter(lambda a: bool(a.sum() > 0))


sizes = st.integers(1, 4)
tables = st.tuples(sizes, sizes).flatmap(_weights)
cubes = st.tuples(sizes, sizes, sizes).flatmap(_weights)
pairs = st.integers(1, 5).flatmap(lambda k: st.tuples(_weights(k), _weights(k)))
whole = st.tuples(st.integers(2, 4), st.integers(2, 4)).flatmap(
    lambda s: arrays(np.int64, s, elements=st.integers(0, 6)).filter(lambda a: bool(a.sum() > 0))
)


def _sum(p: Table, term: Callable[[float, tuple[int, ...]], float]) -> float:
    """The definition, cell by cell: the sum of term(p, index) where p > 0."""
    p = p / p.sum()
    return math.fsum(term(float(p[i]), i) for i in np.ndindex(p.shape) if p[i] > 0)


def _posterior(counts: NDArray[Any]) -> Table:
    """P(c|x) of a table [c, x]; a column never seen gets the uniform."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nan_to_num(counts / counts.sum(0), nan=1 / len(counts)))


# Identities


@checked
@given(tables)
def test_quantities_of_a_table_match_their_definitions(t: Table) -> None:
    p = t / t.sum()
    x, y = p.sum(1), p.sum(0)
    assert it.joint_entropy(t) == approx(_sum(t, lambda q, _: -q * math.log(q)), abs=EPS)
    assert it.conditional_entropy(t) == approx(
        _sum(t, lambda q, i: -q * math.log(q / x[i[0]])), abs=EPS
    )
    assert it.conditional_entropy(t.T) == approx(
        _sum(t, lambda q, i: -q * math.log(q / y[i[1]])), abs=EPS
    )
    information = _sum(t, lambda q, i: q * math.log(q / (x[i[0]] * y[i[1]])))
    assert it.mutual_information(t) == approx(information, abs=EPS)
    assert it.kl_divergence(p.ravel(), np.outer(x, y).ravel()) == approx(information, abs=EPS)


@checked
@given(tables)
def test_mutual_information_has_five_faces(t: Table) -> None:
    h_x, h_y, h_xy = it.entropy(t.sum(1)), it.entropy(t.sum(0)), it.joint_entropy(t)
    x_given_y, y_given_x, i = (
        it.conditional_entropy(t.T),
        it.conditional_entropy(t),
        it.mutual_information(t),
    )
    assert i == approx(h_x - x_given_y, abs=EPS)
    assert i == approx(h_y - y_given_x, abs=EPS)
    assert i == approx(h_x + h_y - h_xy, abs=EPS)
    assert i == approx(h_xy - x_given_y - y_given_x, abs=EPS)
    assert i == approx(it.mutual_information(t.T), abs=EPS)
    assert i == approx(it.total_correlation(t), abs=EPS)
    assert h_xy == approx(h_x + y_given_x, abs=EPS)  # chain rule
    assert -EPS <= i <= min(h_x, h_y) + EPS
    assert max(h_x, h_y) - EPS <= h_xy <= h_x + h_y + EPS
    assert it.variation_of_information(t) == approx(x_given_y + y_given_x, abs=EPS)


@checked
@given(cubes)
def test_chain_rules_of_three_variables(t: Table) -> None:
    xy, xz = t.sum(2), t.sum(1)
    x_and_rest = t.reshape(len(t), -1)
    given_y = it.conditional_mutual_information(t.swapaxes(1, 2))  # I(X; Z|Y)
    assert it.mutual_information(x_and_rest) == approx(it.mutual_information(xy) + given_y, abs=EPS)
    given_z = it.conditional_mutual_information(t)
    assert it.mutual_information(x_and_rest) == approx(it.mutual_information(xz) + given_z, abs=EPS)
    assert given_y >= -EPS
    slices = [
        (it.mutual_information(t[..., z]), t[..., z].sum())
        for z in range(t.shape[2])
        if t[..., z].sum()
    ]
    assert given_z == approx(sum(i * w for i, w in slices) / t.sum(), abs=EPS)  # E_z I(X; Y|Z = z)
    split = it.mutual_information(xy) + it.mutual_information(t.reshape(-1, t.shape[2]))
    assert it.total_correlation(t) == approx(split, abs=EPS)  # TC(X,Y,Z) = I(X;Y) + I(X,Y;Z)


@checked
@given(tables, st.data())
def test_data_processing(t: Table, data: st.DataObject) -> None:
    """Y -> Z, by a random channel and by merging columns: information can only be lost."""
    channel = data.draw(_weights((t.shape[1], 3))) + 1e-3
    z = t @ (channel / channel.sum(1, keepdims=True))
    assert it.mutual_information(z) <= it.mutual_information(t) + EPS
    merged = np.column_stack([t[:, :2].sum(1), t[:, 2:]])
    assert it.mutual_information(merged) <= it.mutual_information(t) + EPS


@checked
@given(tables, st.randoms(use_true_random=False))
def test_names_orders_and_empty_outcomes_change_nothing(t: Table, random: Any) -> None:
    rows, columns = list(range(t.shape[0])), list(range(t.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    changed = np.pad(t[rows][:, columns], ((0, 1), (1, 0)))
    for key, value in it.summary(t).items():
        assert it.summary(changed)[key] == approx(value, abs=EPS), key


@checked
@given(pairs, st.floats(0, 1))
def test_divergences_and_entropy(pq: tuple[Table, Table], share: float) -> None:
    p, q = (one / one.sum() for one in pq)
    h, kl, ce = it.entropy(p), it.kl_divergence(p, q), it.cross_entropy(p, q)
    assert h == approx(scipy.stats.entropy(p), abs=EPS)
    assert kl == approx(scipy.stats.entropy(p, q), abs=EPS)
    assert ce == approx(h + kl, abs=EPS)
    assert kl >= -EPS and ce >= h - EPS and -EPS <= h <= math.log(len(p)) + EPS
    assert math.isinf(kl) == bool(((q == 0) & (p > 0)).any()) == math.isinf(ce)
    assert it.kl_divergence(p, p) == 0
    if not math.isinf(kl):
        assert kl >= 0.5 * np.abs(p - q).sum() ** 2 - EPS  # Pinsker: 0 only if p = q
    js = it.jensen_shannon(p, q)
    assert js == approx(it.jensen_shannon(q, p), abs=EPS) and -EPS <= js <= math.log(2) + EPS
    m = share * p + (1 - share) * q
    assert it.entropy(m) >= share * h + (1 - share) * it.entropy(q) - EPS  # H is concave
    assert js == approx(it.entropy((p + q) / 2) - (h + it.entropy(q)) / 2, abs=EPS)
    uniform = np.ones_like(p)
    assert it.kl_divergence(p, uniform) == approx(math.log(len(p)) - h, abs=EPS)


@checked
@given(pairs, pairs, st.floats(0, 1))
def test_kl_adds_over_independent_parts_and_is_convex(
    pq: tuple[Table, Table], rs: tuple[Table, Table], share: float
) -> None:
    (p, q), (r, s) = pq, rs
    both = it.kl_divergence(np.outer(p, r).ravel(), np.outer(q, s).ravel())
    assert both == approx(it.kl_divergence(p, q) + it.kl_divergence(r, s), abs=EPS)
    if len(p) == len(r):
        mixed = [share * a / a.sum() + (1 - share) * b / b.sum() for a, b in ((p, r), (q, s))]
        if 0 < share < 1:
            ends = share * it.kl_divergence(p, q) + (1 - share) * it.kl_divergence(r, s)
            assert it.kl_divergence(*mixed) <= ends + EPS


@checked
@given(_weights(4))
def test_a_variable_determines_itself(p: Table) -> None:
    same = np.diag(p)
    assert it.mutual_information(same) == approx(it.entropy(p), abs=EPS)
    assert it.variation_of_information(same) == approx(0, abs=EPS)
    assert it.mutual_information(np.outer(p, p)) == approx(0, abs=EPS)


@checked
@given(cubes)
def test_variation_of_information_is_a_metric(t: Table) -> None:
    xy, yz, xz = (it.variation_of_information(t.sum(axis)) for axis in (2, 0, 1))
    assert xz <= xy + yz + EPS


def test_conditioning_may_raise_or_lower_information() -> None:
    a, b = [0, 0, 1, 1], [0, 1, 0, 1]
    exclusive_or = [i ^ j for i, j in zip(a, b, strict=True)]
    assert it.mutual_information(a, b) == approx(0, abs=EPS)
    assert it.conditional_mutual_information(a, b, exclusive_or) == approx(math.log(2))
    assert it.mutual_information(a, a) == approx(math.log(2))
    assert it.conditional_mutual_information(a, a, a) == approx(0, abs=EPS)


@pytest.mark.parametrize("mean", ["arithmetic", "geometric", "min", "max"])
def test_a_constant_shares_nothing_however_its_entropy_is_rounded(mean: Any) -> None:
    for n in range(2, 200):
        assert it.normalized_mutual_information([0] * n, range(n), mean=mean) == 0
        assert it.normalized_mutual_information([0] * n, [1] * n, mean=mean) == 1


@checked
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30),
    st.booleans(),
)
def test_labels_agree_with_scikit_learn(samples: list[tuple[int, int]], as_tensor: bool) -> None:
    x, y = np.array(samples).T
    labels = (torch.tensor(x), torch.tensor(y)) if as_tensor else (x, y)
    assert float(it.mutual_information(*labels)) == approx(
        sklearn.metrics.mutual_info_score(x, y), abs=EPS
    )
    for mean in ("arithmetic", "geometric", "min", "max"):
        expected = sklearn.metrics.normalized_mutual_info_score(x, y, average_method=mean)
        assert float(it.normalized_mutual_information(*labels, mean=mean)) == approx(
            expected, abs=1e-7
        )
    assert isinstance(it.joint_table(*labels), torch.Tensor) == as_tensor
    assert it.joint_table(*labels).sum() == len(x)


# Kinds, units, refusals

ONE: dict[str, Callable[..., Any]] = {
    "entropy": it.entropy,
    "self_information": it.self_information,
}
TWO: dict[str, Callable[..., Any]] = {
    "cross_entropy": it.cross_entropy,
    "kl_divergence": it.kl_divergence,
    "jensen_shannon": it.jensen_shannon,
}
JOINT: dict[str, Callable[..., Any]] = {
    "joint_entropy": it.joint_entropy,
    "conditional_entropy": it.conditional_entropy,
    "mutual_information": it.mutual_information,
    "total_correlation": it.total_correlation,
    "variation_of_information": it.variation_of_information,
}
P, Q, T = [0.5, 0.25, 0.25], [0.25, 0.25, 0.5], [[0.4, 0.1], [0.2, 0.3]]
CALLS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (f, ([0.5],) if n == "self_information" else (P,)) for n, f in ONE.items()
]
CALLS += [(f, (P, Q)) for f in TWO.values()] + [(f, (T,)) for f in JOINT.values()]
CALLS += [(it.conditional_mutual_information, ([[[4, 1], [2, 3]], [[1, 5], [2, 2]]],))]
CALLS += [
    (it.uniform_entropy, (-1, 1)),
    (it.uniform_kl, (-1, 1, -2, 3)),
    (it.gaussian_entropy, (0.7,)),
    (it.gaussian_cross_entropy, (0.3, 0.7, -1, 2)),
    (it.gaussian_kl, (0.3, 0.7, -1, 2)),
    (it.uniform_gaussian_cross_entropy, (-1, 3, 0, 0.7)),
    (it.uniform_gaussian_kl, (-1, 2, 0, 0.7)),
    (it.gaussian_mutual_information, (0.5,)),
    (it.gaussian_channel_information, (3,)),
    (it.uniform_channel_information, (0.5,)),
]


@pytest.mark.parametrize(("quantity", "given"), CALLS, ids=lambda v: getattr(v, "__name__", ""))
def test_same_kind_out_and_the_unit_asked_for(
    quantity: Callable[..., Any], given: tuple[Any, ...]
) -> None:
    nats = quantity(*given)
    assert type(nats) is (np.ndarray if quantity is it.self_information else float)
    assert quantity(*given, unit="bits") == approx(nats * 1.4426950408889634)
    assert quantity(*map(np.array, given)) == approx(nats)
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        tensors = [torch.tensor(one, dtype=dtype, requires_grad=True) for one in given]
        out = quantity(*tensors)
        assert isinstance(out, torch.Tensor) and out.dtype == dtype
        assert out.detach().numpy() == approx(nats, rel=tolerance)
        (gradient,) = torch.autograd.grad(out.sum(), tensors[:1])
        assert gradient.isfinite().all() and gradient.abs().sum() > 0
    with pytest.raises(ConfigError, match="nats or bits"):
        quantity(*given, unit="bans")


def test_a_batch_gives_one_result_each() -> None:
    p = np.array([P, Q, [1, 0, 0]])
    assert it.entropy(p) == approx([it.entropy(row) for row in p])
    assert it.kl_divergence(p, Q) == approx([it.kl_divergence(row, Q) for row in p])


def test_self_information_and_zero_probabilities() -> None:
    assert it.self_information([1, 0.5, 0]) == approx([0, math.log(2), math.inf])
    assert it.entropy([1, 0]) == 0
    assert it.cross_entropy([1, 0], [1, 0]) == 0
    assert it.cross_entropy([0.5, 0.5], [1, 0]) == math.inf
    assert it.kl_divergence([1, 0], [0.5, 0.5]) == approx(math.log(2))
    assert math.copysign(1, it.entropy([3.0])) == 1  # not -0.0


def test_counts_are_scaled() -> None:
    counts = np.array([[30, 10], [20, 40]])
    assert it.mutual_information(counts) == approx(it.mutual_information(counts / 100))
    assert it.entropy([3, 1]) == approx(it.entropy([0.75, 0.25]))


@pytest.mark.parametrize(
    "bad", [[0.8, -0.2], [0.5, math.nan], [math.inf, 1], [0, 0], [], 0.5, "ab", [[1], [1, 2]]]
)
def test_what_is_no_distribution_is_refused(bad: Any) -> None:
    with pytest.raises(DataError):
        it.entropy(bad)
    with pytest.raises(DataError):
        it.joint_entropy(bad)


def test_what_does_not_fit_is_refused() -> None:
    bad: list[Callable[[], Any]] = [
        lambda: it.kl_divergence([0.5, 0.5], [1]),
        lambda: it.self_information(1.5),
        lambda: it.mutual_information([0.5, 0.5]),
        lambda: it.mutual_information([0, 1], [0, 1, 1]),
        lambda: it.mutual_information(),
        lambda: it.conditional_mutual_information(T),
        lambda: it.joint_table([[0, 1], [1, 0]]),
        lambda: it.plug_in_entropy([]),
        lambda: it.mutual_information([], []),
        lambda: it.kl_divergence(np.ones((2, 3)), np.ones((4, 3))),
        lambda: it.donsker_varadhan([1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]]),
        lambda: it.donsker_varadhan(1.0, [1.0]),
        lambda: it.nwj([], []),
        lambda: it.mixed_mutual_information([0, 1, 2, 3, 4], [0.1, 0.3, 0.2, 0.5, 0.4]),
    ]
    for call in bad:
        with pytest.raises(DataError):
            call()
    with pytest.raises(DataError, match="ksg_mutual_information"):
        it.mutual_information(np.arange(5000), np.arange(5000))
    with pytest.raises(ConfigError, match="arithmetic, geometric"):
        it.normalized_mutual_information(T, mean="harmonic")  # type: ignore[arg-type]


def test_importing_loads_neither_scipy_nor_scikit_learn() -> None:
    heavy = "{'scipy', 'sklearn', 'matplotlib'} & set(sys.modules)"
    command = [sys.executable, "-c", f"import sys, infogan.information; print({heavy})"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


# Closed forms


def test_printed_numbers() -> None:
    for value, printed in (
        (it.entropy(np.ones(10)), 2.302585),
        (it.entropy(np.ones(20)), 2.995732),
        (it.uniform_entropy(-1, 1), 0.693147),
        (it.uniform_entropy(-2, 2), 1.386294),
        (it.gaussian_entropy(1), 1.418939),
        (it.uniform_gaussian_kl(3, 8, 5.5, 5 / math.sqrt(12)), 0.176485),
        (it.gaussian_mutual_information(0.5), 0.143841),
        (it.gaussian_mutual_information(-0.9), 0.830366),
        (it.uniform_channel_information(1), 0.5),
        (it.uniform_channel_information(0.5), 0.943147),
        (it.uniform_channel_information(0.1), 2.352585),
        (
            it.entropy(np.ones(10)) + 2 * it.uniform_entropy(-1, 1),
            3.688879,
        ),  # H(c) of the MNIST code
        (it.mutual_information(_symmetric(2, 10)), 0.368064),
        (it.mutual_information(_symmetric(2, 10), unit="bits"), 0.531004),
        (it.mutual_information(_symmetric(10, 10)), 1.757780),
    ):
        assert value == approx(printed, abs=5e-7)
    assert it.gaussian_mutual_information(1) == math.inf


numbers = st.floats(-3, 3)
scales = st.floats(0.05, 3)


@checked
@given(numbers, scales, numbers, scales)
def test_closed_forms_agree_with_torch(m: float, s: float, n: float, t: float) -> None:
    parameters = torch.tensor([m, s, n, t], dtype=torch.float64)
    m_, s_, n_, t_ = parameters
    gauss, other = Normal(m_, s_), Normal(n_, t_)
    flat, wide = Uniform(m_, m_ + s_), Uniform(m_ - t_, m_ + s_ + t_)
    expected: list[tuple[Any, Any]] = [
        (it.gaussian_entropy(s), gauss.entropy()),
        (it.uniform_entropy(m, m + s), flat.entropy()),
        (it.gaussian_kl(m, s, n, t), kl_divergence(gauss, other)),
        (it.uniform_kl(m, m + s, m - t, m + s + t), kl_divergence(flat, wide)),
        (it.uniform_kl(m - t, m + s + t, m, m + s), kl_divergence(wide, flat)),
        (it.uniform_gaussian_kl(m, m + s, n, t), kl_divergence(flat, other)),
        (it.gaussian_cross_entropy(m, s, n, t), kl_divergence(gauss, other) + gauss.entropy()),
        (
            it.uniform_gaussian_cross_entropy(m, m + s, n, t),
            kl_divergence(flat, other) + (s_).log(),
        ),
        (it.uniform_cross_entropy(m, m + s, m - t, m + s + t), wide.entropy()),
    ]
    for ours, theirs in expected:
        assert type(ours) is float
        assert ours == approx(float(theirs), rel=1e-6, abs=1e-6)
    assert kl_divergence(gauss, flat) == math.inf  # as the page says


@checked
@given(pairs)
def test_categorical_forms_agree_with_torch(pq: tuple[Table, Table]) -> None:
    p, q = (Categorical(torch.tensor(one + 1e-3)) for one in pq)
    assert it.entropy(pq[0] + 1e-3) == approx(float(p.entropy()), abs=1e-9)
    assert it.kl_divergence(pq[0] + 1e-3, pq[1] + 1e-3) == approx(
        float(kl_divergence(p, q)), abs=1e-9
    )


@checked
@given(numbers, scales, st.floats(0.1, 10))
def test_stretching_shifts_entropies_and_leaves_divergences(m: float, s: float, a: float) -> None:
    assert it.gaussian_entropy(a * s) == approx(it.gaussian_entropy(s) + math.log(a), abs=EPS)
    assert it.uniform_entropy(a * m, a * (m + s)) == approx(
        it.uniform_entropy(m, m + s) + math.log(a), abs=1e-6
    )
    assert it.gaussian_kl(a * m, a * s, a, a * 2) == approx(
        it.gaussian_kl(m, s, 1, 2), rel=1e-6, abs=EPS
    )
    assert it.gaussian_kl(m, s, m, s) == approx(0, abs=EPS)
    rho = 1 / math.sqrt(1 + s)  # c ~ N(0, 1), noise of variance s
    assert it.gaussian_channel_information(1 / s) == approx(
        it.gaussian_mutual_information(rho), rel=1e-9
    )


def test_parameters_broadcast_keep_kind_and_are_checked() -> None:
    rho = torch.tensor([0.0, 0.5], requires_grad=True)
    out = it.gaussian_mutual_information(rho)
    assert isinstance(out, torch.Tensor) and out.dtype == torch.float32 and out.requires_grad
    assert it.gaussian_kl(np.zeros(3), 1, 1, np.ones(3)) == approx([0.5] * 3)
    assert isinstance(it.gaussian_kl(0.0, 1.0, torch.zeros(2), 1.0), torch.Tensor)
    assert it.uniform_entropy(0, 4, "bits") == approx(2)
    bad: list[Callable[[], Any]] = [
        lambda: it.gaussian_entropy(0),
        lambda: it.uniform_entropy(1, 1),
        lambda: it.uniform_kl(1, 0, 0, 1),
        lambda: it.gaussian_mutual_information(1.1),
        lambda: it.uniform_channel_information(1.1),
    ]
    for call in bad:
        with pytest.raises(DataError):
            call()


# Bounds


def _symmetric(k: int, percent: int) -> NDArray[Any]:
    """Counts of the K-ary symmetric channel with a uniform input: c in rows, x in columns."""
    return np.where(np.eye(k, dtype=bool), (100 - percent) * (k - 1), percent)


def _every_sample(counts: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Samples (c, x) in the exact proportions of a table: a mean over them is an expectation."""
    c, x = np.indices(counts.shape).reshape(2, -1).repeat(counts.ravel(), 1)
    return c, x


def _l_i(counts: NDArray[Any], q: Table) -> float:
    """L_I of Q(c|x) = q[c, x], over every sample."""
    c, x = _every_sample(counts)
    return float(it.barber_agakov(it.entropy(counts.sum(1)), torch.tensor(q[c, x]).log()))


@pytest.mark.parametrize(("k", "percent"), [(2, 10), (3, 40), (10, 10), (10, 90)])
def test_l_i_reaches_the_information_of_a_symmetric_channel(k: int, percent: int) -> None:
    e, counts = percent / 100, _symmetric(k, percent)
    h_b = it.entropy([e, 1 - e])
    assert it.mutual_information(counts) == approx(math.log(k) - h_b - e * math.log(k - 1), abs=EPS)
    posterior = _posterior(counts)
    assert _l_i(counts, posterior) == approx(it.mutual_information(counts), abs=EPS)
    blurred = 0.7 * posterior + 0.3 / k
    assert _l_i(counts, blurred) < it.mutual_information(counts) - 1e-3 or e == (k - 1) / k
    assert _l_i(counts, np.full_like(posterior, 1 / k)) == approx(0, abs=EPS)


@checked
@given(whole, st.data())
def test_l_i_below_information_below_entropy(counts: NDArray[Any], data: st.DataObject) -> None:
    """The gap is E_x KL(P(c|x)‖Q(c|x)), and Q = P(c|x) closes it."""
    q = data.draw(_weights(counts.shape)) + 1e-3
    q = q / q.sum(0)
    posterior, h, i = _posterior(counts), it.entropy(counts.sum(1)), it.mutual_information(counts)
    gap = (counts.sum(0) / counts.sum()) @ it.kl_divergence(posterior.T, q.T)
    assert _l_i(counts, q) == approx(i - gap, abs=EPS)
    assert _l_i(counts, q) <= i + EPS and i <= h + EPS
    assert _l_i(counts, posterior) == approx(i, abs=EPS)


def test_a_categorical_code_has_the_same_bound() -> None:
    """Of Categorical.log_q on the 10-ary channel with error 0.1, with ln posterior as logits."""
    counts = _symmetric(10, 10)
    c, x = _every_sample(counts)
    logits = torch.tensor(_posterior(counts)[:, x].T).log()
    code = CategoricalCode(10)
    bound = it.barber_agakov(
        code.entropy, code.log_q(logits, torch.eye(10, dtype=torch.float64)[c])
    )
    assert float(bound) == approx(1.757780, abs=5e-7)


@pytest.mark.parametrize("width", [1.0, 0.5, 0.1])
def test_a_gaussian_q_stays_below_the_uniform_channel(width: float) -> None:
    c = (torch.arange(400, dtype=torch.float64) + 0.5) / 200 - 1
    u = ((torch.arange(401, dtype=torch.float64) + 0.5) / 200.5 - 1) * width
    code, x = (grid.flatten() for grid in torch.meshgrid(c, u, indexing="ij"))
    x = code + x
    low, high = (x - width).clamp(min=-1), (x + width).clamp(max=1)
    exact: Distribution = Uniform(low, high, validate_args=False)
    gauss: Distribution = Normal((low + high) / 2, (high - low) / math.sqrt(12))
    h, truth = it.uniform_entropy(-1, 1), it.uniform_channel_information(width)
    reached, below = (float(it.barber_agakov(h, q.log_prob(code))) for q in (exact, gauss))
    assert reached == approx(truth, abs=5e-3)
    assert below == approx(truth - 0.176485, abs=5e-3)  # each posterior is uniform
    assert (truth > h) == (width < 1)  # only a categorical code obeys I <= H(c)


def test_a_fixed_sigma_of_one_never_reads_a_positive_bound() -> None:
    c = torch.linspace(-1, 1, 10_001, dtype=torch.float64)
    perfect = Normal(c, 1.0).log_prob(c)
    assert float(it.barber_agakov(it.uniform_entropy(-1, 1), perfect)) == approx(
        -0.225791, abs=1e-6
    )


@checked
@given(whole, st.data())
def test_nwj_and_donsker_varadhan(counts: NDArray[Any], data: st.DataObject) -> None:
    """Exact expectations over every sample: below I for any critic, equal to it at the optimum."""
    product = np.outer(counts.sum(1), counts.sum(0))
    i = it.mutual_information(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(product > 0, np.log(counts * counts.sum() / product), 0)
    critic = data.draw(arrays(np.float64, counts.shape, elements=st.floats(-2, 2)))
    for bound, optimum in ((it.nwj, 1 + ratio), (it.donsker_varadhan, ratio - 3)):
        over = [(f[_every_sample(counts)], f[_every_sample(product)]) for f in (critic, optimum)]
        assert bound(*over[0]) <= i + EPS
        assert bound(*over[1]) == approx(i, abs=EPS)
        assert type(bound(*over[1])) is float
        assert isinstance(bound(*map(torch.tensor, over[1])), torch.Tensor)


def test_info_nce() -> None:
    rng, rho, n = np.random.default_rng(0), 0.5, 128

    def scores(rho: float) -> Table:
        """ln p(y|x) of n pairs."""
        x, e = rng.standard_normal((2, n))
        y = rho * x + math.sqrt(1 - rho**2) * e
        return np.asarray(-((x[:, None] - rho * y) ** 2) / (2 * (1 - rho**2)))

    found = [it.info_nce(scores(rho)) for _ in range(100)]
    assert np.mean(found) == approx(it.gaussian_mutual_information(rho), abs=0.02)
    strong = it.info_nce(scores(1 - 1e-9))  # I = 10 nats
    assert math.log(n) - 0.1 < strong <= math.log(n) == approx(4.852030)
    assert it.info_nce(np.zeros((n, n))) == approx(0, abs=EPS)
    assert it.info_nce(scores(rho) + rng.standard_normal((n, 1))) == approx(
        0.14, abs=0.15
    )  # free of f(x)
    assert isinstance(it.info_nce(torch.zeros(3, 3)), torch.Tensor)
    with pytest.raises(DataError, match="N, N"):
        it.info_nce(np.zeros((3, 2)))


# Tables in files


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "joint.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"0.4,0.1\n0.2,0.3\n",
        b"\xef\xbb\xbf0.4,0.1\r\n0.2,0.3",
        b"\n 0.4 , 1e-1 \n\n.2,+0.3\n\n",
        b"0.4,0.1\r0.2,0.3\r",
    ],
    ids=["plain", "BOM and CRLF", "spaces and blank lines", "old Mac"],
)
def test_tables_are_read(tmp_path: Path, content: bytes) -> None:
    assert it.read_table(_file(tmp_path, content)) == approx(np.array([[0.4, 0.1], [0.2, 0.3]]))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n \n", "empty"),
        (b"1,2\n3\n", "line 2: has 1 cells where the first row has 2"),
        (b"1,2\n\n3,4,5\n", "line 3: has 3 cells"),
        (b"x,y\n1,2\n", "line 1: 'x' is no number; no header"),
        (b"1;2\n3;4\n", "line 1: '1;2' is no number; .*commas"),
        (b"1,2\n3,\n", "line 2: '' is no number; write 0"),
        (b"1,2\n3,-4\n", "line 2: -4 is no probability"),
        (b"1,nan\n", "line 1: nan is no probability"),
        (b"1,2\n3,inf\n", "line 2: inf is no probability"),
        (b"1e999,1\n", "line 1: 1e999 is no probability"),
        (b"0,0\n0,0\n", "sums to 0"),
        (b"1e308,1e308\n", "sums to inf"),
        (b"1,2\n3,\xff\n", "line 2: is not UTF-8"),
        ("1,2\n".encode("utf-16"), "line 1: is not UTF-8"),
        (b"1,1\n" * 2**18 + b"1", "1 MiB"),
        (b"1,2\n=cmd(),\x00\n", r"line 2: '=cmd\(\)' is no number"),
    ],
)
def test_what_is_no_table_is_named_with_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = _file(tmp_path, content)
    with pytest.raises(DataError, match=says) as caught:
        it.read_table(path)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).count("\n") == 0 and len(str(caught.value)) < len(str(path)) + 120


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            it.read_table(path)


@checked
@given(st.binary(max_size=40) | st.text("0123456789.,-e \n", max_size=40).map(str.encode))
def test_any_bytes_are_a_table_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    try:
        table = it.read_table(path)
    except DataError:
        return
    assert table.ndim == 2 and np.isfinite(list(it.summary(table).values())).all()


def test_summary() -> None:
    table = np.array([[0.4, 0.1], [0.2, 0.3]])
    found = it.summary(table)
    assert found["total"] == approx(1) and found["entropy_x"] == approx(math.log(2))
    assert found["entropy_y"] == approx(it.entropy([0.6, 0.4]))
    assert found["conditional_entropy_y_given_x"] == approx(
        (it.entropy([0.8, 0.2]) + it.entropy([0.4, 0.6])) / 2
    )
    assert found["conditional_entropy_x_given_y"] == approx(
        0.6 * it.entropy([4, 2]) + 0.4 * it.entropy([1, 3])
    )
    assert found["joint_entropy"] == approx(it.entropy(table.ravel()))
    assert found["mutual_information"] == approx(
        found["entropy_x"] - found["conditional_entropy_x_given_y"]
    )
    assert found["normalized_mutual_information"] == approx(
        2 * found["mutual_information"] / (found["entropy_x"] + found["entropy_y"])
    )
    assert found["variation_of_information"] == approx(
        found["joint_entropy"] - found["mutual_information"]
    )
    assert "chance_mutual_information" not in found
    bits = it.summary(torch.tensor(table), "bits")
    assert all(type(value) is float for value in bits.values())
    for key, value in found.items():
        plain = key in ("total", "normalized_mutual_information")
        assert bits[key] == approx(value if plain else value / math.log(2)), key


@checked
@given(tables)
@example(np.outer([7, 6], [5, 3]))  # rounding leaves I = -5.6e-17
def test_no_summary_reads_below_zero(t: Table) -> None:
    assert all(math.copysign(1, value) == 1 for value in it.summary(t).values())


def test_summary_of_counts_says_so() -> None:
    counts = np.array([[40, 10, 0], [20, 30, 0], [0, 0, 0]])
    found, bits = it.summary(counts), it.summary(counts, "bits")
    assert found["total"] == 100
    assert found["mutual_information"] == approx(it.summary(counts / 100)["mutual_information"])
    assert found["chance_mutual_information"] == approx(1 / 200)
    assert bits["chance_mutual_information"] == approx(1 / 200 / math.log(2))


# The diagram


@checked
@given(tables)
def test_circles_are_to_scale(t: Table) -> None:
    found = it.summary(t)
    h_x, h_y, shared = found["entropy_x"], found["entropy_y"], found["mutual_information"]
    x, y, r_x, r_y = circles(h_x, h_y, shared)
    scale = math.pi * max(r_x, r_y) ** 2 / max(h_x, h_y, 1e-300)
    assert math.pi * r_x**2 == approx(h_x * scale, abs=1e-9)
    assert math.pi * r_y**2 == approx(h_y * scale, abs=1e-9)
    assert overlap(r_x, r_y, y - x) == approx(shared * scale, abs=1e-5)
    assert x - r_x == approx(-(y + r_y), abs=1e-9) and max(r_x, r_y, (y + r_y) / 1.7) <= 0.6 + 1e-9


@pytest.mark.parametrize(
    "t", [[[45, 5], [5, 45]], [[1, 1], [1, 1]], [[1, 0], [0, 1]], [[1, 1]], [[1]]]
)
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_diagram_of_any_table(tmp_path: Path, t: list[list[int]], suffix: str) -> None:
    path = tmp_path / "new" / f"diagram{suffix}"
    information_diagram(it.summary(t, "bits"), path, "bits")
    assert path.read_bytes().startswith(b"\x89PNG" if suffix == ".png" else b"<?xml")
    with pytest.raises(ConfigError, match=r"\.png, \.svg"):
        information_diagram(it.summary(t), tmp_path / "diagram.doc", "nats")


# Pages and docstrings

MODULES = ["quantity", "discrete", "continuous", "estimators", "bounds", "table"]


@pytest.mark.parametrize(
    "name", [*(f"infogan.information.{m}" for m in MODULES), "infogan.report.diagram"]
)
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("page", ["theory.md", "theory.zh.md"])
def test_examples_on_the_page(page: str) -> None:
    result = doctest.testfile(str(DOCS / page), module_relative=False, encoding="utf-8")
    assert result.failed == 0 and result.attempted > 40
    text = (DOCS / page).read_text(encoding="utf-8")
    assert [
        name for name in it.__all__ if f"`{name}`" not in text
    ] == []  # every function has its place


def test_both_languages_show_the_same_examples() -> None:
    blocks = [
        [
            line.partition("  # ")[0]  # comments are of the page's language
            for line in (DOCS / page).read_text(encoding="utf-8").splitlines()
            if line.startswith((">>>", "..."))
        ]
        for page in ("theory.md", "theory.zh.md")
    ]
    assert blocks[0] == blocks[1]


def test_both_languages_have_the_same_formulas_and_commands() -> None:
    """In the same order; formulas are numbered from (1) on, and no other number is referred to."""
    pages = [(DOCS / page).read_text(encoding="utf-8") for page in ("theory.md", "theory.zh.md")]
    found = [
        re.findall(r"```math\n(.*?)```|^>     (infogan [^\n]*)$", page, re.S | re.M)
        for page in pages
    ]
    assert found[0] == found[1]
    for page in pages:
        numbers = re.findall(r"\\qquad \((\d+)\)\n```", page)
        assert numbers == [str(i) for i in range(1, page.count("```math") + 1)]
        assert set(re.findall(r"(?<!\w)\((\d+)\)", page)) == set(numbers)
