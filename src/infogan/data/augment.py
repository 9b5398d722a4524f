"""Changes that are taken to leave an image's class as it is. Which ones do is knowledge about the images."""

from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

BENDS = 4
"""Points to a side between which displacements are smooth."""


class Augment(BaseModel):
    """Random changes for a second view of an image."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    kind: Literal["affine"] = "affine"
    strength: float = Field(default=1.0, ge=0, le=4)
    """1: turn by up to 10 degrees, scale and shear by up to 15 and 20 %; proportional to it."""
    shift: float = Field(default=0.125, ge=0, le=1)
    """Largest shift, as a share of half the image's side."""
    bend: float = Field(default=0.0, ge=0, le=1)
    """Size of smooth local displacements, as a share of half the image's side; 0: shapes stay rigid."""
    mirror: bool = False
    """Whether an image and its mirror image are of one class: true of photos, false of digits and letters."""

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """A changed copy of images [N, C, H, W] in [-1, 1]; what comes in from outside continues the border."""
        n, height, width = len(images), images.shape[2], images.shape[3]
        u = torch.rand(n, 6, generator=generator) * 2 - 1  # [N, 6] in [-1, 1]
        angle, shear = 0.175 * self.strength * u[:, 0], 0.2 * self.strength * u[:, 1]
        scale = 1 + 0.15 * self.strength * u[:, 2]
        flip = torch.where(u[:, 5] < 0, -1.0, 1.0) if self.mirror else torch.ones(n)
        aspect = height / width  # the grid runs from -1 to 1 on either side: turn in pixels, not in shares
        cos, sin = torch.cos(angle), torch.sin(angle)
        theta = torch.stack(
            [
                torch.stack([flip * scale * cos, scale * (shear * cos - sin) * aspect, self.shift * u[:, 3]], 1),
                torch.stack([flip * scale * sin / aspect, scale * (shear * sin + cos), self.shift * u[:, 4]], 1),
            ],
            1,
        )  # [N, 2, 3]
        grid = affine_grid(theta.to(images), list(images.shape), align_corners=False)
        if self.bend:
            coarse = self.bend * torch.randn(n, 2, BENDS, BENDS, generator=generator).to(images)
            grid = grid + interpolate(coarse, (height, width), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
        return grid_sample(images, grid, padding_mode="border", align_corners=False)
