"""What codes on a line share: one column of G's input, a Gaussian Q with learned or fixed sigma."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, get_args

import numpy as np
import torch
from pydantic import AfterValidator, Field
from torch import Generator, Tensor
from torch.distributions import Normal

from infogan.latent.codes.base import FOLLOWED, MOST_RHO, Code, Moves, Number, finite
from infogan.latent.posterior import Posterior

SIGMA_SPAN = 100.0  # Q's learned sigma is within the prior's std divided and multiplied by this
FIXED = "Fixed sigma of Q, which makes L_I a squared error up to constants; none: learned."
SWEPT = "Swept range, which may exceed the trained range; none: the trained range."
Property = Literal[
    "slant", "width", "height", "size", "thickness", "x", "y", "brightness", "hue", "saturation"
]
"""Of the moves of a data.augment.View those along a line."""
Sigma = Annotated[Annotated[float, Field(gt=0)] | None, Field(description=FIXED)]


def _rising(sweep: tuple[float, float] | None) -> tuple[float, float] | None:
    if sweep and not sweep[0] < sweep[1]:
        raise ValueError("give its lower end first, then a higher one")
    return sweep


Sweep = Annotated[tuple[Number, Number] | None, AfterValidator(_rising), Field(description=SWEPT)]
ABOUT = FOLLOWED.format(", ".join(get_args(Property)))
Follows = Annotated[Property | None, Field(description=ABOUT)]


class Continuous(Code):
    """A number on a line."""

    sigma: float | None
    followable: ClassVar[Sequence[str]] = get_args(Property)

    @property
    @abstractmethod
    def std(self) -> float:
        """Standard deviation of the prior."""

    @property
    def n_params(self) -> int:
        return 2 if self.sigma is None else 1

    @abstractmethod
    def quantile(self, share: Tensor) -> Tensor:
        """The values below which these shares of the prior lie, of any shape."""

    def sample(self, n: int, generator: Generator) -> Tensor:
        return self.quantile(torch.rand(n, 1, generator=generator))

    def pair(self, n: int, gap: float, generator: Generator) -> tuple[Tensor, Tensor]:
        """Two draws [n, 1]; between them lies at least `gap` of the prior (of a uniform one: of its
        range), and all such pairs are equally likely, as in InfoGAN-CR's published code."""
        one, other = torch.rand(2, n, 1, generator=generator) * (1 - gap)
        above = one > other
        return self.quantile(one + gap * above), self.quantile(other + gap * ~above)

    def q(self, params: Tensor) -> Normal:
        """Q(c|x) = N(mu, sigma²), [N]. params: mu and, when sigma is learned, s with ln sigma = ln
        std + b tanh(s/b), b = ln SIGMA_SPAN: smooth, bounded, the prior's own at s = 0."""
        b = math.log(SIGMA_SPAN)
        sigma = self.sigma or self.std * (b * torch.tanh(params[:, 1] / b)).exp()
        return Normal(params[:, 0], sigma, validate_args=False)

    def columns(self, value: float) -> Tensor:
        return torch.tensor([finite(value)])

    def value(self, columns: Tensor) -> Tensor:
        return columns[:, 0]

    def log_q(self, params: Tensor, columns: Tensor) -> Tensor:
        return self.q(params).log_prob(columns[:, 0])  # type: ignore[no-any-return]

    def outputs(self, params: Tensor) -> dict[str, Tensor]:
        q = self.q(params)
        return {"mean": q.mean, "std": q.stddev}

    def posterior(self, params: Tensor) -> Posterior:
        mean, std = (part.cpu().numpy() for part in self.outputs(params).values())
        return Posterior(value=mean, confidence=np.exp(-std / self.std), mean=mean, std=std)

    def recovered(self, bound: float) -> float:
        """1 - MSE / std². The best Q has L_I = H(c) - ½ ln(2πe MSE) or, with sigma fixed, H(c) -
        ½ ln(2π sigma²) - MSE / 2 sigma². MSE = std² (U(-1, 1): -0.176 nats): one answer for all."""
        sigma = self.sigma or self.std
        peak = self.entropy - 0.5 * math.log(2 * math.pi * sigma**2)
        gain = bound - (peak - self.std**2 / (2 * sigma**2))
        return gain * 2 * sigma**2 / self.std**2 if self.sigma else super().recovered(gain)

    def recovered_from(self, columns: Tensor, read: Posterior) -> float:
        """The larger of two lower bounds: L_I of Q's own Gaussians, whose sigma shows which images
        Q reads badly, and rho² of a rising straight line through its means, since a Q that
        normalises by real images is off and overconfident long before it mixes values up."""
        c, mean, std = columns[:, 0], torch.from_numpy(read.mean), torch.from_numpy(read.std)
        log_q = Normal(mean, std, validate_args=False).log_prob(c)
        rho = float(np.corrcoef(read.mean, c)[0, 1]) if np.ptp(read.mean) else 0.0
        return max(max(rho, 0.0) ** 2, self.recovered(self.entropy + float(log_q.mean())))

    def real_information(self, params: Tensor, view: Tensor, moves: Moves) -> Tensor | None:
        """artanh rho, rho the batch's correlation of how far each view and Q's mean moved in the
        property followed: -½ ln(1 - rho²), the information of a Gaussian pair, plus ln(1 + rho),
        for a sign. How much of the property the code's range spans is left to L_I."""
        if self.follows is None:
            return None
        pair = torch.stack([moves[self.follows], self.q(view).mean - self.q(params).mean])
        apart = pair - pair.mean(1, keepdim=True)
        norm = (apart.square().sum(1, keepdim=True) + 1e-6).sqrt()  # finite where nothing moved
        move, mean = apart / norm
        return torch.atanh(MOST_RHO * (move * mean).sum())
