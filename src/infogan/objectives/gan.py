"""The plain GAN (Goodfellow et al. 2014, arXiv:1406.2661), the control for InfoGAN."""

from collections.abc import Set
from typing import Literal

from infogan.latent.latent import CODE
from infogan.objectives.base import Loss, Scene
from infogan.objectives.terms import AdversarialObjective, information


class GAN(AdversarialObjective):
    """Real against generated. Q is a probe on detached features: neither G nor the trunk receives
    gradient from it. L_I shows what images say of codes unprompted (GAN in InfoGAN's figure 1)."""

    kind: Literal["gan"] = "gan"

    def detached(self, done: float) -> Set[str]:
        return frozenset({CODE})

    def d_loss(self, scene: Scene) -> Loss:
        probe = information(scene, lambda code, bound: -bound)
        return super().d_loss(scene) | probe
