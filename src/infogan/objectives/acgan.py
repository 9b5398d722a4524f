"""ACGAN: G is given the class and D reads it back (Odena, Olah, Shlens 2016, arXiv:1610.09585)."""

from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy

from infogan.core.errors import ConfigError
from infogan.latent.codes import Categorical
from infogan.latent.latent import CLASS, Latent
from infogan.objectives.base import Loss, Reading, Scene, of_classes
from infogan.objectives.terms import AdversarialObjective, lower_bounds, watched


class ACGAN(AdversarialObjective):
    """L_S = E ln P(real|x) + E ln P(fake|G), L_C = E ln P(y|x) + E ln P(c|G): D maximises L_S + L_C and G
    L_C - L_S (its adversarial part in the non-saturating form).

    The latent's one code is the class. Its term on generated images is InfoGAN's, but for H(c): L_I = H(c) - it.
    """

    kind: Literal["acgan"] = "acgan"
    fake_class_weight: float = Field(default=1.0, ge=0)
    """Weight of D's class term on generated images (1 in the paper), which can upset training."""

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        codes = list(latent.codes.values())
        if len(codes) != 1 or not isinstance(codes[0], Categorical) or codes[0].k != classes:
            raise ConfigError(
                f"acgan gives G the class in one code: give latent.NAME categorical:{classes} and no other, "
                f"not {', '.join(latent.codes) or 'none'} (the data has {classes} classes)"
            )
        return {"real": 1, CLASS: classes}

    def readings(self, latent: Latent, classes: int) -> tuple[Reading, ...]:
        return of_classes(classes, recovers=next(iter(latent.codes), None))

    @property
    def labels(self) -> Literal["needed"]:
        return "needed"

    def _class_terms(
        self, scene: Scene, bounds: dict[str, Tensor], weight: float = 1.0
    ) -> dict[str, Tensor]:
        """-E ln P(c|G) = H(c) - L_I of the code."""
        entropy = scene.latent.entropy
        return {f"class/{name}": weight * (entropy[name] - bound) for name, bound in bounds.items()}

    def d_loss(self, scene: Scene) -> Loss:
        assert scene.labels is not None  # the settings see to it
        bounds = lower_bounds(scene)
        terms = {"class": cross_entropy(scene.labelled.heads[CLASS], scene.labels)}
        terms |= self._class_terms(scene, bounds, self.fake_class_weight)
        return self.d_game(scene) | Loss(terms, watched(bounds))

    def g_loss(self, scene: Scene) -> Loss:
        bounds = lower_bounds(scene)
        return self.g_game(scene) | Loss(self._class_terms(scene, bounds), watched(bounds))
