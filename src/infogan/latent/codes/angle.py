"""An angle, for rotations and whatever else comes back to where it began."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, get_args

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from infogan.latent.codes.base import (
    FOLLOWED,
    MOST_RHO,
    STRICT,
    Close,
    Code,
    Moves,
    Weight,
    finite,
)
from infogan.latent.posterior import Posterior

MOST_KAPPA = 1000.0  # largest concentration of Q: a standard deviation of 1.8 degrees
Round = Literal["turn", "hue"]
"""Of the moves of a data.augment.View those round a circle, in radians."""
ABOUT = FOLLOWED.format(", ".join(get_args(Round)))
Follows = Annotated[Round | None, Field(description=ABOUT)]


@dataclass(frozen=True, config=STRICT)
class Angle(Code):
    """θ ~ U(-π, π) in radians; G is given cos θ and sin θ. Q is the von Mises distribution
    exp(κ cos(θ - μ)) / 2π I_0(κ) (Mardia, Jupp, Directional Statistics, 2000, section 3.5.4).

    >>> round(Angle.entropy, 6)
    1.837877
    """

    follows: Follows = None
    fold: int = Field(default=1, ge=1)
    """How many times the angle comes round while what it follows does once: 4 for a shape that a
    quarter of a turn leaves as it is."""
    close: Close = False
    weight: Weight = 1.0
    kind: Literal["angle"] = "angle"
    followable: ClassVar[Sequence[str]] = get_args(Round)
    periodic: ClassVar[bool] = True
    width: ClassVar[int] = 2
    entropy: ClassVar[float] = math.log(2 * math.pi)
    trained: ClassVar[tuple[float, float]] = (-math.pi, math.pi)
    reach: ClassVar[tuple[float, float]] = trained

    def __post_init__(self) -> None:
        if self.fold > 1 and self.follows is None:
            raise ValueError(f"fold {self.fold} is of what it follows; set follows, or fold 1")

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        theta = (torch.rand(n, generator=generator) * 2 - 1) * math.pi
        return torch.stack([theta.cos(), theta.sin()], 1)

    def pair(self, n: int, gap: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Two draws [n, 2], at least `gap` of half a turn apart."""
        one = self.sample(n, generator)
        turn = math.pi * (gap + 2 * (1 - gap) * torch.rand(n, generator=generator))
        theta = self.value(one) + turn
        return one, torch.stack([theta.cos(), theta.sin()], 1)

    def columns(self, value: float) -> Tensor:
        theta = finite(value)
        return torch.tensor([math.cos(theta), math.sin(theta)])

    def value(self, columns: Tensor) -> Tensor:
        return torch.atan2(columns[:, 1], columns[:, 0])

    def q(self, params: Tensor) -> tuple[Tensor, Tensor]:
        """Direction [N, 2] of length 1 and concentration κ [N] of Q. params: the direction times κ,
        which MOST_KAPPA then bounds smoothly, so that the loss cannot run to minus infinity."""
        length = (params.square().sum(1) + 1e-12).sqrt()  # with a gradient at 0
        return params / length[:, None], MOST_KAPPA * torch.tanh(length / MOST_KAPPA)

    def log_q(self, params: Tensor, columns: Tensor) -> Tensor:
        return self._density(*self.q(params), columns)

    def _density(self, direction: Tensor, kappa: Tensor, columns: Tensor) -> Tensor:
        log_i0: Tensor = torch.special.i0e(kappa).log() + kappa
        return kappa * (direction * columns).sum(1) - log_i0 - self.entropy  # cos(θ - μ)

    def outputs(self, params: Tensor) -> dict[str, Tensor]:
        direction, kappa = self.q(params)  # 1/√κ is the std of a concentrated Q
        return {"mean": self.value(direction), "std": kappa.rsqrt()}

    def posterior(self, params: Tensor) -> Posterior:
        kappa = self.q(params)[1]
        resultant = torch.special.i1e(kappa) / torch.special.i0e(kappa)  # mean length, 0 to 1
        mean, std = (part.cpu().numpy() for part in self.outputs(params).values())
        return Posterior(value=mean, confidence=resultant.cpu().numpy(), mean=mean, std=std)

    def recovered_from(self, columns: Tensor, read: Posterior) -> float:
        """The larger of what L_I of Q's distributions gives and the errors' mean cosine squared."""
        mean, std = torch.from_numpy(read.mean), torch.from_numpy(read.std)
        direction = torch.stack([mean.cos(), mean.sin()], 1)
        bound = self.entropy + float(self._density(direction, std**-2, columns).mean())
        cosine = float((self.value(columns) - mean).cos().mean())
        return max(max(cosine, 0.0) ** 2, self.recovered(bound))

    def real_information(self, params: Tensor, view: Tensor, moves: Moves) -> Tensor | None:
        """artanh r, r the batch's mean cosine of how far Q's direction turned beyond `fold` times
        what the view did: a correlation round the circle, as a code on a line has one along it."""
        if self.follows is None:
            return None
        (from_x, from_y), (to_x, to_y) = self.q(params)[0].T, self.q(view)[0].T
        turned = torch.atan2(from_x * to_y - from_y * to_x, from_x * to_x + from_y * to_y)
        beyond = turned - self.fold * moves[self.follows]
        return torch.atanh(MOST_RHO * beyond.cos().mean())

    def described(self) -> dict[str, Any]:
        return super().described() | {"periodic": True}
