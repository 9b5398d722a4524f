"""The plain GAN (Goodfellow et al. 2014, arXiv:1406.2661), the control that InfoGAN is measured
against."""

from collections.abc import Set
from typing import Literal

from infogan.latent.latent import CODE, Latent
from infogan.objectives.base import Loss, Reading, Scene, of_codes
from infogan.objectives.terms import AdversarialObjective, lower_bounds, watched


class GAN(AdversarialObjective):
    """Real against generated. Q is a probe on detached features: it learns to read the codes, but
    neither G nor the trunk receives gradient from it. Its L_I shows what images say of the codes
    when nothing asks them to (the GAN curve of the paper's figure 1)."""

    kind: Literal["gan"] = "gan"

    def readings(self, latent: Latent, classes: int) -> tuple[Reading, ...]:
        return of_codes(latent)

    @property
    def detached(self) -> Set[str]:
        return frozenset({CODE})

    def d_loss(self, scene: Scene) -> Loss:
        bounds = lower_bounds(scene)
        probe = {f"info/{name}": -bound for name, bound in bounds.items()}
        return self.d_game(scene) | Loss(probe, watched(bounds))

    def g_loss(self, scene: Scene) -> Loss:
        return self.g_game(scene)
