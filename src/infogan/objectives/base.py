"""What an objective is: it names D's heads and turns verdicts, codes and labels into losses. It never steps."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Literal, Protocol

import torch
from pydantic import ConfigDict
from torch import Tensor

from infogan.latent import CLASS, Draw, Latent
from infogan.networks import Verdict

SETTINGS = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


@dataclass(frozen=True)
class Loss:
    """One player's loss: named terms that are summed, and named quantities that are only watched. Scalars."""

    terms: dict[str, Tensor]
    watch: dict[str, Tensor] = field(default_factory=dict)

    @property
    def total(self) -> Tensor:
        """The sum of the terms."""
        return torch.stack(list(self.terms.values())).sum()

    def __or__(self, other: "Loss") -> "Loss":
        """The terms and quantities of both."""
        return Loss(self.terms | other.terms, self.watch | other.watch)


class Scene(Protocol):
    """What one player's step can look at. Each verdict is computed when it is first asked for."""

    @property
    def done(self) -> float:
        """Share of the steps that are over."""

    @property
    def latent(self) -> Latent:
        """The latent that the fakes were drawn from."""

    @property
    def draw(self) -> Draw:
        """z and c of the fakes."""

    @property
    def fake(self) -> Verdict:
        """D on G(z, c); in D's step no gradient reaches G, in G's step D is frozen."""

    @property
    def real(self) -> Verdict:
        """D on a batch of real images."""

    @property
    def view(self) -> Verdict:
        """D on changed copies of that batch (see data.augment)."""

    @property
    def moves(self) -> Mapping[str, Tensor]:
        """[N] by how much each copy was moved, by property (see data.augment.Changed)."""

    @property
    def labelled(self) -> Verdict:
        """D on a batch of the real images whose labels the objective may see."""

    @property
    def labels(self) -> Tensor | None:
        """[N] int64 classes of the labelled batch; None when the run has no labels."""


class Objective(ABC):
    """A member of the family: a value, built from its settings alone."""

    kind: str

    @abstractmethod
    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        """D's heads by name, with their number of outputs; classes: how many the data's labels name (0: none).

        ConfigError when the latent or the classes are not what the objective needs.
        """

    @property
    def labels(self) -> Literal["never", "optional", "needed"]:
        """Whether it looks at labels."""
        return "never"

    @property
    def generates(self) -> bool:
        """Whether it teaches G anything."""
        return True

    @property
    def q(self) -> str | None:
        """The head that reads the latent's codes back, if there is one."""
        return None

    def class_logits(self, heads: Mapping[str, Tensor]) -> Tensor | None:
        """[N, K] logits of the classes (or of categories, without labels), where D has a head for them."""
        return heads.get(CLASS)

    @property
    def detached(self) -> Set[str]:
        """Heads that learn from the trunk in D's step without teaching it."""
        return frozenset()

    @property
    def g_heads(self) -> Set[str]:
        """Heads that G's optimizer steps; every other part of D belongs to D's."""
        return frozenset()

    @property
    def needs_view(self) -> bool:
        """Whether it looks at changed copies of real images."""
        return False

    @property
    def timed(self) -> bool:
        """Whether it looks at how many of the steps are over."""
        return False

    @abstractmethod
    def d_loss(self, scene: Scene) -> Loss:
        """The discriminator's loss (Q's where it steps with D)."""

    @abstractmethod
    def g_loss(self, scene: Scene) -> Loss:
        """The generator's loss."""
