"""One thing on plain ground: where its middle lies, how far it reaches, and a close-up of it.
Images are [N, C, H, W] in [-1, 1]. What differs from the ground has mass, by how much it differs;
the ground is what the outermost pixels are like, where light may grow evenly from side to side."""

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

REACH = 0.4  # root mean square distance of mass from the middle of a close-up, of half its side
LEAST = 0.02  # the same in an image, of half its side: below it a thing is not enlarged further
NOISE = 6.0  # median deviations of the ground that are ground: four standard ones of a Gaussian
LEVEL = 1 / 127.5  # a grey level: rounding, and no thing
EMPTY = 1e-6  # mass of an image with nothing in it, whose middle is its own


def middle(images: Tensor) -> Tensor:
    """[N, 2] the centre of mass of what lies on the ground, across and down in -1 to 1."""
    return _moments(images)[0]


def close_up(images: Tensor, side: int) -> Tensor:
    """[N, C, side, side] the thing in each image, moved to the middle and scaled to one size. Where
    it lies and how large it is counts as given: gradients reach the pixels that are shown alone."""
    centre, reach = _moments(images)
    at = pixels(side, centre)
    down, across = torch.meshgrid(at, at, indexing="ij")
    scale = (reach.clamp_min(LEAST) / REACH)[:, None, None, None] / _stretch(images)
    grid = centre[:, None, None] + scale * torch.stack([across, down], 2)  # [N, side, side, 2]
    near = grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
    return near.to(images.dtype)


def pixels(n: int, like: Tensor) -> Tensor:
    """[n] where the middles of n pixels lie along a side from -1 to 1."""
    return ((torch.arange(n) + 0.5) / n * 2 - 1).to(like)


def _stretch(images: Tensor) -> Tensor:
    """[2] the width and the height of images, over their shorter side."""
    height, width = images.shape[2:]
    return torch.tensor([width, height]).to(images.device) / min(height, width)


@torch.no_grad()
def _moments(images: Tensor) -> tuple[Tensor, Tensor]:
    """Of the mass of each image: its centre [N, 2] in -1 to 1, and its root mean square distance
    [N] from there, of half the image's shorter side."""
    values = images.float()
    ground, spread = _ground(values)
    level = _levelled(values)
    calmer, less = _ground(level)
    even = less < spread  # else what looks like light is a thing that reaches over the border
    values = torch.where(even, level, values)
    ground, spread = torch.where(even, calmer, ground), torch.where(even, less, spread)
    above = (values - ground).abs() - NOISE * spread
    mass = (above * (above > LEVEL)).mean(1)  # [N, H, W]
    mass = mass / mass.sum((1, 2), keepdim=True).clamp_min(EMPTY)
    across, down = pixels(values.shape[3], mass), pixels(values.shape[2], mass)
    columns, rows = mass.sum(1), mass.sum(2)  # [N, W], [N, H]
    centre = torch.stack([columns @ across, rows @ down], 1)
    wide, high = _stretch(images)
    apart = ((across - centre[:, :1]) * wide).square(), ((down - centre[:, 1:]) * high).square()
    return centre, ((columns * apart[0]).sum(1) + (rows * apart[1]).sum(1)).sqrt()


def _ground(values: Tensor) -> tuple[Tensor, Tensor]:
    """The median of the outermost pixels, and how far they are from it in the median; [N, C, 1, 1]
    each."""
    edges = values[:, :, 0], values[:, :, -1], values[:, :, :, 0], values[:, :, :, -1]
    edge = torch.cat(edges, 2)
    ground = _median(edge)
    spread = _median((edge - ground[..., None]).abs())
    return ground[..., None, None], spread[..., None, None]


def _levelled(values: Tensor) -> Tensor:
    """Without light that grows evenly from side to side, by the median slope along opposite
    sides."""
    level = values
    for axis in (2, 3):
        sides = values.movedim(axis, 3)[:, :, [0, -1]]  # [N, C, 2, n]
        n = sides.shape[3]
        rise = _median((sides[..., n - n // 2 :] - sides[..., : n // 2]).flatten(2))
        slope = rise / (2 * (n - n // 2) / n)  # [N, C]
        light = slope[..., None, None] * pixels(n, values)
        level = level - light.movedim(3, axis)
    return level


def _median(values: Tensor) -> Tensor:
    """[N, C] of [N, C, n], in operations that ONNX has."""
    return values.sort(2).values[:, :, values.shape[2] // 2]
