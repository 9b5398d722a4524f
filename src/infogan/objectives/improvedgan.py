"""ImprovedGAN's semi-supervised classifier: K logits whose sum says "real", and a generator that matches features
(Salimans et al. 2016, arXiv:1606.03498)."""

from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from infogan.latent import CLASS, Latent
from infogan.objectives.base import Loss, Scene
from infogan.objectives.real import HearsRealImages, of_classes


def matching(real: Tensor, fake: Tensor) -> Tensor:
    """Mean over features of (E f(x) - E f(G(z)))², of features [N, F] each; real images are the fixed target."""
    return (real.detach().mean(0) - fake.mean(0)).square().mean()


class ImprovedGAN(HearsRealImages):
    """The softmax over K + 1 with its last logit fixed at 0: D(x) = Z/(Z + 1), Z = Σ e^l, so the logit of "real" is
    lse(l). Samples under feature matching look poor; the classifier is what it is for."""

    kind: Literal["improvedgan"] = "improvedgan"
    weight: float = Field(default=1.0, ge=0)
    """Weight of the unlabelled and generated images' terms."""

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        return {CLASS: classes}

    @property
    def labels(self) -> Literal["needed"]:
        return "needed"

    def d_loss(self, scene: Scene) -> Loss:
        assert scene.labels is not None  # the settings see to it
        terms = {
            "class": cross_entropy(scene.labelled.heads[CLASS], scene.labels),
            "real": self.weight * softplus(-scene.real.heads[CLASS].logsumexp(1)).mean() / 2,
            "fake": self.weight * softplus(scene.fake.heads[CLASS].logsumexp(1)).mean() / 2,
        }
        return Loss(terms) | self.real_information(scene, of_classes)

    def g_loss(self, scene: Scene) -> Loss:
        return Loss({"features": matching(scene.real.features, scene.fake.features)})
