"""What an encoder says of images whose factors of variation are known. n images, d codes r, F
factors v; a code or a factor is one variable, however many columns stand for it."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infogan.core.errors import DataError
from infogan.core.random import stream
from infogan.information import estimators

Values = NDArray[np.float64]
Labels = NDArray[np.int64]
REPEATED = 10  # images that a value of a factor has on average, at least
DISTINCT = 100  # a code with more values than this is continuous
INFORMED = 0.05  # a code is informative from this share of the entropy of some factor on
TRAINED = 2 / 3  # share of the images that predictors learn from; they are scored on the others


def unfit(factor: Any) -> str:
    """Why the values [n] of a factor tell nothing of codes, in words; empty where they do."""
    n, values = len(factor), len(np.unique(factor))
    few = f"{values} values in {n} images, under {REPEATED} images a value"
    return "it has one value" if values < 2 else few if n < REPEATED * values else ""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Codes and factors of the same n images. DataError where they cannot be compared."""

    codes: Values
    """[n, d] a number, the index of a category, or an angle in radians."""
    factors: Labels
    """[n, F] value of each factor; F is at least 2."""
    nominal_codes: Collection[int] = ()  # codes that are categories, one nominal variable each
    angles: Collection[int] = ()  # codes that are periodic
    nominal: Collection[int] = ()  # factors whose values have no order
    least: float = 0.0
    """A code that varies by no more than this standard deviation is dead; its columns are zero."""

    def __post_init__(self) -> None:
        codes, factors = np.asarray(self.codes, np.float64), np.asarray(self.factors)
        if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
            shapes = f"{[*codes.shape]} and {[*factors.shape]}"
            raise DataError(f"codes [n, d] and factors [n, F] are needed, not {shapes}")
        if not codes.shape[1] or not np.isfinite(codes).all():
            raise DataError("codes [n, d] must be finite, and at least one")
        if factors.shape[1] < 2:
            what = f"{factors.shape[1]} factor{'s' * (factors.shape[1] != 1)}"
            raise DataError(f"{what} of variation; disentanglement takes at least two")
        for j, why in enumerate(map(unfit, factors.T)):
            if why:
                raise DataError(f"factor {j}: {why}; leave it out")
        index = [np.unique(factor, return_inverse=True)[1] for factor in factors.T]
        vars(self).update(codes=codes, factors=np.stack(index, 1).astype(np.int64))

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def d(self) -> int:
        """How many codes there are."""
        return int(self.codes.shape[1])

    @property
    def f(self) -> int:
        """How many factors there are."""
        return int(self.factors.shape[1])

    @cached_property
    def columns(self) -> list[Values]:
        """[n, w] of each code: a number with mean 0 and variance 1, cosine and sine of an angle, an
        indicator of each category; zero where the code is dead. The variances of the columns of
        categories with frequencies p add up to 1 - sum p² (Gini)."""
        return [self._columns(i) for i in range(self.d)]

    def _columns(self, i: int) -> Values:
        code = self.codes[:, i]
        if i in self.nominal_codes:
            parts = (code[:, None] == np.unique(code)).astype(np.float64)
        elif i in self.angles:
            parts = np.stack([np.cos(code), np.sin(code)], 1)
        else:
            parts = code[:, None]
        spread = float(np.sqrt(parts.var(0).sum()))
        if not np.ptp(code) or not spread > self.least:
            return np.zeros_like(parts)
        number = i not in self.nominal_codes and i not in self.angles
        return np.asarray((parts - parts.mean(0)) / spread if number else parts)

    @cached_property
    def alive(self) -> NDArray[np.bool_]:
        """[d] which codes are not dead."""
        return np.array([bool(parts.any()) for parts in self.columns])

    @cached_property
    def features(self) -> Values:
        """[n, W] the columns of all codes, for a predictor."""
        return np.concatenate(self.columns, 1)

    def of_codes(self, each: Values) -> Values:
        """[d, …] the sums over the columns of each code of what is [W, …] by column."""
        widths = [parts.shape[1] for parts in self.columns]
        return np.asarray(np.add.reduceat(each, np.cumsum([0, *widths[:-1]]), axis=0))

    @cached_property
    def entropy(self) -> Values:
        """[F] entropy of each factor in nats, plug-in with Miller and Madow's correction."""
        found = [estimators.plug_in_entropy(factor) for factor in self.factors.T]
        return np.array([float(value) for value in found])

    @cached_property
    def nmi(self) -> Values:
        """[d, F] I(r_i; v_j) / H(v_j), 0 to 1: what share of each factor each code knows.

        Of a code of at most DISTINCT values, I is plug-in with Miller and Madow's correction; of a
        continuous one it is estimated from nearest neighbours (Ross 2014), without bins.
        """
        table = np.array([[self._information(i, v) for v in self.factors.T] for i in range(self.d)])
        return (table / self.entropy).clip(0, 1)

    def _information(self, i: int, factor: Labels) -> float:
        code = self.codes[:, i]
        if not self.alive[i]:
            return 0.0
        if i in self.nominal_codes or len(np.unique(code)) <= DISTINCT:
            return float(estimators.plug_in_mutual_information(code, factor))
        return float(estimators.mixed_mutual_information(factor, code))

    @cached_property
    def informative(self) -> NDArray[np.bool_]:
        """[d] which codes know a share of INFORMED of some factor."""
        return np.asarray(self.nmi.max(1) >= INFORMED)

    def split(self, seed: int) -> tuple[Labels, Labels]:
        """Which images predictors learn from, TRAINED of them, and on which they are scored."""
        order = generator(seed, "disentanglement split").permutation(len(self))
        learned, scored = np.split(order, [round(TRAINED * len(self))])
        return learned, scored


def generator(seed: int, purpose: str) -> np.random.Generator:
    """NumPy's generator of the stream of (seed, purpose)."""
    return np.random.default_rng(stream(seed, purpose).initial_seed())
