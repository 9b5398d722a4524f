"""A categorical code."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor
from torch.nn.functional import one_hot

from infogan.latent.codes.base import STRICT, Close, Code, Moves, Weight
from infogan.latent.posterior import Posterior

PRIOR_DECAY = 0.99  # of a learned prior per step: it follows the last hundred batches
PRIOR_FLOOR = 0.1  # share of a learned prior that stays uniform: every category keeps this / K
SURENESS = 0.5
"""Weight of Q's conditional entropy in J. On digits without the GAN, Q stays uniform with 0,
is slow with 0.2, and with 1 settles too early and leaves categories empty."""


@dataclass(frozen=True, config=STRICT)
class Categorical(Code):
    """One of K categories, one-hot for G; Q puts out K logits.

    >>> round(Categorical(10).entropy, 6)
    2.302585
    """

    k: Annotated[int, Field(ge=2, le=10_000)]
    """K, the number of categories."""
    probs: tuple[Annotated[float, Field(gt=0)], ...] | Literal["learned"] | None = None
    """Prior probability of each category; none: uniform. learned: uniform at first, then by the
    shares that Q finds among real images, for classes of unequal size (docs/categories.md)."""
    close: Close = False
    weight: Weight = 1.0
    kind: Literal["categorical"] = "categorical"

    def __post_init__(self) -> None:
        given = self.probs
        if isinstance(given, tuple) and (len(given) != self.k or abs(sum(given) - 1) > 1e-6):
            raise ValueError(f"probs must be {self.k} numbers that sum to 1, got {list(given)}")

    @property
    def categories(self) -> int:
        return self.k

    @property
    def prior(self) -> Tensor:
        """[K] the prior's probabilities."""
        probs = self.probs if isinstance(self.probs, tuple) else [1 / self.k] * self.k
        return torch.tensor(probs)

    @property
    def shares(self) -> Sequence[float]:
        return self.prior.tolist()

    @property
    def entropy(self) -> float:
        if isinstance(self.probs, tuple):
            return -sum(p * math.log(p) for p in self.probs)
        return math.log(self.k)

    @property
    def trained(self) -> tuple[float, float]:
        return 0, self.k - 1

    def swept(self, steps: int) -> Sequence[float]:
        return range(self.k)  # there is nothing between two categories

    def under(self, prior: Tensor) -> Self:
        """The same code under a given prior [K]."""
        return replace(self, probs=tuple((prior.double() / prior.double().sum()).tolist()))

    def moved(self, prior: Tensor, params: Tensor) -> Tensor:
        """[K] a learned prior after Q has read real images, logits [N, K]: π + (1 - d) (π' - π),
        π' = (1 - f) p̄ + f / K, p̄ the mean of Q, d = PRIOR_DECAY, f = PRIOR_FLOOR. If Q is the
        posterior of Σ π_k P_G(x|k), p̄ is EM's new π; with f, the mode under a Dirichlet prior."""
        read = params.detach().softmax(1).mean(0).to(prior)
        return prior.lerp((1 - PRIOR_FLOOR) * read + PRIOR_FLOOR / self.k, 1 - PRIOR_DECAY)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        index = torch.multinomial(self.prior, n, replacement=True, generator=generator)
        return one_hot(index, self.k).float()

    def columns(self, value: float) -> Tensor:
        if not 0 <= value < self.k or value != int(value):
            raise ValueError(f"{value:g} is no category; give a whole one of 0 to {self.k - 1}")
        return one_hot(torch.tensor(int(value)), self.k).float()

    def value(self, columns: Tensor) -> Tensor:
        return columns.argmax(1)

    def log_prior(self, columns: Tensor) -> Tensor:
        return (columns * self.prior.to(columns).log()).sum(1)

    def log_q(self, params: Tensor, columns: Tensor) -> Tensor:
        return (columns * params.log_softmax(1)).sum(1)

    def outputs(self, params: Tensor) -> dict[str, Tensor]:
        return {"probabilities": params.softmax(1)}

    def posterior(self, params: Tensor) -> Posterior:
        probs = params.softmax(1).cpu().numpy()
        return Posterior(value=probs.argmax(1), confidence=probs.max(1), probs=probs)

    def recovered(self, bound: float) -> float:
        return bound / self.entropy

    def recovered_from(self, columns: Tensor, read: Posterior) -> float:
        log_q = torch.from_numpy(read.probs.clip(1e-12)).log()[columns.bool()]
        return self.recovered(self.entropy + float(log_q.mean()))

    def described(self) -> dict[str, Any]:
        return {"categories": self.k, "probs": self.probs}

    def real_information(self, params: Tensor, view: Tensor, moves: Moves) -> Tensor:
        """H(p̄) - E CE(p, q) - SURENESS E H(p), averaged over both roles; p is the softmax of the
        target, held fixed in CE, q that of the other. H(p̄) - E CE(p, q) is the plug-in I(x; c)
        less their disagreement (RIM 2010; IMSAT, arXiv:1702.08720); the last term makes Q certain,
        which a fixed target does not. J <= ln K: Q is certain, consistent and uses all categories
        alike; 0: one category for all. Under a given prior π, H(p̄) becomes H(π) - KL(p̄‖π)."""
        log_p, log_q = params.log_softmax(1), view.log_softmax(1)
        return (self._consistency(log_p, log_q) + self._consistency(log_q, log_p)) / 2

    def _consistency(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        p = log_p.exp()
        conditional, agreed = -(p * log_p).sum(1).mean(), (p.detach() * log_q).sum(1).mean()
        mean = log_p.softmax(1).mean(0)
        imbalance = (mean * (mean.clamp_min(1e-12).log() - self.prior.to(mean).log())).sum()
        return self.entropy - imbalance + agreed - SURENESS * conditional
