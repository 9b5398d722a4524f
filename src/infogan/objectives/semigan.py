"""SemiGAN: a classifier with one class more, for generated images (Odena 2016, arXiv:1606.01583)."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from infogan.latent import CLASS, Latent
from infogan.objectives.base import SETTINGS, Loss, Objective, Scene


def realness(logits: Tensor) -> Tensor:
    """[N] r = lse(l_1..l_K) - l_fake of logits [N, K + 1], the last of them for generated images: the logit of
    "real", since -ln p_fake = softplus(r) and -ln(1 - p_fake) = softplus(-r). The softmax over K + 1 is thus a
    binary GAN on r and a softmax over the K real classes."""
    return logits[:, :-1].logsumexp(1) - logits[:, -1]


class SemiGAN(BaseModel, Objective):
    """K classes and FAKE. The unlabelled images are told apart from generated ones only; the paper draws no
    unlabelled images, so that term is ours."""

    model_config = SETTINGS
    kind: Literal["semigan"] = "semigan"
    saturating: bool = False
    """Whether G's loss is minus D's term on generated images, as the paper has it; else -E ln(1 - p_fake), whose
    gradient does not vanish while D is ahead."""

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        return {CLASS: classes + 1}

    @property
    def labels(self) -> Literal["needed"]:
        return "needed"

    def class_logits(self, heads: Mapping[str, Tensor]) -> Tensor:
        return heads[CLASS][:, :-1]  # FAKE is no answer about a real image

    def d_loss(self, scene: Scene) -> Loss:
        assert scene.labels is not None  # the settings see to it
        return Loss(
            {
                "class": cross_entropy(scene.labelled.heads[CLASS], scene.labels),
                "real": softplus(-realness(scene.real.heads[CLASS])).mean(),
                "fake": softplus(realness(scene.fake.heads[CLASS])).mean(),
            }
        )

    def g_loss(self, scene: Scene) -> Loss:
        r = realness(scene.fake.heads[CLASS])
        return Loss({"adversarial": -softplus(r).mean() if self.saturating else softplus(-r).mean()})
