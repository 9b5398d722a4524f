"""The family of objectives: one visible table."""

from typing import Annotated

from pydantic import Field

from infogan.objectives.acgan import ACGAN
from infogan.objectives.catgan import CatGAN
from infogan.objectives.classifier import Classifier
from infogan.objectives.gan import GAN
from infogan.objectives.improvedgan import ImprovedGAN
from infogan.objectives.infogan import InfoGAN
from infogan.objectives.semigan import SemiGAN

__all__ = [
    "ACGAN",
    "GAN",
    "OBJECTIVES",
    "AnyObjective",
    "CatGAN",
    "Classifier",
    "ImprovedGAN",
    "InfoGAN",
    "SemiGAN",
]

OBJECTIVES = {
    "gan": GAN,
    "infogan": InfoGAN,
    "semigan": SemiGAN,
    "catgan": CatGAN,
    "improvedgan": ImprovedGAN,
    "acgan": ACGAN,
    "classifier": Classifier,
}
AnyObjective = Annotated[
    GAN | InfoGAN | SemiGAN | CatGAN | ImprovedGAN | ACGAN | Classifier, Field(discriminator="kind")
]
"""An objective in a configuration."""
