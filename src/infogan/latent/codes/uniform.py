"""A uniform code."""

import math
from typing import Literal

import torch
from pydantic.dataclasses import dataclass
from torch import Tensor

from infogan.latent.codes.base import STRICT, Close, Number, Weight
from infogan.latent.codes.continuous import Continuous, Follows, Sigma, Sweep


@dataclass(frozen=True, config=STRICT)
class Uniform(Continuous):
    """c ~ U(low, high).

    >>> round(Uniform(-1, 1).entropy, 6)
    0.693147
    """

    low: Number = -1.0
    """Least value of the prior, U(low, high)."""
    high: Number = 1.0
    """Largest value of the prior."""
    sigma: Sigma = None
    sweep: Sweep = None
    follows: Follows = None
    close: Close = False
    weight: Weight = 1.0
    kind: Literal["uniform"] = "uniform"

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low must lie below high, got {self.low} and {self.high}")

    @property
    def std(self) -> float:
        return (self.high - self.low) / math.sqrt(12)

    @property
    def trained(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def entropy(self) -> float:
        return math.log(self.high - self.low)

    def quantile(self, share: Tensor) -> Tensor:
        return share * (self.high - self.low) + self.low

    def log_prior(self, columns: Tensor) -> Tensor:
        inside = (columns[:, 0] >= self.low) & (columns[:, 0] <= self.high)
        return torch.where(inside, -self.entropy, -math.inf)
