"""The network families: one visible table."""

from typing import Annotated

from pydantic import Field

from infogan.networks.base import Shape, Verdict
from infogan.networks.dcgan import Dcgan
from infogan.networks.mlp import Mlp
from infogan.networks.photo import Photo
from infogan.networks.projected import Projected

__all__ = ["AnyNetworks", "Dcgan", "Mlp", "Photo", "Projected", "Shape", "Verdict"]

AnyNetworks = Annotated[Dcgan | Mlp | Photo | Projected, Field(discriminator="kind")]
