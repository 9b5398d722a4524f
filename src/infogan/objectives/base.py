"""What an objective is: which of D's heads reads what, and a loss for each player."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, ClassVar, Literal, Protocol

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from infogan.core.errors import ConfigError
from infogan.core.settings import SETTINGS as SETTINGS
from infogan.latent.codes import Categorical, Code
from infogan.latent.latent import CLASS, CODE, Draw, Latent
from infogan.networks import Shape, Verdict
from infogan.networks.base import CLOSE, Family

STANDING_OUT = "groups that stand out"  # in the log: of real images how many do; 0: no number


@dataclass(frozen=True)
class Loss:
    """One player's loss: named scalar terms that are summed, and named scalars to watch."""

    terms: dict[str, Tensor]
    watch: dict[str, Tensor] = field(default_factory=dict)

    @property
    def total(self) -> Tensor:
        return torch.stack(list(self.terms.values())).sum()

    def __or__(self, other: "Loss") -> "Loss":
        return Loss(self.terms | other.terms, self.watch | other.watch)


@dataclass(frozen=True)
class Reading:
    """What one of D's heads says of an image."""

    name: str  # the code that it reads back, or CLASS
    head: str  # where its parameters come from
    code: Code  # what the parameters stand for
    recovers: str | None = None  # the latent's code that it reads back; None where G is given none


HEAD = attrgetter("head")  # of a reading


def parameters(readings: Iterable[Reading], heads: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """[N, n_params] of each reading, by name, from the outputs of D's heads. Readings of one head
    lie side by side in it, in their order; columns that are left over belong to none (SemiGAN's
    FAKE)."""
    found: dict[str, Tensor] = {}
    for head, group in groupby(sorted(readings, key=HEAD), key=HEAD):
        own = {reading.name: reading.code.n_params for reading in group}
        left_over = heads[head].shape[1] - sum(own.values())
        found |= zip(own, heads[head].split([*own.values(), left_over], 1), strict=False)
    return found


class Scene(Protocol):
    """What one player's step can look at. Each verdict is computed when it is first asked for."""

    @property
    def number(self) -> int: ...  # of the player's step, and so of the batch
    @property
    def done(self) -> float: ...  # share of the run's steps that are over
    @property
    def latent(self) -> Latent: ...  # what the fakes were drawn from
    @property
    def readings(self) -> tuple[Reading, ...]: ...  # what D's heads read, under that latent
    @property
    def draw(self) -> Draw: ...  # z and c of the fakes
    @property
    def fake(self) -> Verdict: ...  # D on G(z, c); D's step has no gradient for G, nor G's for D
    @property
    def real(self) -> Verdict: ...  # D on a batch of real images
    @property
    def seen(self) -> Verdict: ...  # what Q reads of them
    @property
    def view(self) -> Verdict: ...  # D on an augmented view of each of them (data.augment)
    @property
    def other(self) -> Verdict: ...  # D on another view of each; heads that judge views alone
    @property
    def groups(self) -> Tensor | None: ...  # [N] int64, of the real images, where `groups` asks
    @property
    def moves(self) -> Mapping[str, Tensor]: ...  # [N] by property, between the two of `views`
    @property
    def labelled(self) -> Verdict: ...  # D on a batch of images whose labels may be seen
    @property
    def labels(self) -> Tensor | None: ...  # [N] int64, their classes; None in a run without labels
    def disturbed(self, name: str) -> Verdict: ...  # `real` or `fake` again, under a little noise
    def pairs(
        self, network: str, gap: float
    ) -> tuple[Verdict, Tensor]: ...  # of fakes: Latent.pairs
    def network(self, name: str) -> Callable[..., Any]: ...  # one of the objective's further ones


class Objective(BaseModel, ABC):
    """A member of the family: a value, built from its settings alone. It never steps."""

    model_config = SETTINGS
    kind: str
    labels: ClassVar[Literal["never", "optional", "needed"]] = "never"  # whether it looks at them
    generates: ClassVar[bool] = True  # whether it trains G

    def readings(self, latent: Latent, classes: int) -> tuple[Reading, ...]:
        """What the heads read: here CLASS the class if labels are needed, else CODE every code, or
        CLOSE those that are read in close-ups. classes: how many the data's labels name (0: none).
        ConfigError when there are too few."""
        if self.labels == "needed":
            return of_classes(classes)
        heads = {name: CLOSE if code.close else CODE for name, code in latent.codes.items()}
        return tuple(Reading(name, head, latent.codes[name], name) for name, head in heads.items())

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        """D's heads by name, with their outputs; ConfigError where latent or classes do not fit."""
        outputs = Counter[str]()
        for reading in self.readings(latent, classes):
            outputs[reading.head] += reading.code.n_params
        return dict(outputs)

    def networks(
        self, latent: Latent, family: Family, shape: Shape, seed: int
    ) -> Mapping[str, nn.Module]:
        """Further networks by name, which step with G and are frozen while D steps. When a model is
        read from a file they are built on torch's meta device, without values. family: of G and
        D."""
        return {}

    def learns(self, scene: Scene) -> bool:
        """Whether Q learns from the real images of a step; learned priors follow it there."""
        return True

    def detached(self, done: float) -> Set[str]:
        """Heads that are probes on detached features in D's step, where that share of the steps is
        over: the trunk gets no gradient from them."""
        return frozenset()

    def groups(self, done: float) -> bool:
        """Whether, where that share of the steps is over, it looks at groups of real images that
        the trunk finds alike, as many as the latent's categories."""
        return False

    @property
    def g_heads(self) -> Set[str]:
        """Heads that G's optimizer steps; every other part of D belongs to D's."""
        return frozenset()

    @property
    def needs_views(self) -> bool:
        """Whether it looks at augmented views of real images."""
        return False

    @property
    def contrasts(self) -> bool:
        """Whether the trunk learns from two augmented views of each real image."""
        return False

    @property
    def shielded(self) -> bool:
        """Whether the trunk learns nothing from what is read of generated images."""
        return False

    @property
    def compared(self) -> int | None:
        """How many images of a batch D compares with as many fakes; None: all of them."""
        return None

    @property
    def schedules(self) -> tuple[str, ...]:
        """The settings by which it looks at how many of the steps are over."""
        return ()

    @abstractmethod
    def d_loss(self, scene: Scene) -> Loss:
        """The discriminator's loss, with Q's where Q steps with D."""

    @abstractmethod
    def g_loss(self, scene: Scene) -> Loss:
        """The generator's loss, with Q's where Q steps with G."""


def of_classes(k: int, recovers: str | None = None) -> tuple[Reading, ...]:
    """The reading of a head for K classes; recovers: the code that gives G the class."""
    if k < 2:
        raise ConfigError(f"the labels name {k} classes; give labels of at least 2")
    return (Reading(CLASS, CLASS, Categorical(k), recovers),)
