"""CatGAN: D is certain on real images alone and uses all categories alike (arXiv:1511.06390)."""

import math
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from infogan.core.errors import ConfigError
from infogan.latent.latent import CLASS, Latent
from infogan.objectives.base import Loss, Reading, Scene, of_classes
from infogan.objectives.terms import Consistency, class_term


def conditional_entropy(logits: Tensor) -> Tensor:
    """E H(p) in nats, p = softmax of logits [N, K]: 0 for a certain D, ln K for an ignorant one."""
    log_p = logits.log_softmax(1)
    return -(log_p.exp() * log_p).sum(1).mean()


def marginal_entropy(logits: Tensor) -> Tensor:
    """H(p̄) in nats, p̄ = mean of p over the batch, up to ln K; low by about (K - 1) / 2N."""
    log_mean = logits.log_softmax(1).logsumexp(0) - math.log(len(logits))
    return -(log_mean.exp() * log_mean).sum()


class CatGAN(Consistency):
    """The entropy of the categories decides: there is no head for real or fake. H(p̄) - E H(p) on
    real images is a plug-in estimate of I(x; category) (Springenberg 2015)."""

    kind: Literal["catgan"] = "catgan"
    labels: ClassVar[Literal["optional"]] = "optional"
    k: int | None = Field(default=None, ge=2, le=10_000)
    """K, the number of categories; none: the number of classes in the data."""
    class_weight: float = Field(default=1.0, ge=0)
    """Weight of the labelled images' cross entropy, where there are labels."""

    def readings(self, latent: Latent, classes: int) -> tuple[Reading, ...]:
        if k := self.k or classes:
            return of_classes(k)
        raise ConfigError("catgan: the data names no classes; set objective.k to a number")

    def d_loss(self, scene: Scene) -> Loss:
        real, fake = scene.real.heads[CLASS], scene.fake.heads[CLASS]
        marginal, conditional = marginal_entropy(real), conditional_entropy(real)
        terms = {"balance": -marginal, "real": conditional, "fake": -conditional_entropy(fake)}
        if scene.labels is not None:
            terms["class"] = self.class_weight * class_term(scene)
        watch = {"I(x; category)": (marginal - conditional).detach()}
        return Loss(terms, watch) | self.real_information(scene)

    def g_loss(self, scene: Scene) -> Loss:
        fake = scene.fake.heads[CLASS]
        return Loss({"balance": -marginal_entropy(fake), "adversarial": conditional_entropy(fake)})
