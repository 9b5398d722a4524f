"""SemiGAN: a classifier with one class more, for fakes (Odena 2016, arXiv:1606.01583)."""

from typing import ClassVar, Literal

from torch import Tensor
from torch.nn.functional import softplus

from infogan.latent.latent import CLASS, Latent
from infogan.networks import Verdict
from infogan.objectives.base import Loss, Scene
from infogan.objectives.terms import AdversarialObjective, class_term


class SemiGAN(AdversarialObjective):
    """K classes and FAKE, which is no answer about a real image. Unlabelled images, which the paper
    does not draw, only count as real against generated ones."""

    kind: Literal["semigan"] = "semigan"
    labels: ClassVar[Literal["needed"]] = "needed"
    saturating: bool = False
    """Whether G's loss is minus D's term on generated images, as in the paper; else -E ln(1 -
    p_fake), whose gradient does not vanish while D is ahead."""

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        return {CLASS: classes + 1}

    def realness(self, verdict: Verdict) -> Tensor:
        """[N] r = lse(l_1..l_K) - l_fake of logits [N, K + 1], the last for generated images: since
        -ln p_fake = softplus(r) and -ln(1 - p_fake) = softplus(-r), the softmax over K + 1 is a
        binary GAN on r and a softmax over the K real classes."""
        logits = verdict.heads[CLASS]
        return logits[:, :-1].logsumexp(1) - logits[:, -1]

    def d_loss(self, scene: Scene) -> Loss:
        return Loss({"class": class_term(scene)}) | super().d_loss(scene)

    def g_loss(self, scene: Scene) -> Loss:
        if not self.saturating:
            return super().g_loss(scene)
        return Loss({"adversarial": -softplus(self.realness(scene.fake)).mean()})
