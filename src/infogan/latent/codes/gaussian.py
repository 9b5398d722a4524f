"""A Gaussian code."""

import math
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor
from torch.distributions import Normal

from infogan.latent.codes.base import STRICT, Close, Number, Weight
from infogan.latent.codes.continuous import Continuous, Follows, Sigma, Sweep

EXTREME = 1e-6  # least share of the prior below a quantile: at 0 it would be minus infinity


@dataclass(frozen=True, config=STRICT)
class Gaussian(Continuous):
    """c ~ N(mean, scale²).

    >>> round(Gaussian().entropy, 6)
    1.418939
    """

    mean: Number = 0.0
    """Mean of the prior, N(mean, scale²)."""
    scale: Annotated[float, Field(ge=1e-30, le=1e30)] = 1.0
    """Standard deviation of the prior."""
    sigma: Sigma = None
    sweep: Sweep = None
    follows: Follows = None
    close: Close = False
    weight: Weight = 1.0
    kind: Literal["gaussian"] = "gaussian"

    @property
    def std(self) -> float:
        return self.scale

    @property
    def trained(self) -> tuple[float, float]:
        return self.mean - 2 * self.scale, self.mean + 2 * self.scale

    @property
    def entropy(self) -> float:
        return 0.5 * math.log(2 * math.pi * math.e * self.scale**2)

    def quantile(self, share: Tensor) -> Tensor:
        standard: Tensor = torch.special.ndtri(share.clamp(EXTREME, 1 - EXTREME))
        return standard * self.scale + self.mean

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randn(n, 1, generator=generator) * self.scale + self.mean

    def log_prior(self, columns: Tensor) -> Tensor:
        return Normal(self.mean, self.scale).log_prob(columns[:, 0])  # type: ignore[no-any-return]

    def described(self) -> dict[str, Any]:
        return super().described() | {"normal": True}
