"""The latent: what it draws, sweeps and reads back, in declared order, and what it refuses."""

import doctest
import importlib
import math
from collections.abc import Mapping

import pytest
import torch
from pydantic import ValidationError

from infogan.core.errors import ConfigError
from infogan.core.random import stream
from infogan.latent.codes import KINDS, Angle, Categorical, Gaussian, Uniform
from infogan.latent.latent import RESERVED, Latent
from infogan.objectives import GAN
from infogan.objectives.base import parameters

EVERY = Latent(noise=3, b="uniform:-1:1", a="categorical:5", c=Gaussian(), t="angle")
"""A code of each kind, not in the order of the table."""
N_PARAMS = sum(code.n_params for code in EVERY.codes.values())


def test_every_kind_has_its_columns_in_declared_order() -> None:
    assert {code.kind for code in EVERY.codes.values()} == KINDS.keys()
    assert list(EVERY.codes) == ["b", "a", "c", "t"]
    assert (EVERY.width, N_PARAMS) == (3 + 1 + 5 + 1 + 2, 2 + 5 + 2 + 2)
    draw = EVERY.sample(50, stream(0, "x"), a=4)
    parts = [draw.noise, *(draw.values[name] for name in EVERY.codes)]
    assert torch.equal(draw.vector(), torch.cat(parts, 1))
    assert draw.vector()[:, 4:9].argmax(1).tolist() == [4] * 50
    params = torch.arange(N_PARAMS * 2.0).reshape(2, -1)
    split = parameters(GAN().readings(EVERY, 0), {"code": params})
    assert torch.equal(torch.cat(list(split.values()), 1), params)  # split, then join
    assert split["a"][0].tolist() == [2, 3, 4, 5, 6]


def test_mnist_latent_of_the_paper_is_74_wide() -> None:
    latent = Latent(noise=62, digit=Categorical(10), slant=Uniform(-1, 1), width=Uniform(-1, 1))
    assert (latent.width, [c.n_params for c in latent.codes.values()]) == (74, [10, 2, 2])
    assert sum(latent.entropy.values()) == pytest.approx(3.688879, abs=1e-6)


def test_the_first_categorical_code_stands_for_the_classes() -> None:
    assert EVERY.categorical == "a"
    assert Latent(noise=1, t=Angle()).categorical is None


def test_fixing_a_code_shifts_no_other_draw() -> None:
    free, fixed = EVERY.sample(9, stream(0, "x")), EVERY.sample(9, stream(0, "x"), a=2)
    assert torch.equal(free.noise, fixed.noise)
    assert all(torch.equal(free.values[name], fixed.values[name]) for name in ("b", "c", "t"))


def test_distribution_of_the_noise() -> None:
    z = Latent(noise=1, distribution="uniform").sample(100_000, stream(0, "x")).noise
    assert (float(z.min()), float(z.max())) == pytest.approx((-1, 1), abs=1e-3)
    assert float(z.mean()) == pytest.approx(0, abs=0.01)
    normal = Latent(noise=1).sample(100_000, stream(0, "x")).noise
    assert (float(normal.mean()), float(normal.std())) == pytest.approx((0, 1), abs=0.01)


def test_a_stream_is_named_by_seed_purpose_and_step() -> None:
    first = {
        torch.rand(1, generator=stream(*key)).item()
        for key in [(0, "x", 0), (1, "x", 0), (0, "y", 0), (0, "x", 1)]
    }
    assert len(first) == 4


@pytest.mark.parametrize("name", EVERY.codes)
def test_a_traversal_moves_one_code_and_keeps_the_rest_of_a_row(name: str) -> None:
    code = EVERY.codes[name]
    sweep = list(code.swept(5))
    draw, n = EVERY.grid(name, sweep, 4, stream(2, "x")), len(sweep)
    assert n == 5
    assert code.value(draw.values[name]).tolist() == pytest.approx(sweep * 4, abs=1e-5)
    kept = {"noise": draw.noise, **draw.values}
    del kept[name]
    for columns in kept.values():
        rows = columns.reshape(4, n, -1)
        assert torch.equal(rows, rows[:, :1].expand(-1, n, -1))
        assert len(rows[:, 0].unique(dim=0)) > 1


def test_a_grid_takes_any_values() -> None:
    draw = EVERY.grid("b", [7.0, -7.0], 3, stream(0, "x"))
    assert draw.values["b"].flatten().tolist() == [7, -7] * 3


def test_a_point_is_the_draw_that_it_describes() -> None:
    drawn = EVERY.sample(1, stream(0, "x"))
    values = {name: code.value(drawn.values[name]).item() for name, code in EVERY.codes.items()}
    point = EVERY.point({"noise": drawn.noise[0].tolist(), "codes": values})
    assert torch.allclose(point.vector(), drawn.vector(), atol=1e-6)
    between = {**values, "a": [0.5, 0.5, 0, 0, 0]}
    weights = EVERY.point({"noise": [0, 0, 0], "codes": between}).values["a"]
    assert weights.tolist() == [[0.5, 0.5, 0, 0, 0]]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"noise": [0.0, 1.0]}, "noise"),
        ({"noise": [0.0, 1.0, math.nan]}, "noise"),
        ({"codes": {"b": 0, "a": 1, "c": 0}}, "b, a, c, t"),
        ({"codes": {"a": 1, "b": 0, "c": 0, "t": 0}}, "b, a, c, t"),
        ({"codes": {"b": 0, "a": [1, 0], "c": 0, "t": 0}}, "a must be 5"),
        ({"codes": {"b": "0", "a": 1, "c": 0, "t": 0}}, "b must be 1"),
        ({"codes": {"b": 0, "a": 5, "c": 0, "t": 0}}, "code a"),
        ({"codes": {"b": 0, "a": 1, "c": 10**400, "t": 0}}, "c must be 1 finite"),
        ({"noise": [0.0, 1.0, 1e39]}, "noise"),  # more than float32 has
    ],
)
def test_a_point_of_another_latent_is_refused(changes: Mapping[str, object], named: str) -> None:
    good = {"noise": [0.0] * 3, "codes": {"b": 0, "a": 1, "c": 0.5, "t": 3}}
    assert EVERY.point(good).vector().shape == (1, EVERY.width)
    with pytest.raises(ConfigError, match=named):
        EVERY.point({**good, **changes})


def test_what_posteriors_point_to_is_what_g_is_given() -> None:
    """Posteriors of a Q that is certain and right lead back to the columns that were drawn."""
    drawn = EVERY.sample(20, stream(0, "x")).values
    certain = {
        "b": torch.cat([drawn["b"], torch.zeros(20, 1)], 1),
        "a": 100 * drawn["a"],
        "c": torch.cat([drawn["c"], torch.zeros(20, 1)], 1),
        "t": 100 * drawn["t"],
    }
    read = {name: code.posterior(certain[name]) for name, code in EVERY.codes.items()}
    assert torch.allclose(EVERY.read(read), torch.cat(list(drawn.values()), 1), atol=1e-5)


@pytest.mark.parametrize(
    ("fixed", "named"),
    [
        ({"a": 5}, "code a.*0 to 4"),
        ({"a": 0.5}, "code a.*0 to 4"),
        ({"a": math.inf}, "code a.*0 to 4"),
        ({"a": math.nan}, "code a.*0 to 4"),
        ({"b": math.nan}, "code b.*nan"),
        ({"t": math.inf}, "code t.*inf"),
        ({"z": 1}, "'z'.*b, a, c, t"),
    ],
)
def test_values_that_a_code_does_not_have(fixed: dict[str, float], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        EVERY.sample(2, stream(0, "x"), **fixed)


def test_a_value_is_a_number() -> None:
    latent = Latent(noise=1, digit="categorical:3", tilt="uniform")
    for code, value in (("tilt", "x"), ("digit", "seven")):
        with pytest.raises(ConfigError, match=f"code {code}: give a number, not '{value}'"):
            latent.sample(2, stream(0, "x"), **{code: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*sorted(RESERVED - {"noise", "distribution"}), "a-b", "1st"])
def test_names_that_no_code_can_have(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Latent(**{name: "categorical:2"})


def test_an_empty_latent_is_refused() -> None:
    with pytest.raises(ValidationError, match="noise"):
        Latent(noise=0)
    assert Latent(noise=0, a=Categorical(2)).width == 2


@pytest.mark.parametrize("text", ["categorial:10", "uniform:-1:1:3", "gaussian:a", "categorical"])
def test_short_forms_that_are_no_code(text: str) -> None:
    with pytest.raises(ValidationError):
        Latent(a=text)


@pytest.mark.parametrize("module", ["latent", *(f"codes.{kind}" for kind in KINDS)])
def test_examples_in_docstrings(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"infogan.latent.{module}"))
    assert result.attempted > 0 and result.failed == 0
