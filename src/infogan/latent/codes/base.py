"""What a latent code is. Nothing outside this package asks which kind a code is.

A code knows its prior P(c), the parameters Q needs for it, the posterior Q(c|x) that those parameters stand for, the
range it is trained on and the values worth sweeping. Shapes: N samples, K categories. Information is in nats.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from pydantic import ConfigDict, Field
from torch import Tensor

from infogan.latent.posterior import Posterior

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)
Weight = Annotated[
    float, Field(ge=0, description="λ of its L_I (InfoGAN eq. 6) and of its J on real images.")
]


class Code(ABC):
    """One named part of c. Subclasses are final and frozen."""

    kind: str
    weight: float
    categories: int = 0
    """K; 0 for a continuous code."""
    follows: str | None = None
    """The property of an image that Q's mean is to move with, where there is one."""
    learned: bool = False
    """Whether its prior is learned."""
    periodic: ClassVar[bool] = False
    """Whether the ends of its range are the same value."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Columns it takes in G's input."""

    @property
    @abstractmethod
    def n_params(self) -> int:
        """Numbers Q has to put out for it."""

    @property
    @abstractmethod
    def entropy(self) -> float:
        """H(c) of the prior; of a continuous code differential, so it may be negative and is no ceiling of L_I."""

    @property
    def shares(self) -> Sequence[float]:
        """[K] prior probability of each category; empty for a continuous code."""
        return ()

    @property
    @abstractmethod
    def trained(self) -> tuple[float, float]:
        """The range of values that the prior covers; of a Gaussian, two standard deviations either way."""

    @abstractmethod
    def swept(self, steps: int) -> Sequence[float]:
        """Values worth showing: every category, or `steps` values over the swept range."""

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """[n, width] draws from the prior."""

    @abstractmethod
    def columns(self, value: float) -> Tensor:
        """[width] what G is given for this value; ValueError when the code has no such value."""

    @abstractmethod
    def value(self, columns: Tensor) -> Tensor:
        """[N] the values that [N, width] stand for: the inverse of `columns`."""

    @abstractmethod
    def log_prior(self, columns: Tensor) -> Tensor:
        """[N] ln P(c) of [N, width]."""

    @abstractmethod
    def log_q(self, params: Tensor, columns: Tensor) -> Tensor:
        """[N] ln Q(c|x) of [N, width] under Q's params [N, n_params]."""

    @abstractmethod
    def outputs(self, params: Tensor) -> dict[str, Tensor]:
        """What Q's params [N, n_params] stand for, as exported networks put it out: `probabilities` [N, K], or `mean`
        and `std` [N]."""

    @abstractmethod
    def posterior(self, params: Tensor) -> Posterior:
        """The same as numbers a user can read."""

    @abstractmethod
    def recovered(self, bound: float) -> float:
        """The fraction of the code that an L_I stands for: 0 nothing, 1 all; below 0 where Q is confidently wrong."""

    @abstractmethod
    def recovered_from(self, columns: Tensor, read: Posterior) -> float:
        """The same, measured on images generated with [N, width]: what their posteriors say of those values."""

    def real_information(
        self, params: Tensor, view: Tensor, moves: Mapping[str, Tensor]
    ) -> Tensor | None:
        """J, the information that this code carries about real images, or None where it has none. params, view: Q on
        images and on an augmented view of each; moves: by how much each view was changed, by property."""
        del params, view, moves
        return None

    def described(self) -> dict[str, Any]:
        """What a page that draws and reads this code has to know. `trained`: as above; `range`: what a slider spans."""
        low, high = self.trained
        swept = self.swept(2)
        reach = (high - low) / 2  # as far again beyond either end
        return {
            "trained": [low, high],
            "range": [min(swept[0], low - reach), max(swept[-1], high + reach)],
        }


def fraction(gain: float) -> float:
    """The fraction of variance, 1 - MSE / variance, that goes with a gain of information: I = -½ ln(MSE / variance)."""
    return -math.expm1(min(700.0, -2 * gain))
