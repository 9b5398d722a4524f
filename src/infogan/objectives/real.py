"""Information that codes carry about real images: a term that several objectives can add to D's loss."""

from collections.abc import Callable, Mapping

from pydantic import BaseModel, Field
from torch import Tensor

from infogan.codes import Categorical, Code
from infogan.latent import CLASS
from infogan.networks import Verdict
from infogan.objectives.base import SETTINGS, Loss, Objective, Scene


class HearsRealImages(BaseModel, Objective):
    """An objective whose codes can also learn from real images and changed copies of them."""

    model_config = SETTINGS
    real_weight: float = Field(default=0.0, ge=0)
    """Weight of the information that codes carry about real images, times each code's own weight; 0: none. Categories
    have to stay when an image is changed by `augment`, codes that follow a property to move with it."""

    @property
    def needs_view(self) -> bool:
        return self.real_weight > 0

    def real_information(self, scene: Scene, read: Callable[[Verdict], Mapping[str, tuple[Code, Tensor]]]) -> Loss:
        """-weight λ J of each code that has a J. read: the codes that a verdict speaks of, by name, with its params
        [N, n_params] of each."""
        if not self.needs_view:
            return Loss({})
        copies, loss = read(scene.view), Loss({})
        for name, (code, params) in read(scene.real).items():
            j = code.real_information(params, copies[name][1], scene.moves)
            if j is not None:
                term = {f"real info/{name}": -self.real_weight * code.weight * j}
                loss |= Loss(term, watch={f"J/{name}": j.detach()})
        return loss


def of_classes(verdict: Verdict) -> dict[str, tuple[Code, Tensor]]:
    """What a class head of K logits speaks of."""
    logits = verdict.heads[CLASS]
    return {CLASS: (Categorical(logits.shape[1]), logits)}
