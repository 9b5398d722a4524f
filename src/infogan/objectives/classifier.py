"""The class head alone, on labelled images: what the objectives that use labels are compared with."""

from typing import Literal

from pydantic import BaseModel
from torch.nn.functional import cross_entropy

from infogan.latent.latent import CLASS, Latent
from infogan.objectives.base import SETTINGS, Loss, Objective, Reading, Scene, of_classes


class Classifier(BaseModel, Objective):
    """Supervised: the cross entropy of the labelled images, no generator."""

    model_config = SETTINGS
    kind: Literal["classifier"] = "classifier"

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        return {CLASS: classes}

    def readings(self, latent: Latent, classes: int) -> tuple[Reading, ...]:
        return of_classes(classes)

    @property
    def labels(self) -> Literal["needed"]:
        return "needed"

    @property
    def generates(self) -> bool:
        return False

    def d_loss(self, scene: Scene) -> Loss:
        assert scene.labels is not None  # the settings see to it
        return Loss({"class": cross_entropy(scene.labelled.heads[CLASS], scene.labels)})

    def g_loss(self, scene: Scene) -> Loss:
        return Loss({})
