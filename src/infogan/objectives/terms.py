"""Terms that several objectives share: the adversarial ones, L_I on generated images, J on real ones."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from pydantic import BaseModel, Field
from torch import Tensor
from torch.nn.functional import softplus

from infogan.information.bounds import barber_agakov
from infogan.networks import Verdict
from infogan.objectives.base import SETTINGS, Loss, Objective, Scene, parameters

Realness = Callable[[Verdict], Tensor]
"""[N] or [N, 1] the logit of "real", from what D says."""


class Adversarial(ABC):
    """How real and generated images are told apart, and how G answers. An objective names one; all else follows."""

    @abstractmethod
    def d_terms(self, scene: Scene, realness: Realness) -> dict[str, Tensor]:
        """D's terms."""

    @abstractmethod
    def g_terms(self, scene: Scene, realness: Realness) -> dict[str, Tensor]:
        """G's terms."""


class NonSaturating(Adversarial):
    """-E ln D(x) - E ln(1 - D(G)) for D, 2 ln 2 when it says one half throughout; -E ln D(G) for G (Goodfellow et al.
    2014, arXiv:1406.2661)."""

    def d_terms(self, scene: Scene, realness: Realness) -> dict[str, Tensor]:
        return {
            "real": softplus(-realness(scene.real)).mean(),
            "fake": softplus(realness(scene.fake)).mean(),
        }

    def g_terms(self, scene: Scene, realness: Realness) -> dict[str, Tensor]:
        return {"adversarial": softplus(-realness(scene.fake)).mean()}


class AdversarialObjective(BaseModel, Objective):
    """An objective with a game of real against generated."""

    model_config = SETTINGS
    adversarial: ClassVar[Adversarial] = NonSaturating()

    def realness(self, verdict: Verdict) -> Tensor:
        """The logit of "real"."""
        return verdict.heads["real"]

    def d_game(self, scene: Scene) -> Loss:
        """D's part of the game."""
        return Loss(self.adversarial.d_terms(scene, self.realness))

    def g_game(self, scene: Scene) -> Loss:
        """G's part of the game."""
        return Loss(self.adversarial.g_terms(scene, self.realness))


def lower_bounds(scene: Scene) -> dict[str, Tensor]:
    """L_I in nats of each code that a head reads back from the fakes (InfoGAN eq. 5), by the code's name."""
    params = parameters(scene.readings, scene.fake.heads)
    return {
        reading.recovers: barber_agakov(
            scene.latent.codes[reading.recovers].entropy,
            reading.code.log_q(params[reading.name], scene.draw.values[reading.recovers]),
        )
        for reading in scene.readings
        if reading.recovers
    }


def watched(bounds: dict[str, Tensor]) -> dict[str, Tensor]:
    """L_I as a quantity of the log."""
    return {f"L_I/{name}": bound.detach() for name, bound in bounds.items()}


class Consistency(BaseModel):
    """Setting of an objective whose readings also learn from real images and augmented views of them."""

    model_config = SETTINGS
    real_weight: float = Field(default=0.0, ge=0)
    """Weight of the information that codes carry about real images, times each code's own weight; 0: none. Categories
    must stay the same when an image is changed by `augment`; codes that follow a property must move with it."""

    @property
    def needs_views(self) -> bool:
        return self.real_weight > 0

    def real_information(self, scene: Scene) -> Loss:
        """-weight λ J of each reading that has a J."""
        if not self.needs_views:
            return Loss({})
        real, views = (
            parameters(scene.readings, verdict.heads) for verdict in (scene.real, scene.view)
        )
        loss = Loss({})
        for reading in scene.readings:
            name, code = reading.name, reading.code
            j = code.real_information(real[name], views[name], scene.moves)
            if j is not None:
                term = {f"real info/{name}": -self.real_weight * code.weight * j}
                loss |= Loss(term, watch={f"J/{name}": j.detach()})
        return loss
