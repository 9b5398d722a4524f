"""InfoGAN (Chen et al. 2016, arXiv:1606.03657): min_{G,Q} max_D V(D, G) - λ L_I(G, Q), eq. 6."""

from collections.abc import Set
from typing import Literal

from pydantic import Field

from infogan.latent.latent import CODE
from infogan.objectives.base import Loss, Scene
from infogan.objectives.terms import AdversarialObjective, Consistency, information


class InfoGAN(Consistency, AdversarialObjective):
    """A GAN whose generator also maximises L_I, so that Q can read the codes from its images."""

    kind: Literal["infogan"] = "infogan"
    q_step: Literal["d", "d-head", "g"] = "d"
    """Which optimizer steps Q. d: D's, and the shared trunk receives gradient from L_I as well
    (official code); d-head: D's, Q's own layers alone; g: G's, Q's own layers alone (the article,
    most ports)."""
    warm_up: float = Field(default=0.0, ge=0, lt=1)
    """Share of the steps, at the start, in which Q learns from real images alone (real_weight) and
    G waits, so that the categories are settled before there are generated images."""

    @property
    def detached(self) -> Set[str]:
        return frozenset({CODE} if self.q_step == "d-head" else ())

    @property
    def g_heads(self) -> Set[str]:
        return frozenset({CODE} if self.q_step == "g" else ())

    @property
    def timed(self) -> bool:
        return self.warm_up > 0

    def d_loss(self, scene: Scene) -> Loss:
        if scene.done < self.warm_up:
            return self.real_information(scene)
        loss = super().d_loss(scene)
        if self.q_step != "g":
            loss |= information(scene)
        return loss | self.real_information(scene)

    def g_loss(self, scene: Scene) -> Loss:
        if scene.done < self.warm_up:
            return Loss({})
        return super().g_loss(scene) | information(scene)
