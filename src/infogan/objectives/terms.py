"""Terms that objectives share: adversarial, L_I on generated images, J on real ones, labels."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, softplus

from infogan.information.bounds import barber_agakov
from infogan.latent.codes import Code
from infogan.latent.latent import CLASS, Latent
from infogan.networks import Verdict
from infogan.networks.base import REAL
from infogan.objectives.base import Loss, Objective, Scene, parameters

NOISE = 0.05  # standard deviation, of images in [-1, 1], by which the penalty measures slopes
TEMPERATURE = 0.2  # of the similarities between views
Term = Callable[[Code, Tensor], Tensor]  # of a loss, from a code and its L_I


class Adversarial(ABC):
    """The game of real against generated images, in D's logits of "real", [N] or [N, 1]."""

    of_d: ClassVar[tuple[str, ...]] = ("real", "fake")  # the names of D's terms
    chance: ClassVar[float] = 2 * math.log(2)  # their sum, in nats, where D tells nothing

    @abstractmethod
    def d_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """D's terms, from its logits on real and on generated images."""

    @abstractmethod
    def g_terms(self, fake: Tensor, real: Callable[[], Tensor]) -> dict[str, Tensor]:
        """G's terms, from D's logits on generated images and, if asked for, on real ones."""


class NonSaturating(Adversarial):
    """-E ln D(x) - E ln(1 - D(G)) for D, which is 2 ln 2 where D says one half; -E ln D(G) for G
    (Goodfellow et al. 2014, arXiv:1406.2661)."""

    def d_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": softplus(-real).mean(), "fake": softplus(fake).mean()}

    def g_terms(self, fake: Tensor, real: Callable[[], Tensor]) -> dict[str, Tensor]:
        return {"adversarial": softplus(-fake).mean()}


class Relativistic(Adversarial):
    """E ln(1 + e^-(D(x) - D(G))) for D, E ln(1 + e^-(D(G) - D(x))) for G, images paired at random:
    both ln 2 where D tells nothing. G is compared with real images, so it has no reason to leave
    some of them out (R3GAN, arXiv:2501.05441, eq. 2)."""

    of_d = ("pair",)
    chance = math.log(2)

    def d_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"pair": softplus(fake - real).mean()}

    def g_terms(self, fake: Tensor, real: Callable[[], Tensor]) -> dict[str, Tensor]:
        return {"adversarial": softplus(real() - fake).mean()}


GAMES = {"non-saturating": NonSaturating(), "relativistic": Relativistic()}


class AdversarialObjective(Objective):
    """An objective with a game of GAMES: both players' terms follow from it."""

    game: Literal["non-saturating", "relativistic"] = "non-saturating"
    """How D's logits of real and generated images are compared. relativistic: in pairs, with a
    penalty; for sets of a few thousand images, of which G would otherwise draw only a few."""
    penalty: float = Field(default=0.0, ge=0)
    """Weight γ of the penalty γ/2 E|∇D|² on real and generated images, which keeps D smooth (R1 and
    R2)."""

    @property
    def adversarial(self) -> Adversarial:
        """The game."""
        return GAMES[self.game]

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        return {REAL: 1} | super().heads(latent, classes)

    def realness(self, verdict: Verdict) -> Tensor:
        """The logit of "real"."""
        return verdict.heads[REAL]

    def d_loss(self, scene: Scene) -> Loss:
        real, fake = self.realness(scene.real), self.realness(scene.fake)
        terms = self.adversarial.d_terms(real, fake)
        if self.penalty:
            terms["penalty"] = self.penalty / 2 * self._slopes(scene, real, fake)
        return Loss(terms)

    def _slopes(self, scene: Scene, real: Tensor, fake: Tensor) -> Tensor:
        """E|∇D|² on real images plus that on generated ones, from how D answers to noise of
        standard deviation NOISE: E (D(x + σn) - D(x))² / σ² is E|∇D|² for a small σ, and needs no
        second derivative (arXiv:2501.08316, eq. 9)."""
        there, disturbed = (real, fake), (scene.disturbed("real"), scene.disturbed("fake"))
        pairs = zip(there, map(self.realness, disturbed), strict=True)
        slopes = [((before - after) / NOISE).square().mean() for before, after in pairs]
        return torch.stack(slopes).sum()

    def g_loss(self, scene: Scene) -> Loss:
        fake = self.realness(scene.fake)
        return Loss(self.adversarial.g_terms(fake, lambda: self.realness(scene.real)))


class Consistency(Objective):
    """An objective whose readings can also learn from real images and augmented views of them."""

    real_weight: float = Field(default=0.0, ge=0)
    """Weight of the information that codes carry about real images, times each code's own weight;
    0: none. `augment` must leave categories as they are, and move codes that follow a property."""

    @property
    def needs_views(self) -> bool:
        return self.real_weight > 0

    def views(self, scene: Scene) -> tuple[Verdict, Verdict]:
        """The two views of each real image between which codes are to agree."""
        return scene.seen, scene.view

    def real_information(self, scene: Scene) -> Loss:
        """-weight λ J of each reading that has a J."""
        loss = Loss({})
        if not self.needs_views:
            return loss
        one, other = self.views(scene)
        real = parameters(scene.readings, one.heads)
        view = parameters(scene.readings, other.heads)
        for reading in scene.readings:
            name, code = reading.name, reading.code
            if (j := code.real_information(real[name], view[name], scene.moves)) is not None:
                term = {f"real info/{name}": -self.real_weight * code.weight * j}
                loss |= Loss(term, {f"J/{name}": j.detach()})
        return loss


def information(
    scene: Scene, term: Term = lambda code, bound: -code.weight * bound, name: str = "info"
) -> Loss:
    """A term of each code that is read back from fakes, and its L_I in nats (InfoGAN eq. 5)."""
    params, loss = parameters(scene.readings, scene.fake.heads), Loss({})
    for reading in scene.readings:
        if given := reading.recovers:
            code = scene.latent.codes[given]
            log_q = reading.code.log_q(params[reading.name], scene.draw.values[given])
            bound = barber_agakov(code.entropy, log_q)
            loss |= Loss({f"{name}/{given}": term(code, bound)}, {f"L_I/{given}": bound.detach()})
    return loss


def contrast(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """InfoNCE between two views of N images, from projections [N, F] of each; and the lower bound
    on I(view; view') in nats that it stands for, ln(2N - 1) - InfoNCE (SimCLR, arXiv:2002.05709,
    eq. 1). Each of the 2N views is told its partner from the 2N - 2 views of other images."""
    both = normalize(torch.cat([one, other]), dim=1)
    similar, n = both @ both.T / TEMPERATURE, len(one)
    similar = similar.masked_fill(
        torch.eye(2 * n, dtype=torch.bool, device=both.device), -torch.inf
    )
    partner = torch.arange(2 * n, device=both.device).roll(n)
    term = cross_entropy(similar, partner)
    return term, math.log(2 * n - 1) - term.detach()


def class_term(scene: Scene) -> Tensor:
    """-E ln P(y|x) of the labelled images."""
    assert scene.labels is not None  # the settings see to it
    return cross_entropy(scene.labelled.heads[CLASS], scene.labels)
