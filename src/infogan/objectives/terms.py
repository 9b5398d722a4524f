"""Terms that objectives share: adversarial, L_I on generated images, J on real ones, labels."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from infogan.information.bounds import barber_agakov
from infogan.latent.codes import Code
from infogan.latent.latent import CLASS, Latent
from infogan.networks import Verdict
from infogan.objectives.base import Loss, Objective, Scene, parameters

Term = Callable[[Code, Tensor], Tensor]  # of a loss, from a code and its L_I


class Adversarial(ABC):
    """The game of real against generated images, in D's logits of "real", [N] or [N, 1]."""

    @abstractmethod
    def d_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """D's terms, from its logits on real and on generated images."""

    @abstractmethod
    def g_terms(self, fake: Tensor) -> dict[str, Tensor]:
        """G's terms, from D's logits on generated images."""


class NonSaturating(Adversarial):
    """-E ln D(x) - E ln(1 - D(G)) for D, which is 2 ln 2 where D says one half; -E ln D(G) for G
    (Goodfellow et al. 2014, arXiv:1406.2661)."""

    def d_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": softplus(-real).mean(), "fake": softplus(fake).mean()}

    def g_terms(self, fake: Tensor) -> dict[str, Tensor]:
        return {"adversarial": softplus(-fake).mean()}


class AdversarialObjective(Objective):
    """An objective with the game that `adversarial` names: both players' terms follow from it."""

    adversarial: ClassVar[Adversarial] = NonSaturating()

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        return {"real": 1} | super().heads(latent, classes)

    def realness(self, verdict: Verdict) -> Tensor:
        """The logit of "real"."""
        return verdict.heads["real"]

    def d_loss(self, scene: Scene) -> Loss:
        return Loss(self.adversarial.d_terms(self.realness(scene.real), self.realness(scene.fake)))

    def g_loss(self, scene: Scene) -> Loss:
        return Loss(self.adversarial.g_terms(self.realness(scene.fake)))


class Consistency(Objective):
    """An objective whose readings can also learn from real images and augmented views of them."""

    real_weight: float = Field(default=0.0, ge=0)
    """Weight of the information that codes carry about real images, times each code's own weight;
    0: none. `augment` must leave categories as they are, and move codes that follow a property."""

    @property
    def needs_views(self) -> bool:
        return self.real_weight > 0

    def real_information(self, scene: Scene) -> Loss:
        """-weight λ J of each reading that has a J."""
        loss = Loss({})
        if not self.needs_views:
            return loss
        real = parameters(scene.readings, scene.real.heads)
        view = parameters(scene.readings, scene.view.heads)
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


def class_term(scene: Scene) -> Tensor:
    """-E ln P(y|x) of the labelled images."""
    assert scene.labels is not None  # the settings see to it
    return cross_entropy(scene.labelled.heads[CLASS], scene.labels)
