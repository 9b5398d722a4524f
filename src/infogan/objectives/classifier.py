"""The class head alone, on labelled images: the baseline of the objectives that use labels."""

from typing import ClassVar, Literal

from infogan.objectives.base import Loss, Objective, Scene
from infogan.objectives.terms import class_term


class Classifier(Objective):
    """Supervised: the cross entropy of the labelled images, no generator."""

    kind: Literal["classifier"] = "classifier"
    labels: ClassVar[Literal["needed"]] = "needed"
    generates: ClassVar[bool] = False

    def d_loss(self, scene: Scene) -> Loss:
        return Loss({"class": class_term(scene)})

    def g_loss(self, scene: Scene) -> Loss:
        return Loss({})
