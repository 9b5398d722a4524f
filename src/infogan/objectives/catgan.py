"""CatGAN: D is sure on real images, unsure on generated ones, and uses all its categories alike
(Springenberg 2015, arXiv:1511.06390)."""

import math
from typing import Literal

from pydantic import BaseModel, Field
from torch import Tensor
from torch.nn.functional import cross_entropy

from infogan.core.errors import ConfigError
from infogan.latent.latent import CLASS, Latent
from infogan.objectives.base import SETTINGS, Loss, Objective, Reading, Scene, of_classes
from infogan.objectives.terms import Consistency


def conditional_entropy(logits: Tensor) -> Tensor:
    """E H(p) in nats, p = softmax of logits [N, K]: 0 when D is sure, ln K when it knows nothing."""
    log_p = logits.log_softmax(1)
    return -(log_p.exp() * log_p).sum(1).mean()


def marginal_entropy(logits: Tensor) -> Tensor:
    """H(p̄) in nats, p̄ = mean of p over the batch: ln K when all categories are used alike. It is low by about
    (K - 1) / 2N, so batches want to be much larger than K."""
    log_mean = logits.log_softmax(1).logsumexp(0) - math.log(len(logits))
    return -(log_mean.exp() * log_mean).sum()


class CatGAN(Consistency, BaseModel, Objective):
    """There is no head for real or fake: the entropy of the categories is the decision. H(p̄) - E H(p) on real
    images is a plug-in estimate of I(x; category)."""

    model_config = SETTINGS
    kind: Literal["catgan"] = "catgan"
    k: int | None = Field(default=None, ge=2, le=10_000)
    """K, the number of categories; none: the number of classes in the data."""
    class_weight: float = Field(default=1.0, ge=0)
    """Weight of the labelled images' cross entropy, where there are labels."""

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        if not (self.k or classes):
            raise ConfigError("catgan cannot tell how many categories there are: set objective.k")
        return {CLASS: self.k or classes}

    def readings(self, latent: Latent, classes: int) -> tuple[Reading, ...]:
        return of_classes(self.k or classes)

    @property
    def labels(self) -> Literal["optional"]:
        return "optional"

    def d_loss(self, scene: Scene) -> Loss:
        real, fake = scene.real.heads[CLASS], scene.fake.heads[CLASS]
        balance, doubt = marginal_entropy(real), conditional_entropy(real)
        terms = {"balance": -balance, "real": doubt, "fake": -conditional_entropy(fake)}
        if scene.labels is not None:
            terms["class"] = self.class_weight * cross_entropy(
                scene.labelled.heads[CLASS], scene.labels
            )
        watch = {"I(x; category)": (balance - doubt).detach()}
        return Loss(terms, watch) | self.real_information(scene)

    def g_loss(self, scene: Scene) -> Loss:
        fake = scene.fake.heads[CLASS]
        return Loss({"balance": -marginal_entropy(fake), "adversarial": conditional_entropy(fake)})
