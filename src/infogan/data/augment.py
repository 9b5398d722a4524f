"""Augmented views: changes of an image that are assumed to leave its class as it is.
Which changes do is knowledge about the images. Batches are [N, C, H, W] in [-1, 1], before and
after; random numbers come from the generator that is given."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import torch
from pydantic import BaseModel, Field, model_validator
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate, max_pool2d, pad

from infogan.core.moments import middle
from infogan.core.random import Draws, Part
from infogan.core.settings import SETTINGS
from infogan.data.images import LUMA

SHADES = 3  # points along a side between which light changes smoothly
BENDS = 4  # points along a side between which displacements are smooth
PATCH = 4.0  # largest ratio of a patch's longer side to its shorter one
COLOURS = "hue", "saturation"  # properties that grey images do not have
STRETCH = 4 / 3  # largest ratio of a crop's aspect to the image's, or the other way round


@dataclass(frozen=True)
class View:
    """An augmented view of each image, and how far it moved."""

    images: Tensor  # [N, C, H, W] in [-1, 1]
    moves: Mapping[str, Tensor]  # [N] by property: `moves_of`, and thickness in pixels if changed


class Augmentation(BaseModel):
    """What every kind of view may include: other light, a patch, the mirror image.
    A kind adds to `moves`, the properties that it moves; `annealed(left)`, itself with that share
    of the changes that are annealed; and a call, which draws a view of each image."""

    model_config = SETTINGS
    mirror: bool = False
    """Whether views may be mirrored: right for photos, wrong for digits and letters."""
    patch: float = Field(default=0.0, ge=0, le=0.5)
    """Largest share of the image's area that a black or white rectangle may cover."""
    brightness: float = Field(default=0.0, ge=0, le=1)
    """Largest relative change of brightness."""
    contrast: float = Field(default=0.0, ge=0, le=1)
    """Largest relative change of contrast: distance of pixels from the image's mean grey."""
    saturation: float = Field(default=0.0, ge=0, le=1)
    """Largest relative change of saturation: distance of pixels from their own grey; RGB only."""
    hue: float = Field(default=0.0, ge=0, le=0.5)
    """Largest turn of the hue, either way, as a share of the circle of hues; RGB only."""
    grey: float = Field(default=0.0, ge=0, le=1)
    """Share of RGB views that turn grey: above 0, no two classes may differ in hue alone."""
    tint: float = Field(default=0.0, ge=0, le=1)
    """Largest relative change of red, green and blue, each by itself; RGB only."""
    shade: float = Field(default=0.0, ge=0, le=2)
    """Size of a smooth change of light over the image, as a natural logarithm: what shadows, lamps
    and vignettes do."""
    blur: float = Field(default=0.0, ge=0, le=1)
    """Most by which pixels move towards the mean of their 3x3 neighbours; to sharpen, away from it
    by up to 0.6 of that. What focus and cameras do."""
    anneal: float = Field(default=0.0, ge=0, le=1)
    """Share of the steps, at the end, over which turns, shears, scales, stretches, bends and crops
    shrink linearly to none. Strong changes decide what the categories depend on; weak ones then let
    them separate images that differ little."""

    @property
    def moves(self) -> tuple[str, ...]:
        """The properties that views move by a known amount; with a factor of 0 none is known."""
        saturation = 0 < self.saturation < 1 and not self.grey
        changed = {"brightness": 0 < self.brightness < 1, "hue": self.hue, "saturation": saturation}
        return tuple(name for name, by in changed.items() if by)

    def _finished(self, images: Tensor, draws: Draws) -> tuple[Tensor, dict[str, Tensor]]:
        """Change the light of images that were moved, and put a patch on each; how far their
        colours moved."""
        n, moves = len(images), dict[str, Tensor]()
        if self.shade:
            field = self.shade * draws.normal(n, 1, SHADES, SHADES).to(images)
            images = ((images + 1) * smooth(field, images).exp() - 1).clamp(max=1)
        if self.blur:
            by = self.blur * (1.6 * draws.uniform(n).to(images) - 0.6)
            images = torch.lerp(images, blurred(images), by[:, None, None, None]).clamp(-1, 1)
        if self.tint and images.shape[1] == 3:
            gain = 1 + self.tint * (2 * draws.uniform(n, 3).to(images) - 1)
            images = ((images + 1) * gain[:, :, None, None] - 1).clamp(max=1)
        if self.hue and images.shape[1] == 3:
            moves["hue"] = 2 * math.pi * self.hue * (2 * draws.uniform(n) - 1)
            images = turned(images, moves["hue"].to(images))
        if self.brightness or self.contrast or self.saturation or self.grey:
            u = draws.uniform(n, 4)
            images = self._relit(images, u.to(images))
            for name, column in (("brightness", u[:, 0]), ("saturation", u[:, 2])):
                if name in self.moves:
                    moves[name] = (1 + getattr(self, name) * (2 * column - 1)).log()
        if self.patch:
            images = self._covered(images, draws.uniform(n, 5).to(images))
        return images, moves

    def _covered(self, images: Tensor, u: Tensor) -> Tensor:
        """Put a rectangle in each image (random erasing, arXiv:1708.04896); u [N, 5] in [0, 1]."""
        height, width = images.shape[2:]
        ratio = PATCH ** (2 * u[:, 1] - 1)
        sides = torch.stack([ratio**0.5, ratio**-0.5], 1)
        size = (self.patch * u[:, 0] * height * width)[:, None] ** 0.5 * sides  # [N, 2] in pixels
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
        """Change brightness, contrast and saturation of each image; u [N, 4] in [0, 1]."""
        most = u.new_tensor([self.brightness, self.contrast, self.saturation])
        factors = 1 + (2 * u[:, :3] - 1) * most
        brightness, contrast, saturation = factors.T[:, :, None, None, None]  # [N, 1, 1, 1] each
        light = (images + 1) / 2 * brightness  # [0, 1], where black is 0
        grey = light
        if images.shape[1] == 3:
            grey = (light * u.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)  # [N, 1, H, W]
            saturation = torch.where(u[:, 3, None, None, None] < self.grey, 0.0, saturation)
            light = torch.lerp(grey, light, saturation)  # leaves each pixel's grey as it is
        mean = grey.mean((1, 2, 3), keepdim=True)
        return (torch.lerp(mean, light, contrast) * 2 - 1).clamp(-1, 1)


class Affine(Augmentation):
    """Turn, shear, scale, shift, bend: for writing, drawings, things seen from the front."""

    kind: Literal["affine"] = "affine"
    strength: float = Field(default=1.0, ge=0, le=4)
    """Strength of turns, shears and scaling: at 1, up to 10 degrees, 20 % and 15 %."""
    shift: float = Field(default=0.125, ge=0, le=1)
    """Largest shift, as a share of half the image's side."""
    stretch: float = Field(default=0.0, ge=0, le=1)
    """Most by which width grows while height shrinks, or the other way, as a natural logarithm."""
    bend: float = Field(default=0.0, ge=0, le=1)
    """Size of smooth local displacements, as a share of half the image's side; 0: none."""
    turn: float = Field(default=0.0, ge=0, le=180)
    """Largest further turn, in degrees either way."""
    centred: bool = False
    """Whether turns, shears and scales leave the middle of what lies on the ground where it is, and
    not that of the image: for one thing on plain ground, wherever it lies."""
    thicken: float = Field(default=0.0, ge=0, le=1)
    """Most pixels by which bright parts grow or shrink at their outline; strokes, on both sides."""

    @model_validator(mode="after")
    def _has_a_middle(self) -> Self:
        if self.centred and not (self.strength or self.stretch or self.turn):
            needed = "needs strength, stretch or turn above 0"
            raise ValueError(f"centred {needed}; raise one, or set centred false")
        return self

    @property
    def moves(self) -> tuple[str, ...]:
        leans = self.strength and not self.mirror  # a mirror image leans and turns back
        size = (self.strength or self.stretch) and not self.turn  # of level and of upright lines
        changed = {"slant": leans and not self.turn, "width": size, "height": size}
        changed |= {"turn": leans or (self.turn and not self.mirror), "size": self.strength}
        changed |= {"thickness": self.thicken}
        changed |= {"x": self.shift and not self.mirror, "y": self.shift}
        return (*(name for name, by in changed.items() if by), *super().moves)

    def annealed(self, left: float) -> Self:
        names = ("strength", "stretch", "bend", "turn")
        return self.model_copy(update={name: left * getattr(self, name) for name in names})

    def _maps(self, images: Tensor, draws: Draws) -> Tensor:
        """[N, 2, 3] the affine map from each view to its image."""
        n, _, height, width = images.shape
        u = draws.uniform(n, 6) * 2 - 1  # [N, 6] in [-1, 1]
        angle, shear = 0.175 * self.strength * u[:, 0], 0.2 * self.strength * u[:, 1]
        scale = 1 + 0.15 * self.strength * u[:, 2]
        if self.turn:
            angle = angle + math.radians(self.turn) * (draws.uniform(n) * 2 - 1)
        flip = torch.where(u[:, 5] < 0, -1.0, 1.0) if self.mirror else torch.ones(n)
        aspect = height / width  # the grid runs from -1 to 1 on both sides, but turns are in pixels
        cos, sin = torch.cos(angle), torch.sin(angle)
        x = [flip * scale * cos, scale * (shear * cos - sin) * aspect, self.shift * u[:, 3]]
        y = [flip * scale * sin / aspect, scale * (shear * sin + cos), self.shift * u[:, 4]]
        theta = torch.stack([*x, *y], 1).reshape(n, 2, 3)
        if self.stretch:
            grown = (self.stretch * (draws.uniform(n) * 2 - 1)).exp()
            theta = theta * torch.stack([1 / grown, grown, torch.ones(n)], 1)[:, None]
        return theta

    def __call__(
        self, images: Tensor, generator: torch.Generator, part: Part | None = None
    ) -> View:
        """A view of each image; part: which rows of a batch they are, if not all of them."""
        draws, aspect = Draws(generator, part), images.shape[2] / images.shape[3]
        theta = self._maps(images, draws)
        n = len(images)
        bend: Tensor | float = 0.0
        if self.bend:
            coarse = self.bend * draws.normal(n, 2, BENDS, BENDS).to(images)
            bend = smooth(coarse, images).permute(0, 2, 3, 1)
        moves = moves_of(theta, aspect)
        if self.centred:  # moved there and back, so that `moves` are those of what lies there
            about = middle(images)[:, :, None].to(theta)
            there = theta[:, :, 2:] + about - theta[:, :, :2] @ about
            theta = torch.cat([theta[:, :, :2], there], 2)
        views = sampled(images, theta, bend)
        if self.thicken:
            moves["thickness"] = self.thicken * (draws.uniform(n) * 2 - 1)
            views = thickened(views, moves["thickness"].to(views))
        views, lit = self._finished(views, draws)
        return View(views, moves | lit)


ABOUT = {name: field.description for name, field in Affine.model_fields.items()}


class Photo(Affine):
    """Another part of the thing, from elsewhere, by another camera in other light: for photos."""

    kind: Literal["photo"] = "photo"  # type: ignore[assignment]
    area: float = Field(default=0.35, gt=0, le=1)
    """Smallest share of the image's area that still shows its class; 1 keeps the whole image."""
    strength: float = Field(default=1.5, ge=0, le=4, description=ABOUT["strength"])
    mirror: bool = Field(default=True, description=ABOUT["mirror"])
    brightness: float = Field(default=0.5, ge=0, le=1, description=ABOUT["brightness"])
    contrast: float = Field(default=0.5, ge=0, le=1, description=ABOUT["contrast"])
    saturation: float = Field(default=0.6, ge=0, le=1, description=ABOUT["saturation"])
    grey: float = Field(default=0.2, ge=0, le=1, description=ABOUT["grey"])
    tint: float = Field(default=0.1, ge=0, le=1, description=ABOUT["tint"])
    shade: float = Field(default=0.4, ge=0, le=2, description=ABOUT["shade"])
    blur: float = Field(default=1.0, ge=0, le=1, description=ABOUT["blur"])

    @model_validator(mode="after")
    def _shows_the_middle(self) -> Self:
        if self.centred and self.area < 1:
            raise ValueError("centred: a part may lack the middle; set area 1, or centred false")
        return self

    @property
    def moves(self) -> tuple[str, ...]:
        sides = () if self.turn else ("width", "height")
        parts = (*sides, "size", "y") if self.area < 1 else ()
        return tuple(dict.fromkeys([*super().moves, *parts]))

    def annealed(self, left: float) -> Self:
        area = self.area + (1 - left) * (1 - self.area)
        return super().annealed(left).model_copy(update={"area": area})

    def _maps(self, images: Tensor, draws: Draws) -> Tensor:
        """The part of the image, then its map."""
        whole = super()._maps(images, draws)
        part = cropped(len(images), self.area, draws)
        shift = whole[:, :, :2] @ part[:, :, 2:] + whole[:, :, 2:]
        return torch.cat([whole[:, :, :2] @ part[:, :, :2], shift], 2)


def cropped(n: int, area: float, draws: Draws) -> Tensor:
    """[N, 2, 3] maps that enlarge a part of at least that share of the image's area."""
    u = draws.uniform(n, 4)  # [N, 4] in [0, 1]
    share = area + (1 - area) * u[:, 0]
    # Clamped so that neither side exceeds the image's.
    stretch = (STRETCH ** (u[:, 1] - 0.5)).clamp(share**0.5, share**-0.5)
    width, height = share**0.5 * stretch, share**0.5 / stretch  # [N] shares of the sides
    left, top = (1 - width) * (2 * u[:, 2] - 1), (1 - height) * (2 * u[:, 3] - 1)  # centre
    zero = torch.zeros_like(width)
    return torch.stack([width, zero, left, zero, height, top], 1).reshape(-1, 2, 3)


def turned(images: Tensor, by: Tensor) -> Tensor:
    """RGB images with the colours of each turned about grey by [N] radians, from red to green; the
    mean of red, green and blue stays."""
    third, cos, sin = 1 / 3, by.cos()[:, None, None], by.sin()[:, None, None]
    same = torch.eye(3).to(images)
    next_one, grey = same.roll(1, 0) - same.roll(-1, 0), torch.full_like(same, third)
    matrix = cos * same + (1 - cos) * grey + sin * 3**-0.5 * next_one  # [N, 3, 3]
    return torch.einsum("nij,njhw->nihw", matrix, images).clamp(-1, 1)


def blurred(images: Tensor) -> Tensor:
    """The mean over the 3x3 neighbours of each pixel, by columns, then by rows: pooling, which
    takes all nine at once, is six times slower on a processor."""
    there = pad(images, (1, 1, 1, 1), mode="replicate")
    columns = there[:, :, :-2] + there[:, :, 1:-1] + there[:, :, 2:]
    return (columns[..., :-2] + columns[..., 1:-1] + columns[..., 2:]) / 9


def smooth(coarse: Tensor, images: Tensor) -> Tensor:
    """[N, C, H, W] values between those of a coarse grid [N, C, h, w]."""
    return interpolate(coarse, images.shape[2:], mode="bicubic", align_corners=True)


def sampled(images: Tensor, theta: Tensor, bend: Tensor | float = 0.0) -> Tensor:
    """Views through affine maps theta [N, 2, 3] of the square -1 to 1, plus bend [N, H, W, 2]."""
    grid = affine_grid(theta.to(images), list(images.shape), align_corners=False)
    return grid_sample(images, grid + bend, padding_mode="border", align_corners=False)


def moves_of(theta: Tensor, aspect: float) -> dict[str, Tensor]:
    """[N] by property that a code can follow: how far views through theta [N, 2, 3] moved.
    slant: how far an upright line's top moves right, as a share of its height. turn: how far the
    image turns clockwise, in radians (of the nearest rotation). width, height: by
    what factor a level line grows across, an upright one up, as natural logarithms; aspect: H/W.
    size: that of its sides on the whole. x, y: how far the middle of the image moved right and
    down, as shares of half a side."""
    (a, b), (c, d) = theta[:, 0, :2].T, theta[:, 1, :2].T  # from view to image, sides -1 to 1
    right, down = theta[:, :, 2].T / (a * d - b * c)
    moved = {"x": b * down - d * right, "y": c * right - a * down}
    b, c = b / aspect, c * aspect  # in pixels
    # The inverse is [[d, -b], [-c, a]] / (a d - b c), and y runs downwards.
    size = (a * d - b * c).abs()
    grown = {"width": (d.abs() / size).log(), "height": (a.abs() / size).log()}
    grown["size"] = -size.log() / 2
    return {"slant": b / a, "turn": torch.atan2(b - c, a + d)} | grown | moved


def thickened(images: Tensor, by: Tensor) -> Tensor:
    """Grow bright parts by [N] pixels, -1 to 1: mean with the brightest (or darkest) neighbours."""
    sign = torch.where(by < 0, -1.0, 1.0)[:, None, None, None]
    reached = sign * max_pool2d(sign * images, 3, stride=1, padding=1)
    return torch.lerp(images, reached, by.abs()[:, None, None, None])


AnyAugment = Annotated[Affine | Photo, Field(discriminator="kind")]  # in a configuration
