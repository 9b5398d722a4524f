"""Quantities of discrete variables, exact for a given distribution, in nats or bits.
A distribution p is [K], or a batch [..., K] with one result for each; a joint distribution is a
table with one axis for each variable, X first, or one array [N] of labels for each. Counts are
scaled to sum to 1; the result is then the plug-in estimate (its bias: `estimators`). 0 ln 0 = 0.
Formulas: Cover, Thomas, Elements of Information Theory (2006), chapter 2."""

import math
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from infogan.core.errors import ConfigError, DataError
from infogan.information.quantity import Numbers, Unit, Value, distribution, stated, tensor

CELLS = 2**24  # of the largest table that labels are counted into
Mean = Literal["arithmetic", "geometric", "min", "max"]


def joint_table(*labels: Any) -> Any:
    """Count labels that occur together: one axis for each variable, its labels in sorted order.
    labels: arrays [N] of anything that can be sorted; each value counts: leave out unlabelled ones.
    >>> joint_table(["a", "a", "b"], [0, 1, 1])
    array([[1, 1],
           [0, 1]])
    """
    if len({np.shape(one) for one in labels}) != 1 or np.ndim(labels[0]) != 1 or not len(labels[0]):
        raise DataError("labels must be arrays [N] of one length above 0, one for each variable")
    arrays = [one.detach().cpu() if isinstance(one, Tensor) else one for one in labels]
    distinct, indices = zip(*(np.unique(one, return_inverse=True) for one in arrays), strict=True)
    shape = [len(values) for values in distinct]
    if math.prod(shape) > CELLS:
        raise DataError(f"labels have {shape} values; bin them, or use ksg_mutual_information")
    cells = np.ravel_multi_index(indices, shape)
    table = np.bincount(cells, minlength=math.prod(shape)).reshape(shape)
    as_torch = all(isinstance(one, Tensor) for one in labels)
    return torch.from_numpy(table).to(labels[0].device) if as_torch else table


def self_information(p: Numbers, unit: Unit = "nats") -> Value:
    """I(x) = -ln p(x) of outcomes of probability p, any shape: 0 for p = 1, infinite for p = 0."""
    probability = tensor(p)
    if not ((probability >= 0) & (probability <= 1)).all():
        raise DataError("expected probabilities from 0 to 1")
    return stated(-probability.log(), unit, p)


def entropy(p: Numbers, unit: Unit = "nats") -> Value:
    """H(X) = -sum p ln p, from 0 (one outcome is certain) to ln K (all K are equally likely)."""
    return stated(_entropy(distribution(p, batch=True)), unit, p)


def cross_entropy(p: Numbers, q: Numbers, unit: Unit = "nats") -> Value:
    """H(p, q) = -sum p ln q = H(p) + KL(p‖q); infinite where q = 0 < p."""
    a, b = _pair(p, q)
    return stated(-torch.xlogy(a, b).sum(-1), unit, p, q)


def kl_divergence(p: Numbers, q: Numbers, unit: Unit = "nats") -> Value:
    """KL(p‖q) = sum p ln(p/q) >= 0, 0 only for p = q, not symmetric; infinite where q = 0 < p."""
    return stated(_kl(*_pair(p, q)), unit, p, q)


def jensen_shannon(p: Numbers, q: Numbers, unit: Unit = "nats") -> Value:
    """JS = H(m) - (H(p) + H(q)) / 2, m = (p + q) / 2; from 0 (p = q) to ln 2 (disjoint)."""
    a, b = _pair(p, q)
    m = (a + b) / 2
    return stated((_kl(a, m) + _kl(b, m)) / 2, unit, p, q)


def joint_entropy(*joint: Any, unit: Unit = "nats") -> Value:
    """H(X, Y, ...) = -sum p ln p over all cells of a table with any number of axes."""
    return stated(_entropy(_table(joint).flatten()), unit, *joint)


def conditional_entropy(*joint: Any, unit: Unit = "nats") -> Value:
    """H(Y|X) = H(X, Y) - H(X): the information that X leaves missing about Y.
    From 0 (Y is a function of X) to H(Y) (independent). For H(X|Y) transpose or swap them."""
    table = _table(joint, 2)
    return stated(_entropy(table.flatten()) - _entropy(table.sum(1)), unit, *joint)


def mutual_information(*joint: Any, unit: Unit = "nats") -> Value:
    """I(X; Y) = KL(p(x,y)‖p(x)p(y)) = H(X) - H(X|Y): from 0 (independent) to min(H(X), H(Y)).
    >>> mutual_information([0, 0, 1, 1], ["a", "a", "b", "b"], unit="bits")
    1.0
    """
    return stated(_mutual_information(_table(joint, 2)), unit, *joint)


def conditional_mutual_information(*joint: Any, unit: Unit = "nats") -> Value:
    """I(X; Y|Z) = H(X,Z) + H(Y,Z) - H(X,Y,Z) - H(Z) >= 0; it may lie above or below I(X; Y).
    The exclusive or of two fair coins says nothing about one of them, until the other is known:
    >>> conditional_mutual_information([0, 0, 1, 1], [0, 1, 1, 0], [0, 1, 0, 1], unit="bits")
    1.0
    """
    table = _table(joint, 3)
    xz, yz, z = (_entropy(table.sum(axes).flatten()) for axes in (1, 0, (0, 1)))
    return stated(xz + yz - _entropy(table.flatten()) - z, unit, *joint)


def total_correlation(*joint: Any, unit: Unit = "nats") -> Value:
    """TC = sum H(X_i) - H(X_1, ..., X_n) >= 0 (Watanabe 1960), 0 only if all are independent; of
    two variables it is I(X; Y)."""
    table = _table(joint)
    axes = set(range(table.ndim))
    rest = [list(axes - {axis}) for axis in axes]
    marginals = [_entropy(table.sum(others) if others else table) for others in rest]
    return stated(torch.stack(marginals).sum() - _entropy(table.flatten()), unit, *joint)


def variation_of_information(*joint: Any, unit: Unit = "nats") -> Value:
    """VI = H(X|Y) + H(Y|X), a metric between partitions (Meila 2007)."""
    table = _table(joint, 2)
    x, y = _entropy(table.sum(1)), _entropy(table.sum(0))
    return stated(2 * _entropy(table.flatten()) - x - y, unit, *joint)


def normalized_mutual_information(*joint: Any, mean: Mean = "arithmetic") -> Value:
    """NMI = I / M(H(X), H(Y)) with a mean M, from 0 (independent) to 1 (the same partition).
    It has no unit. With "min" it is 1 as soon as one variable is a function of the other. Where
    M = 0 it is 1 if both are constant and 0 if one is, as in scikit-learn."""
    table = _table(joint, 2)
    x, y = _entropy(table.sum(1)), _entropy(table.sum(0))
    means = {"arithmetic": (x + y) / 2, "geometric": (x * y).sqrt()}
    means |= {"min": torch.minimum(x, y), "max": torch.maximum(x, y)}
    if mean not in means:
        raise ConfigError(f"unknown mean {mean!r}; use one of {', '.join(means)}")
    constant = [(table.sum(axis) > 0).sum() == 1 for axis in (0, 1)]  # H is 0 but for rounding
    share = (_mutual_information(table) / means[mean]).clamp(0, 1)
    if any(constant):
        share = torch.full_like(share, float(all(constant)))
    return stated(share, "nats", *joint)


def _entropy(p: Tensor) -> Tensor:
    return -torch.xlogy(p, p).sum(-1)


def _kl(p: Tensor, q: Tensor) -> Tensor:
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(-1)  # exactly 0 for p = q


def _mutual_information(table: Tensor) -> Tensor:
    product = table.sum(1, keepdim=True) * table.sum(0, keepdim=True)
    return _kl(table.flatten(), product.flatten())


def _pair(p: Numbers, q: Numbers) -> tuple[Tensor, Tensor]:
    a, b = distribution(p, batch=True), distribution(q, batch=True)
    if a.shape[-1] != b.shape[-1]:
        raise DataError(f"p and q must have the same outcomes, got {a.shape[-1]} and {b.shape[-1]}")
    try:
        torch.broadcast_shapes(a.shape, b.shape)
    except RuntimeError:
        shapes = f"{list(a.shape)} and {list(b.shape)}"
        raise DataError(f"p and q must be one distribution or as many, got {shapes}") from None
    return a, b


def _table(joint: tuple[Any, ...], axes: int | None = None) -> Tensor:
    """The joint distribution of a table, or of several arrays of labels."""
    table = distribution(joint[0] if len(joint) == 1 else joint_table(*joint), batch=False)
    if axes not in (None, table.ndim):
        raise DataError(f"expected a table or labels of {axes} variables, got {table.ndim}")
    return table
