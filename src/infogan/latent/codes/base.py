"""What a latent code declares. Shapes: N samples, K categories; information is in nats."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field
from torch import Generator, Tensor, finfo, float32

from infogan.core.settings import STRICT as STRICT
from infogan.latent.posterior import Posterior

WEIGHT = "Weight λ of its L_I (InfoGAN eq. 6) and of its J on real images."
FOLLOWED = "Property that Q's mean follows between views: {}; or none."
CLOSE = (
    "Whether Q reads it in a close-up, with what lies on the ground in the middle and at one size:"
    " it then says nothing of place and size."
)
Close = Annotated[bool, Field(description=CLOSE)]
Weight = Annotated[float, Field(ge=0, description=WEIGHT)]
Number = Annotated[float, Field(ge=-1e30, le=1e30)]  # far within single precision
Moves = Mapping[str, Tensor]  # [N] by how much each augmented view was moved, by property
MOST = float(finfo(float32).max)  # of a number, in single precision
MOST_RHO = 0.999  # factor of a correlation, since artanh is infinite at 1


class Code(ABC):
    """A named part of c: its prior, Q's parameters, its posterior Q(c|x), its ranges; frozen."""

    kind: str
    weight: float
    sweep: tuple[float, float] | None = None  # the swept range, where it is not the trained one
    close: bool = False  # whether Q reads it in a close-up (core.moments)
    follows: str | None = None  # the image property that Q's mean follows between augmented views
    followable: ClassVar[Sequence[str]] = ()  # those that it can follow
    periodic: ClassVar[bool] = False  # whether both ends of the range are the same value

    @property
    def categories(self) -> int:
        """K; 0 for a continuous code."""
        return 0

    @property
    def shares(self) -> Sequence[float]:
        """[K] prior probability of each category; empty for a continuous code."""
        return ()

    @property
    def width(self) -> int:
        """Columns it takes in G's input: K, or 1 for a number."""
        return self.categories or 1

    @property
    def n_params(self) -> int:
        """Numbers that Q puts out for it: K logits, or where a value lies and how sure Q is."""
        return self.categories or 2

    @property
    @abstractmethod
    def entropy(self) -> float:
        """H(c) of the prior; if continuous it is differential: it may be negative, L_I above it."""

    @property
    @abstractmethod
    def trained(self) -> tuple[float, float]:
        """The trained range, which the prior covers; a Gaussian's is mean ± 2 scale."""

    @property
    def reach(self) -> tuple[float, float]:
        """How far it is worth going: half the trained range's width beyond either of its ends, or
        to those of the swept range."""
        (low, high), swept = self.trained, self.swept(2)
        beyond = (high - low) / 2
        return min(swept[0], low - beyond), max(swept[-1], high + beyond)

    def swept(self, steps: int) -> Sequence[float]:
        """Values worth showing: every category, or `steps` values over the swept range."""
        return [float(value) for value in np.linspace(*(self.sweep or self.trained), steps)]

    @abstractmethod
    def sample(self, n: int, generator: Generator) -> Tensor:
        """[n, width] draws from the prior."""

    def pair(self, n: int, gap: float, generator: Generator) -> tuple[Tensor, Tensor]:
        """Two draws [n, width] from the prior, row by row at least `gap` (0 to 1) of the largest
        distance apart; here, where values have no distance, drawn independently."""
        return self.sample(n, generator), self.sample(n, generator)

    @abstractmethod
    def columns(self, value: float) -> Tensor:
        """[width] what G is given for a value; ValueError when the code has no such value."""

    @abstractmethod
    def value(self, columns: Tensor) -> Tensor:
        """[N] the values that columns [N, width] stand for: the inverse of `columns`."""

    def log_prior(self, columns: Tensor) -> Tensor:
        """[N] ln P(c) of columns [N, width]; here -H(c), that of a uniform density."""
        return columns.new_full((len(columns),), -self.entropy)

    @abstractmethod
    def log_q(self, params: Tensor, columns: Tensor) -> Tensor:
        """[N] ln Q(c|x) of columns [N, width] under Q's params [N, n_params]."""

    @abstractmethod
    def outputs(self, params: Tensor) -> dict[str, Tensor]:
        """What exported networks put out: `probabilities` [N, K], or `mean` and `std` [N]."""

    @abstractmethod
    def posterior(self, params: Tensor) -> Posterior:
        """The same as arrays for a user."""

    def recovered(self, bound: float) -> float:
        """The fraction of the code that an L_I is of: 1 all; below 0 for a confidently wrong Q.
        Here 1 - MSE / variance of a Gaussian pair whose information is -½ ln(MSE / variance)."""
        return -math.expm1(min(700.0, -2 * bound))

    @abstractmethod
    def recovered_from(self, columns: Tensor, read: Posterior) -> float:
        """The fraction recovered by posteriors of images generated with columns [N, width]."""

    def real_information(self, params: Tensor, view: Tensor, moves: Moves) -> Tensor | None:
        """J, information about images, or None; [N, n_params] of Q for them and augmented views."""
        return None

    def described(self) -> dict[str, Any]:
        """What a page needs. range: of a slider."""
        return {"trained": [*self.trained], "range": [*self.reach]}


def finite(value: float) -> float:
    """The value; ValueError unless it is a finite number in single precision."""
    if not abs(value) <= MOST:
        raise ValueError(f"{value} is no value of a continuous code; give a finite number")
    return float(value)
