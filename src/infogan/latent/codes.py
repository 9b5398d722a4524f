"""Latent codes: what G is told, what Q has to read back, and how good a reading is, in nats.

A code knows its prior P(c), the parameters Q needs for it, the posterior Q(c|x) those parameters stand for,
and the values worth sweeping. Shapes: N samples, K categories.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor
from torch.distributions import Normal

from infogan.latent.posterior import Posterior, categories

SIGMA_SPAN = 100.0  # Q's learned sigma stays within the prior's standard deviation divided and multiplied by it
PRIOR_DECAY = 0.99
"""Of a learned prior, a step: it follows the last hundred batches."""
PRIOR_FLOOR = 0.1
"""Share of a learned prior that stays uniform, so that no category ever falls below PRIOR_FLOOR / K."""
SURENESS = 0.5
"""Weight of Q's doubt in J. Measured on digits without the GAN: 0 never leaves the uniform, 0.2 is slow, 1 settles
too early and leaves categories empty."""
MOST_RHO = 0.999  # times a correlation, since artanh has no end at 1
Weight = Annotated[
    float,
    Field(ge=0, description="λ of its L_I (InfoGAN eq. 6), and of what it hears of real images."),
]
Sigma = Annotated[
    Annotated[float, Field(gt=0)] | None,
    Field(
        description="Q's fixed standard deviation (L_I is then squared error up to constants); none: learned."
    ),
]
Sweep = Annotated[
    tuple[float, float] | None,
    Field(
        description="Range shown in pictures, which may exceed the one that is trained; none: that one."
    ),
]
Followed = Literal["slant", "width", "height", "thickness"]  # see data.augment.Changed
Follows = Annotated[
    Followed | None,
    Field(
        description="slant, width, height or thickness: Q's mean moves with it in changed real images. none: free."
    ),
]
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Code(ABC):
    """One named part of c. Subclasses are final and frozen."""

    kind: str
    weight: float

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
        """H(c) of the prior in nats; differential for a continuous code, so it may be negative."""

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """[n, width] draws from the prior."""

    @abstractmethod
    def log_prior(self, values: Tensor) -> Tensor:
        """[N] ln P(c) in nats of values [N, width]."""

    @abstractmethod
    def log_q(self, params: Tensor, values: Tensor) -> Tensor:
        """[N] ln Q(c|x) in nats of values [N, width] under Q's params [N, n_params]."""

    @abstractmethod
    def reading(self, params: Tensor) -> dict[str, Tensor]:
        """Q's params [N, n_params] as what they stand for: probabilities [N, K], or mean and std [N]."""

    @abstractmethod
    def posterior(self, params: Tensor) -> Posterior:
        """Q's params [N, n_params] as numbers a user can read."""

    @abstractmethod
    def columns(self, value: float) -> Tensor:
        """[width] what G is given for this value; ConfigError when the code has no such value."""

    @abstractmethod
    def swept(self, steps: int) -> Sequence[float]:
        """Values worth showing: every category, or `steps` values over the sweep range."""

    @abstractmethod
    def told(self, bound: float) -> float:
        """How much of the code an L_I in nats stands for: 0 nothing, 1 all; below 0 where Q is wrong and sure."""

    def real_information(
        self, params: Tensor, view: Tensor, moves: Mapping[str, Tensor]
    ) -> Tensor | None:
        """Information that this code carries about real images, in nats, or None. params, view: Q on images and on
        changed copies; moves: by how much each copy was changed, by property."""
        del params, view, moves
        return None


@dataclass(frozen=True, config=STRICT)
class Categorical(Code):
    """One of K categories, one-hot for G; Q puts out K logits.

    >>> round(Categorical(10).entropy, 6)
    2.302585
    """

    k: Annotated[int, Field(ge=2, le=10_000)]
    """K, the number of categories."""
    probs: tuple[Annotated[float, Field(gt=0)], ...] | Literal["learned"] | None = None
    """Prior probability of each category; none: uniform. learned: uniform at first, then by the shares that Q
    finds among real images, for data whose classes differ in size (docs/categories.md)."""
    weight: Weight = 1.0
    kind: Literal["categorical"] = Field(default="categorical", kw_only=True)

    def __post_init__(self) -> None:
        given = self.probs
        if isinstance(given, tuple) and (len(given) != self.k or abs(sum(given) - 1) > 1e-6):
            raise ValueError(f"probs must be {self.k} numbers that sum to 1, got {list(given)}")

    @property
    def _given(self) -> tuple[float, ...]:
        """The prior's probabilities where they are not uniform."""
        return self.probs if isinstance(self.probs, tuple) else ()

    @property
    def width(self) -> int:
        return self.k

    @property
    def n_params(self) -> int:
        return self.k

    @property
    def prior(self) -> Tensor:
        """[K] the prior's probabilities."""
        return torch.tensor(self._given) if self._given else torch.full((self.k,), 1 / self.k)

    @property
    def entropy(self) -> float:
        return -sum(p * math.log(p) for p in self._given) if self._given else math.log(self.k)

    def under(self, prior: Tensor) -> "Categorical":
        """The same code under a prior [K]."""
        prior = prior.double()
        return replace(self, probs=tuple((prior / prior.sum()).tolist()))

    def moved(self, prior: Tensor, params: Tensor) -> Tensor:
        """[K] a learned prior after Q read a batch of real images, logits [N, K]: π + (1 - d) (π' - π), with

            π' = (1 - f) p̄ + f / K,    p̄ the mean of Q, d = PRIOR_DECAY, f = PRIOR_FLOOR.

        Where Q is the posterior of the mixture Σ π_k P_G(x|k), p̄ is EM's new π, which fits the mixture to the images
        better; with f it is the mode under a Dirichlet prior on π.
        """
        read = params.detach().softmax(1).mean(0).to(prior)
        return prior.lerp((1 - PRIOR_FLOOR) * read + PRIOR_FLOOR / self.k, 1 - PRIOR_DECAY)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        index = torch.multinomial(self.prior, n, replacement=True, generator=generator)
        return torch.nn.functional.one_hot(index, self.k).float()

    def log_prior(self, values: Tensor) -> Tensor:
        return (values * self.prior.to(values).log()).sum(1)

    def log_q(self, params: Tensor, values: Tensor) -> Tensor:
        return (values * params.log_softmax(1)).sum(1)  # minus the cross entropy of one-hot c and Q

    def reading(self, params: Tensor) -> dict[str, Tensor]:
        return {"probabilities": params.softmax(1)}

    def posterior(self, params: Tensor) -> Posterior:
        return categories(params)

    def columns(self, value: float) -> Tensor:
        if value != int(value) or not 0 <= value < self.k:
            raise ValueError(
                f"{value:g} is no category; give a whole number from 0 to {self.k - 1}"
            )
        return torch.nn.functional.one_hot(torch.tensor(int(value)), self.k).float()

    def swept(self, steps: int) -> Sequence[float]:
        del steps  # a category has no in-between
        return range(self.k)

    def told(self, bound: float) -> float:
        return bound / self.entropy

    def real_information(self, params: Tensor, view: Tensor, moves: Mapping[str, Tensor]) -> Tensor:
        """J of Q on real images and on changed copies of them, logits [N, K] each: the mean over both roles of

            H(p̄) - E CE(p, q) - SURENESS E H(p),    p = softmax of the target, held fixed in CE; q of the other.

        H(p̄) - E CE(p, q) is the plug-in I(x; c) less the disagreement of the two (RIM 2010; IMSAT,
        arXiv:1702.08720); with a fixed target nothing in it makes Q sure, the last term does. J <= ln K, reached
        when Q is sure, consistent and uses all categories alike; 0 when all images share one category. Under a
        given prior π, H(p̄) becomes H(π) - KL(p̄‖π).
        """
        log_p, log_q = params.log_softmax(1), view.log_softmax(1)
        return (self._agreement(log_p, log_q) + self._agreement(log_q, log_p)) / 2

    def _agreement(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        p = log_p.exp()
        mean = p.mean(0)
        balance = (
            self.entropy - (mean * (mean.clamp_min(1e-12).log() - self.prior.to(mean).log())).sum()
        )
        doubt = -(p * log_p).sum(1).mean()
        return balance + (p.detach() * log_q).sum(1).mean() - SURENESS * doubt


class _Continuous(Code):
    """What the continuous codes share: width 1 and a Gaussian Q whose sigma is learned or fixed."""

    sigma: float | None
    sweep: tuple[float, float] | None
    follows: Followed | None

    @property
    @abstractmethod
    def std(self) -> float:
        """Standard deviation of the prior."""

    @property
    @abstractmethod
    def shown(self) -> tuple[float, float]:
        """Sweep range when none is given."""

    @property
    def width(self) -> int:
        return 1

    @property
    def n_params(self) -> int:
        return 2 if self.sigma is None else 1

    def q(self, params: Tensor) -> Normal:
        """Q(c|x) = N(mu, sigma²), [N]. params: mu and, when sigma is learned, s with
        ln sigma = ln std + b tanh(s/b), b = ln SIGMA_SPAN: smooth, bounded, the prior's own at s = 0."""
        mu = params[:, 0]
        if self.sigma is not None:
            return Normal(mu, self.sigma, validate_args=False)
        b = math.log(SIGMA_SPAN)
        return Normal(mu, self.std * (b * torch.tanh(params[:, 1] / b)).exp(), validate_args=False)

    def log_q(self, params: Tensor, values: Tensor) -> Tensor:
        return self.q(params).log_prob(values[:, 0])  # type: ignore[no-any-return]

    def reading(self, params: Tensor) -> dict[str, Tensor]:
        q = self.q(params)
        return {"mean": q.mean, "std": q.stddev}

    def posterior(self, params: Tensor) -> Posterior:
        mean, std = (part.cpu().numpy() for part in self.reading(params).values())
        return Posterior(value=mean, confidence=np.exp(-std / self.std), mean=mean, std=std)

    def told(self, bound: float) -> float:
        """Share of the code's variance that Q reads, 1 - MSE / std². The best Q of that error reaches
        H(c) - ½ ln(2π e MSE), or with its sigma fixed H(c) - ½ ln(2π sigma²) - MSE / 2 sigma²; at MSE = std² it says
        the same of every image (-0.176 nats for U(-1, 1))."""
        sigma = self.sigma or self.std
        nothing = (
            self.entropy - 0.5 * math.log(2 * math.pi * sigma**2) - self.std**2 / (2 * sigma**2)
        )
        gain = bound - nothing
        return (
            -math.expm1(min(700.0, -2 * gain))
            if self.sigma is None
            else gain * 2 * sigma**2 / self.std**2
        )

    def real_information(
        self, params: Tensor, view: Tensor, moves: Mapping[str, Tensor]
    ) -> Tensor | None:
        """Of a code that follows a property, artanh rho of the batch's correlation between how far each copy moved in
        it and how far Q's mean moved: -½ ln(1 - rho²), the information of a Gaussian pair in nats, plus ln(1 + rho),
        which gives it a sign. How much of the property a code's range spans is left to L_I."""
        if self.follows is None:
            return None
        pair = torch.stack([moves[self.follows], self.q(view).mean - self.q(params).mean])
        apart = pair - pair.mean(1, keepdim=True)
        move, mean = (
            apart / (apart.square().sum(1, keepdim=True) + 1e-6).sqrt()
        )  # finite where nothing moved
        return torch.atanh(MOST_RHO * (move * mean).sum())

    def columns(self, value: float) -> Tensor:
        if not math.isfinite(value):
            raise ValueError(f"{value} is no value of a continuous code; give a finite number")
        return torch.tensor([float(value)])

    def swept(self, steps: int) -> Sequence[float]:
        low, high = self.sweep or self.shown
        return [float(v) for v in np.linspace(low, high, steps)]


@dataclass(frozen=True, config=STRICT)
class Uniform(_Continuous):
    """c ~ U(low, high).

    >>> round(Uniform(-1, 1).entropy, 6)
    0.693147
    """

    low: float = -1.0
    """Least value of the prior, U(low, high)."""
    high: float = 1.0
    """Largest value of the prior."""
    sigma: Sigma = None
    sweep: Sweep = None
    follows: Follows = None
    weight: Weight = 1.0
    kind: Literal["uniform"] = Field(default="uniform", kw_only=True)

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low must lie below high, got {self.low} and {self.high}")

    @property
    def std(self) -> float:
        return (self.high - self.low) / math.sqrt(12)

    @property
    def shown(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def entropy(self) -> float:
        return math.log(self.high - self.low)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.rand(n, 1, generator=generator) * (self.high - self.low) + self.low

    def log_prior(self, values: Tensor) -> Tensor:
        inside = (values[:, 0] >= self.low) & (values[:, 0] <= self.high)
        return torch.where(inside, -self.entropy, -math.inf)


@dataclass(frozen=True, config=STRICT)
class Gaussian(_Continuous):
    """c ~ N(mean, scale²).

    >>> round(Gaussian().entropy, 6)
    1.418939
    """

    mean: float = 0.0
    """Mean of the prior, N(mean, scale²)."""
    scale: Annotated[float, Field(gt=0)] = 1.0
    """Standard deviation of the prior."""
    sigma: Sigma = None
    sweep: Sweep = None
    follows: Follows = None
    weight: Weight = 1.0
    kind: Literal["gaussian"] = Field(default="gaussian", kw_only=True)

    @property
    def std(self) -> float:
        return self.scale

    @property
    def shown(self) -> tuple[float, float]:
        return self.mean - 2 * self.scale, self.mean + 2 * self.scale

    @property
    def entropy(self) -> float:
        return 0.5 * math.log(2 * math.pi * math.e * self.scale**2)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randn(n, 1, generator=generator) * self.scale + self.mean

    def log_prior(self, values: Tensor) -> Tensor:
        prior = Normal(self.mean, self.scale)
        return prior.log_prob(values[:, 0])  # type: ignore[no-any-return]


KINDS: dict[str, tuple[str, ...]] = {
    "categorical": ("k",),
    "uniform": ("low", "high"),
    "gaussian": ("mean", "scale"),
}
"""The kinds of code, and the fields that their short form `kind:value:value` fills in order."""


def from_text(value: object) -> object:
    """The short form, for files and the command line: `categorical:10`, `uniform:-1:1`, `gaussian:0:1`."""
    if not isinstance(value, str):
        return value
    kind, *numbers = value.split(":")
    if kind not in KINDS or len(numbers) > len(KINDS[kind]):
        forms = ", ".join(":".join((k, *fields)) for k, fields in KINDS.items())
        raise ValueError(f"{value!r} is no code; write one of {forms}")
    return {"kind": kind} | dict(zip(KINDS[kind], numbers, strict=False))


AnyCode = Annotated[
    Categorical | Uniform | Gaussian, Field(discriminator="kind"), BeforeValidator(from_text)
]
"""A code in a configuration: tables with `kind`, or the short form."""
