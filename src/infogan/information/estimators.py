"""Mutual information and entropy from samples of an unknown distribution. All are biased.
N samples; labels are [N] of anything that can be sorted, continuous samples [N] or [N, d]. Errors
on pairs of known mutual information: benchmarks/estimators.py, tabulated in docs/theory.md."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infogan.core.errors import DataError
from infogan.information.discrete import entropy, joint_table, mutual_information
from infogan.information.quantity import NATS, Numbers, Unit, Value, stated, tensor


def plug_in_entropy(labels: Any, *, miller_madow: bool = True, unit: Unit = "nats") -> Value:
    """H of the observed frequencies: low by about (K - 1) / 2N nats, K outcomes seen, which Miller
    and Madow (1955) add back; outcomes never seen keep it low while N is not well above K."""
    counts = joint_table(labels)
    missing = (len(counts) - 1) / (2 * len(labels))
    return entropy(counts, unit) + miller_madow * missing / NATS[unit]


def plug_in_mutual_information(
    x: Any, y: Any, *, miller_madow: bool = True, unit: Unit = "nats"
) -> Value:
    """I of the observed frequencies of labels x and y [N]: if they are independent, with R and C
    outcomes, about (R - 1)(C - 1) / 2N nats, which Miller-Madow subtracts (it may go below 0)."""
    table = joint_table(x, y)
    excess = (int((table > 0).sum()) - sum(table.shape) + 1) / (2 * len(x))
    return mutual_information(table, unit=unit) - miller_madow * excess / NATS[unit]


def histogram_mutual_information(
    x: Numbers, y: Numbers, *, bins: int, miller_madow: bool = True, unit: Unit = "nats"
) -> Value:
    """Plug-in I of continuous x and y [N], each cut into `bins` bins of equal width (report them).
    Binning loses information, most where the dependence is strong; few samples a cell add some."""
    cut = [_binned(tensor(one), bins) for one in (x, y)]
    return stated(plug_in_mutual_information(*cut, miller_madow=miller_madow), unit, x, y)


def ksg_mutual_information(
    x: Numbers, y: Numbers, *, k: int = 3, seed: int = 0, unit: Unit = "nats"
) -> Value:
    """I of continuous x and y, [N] or [N, d], from distances to the k-th neighbour.
    Kraskov, Stögbauer, Grassberger 2004 (arXiv:cond-mat/0305641), eq. 8; unlike scikit-learn's not
    cut off at 0. Nearly unbiased near independence. It fails without warning for strong dependence:
    to measure I takes N of the order of e^I. A larger k has less variance and more bias. Columns
    are scaled to variance 1; `seed` draws the noise that breaks ties."""
    from scipy.spatial import KDTree
    from scipy.special import digamma

    rng = np.random.default_rng(seed)
    a, b = (_standard(one, rng) for one in (x, y))
    _check_neighbours(k, len(a), len(b))
    both = np.hstack([a, b])
    distances, _ = KDTree(both).query(both, [k + 1], p=np.inf)  # the first is the point itself
    radius = np.nextafter(distances[:, 0], 0)
    near = [KDTree(c).query_ball_point(c, radius, p=np.inf, return_length=True) for c in (a, b)]
    nats = digamma(k) + digamma(len(a)) - sum(digamma(n).mean() for n in near)
    return stated(torch.tensor(nats), unit, x, y)


def mixed_mutual_information(
    labels: Any, x: Numbers, *, k: int = 3, seed: int = 0, unit: Unit = "nats"
) -> Value:
    """I of labels [N] and continuous x [N] by nearest neighbours (Ross 2014), as in scikit-learn.
    Cut off at 0, so it is high near independence; a label that occurs only once is left out."""
    from sklearn.feature_selection import mutual_info_classif

    column = _standard(x, np.random.default_rng(seed))
    _check_neighbours(k, len(column), len(labels))
    if column.shape[1] != 1:
        raise DataError(f"x must be one column, got {column.shape[1]}")
    if np.unique(labels, return_counts=True)[1].max() < 2:
        raise DataError("every label occurs once; give labels that come again, or use ksg")
    found = mutual_info_classif(column, np.asarray(labels), n_neighbors=k, random_state=seed)
    return stated(torch.tensor(found[0]), unit, labels, x)


def _binned(values: Tensor, bins: int) -> Tensor:
    """[N] bin of each value, 0..bins-1; bins have equal width from the smallest to the largest."""
    if values.ndim != 1 or not len(values) or not values.isfinite().all() or bins < 1:
        raise DataError("expected finite samples [N] and at least one bin")
    low, high = values.min(), values.max()
    share = (values - low) / (high - low if high > low else 1)
    return (share * bins).long().clamp(max=bins - 1)


def _standard(samples: Numbers, rng: np.random.Generator) -> NDArray[np.float64]:
    """Samples as columns [N, d] of mean 0 and variance 1 (0 if constant), ties broken."""
    values = tensor(samples).detach().cpu().double().numpy()
    if values.ndim not in (1, 2) or not values.size or not np.isfinite(values).all():
        raise DataError("expected finite samples [N] or [N, d]")
    columns = values.reshape(len(values), -1)
    columns = columns - columns.mean(0)
    scale = columns.std(0)
    columns = columns / np.where(scale > 0, scale, 1)
    return np.asarray(columns + 1e-10 * rng.standard_normal(columns.shape))


def _check_neighbours(k: int, n: int, other: int) -> None:
    if n != other or not 1 <= k < n:
        raise DataError(f"expected two samples of one length above k = {k}, got {n} and {other}")
