"""Estimates from samples of variables whose information is known, and the table of errors."""

import importlib.util
import json
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pytest import approx
from sklearn.feature_selection import mutual_info_regression

import infogan.information as it
from infogan.core.errors import DataError

ROOT = Path(__file__).parents[1]
Samples = NDArray[np.float64]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _pair(rng: np.random.Generator, n: int, rho: float) -> tuple[Samples, Samples]:
    x, noise = rng.standard_normal((2, n))
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def test_plug_in_entropy_is_low_and_miller_madow_mends_it(rng: np.random.Generator) -> None:
    n, k = 200, 20
    draws = [rng.integers(0, k, n) for _ in range(300)]
    plain = np.mean([it.plug_in_entropy(x, miller_madow=False) for x in draws])
    mended = np.mean([it.plug_in_entropy(x) for x in draws])
    assert plain - math.log(k) == approx(-(k - 1) / (2 * n), rel=0.1)
    assert mended == approx(math.log(k), abs=0.004)


def test_plug_in_information_of_independent_labels_is_not_zero(rng: np.random.Generator) -> None:
    draws = [(rng.integers(0, 20, 10_000), rng.integers(0, 10, 10_000)) for _ in range(40)]
    plain = np.mean([it.plug_in_mutual_information(x, y, miller_madow=False) for x, y in draws])
    assert plain == approx(19 * 9 / 20_000, rel=0.08)  # 0.0086
    assert it.summary(it.joint_table(*draws[0]))["chance_mutual_information"] == approx(
        19 * 9 / 20_000
    )
    mended = [it.plug_in_mutual_information(x, y) for x, y in draws]
    assert np.mean(mended) == approx(0, abs=0.0006) and min(mended) < 0


def test_miller_madow_information_is_that_of_the_entropies(rng: np.random.Generator) -> None:
    x = rng.integers(0, 5, 50)
    y = (x + rng.integers(0, 2, 50)) % 5
    h_xy = it.plug_in_entropy(10 * x + y)
    expected = it.plug_in_entropy(x) + it.plug_in_entropy(y) - h_xy
    assert it.plug_in_mutual_information(x, y) == approx(expected)
    bits = it.plug_in_mutual_information(x, y, unit="bits")
    assert bits == approx(expected / math.log(2))
    assert it.plug_in_entropy(x, unit="bits") == approx(it.plug_in_entropy(x) / math.log(2))


@pytest.mark.parametrize(
    ("rho", "tolerance"), [(0.0, 0.02), (0.5, 0.02), (0.9, 0.03), (0.99, 0.05)]
)
def test_nearest_neighbours_on_gaussian_pairs(
    rng: np.random.Generator, rho: float, tolerance: float
) -> None:
    found = np.mean([it.ksg_mutual_information(*_pair(rng, 2_000, rho)) for _ in range(5)])
    assert found == approx(it.gaussian_mutual_information(rho), abs=tolerance)


def test_nearest_neighbours_agree_with_scikit_learn(rng: np.random.Generator) -> None:
    x, y = _pair(rng, 500, 0.8)
    (theirs,) = mutual_info_regression(x[:, None], y, n_neighbors=4, random_state=0)
    assert it.ksg_mutual_information(x, y, k=4) == approx(theirs, abs=1e-6)


def test_nearest_neighbours_do_not_depend_on_scale_and_take_vectors(
    rng: np.random.Generator,
) -> None:
    (a, b), (c, d) = _pair(rng, 2_000, 0.6), _pair(rng, 2_000, 0.6)
    one = it.ksg_mutual_information(a, b)
    assert it.ksg_mutual_information(1e6 + 1e3 * a, -b) == approx(one, abs=1e-3)
    both = it.ksg_mutual_information(np.column_stack([a, 100 * c]), np.column_stack([b, d]))
    assert both == approx(2 * it.gaussian_mutual_information(0.6), abs=0.06)
    assert abs(it.ksg_mutual_information(np.ones(500), b[:500])) < 0.1  # a constant, all ties


def test_nearest_neighbours_fail_quietly_where_information_is_large(
    rng: np.random.Generator,
) -> None:
    """What the docstring warns of: 100 samples cannot show 6.6 nats."""
    rho = 1 - 1e-6
    assert (
        it.ksg_mutual_information(*_pair(rng, 100, rho)) < it.gaussian_mutual_information(rho) - 1.5
    )


def test_labels_and_a_continuous_variable(rng: np.random.Generator) -> None:
    labels = rng.integers(0, 4, 2_000)
    apart = labels + 0.05 * rng.standard_normal(2_000)
    assert it.mixed_mutual_information(labels, apart) == approx(math.log(4), abs=0.01)
    assert it.mixed_mutual_information(labels, apart, unit="bits") == approx(2, abs=0.015)
    noise = it.mixed_mutual_information(labels, rng.standard_normal(2_000))
    assert 0 <= noise < 0.03
    uniform = labels + rng.uniform(-1, 1, 2_000)  # neighbours overlap by half
    assert it.mixed_mutual_information(labels, uniform) == approx(
        math.log(4) - 0.75 * math.log(2), abs=0.05
    )


def test_bins_lose_information(rng: np.random.Generator) -> None:
    x, y = _pair(rng, 50_000, 0.9)
    few, more, many = (it.histogram_mutual_information(x, y, bins=bins) for bins in (2, 8, 32))
    assert 0 < few < more < many < it.gaussian_mutual_information(0.9)
    crowded = it.histogram_mutual_information(
        x[:100], rng.permutation(y[:100]), bins=32, miller_madow=False
    )
    assert crowded > 1  # few samples a cell: a number out of nothing
    ramp = np.arange(400)
    assert it.histogram_mutual_information(ramp, 3 * ramp, bins=4, miller_madow=False) == approx(
        math.log(4)
    )
    assert it.histogram_mutual_information(x, np.ones_like(x), bins=4) == approx(0, abs=1e-12)


def test_same_kind_out() -> None:
    x, y = torch.arange(8.0), torch.tensor([0.1, 0.9, 2.2, 2.9, 4.1, 5.3, 6, 7.4])
    labels = torch.arange(8) % 2
    calls: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = [
        (it.plug_in_entropy, (labels,), {}),
        (it.plug_in_mutual_information, (labels, labels), {}),
        (it.histogram_mutual_information, (x, y), {"bins": 2}),
        (it.ksg_mutual_information, (x, y), {}),
        (it.mixed_mutual_information, (labels, x), {"k": 2}),
    ]
    for estimate, given, options in calls:
        from_torch = estimate(*given, **options)
        from_numpy = estimate(*(one.numpy() for one in given), **options)
        assert isinstance(from_torch, torch.Tensor) and type(from_numpy) is float
        assert float(from_torch) == approx(from_numpy, abs=1e-6)
        assert float(estimate(*given, **options, unit="bits")) == approx(
            from_numpy / math.log(2), abs=1e-6
        )


def test_what_does_not_fit_is_refused() -> None:
    x, nan = np.arange(9.0), np.full(9, np.nan)
    bad: list[Callable[[], Any]] = [
        lambda: it.ksg_mutual_information(x, x[:5]),
        lambda: it.ksg_mutual_information(x, x, k=9),
        lambda: it.ksg_mutual_information(x, nan),
        lambda: it.ksg_mutual_information([], []),
        lambda: it.mixed_mutual_information([0] * 9, np.ones((9, 2))),
        lambda: it.mixed_mutual_information([0] * 8, x),
        lambda: it.histogram_mutual_information(x, nan, bins=3),
        lambda: it.histogram_mutual_information(x, x, bins=0),
        lambda: it.plug_in_mutual_information([0, 1], [0]),
    ]
    for call in bad:
        with pytest.raises(DataError):
            call()


# The published table


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "estimators", ROOT / "benchmarks" / "estimators.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_show_the_measured_table(benchmark: ModuleType) -> None:
    result = json.loads(benchmark.RESULT.read_text())
    for page in benchmark.PAGES:
        text = page.read_text(encoding="utf-8")
        assert text == benchmark.filled(text, result), (
            f"run python benchmarks/estimators.py --docs for {page.name}"
        )


def test_the_measured_table_repeats(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """One setting measured again, from the seeds in the file."""
    result = json.loads(benchmark.RESULT.read_text())
    assert len(result["seeds"]) >= 5 and result["command"] and result["machine"]["processor"]
    monkeypatch.setattr(benchmark, "CORRELATIONS", [0.9])
    monkeypatch.setattr(benchmark, "SAMPLES", [1_000])
    monkeypatch.setattr(benchmark, "SEEDS", result["seeds"])
    for row in benchmark.measure()["rows"]:
        (known,) = [
            r
            for r in result["rows"]
            if all(r[key] == row[key] for key in ("rho", "n", "estimator"))
        ]
        assert row["mean_error"] == approx(known["mean_error"], abs=2e-6)
        assert row["std_error"] == approx(known["std_error"], abs=2e-6)
