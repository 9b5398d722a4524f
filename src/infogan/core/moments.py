"""One thing on plain ground: where its middle lies, how far it reaches, and a close-up of it.
Images are [N, C, H, W] in [-1, 1]. What differs from the ground has mass, by how much it differs;
the ground is what the outermost pixels are like."""

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

REACH = 0.4  # root mean square distance of mass from the middle of a close-up, of half its side
LEAST = 0.02  # the same in an image, of half its side: below it a thing is not enlarged further
EMPTY = 1e-6  # mass of an image with nothing in it, whose middle is its own


def middle(images: Tensor) -> Tensor:
    """[N, 2] the centre of mass of what lies on the ground, across and down in -1 to 1."""
    return _moments(images)[0]


def close_up(images: Tensor, side: tuple[int, int]) -> Tensor:
    """[N, C, *side] the thing in each image, moved to the middle and scaled to one size. Where it
    lies and how large it is counts as given: gradients reach the pixels that are shown alone."""
    with torch.no_grad():
        centre, reach = _moments(images)
        down, across = torch.meshgrid(*(pixels(n, centre) for n in side), indexing="ij")
        scale = (reach.clamp_min(LEAST) / REACH)[:, None, None, None]
        grid = centre[:, None, None] + scale * torch.stack([across, down], 2)  # [N, *side, 2]
    near = grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
    return near.to(images.dtype)


def pixels(n: int, like: Tensor) -> Tensor:
    """[n] where the middles of n pixels lie along a side from -1 to 1."""
    return ((torch.arange(n) + 0.5) / n * 2 - 1).to(like)


def _moments(images: Tensor) -> tuple[Tensor, Tensor]:
    """Of the mass of each image: its centre [N, 2], and its root mean square distance [N] from
    there, both of half the image's side."""
    values = images.float()
    edges = values[:, :, 0], values[:, :, -1], values[:, :, :, 0], values[:, :, :, -1]
    edge = torch.cat(edges, 2).sort(2).values  # a median, in the operations that ONNX has
    ground = edge[:, :, edge.shape[2] // 2]  # [N, C]
    mass = (values - ground[:, :, None, None]).abs().mean(1)  # [N, H, W]
    mass = mass / mass.sum((1, 2), keepdim=True).clamp_min(EMPTY)
    across, down = pixels(values.shape[3], mass), pixels(values.shape[2], mass)
    columns, rows = mass.sum(1), mass.sum(2)  # [N, W], [N, H]
    centre = torch.stack([columns @ across, rows @ down], 1)
    apart = (across - centre[:, :1]).square(), (down - centre[:, 1:]).square()
    return centre, ((columns * apart[0]).sum(1) + (rows * apart[1]).sum(1)).sqrt()
