"""ACGAN: G is given the class and D reads it back (Odena, Olah, Shlens 2016, arXiv:1610.09585)."""

from typing import ClassVar, Literal

from pydantic import Field

from infogan.core.errors import ConfigError
from infogan.latent.latent import Latent
from infogan.objectives.base import Loss, Reading, Scene, of_classes
from infogan.objectives.terms import AdversarialObjective, class_term, information


class ACGAN(AdversarialObjective):
    """L_S = E ln P(real|x) + E ln P(fake|G), L_C = E ln P(y|x) + E ln P(c|G): D maximises L_S + L_C
    and G L_C - L_S (its adversarial part in the non-saturating form). The latent's one code is the
    class. Its term on generated images, -E ln P(c|G), is H(c) - L_I, InfoGAN's but for H(c)."""

    kind: Literal["acgan"] = "acgan"
    labels: ClassVar[Literal["needed"]] = "needed"
    fake_class_weight: float = Field(default=1.0, ge=0)
    """Weight of D's class term on generated images (1 in the paper), which can upset training."""

    def readings(self, latent: Latent, classes: int) -> tuple[Reading, ...]:
        return of_classes(classes, recovers=next(iter(latent.codes), None))

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        if [code.categories for code in latent.codes.values()] != [classes]:
            given, only = ", ".join(latent.codes) or "none", f"latent.NAME categorical:{classes}"
            raise ConfigError(f"acgan's one code is the class: give only {only}, not {given}")
        return super().heads(latent, classes)

    def _given(self, scene: Scene, weight: float = 1.0) -> Loss:
        return information(scene, lambda code, bound: weight * (code.entropy - bound), "class")

    def d_loss(self, scene: Scene) -> Loss:
        given, labelled = self._given(scene, self.fake_class_weight), class_term(scene)
        return super().d_loss(scene) | Loss({"class": labelled}) | given

    def g_loss(self, scene: Scene) -> Loss:
        return super().g_loss(scene) | self._given(scene)
