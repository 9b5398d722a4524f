"""Closed forms for uniform and Gaussian variables, in nats or bits (categorical: `discrete`).
Parameters are numbers, arrays or tensors that broadcast. Entropies and cross entropies are
differential: they may be negative and shift by ln|a| when the axis is stretched by a; KL and mutual
information do not. DataError for a scale <= 0, an empty interval, a correlation outside -1..1."""

import math

import torch
from torch import Tensor

from infogan.core.errors import DataError
from infogan.information.quantity import Numbers, Unit, Value, stated, tensor


def uniform_entropy(low: Numbers, high: Numbers, unit: Unit = "nats") -> Value:
    """h = ln(b - a) of U(a, b); 0.693147 for U(-1, 1)."""
    return stated(_width(low, high).log(), unit, low, high)


def uniform_cross_entropy(
    low: Numbers, high: Numbers, other_low: Numbers, other_high: Numbers, unit: Unit = "nats"
) -> Value:
    """h(p, q) = ln(d - c) of p = U(a, b) under q = U(c, d); infinite unless [a, b] is in [c, d]."""
    a, b, c, d = map(tensor, (low, high, other_low, other_high))
    inside = (a >= c) & (b <= d) & (_width(a, b) > 0)
    nats = torch.where(inside, _width(c, d).log(), math.inf)
    return stated(nats, unit, low, high, other_low, other_high)


def uniform_kl(
    low: Numbers, high: Numbers, other_low: Numbers, other_high: Numbers, unit: Unit = "nats"
) -> Value:
    """KL(U(a, b)‖U(c, d)) = ln((d - c) / (b - a)); infinite unless [a, b] is in [c, d]."""
    cost = uniform_cross_entropy(low, high, other_low, other_high, unit)
    return cost - uniform_entropy(low, high, unit)


def gaussian_entropy(scale: Numbers, unit: Unit = "nats") -> Value:
    """h = ½ ln(2πe s²) of N(m, s²), the largest of all distributions with variance s²."""
    nats = _positive(scale, "scale").log() + 0.5 * math.log(2 * math.pi * math.e)
    return stated(nats, unit, scale)


def gaussian_cross_entropy(
    mean: Numbers, scale: Numbers, other_mean: Numbers, other_scale: Numbers, unit: Unit = "nats"
) -> Value:
    """h(p, q) = ½ ln(2π s₂²) + (s₁² + (m₁ - m₂)²) / (2 s₂²) of N(m₁, s₁²) under N(m₂, s₂²)."""
    nats = _gaussian_cost(tensor(mean), _positive(scale, "scale") ** 2, other_mean, other_scale)
    return stated(nats, unit, mean, scale, other_mean, other_scale)


def gaussian_kl(
    mean: Numbers, scale: Numbers, other_mean: Numbers, other_scale: Numbers, unit: Unit = "nats"
) -> Value:
    """KL(N(m₁, s₁²)‖N(m₂, s₂²)) = ln(s₂ / s₁) + (s₁² + (m₁ - m₂)²) / (2 s₂²) - ½."""
    cost = gaussian_cross_entropy(mean, scale, other_mean, other_scale, unit)
    return cost - gaussian_entropy(scale, unit)


def uniform_gaussian_cross_entropy(
    low: Numbers, high: Numbers, mean: Numbers, scale: Numbers, unit: Unit = "nats"
) -> Value:
    """h = ½ ln(2π s²) + ((b - a)² / 12 + ((a + b) / 2 - m)²) / (2 s²) of U(a, b) under N(m, s²)."""
    centre = (tensor(low) + tensor(high)) / 2
    nats = _gaussian_cost(centre, _width(low, high) ** 2 / 12, mean, scale)
    return stated(nats, unit, low, high, mean, scale)


def uniform_gaussian_kl(
    low: Numbers, high: Numbers, mean: Numbers, scale: Numbers, unit: Unit = "nats"
) -> Value:
    """KL(U(a, b)‖N(m, s²)), 0.176485 nats or more (equal moments); KL(N‖U) is always infinite."""
    cost = uniform_gaussian_cross_entropy(low, high, mean, scale, unit)
    return cost - uniform_entropy(low, high, unit)


def gaussian_mutual_information(rho: Numbers, unit: Unit = "nats") -> Value:
    """I(X; Y) = -½ ln(1 - rho²) of a Gaussian pair with correlation rho; infinite for rho = ±1."""
    r = tensor(rho)
    if not (r.abs() <= 1).all():
        raise DataError("a correlation lies between -1 and 1")
    return stated(-0.5 * torch.log1p(-r * r), unit, rho)


def gaussian_channel_information(signal_to_noise: Numbers, unit: Unit = "nats") -> Value:
    """I(c; c + noise) = ½ ln(1 + S/N) of Gaussian c and noise, variances S and N (Shannon 1948)."""
    ratio = _positive(signal_to_noise, "signal to noise")
    return stated(0.5 * ratio.log1p(), unit, signal_to_noise)


def uniform_channel_information(width: Numbers, unit: Unit = "nats") -> Value:
    """I(c; c + u) = w / 2 - ln w for c ~ U(-1, 1) and u ~ U(-w, w), 0 < w <= 1.
    No Gaussian Q(c|x) reaches it, since the posterior is uniform."""
    w = _positive(width, "width")
    if not (w <= 1).all():
        raise DataError("the width must be at most 1, the code's own")
    return stated(w / 2 - w.log(), unit, width)


def _positive(number: Numbers, name: str) -> Tensor:
    value = tensor(number)
    if not (value > 0).all():
        raise DataError(f"{name} must be above 0, got {value.min().item():g}")
    return value


def _width(low: Numbers, high: Numbers) -> Tensor:
    return _positive(tensor(high) - tensor(low), "high - low")


def _gaussian_cost(mean: Tensor, variance: Tensor, m: Numbers, scale: Numbers) -> Tensor:
    """Cross entropy of any distribution with these two moments under N(m, scale²)."""
    s, squares = _positive(scale, "scale"), variance + (mean - tensor(m)) ** 2
    return 0.5 * math.log(2 * math.pi) + s.log() + squares / (2 * s**2)
