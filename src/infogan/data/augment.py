"""Changes that are taken to leave an image's class as it is. Which ones do is knowledge about the images.

Batches are [N, C, H, W] in [-1, 1], before and after; random numbers come from the generator that is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate, max_pool2d

BENDS = 4
"""Points to a side between which displacements are smooth."""
SETTINGS = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""
PATCH = 4.0
"""Most by which a patch's height exceeds its width, or the other way."""
STRETCH = 4 / 3
"""Most by which a crop's proportions differ from the image's."""


@dataclass(frozen=True)
class View:
    """View copies of images, and by how much each was changed."""

    images: Tensor
    """[N, C, H, W] in [-1, 1]"""
    moves: Mapping[str, Tensor]
    """[N] by property: those of `moves_of`, and thickness in pixels where that was changed."""


class _Augment(BaseModel):
    """What every kind of change can include: other light, a patch over a part of the image, its mirror image."""

    model_config = SETTINGS
    mirror: bool = False
    """Whether an image and its mirror image are of one class: true of photos, false of digits and letters."""
    patch: float = Field(default=0.0, ge=0, le=0.5)
    """Largest share of the image's area that a black or white rectangle may cover without changing the class."""
    brightness: float = Field(default=0.0, ge=0, le=1)
    """Most by which brightness may change, as a share of it, without changing the class."""
    contrast: float = Field(default=0.0, ge=0, le=1)
    """The same of the distance of pixels from the image's mean grey."""
    saturation: float = Field(default=0.0, ge=0, le=1)
    """The same of the distance of pixels from their own grey. Only RGB images have it."""
    grey: float = Field(default=0.0, ge=0, le=1)
    """Share of RGB images that turn grey altogether: above 0, no two classes may differ in hue alone."""
    anneal: float = Field(default=0.0, ge=0, le=1)
    """Share of the steps, at the end, over which turns, shears, scales, stretches, bends and crops fall linearly to
    none. Strong changes settle what the categories go by, weaker ones let them tell apart what differs little."""

    def _finished(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Images that were moved, in other light and with a patch each."""
        if self.brightness or self.contrast or self.saturation or self.grey:
            images = self._relit(images, torch.rand(len(images), 4, generator=generator).to(images))
        if self.patch:
            images = self._covered(
                images, torch.rand(len(images), 5, generator=generator).to(images)
            )
        return images

    def _covered(self, images: Tensor, u: Tensor) -> Tensor:
        """A rectangle anywhere within each image, black or white (random erasing, arXiv:1708.04896); u [N, 5]."""
        height, width = images.shape[2:]
        share, proportion = self.patch * u[:, 0], PATCH ** (2 * u[:, 1] - 1)
        size = (share * height * width)[:, None] ** 0.5 * torch.stack(
            [proportion**0.5, proportion**-0.5], 1
        )
        inside = []
        for axis, side in enumerate((height, width)):
            length = size[:, axis].clamp(max=side)
            start = u[:, 2 + axis] * (side - length)
            at = torch.arange(side).to(u) + 0.5
            inside.append((at >= start[:, None]) & (at < (start + length)[:, None]))
        hole = (inside[0][:, :, None] & inside[1][:, None, :])[:, None]  # [N, 1, H, W]
        ink = torch.where(u[:, 4] < 0.5, -1.0, 1.0).to(images)
        return torch.where(hole, ink[:, None, None, None], images)

    def _relit(self, images: Tensor, u: Tensor) -> Tensor:
        """Each image in another light; u [N, 4]."""
        factors = 1 + (2 * u[:, :3] - 1) * u.new_tensor(
            [self.brightness, self.contrast, self.saturation]
        )
        brightness, contrast, saturation = factors.T[:, :, None, None, None]  # [N, 1, 1, 1] each
        light = (images + 1) / 2 * brightness  # [0, 1], where black is 0
        if images.shape[1] == 3:
            grey = (light * u.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)  # [N, 1, H, W]
            saturation = torch.where(u[:, 3, None, None, None] < self.grey, 0.0, saturation)
            light = torch.lerp(
                grey, light, saturation
            )  # saturation leaves each pixel's grey as it is
        else:
            grey = light
        mean = grey.mean((1, 2, 3), keepdim=True)
        return (torch.lerp(mean, light, contrast) * 2 - 1).clamp(-1, 1)


class Affine(_Augment):
    """Turn, shear, scale, shift, bend a little: for writing, drawings, things seen from the front."""

    kind: Literal["affine"] = "affine"
    strength: float = Field(default=1.0, ge=0, le=4)
    """1: turn by up to 10 degrees, scale and shear by up to 15 and 20 %; proportional to it."""
    shift: float = Field(default=0.125, ge=0, le=1)
    """Largest shift, as a share of half the image's side."""
    stretch: float = Field(default=0.0, ge=0, le=1)
    """Most by which width grows while height shrinks, or the other way, as a natural logarithm."""
    bend: float = Field(default=0.0, ge=0, le=1)
    """Size of smooth local displacements, as a share of half the image's side; 0: shapes stay rigid."""
    thicken: float = Field(default=0.0, ge=0, le=1)
    """Most, in pixels, by which what is bright grows or shrinks at its outline; of a stroke, on either side."""

    @property
    def moves(self) -> tuple[str, ...]:
        """The properties that it moves. A mirror image leans the other way, so slant then has no move."""
        changed = {
            "slant": self.strength and not self.mirror,
            "width": self.strength or self.stretch,
            "height": self.strength or self.stretch,
            "thickness": self.thicken,
        }
        return tuple(name for name, by in changed.items() if by)

    def annealed(self, left: float) -> Self:
        """The same, with `left`, 0 to 1, of the changes that fade."""
        fading = {"strength": self.strength, "stretch": self.stretch, "bend": self.bend}
        return self.model_copy(update={name: left * most for name, most in fading.items()})

    def __call__(self, images: Tensor, generator: torch.Generator) -> View:
        """View copies; what comes in from outside continues the border."""
        n, height, width = len(images), images.shape[2], images.shape[3]
        u = torch.rand(n, 6, generator=generator) * 2 - 1  # [N, 6] in [-1, 1]
        angle, shear = 0.175 * self.strength * u[:, 0], 0.2 * self.strength * u[:, 1]
        scale = 1 + 0.15 * self.strength * u[:, 2]
        flip = torch.where(u[:, 5] < 0, -1.0, 1.0) if self.mirror else torch.ones(n)
        aspect = (
            height / width
        )  # the grid runs from -1 to 1 on either side: turn in pixels, not in shares
        cos, sin = torch.cos(angle), torch.sin(angle)
        theta = torch.stack(
            [
                torch.stack(
                    [
                        flip * scale * cos,
                        scale * (shear * cos - sin) * aspect,
                        self.shift * u[:, 3],
                    ],
                    1,
                ),
                torch.stack(
                    [
                        flip * scale * sin / aspect,
                        scale * (shear * sin + cos),
                        self.shift * u[:, 4],
                    ],
                    1,
                ),
            ],
            1,
        )  # [N, 2, 3]
        if self.stretch:
            grown = (self.stretch * (torch.rand(n, generator=generator) * 2 - 1)).exp()
            theta = theta * torch.stack([1 / grown, grown, torch.ones(n)], 1)[:, None]
        grid = seen_through(theta, images)
        if self.bend:
            coarse = self.bend * torch.randn(n, 2, BENDS, BENDS, generator=generator).to(images)
            grid = grid + interpolate(
                coarse, (height, width), mode="bicubic", align_corners=True
            ).permute(0, 2, 3, 1)
        copies, moved = drawn(images, grid), moves_of(theta, aspect)
        if self.thicken:
            moved["thickness"] = self.thicken * (torch.rand(n, generator=generator) * 2 - 1)
            copies = thickened(copies, moved["thickness"].to(copies))
        return View(self._finished(copies, generator), moved)


def _usually(default: float, name: str) -> Any:
    """A field of `_Augment` with another default."""
    return Field(default=default, ge=0, le=1, description=_Augment.model_fields[name].description)


class CropAndColour(_Augment):
    """A part of the image in its full size and other light: for photos whose class shows in any large part of them."""

    kind: Literal["crop-and-colour"] = "crop-and-colour"
    area: float = Field(default=0.5, gt=0, le=1)
    """Smallest share of the image's area that still shows its class; 1 keeps the whole image."""
    brightness: float = _usually(0.3, "brightness")
    contrast: float = _usually(0.3, "contrast")
    saturation: float = _usually(0.3, "saturation")
    grey: float = _usually(0.1, "grey")
    mirror: bool = Field(default=True, description=_Augment.model_fields["mirror"].description)

    @property
    def moves(self) -> tuple[str, ...]:
        """The properties that it moves."""
        return ("width", "height") if self.area < 1 else ()

    def annealed(self, left: float) -> Self:
        """The same, with `left`, 0 to 1, of the changes that fade."""
        return self.model_copy(update={"area": self.area + (1 - left) * (1 - self.area)})

    def __call__(self, images: Tensor, generator: torch.Generator) -> View:
        """View copies."""
        cropped = self._cropped(images, torch.rand(len(images), 5, generator=generator).to(images))
        return View(self._finished(cropped.images, generator), cropped.moves)

    def _cropped(self, images: Tensor, u: Tensor) -> View:
        """A part of each image, brought to its full size; u [N, 5]."""
        share = self.area + (1 - self.area) * u[:, 0]
        stretch = (STRETCH ** (u[:, 1] - 0.5)).clamp(
            share**0.5, share**-0.5
        )  # so that neither side exceeds 1
        width, height = (
            share**0.5 * stretch,
            share**0.5 / stretch,
        )  # [N] shares of the image's sides
        left, top = (
            (1 - width) * (2 * u[:, 2] - 1),
            (1 - height) * (2 * u[:, 3] - 1),
        )  # the crop's centre, -1 to 1
        flip = torch.where(u[:, 4] < 0.5, -1.0, 1.0) if self.mirror else torch.ones_like(width)
        zero = torch.zeros_like(width)
        theta = torch.stack([flip * width, zero, left, zero, height, top], 1).reshape(-1, 2, 3)
        return View(
            drawn(images, seen_through(theta, images)),
            moves_of(theta, images.shape[2] / images.shape[3]),
        )


def seen_through(theta: Tensor, images: Tensor) -> Tensor:
    """[N, H, W, 2] where each pixel comes from, under affine maps theta [N, 2, 3] of the square from -1 to 1."""
    return affine_grid(theta.to(images), list(images.shape), align_corners=False)


def moves_of(theta: Tensor, aspect: float) -> dict[str, Tensor]:
    """How far images seen through theta [N, 2, 3] moved in each property that a code can follow, [N] each.

    slant: how far the top of an upright line goes to the right, as a share of its height. width, height: natural
    logarithms of the factors by which a level line grows across and an upright one up. aspect: height over width of
    the images, whose sides theta measures by.
    """
    (a, b), (c, d) = (
        theta[:, 0, :2].T,
        theta[:, 1, :2].T,
    )  # from the copy to the image, both sides -1 to 1
    b, c = b / aspect, c * aspect  # in pixels
    size = (
        a * d - b * c
    ).abs()  # the inverse is [[d, -b], [-c, a]] / (a d - b c), and y runs downwards
    return {"slant": b / a, "width": (d.abs() / size).log(), "height": (a.abs() / size).log()}


def thickened(images: Tensor, by: Tensor) -> Tensor:
    """Images whose bright parts reach further at their outline, by [N] pixels from -1 to 1: between each image and its
    brightest (where by is below 0, darkest) neighbours."""
    sign = torch.where(by < 0, -1.0, 1.0)[:, None, None, None]
    reached = sign * max_pool2d(sign * images, 3, stride=1, padding=1)
    return torch.lerp(images, reached, by.abs()[:, None, None, None])


def drawn(images: Tensor, grid: Tensor) -> Tensor:
    """Images as a grid [N, H, W, 2] says; outside of them the border goes on."""
    return grid_sample(images, grid, padding_mode="border", align_corners=False)


AnyAugment = Annotated[Affine | CropAndColour, Field(discriminator="kind")]
"""A change in a configuration, by its `kind`."""
