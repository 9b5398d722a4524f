"""The family of objectives: one visible table."""

from typing import Annotated

from pydantic import Field

from infogan.objectives.acgan import ACGAN as ACGAN
from infogan.objectives.catgan import CatGAN as CatGAN
from infogan.objectives.classifier import Classifier as Classifier
from infogan.objectives.gan import GAN as GAN
from infogan.objectives.improvedgan import ImprovedGAN as ImprovedGAN
from infogan.objectives.infogan import InfoGAN as InfoGAN
from infogan.objectives.semigan import SemiGAN as SemiGAN

FAMILY = (GAN, InfoGAN, SemiGAN, CatGAN, ImprovedGAN, ACGAN, Classifier)
OBJECTIVES = {member.model_fields["kind"].default: member for member in FAMILY}
AnyObjective = Annotated[
    GAN | InfoGAN | SemiGAN | CatGAN | ImprovedGAN | ACGAN | Classifier, Field(discriminator="kind")
]
"""An objective in a configuration."""
