"""ImprovedGAN's semi-supervised classifier (Salimans et al. 2016, arXiv:1606.03498)."""

from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from infogan.latent.latent import CLASS, Latent
from infogan.networks import Verdict
from infogan.objectives.base import Loss, Scene
from infogan.objectives.terms import AdversarialObjective, Consistency, class_term


def matching(real: Tensor, fake: Tensor) -> Tensor:
    """Mean over features of (E f(x) - E f(G(z)))², [N, F] each; E f(x) is the fixed target."""
    return (real.detach().mean(0) - fake.mean(0)).square().mean()


class ImprovedGAN(Consistency, AdversarialObjective):
    """The softmax over K + 1 with its last logit fixed at 0: D(x) = Z/(Z + 1), Z = Σ e^l, so the
    logit of "real" is lse(l). G matches features; that makes poor samples, but a good D."""

    kind: Literal["improvedgan"] = "improvedgan"
    labels: ClassVar[Literal["needed"]] = "needed"
    weight: float = Field(default=1.0, ge=0)
    """Weight of the unlabelled and generated images' terms."""

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        return {CLASS: classes}

    def realness(self, verdict: Verdict) -> Tensor:
        return verdict.heads[CLASS].logsumexp(1)

    def d_loss(self, scene: Scene) -> Loss:
        classes = Loss({"class": class_term(scene)})
        game, halved = super().d_loss(scene).terms, self.adversarial.of_d  # and no penalty
        weighed = {k: self.weight * term / 2 if k in halved else term for k, term in game.items()}
        return classes | Loss(weighed) | self.real_information(scene)

    def g_loss(self, scene: Scene) -> Loss:
        return Loss({"features": matching(scene.real.features, scene.fake.features)})
