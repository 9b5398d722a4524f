"""ACGAN: the class is told to G and read back by D (Odena, Olah, Shlens 2016, arXiv:1610.09585)."""

from typing import Literal

from pydantic import BaseModel, Field
from torch.nn.functional import cross_entropy

from infogan.codes import Categorical
from infogan.errors import ConfigError
from infogan.latent import CLASS, Latent
from infogan.objectives.base import SETTINGS, Loss, Objective, Scene
from infogan.objectives.gan import d_terms, g_term


class ACGAN(BaseModel, Objective):
    """L_S = E ln P(real|x) + E ln P(fake|G), L_C = E ln P(y|x) + E ln P(c|G): D maximises L_S + L_C and G
    L_C - L_S (its adversarial part in the non-saturating form).

    The latent's one code is the class. Its term on generated images is InfoGAN's, but for H(c): L_I = H(c) - it.
    """

    model_config = SETTINGS
    kind: Literal["acgan"] = "acgan"
    fake_class_weight: float = Field(default=1.0, ge=0)
    """Weight of D's class term on generated images (1 in the paper), which can upset training."""

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        codes = list(latent.codes.values())
        if len(codes) != 1 or not isinstance(codes[0], Categorical) or codes[0].k != classes:
            raise ConfigError(
                f"acgan tells G the class in one code: give latent.NAME categorical:{classes} and no other, "
                f"not {', '.join(latent.codes) or 'none'} (the data has {classes} classes)"
            )
        return {"real": 1, CLASS: classes}

    @property
    def labels(self) -> Literal["needed"]:
        return "needed"

    @property
    def q(self) -> str:
        return CLASS

    def d_loss(self, scene: Scene) -> Loss:
        assert scene.labels is not None  # the settings see to it
        bounds = scene.latent.bounds(scene.fake.heads[CLASS], scene.draw.values)
        terms = d_terms(scene.real.heads["real"], scene.fake.heads["real"])
        terms["class"] = cross_entropy(scene.labelled.heads[CLASS], scene.labels)
        for name, code in scene.latent.codes.items():
            terms[f"class/{name}"] = self.fake_class_weight * (code.entropy - bounds[name])
        return Loss(terms, watch={f"L_I/{name}": bound.detach() for name, bound in bounds.items()})

    def g_loss(self, scene: Scene) -> Loss:
        bounds = scene.latent.bounds(scene.fake.heads[CLASS], scene.draw.values)
        terms = g_term(scene.fake.heads["real"])
        terms |= {f"class/{name}": scene.latent.entropy[name] - bound for name, bound in bounds.items()}
        return Loss(terms, watch={f"L_I/{name}": bound.detach() for name, bound in bounds.items()})
