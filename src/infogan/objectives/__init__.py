"""The family of objectives: one visible table."""

from typing import Annotated

from pydantic import Field

from infogan.objectives.gan import GAN
from infogan.objectives.infogan import InfoGAN

__all__ = ["GAN", "OBJECTIVES", "AnyObjective", "InfoGAN"]

OBJECTIVES = {"gan": GAN, "infogan": InfoGAN}
AnyObjective = Annotated[GAN | InfoGAN, Field(discriminator="kind")]
"""An objective in a configuration."""
