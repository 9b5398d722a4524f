"""The plain GAN (Goodfellow et al. 2014, arXiv:1406.2661), the control that InfoGAN is measured against."""

from collections.abc import Set
from typing import Literal

from pydantic import BaseModel
from torch import Tensor
from torch.nn.functional import softplus

from infogan.latent import Latent
from infogan.objectives.base import SETTINGS, Loss, Objective, Scene


def d_terms(real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """-E ln D(x) and -E ln(1 - D(G)) of logits [N, 1]; 2 ln 2 in sum when D says one half throughout."""
    return {"real": softplus(-real).mean(), "fake": softplus(fake).mean()}


def g_term(fake: Tensor) -> dict[str, Tensor]:
    """-E ln D(G), the non-saturating loss, of logits [N, 1]."""
    return {"adversarial": softplus(-fake).mean()}


class GAN(BaseModel, Objective):
    """Real against generated. A Q is trained beside it, which neither G nor the trunk ever hears: its L_I shows
    what the codes say when nobody asks them to say anything (the GAN curve of the paper's figure 1)."""

    model_config = SETTINGS
    kind: Literal["gan"] = "gan"

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        return {"real": 1} | ({"code": latent.n_params} if latent.codes else {})

    @property
    def q(self) -> str:
        return "code"

    @property
    def detached(self) -> Set[str]:
        return frozenset({"code"})

    def d_loss(self, scene: Scene) -> Loss:
        bounds = {}
        if scene.latent.codes:
            bounds = scene.latent.bounds(scene.fake.heads["code"], scene.draw.values)
        return Loss(
            d_terms(scene.real.heads["real"], scene.fake.heads["real"])
            | {f"info/{name}": -bound for name, bound in bounds.items()},
            watch={f"L_I/{name}": bound.detach() for name, bound in bounds.items()},
        )

    def g_loss(self, scene: Scene) -> Loss:
        return Loss(g_term(scene.fake.heads["real"]))
