"""The way back: which latent makes this image? Codes are what Q reads, z is searched for.
Gradient descent on a generator's input: J. Zhu et al., *Generative visual manipulation on the
natural image manifold*, 2016, arXiv:1609.03552; A. Creswell, A. Bharath, arXiv:1611.05644."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Module

from infogan.core.figures import outlined
from infogan.core.random import stream
from infogan.data.images import Pixels, to_float, to_pixels
from infogan.latent.latent import Latent

RESTARTS, STEPS = 4, 100
RATE = 0.2  # of Adam, falling linearly to 0
PULL = 0.01  # weight of mean z² beside mean squared error in [-1, 1]: keeps z under its prior


class Reconstruction(NamedTuple):
    """N images brought back, uint8 [N, H, W, C], and how far each is off [N]: the mean absolute
    difference of its pixels, in grey levels of 0 to 255."""

    images: Pixels
    error: NDArray[np.float32]

    def __repr__(self) -> str:
        return outlined("Reconstruction", self._asdict())


def reconstruct(g: Module, latent: Latent, pixels: Pixels, c: Tensor, seed: int) -> Reconstruction:
    """Images [N, H, W, C] through G again, from codes c [N, width of all] and the best z found:
    of the ends of RESTARTS searches, the nearest in squared error. They start from the same draws
    for every image, so that an image's result does not depend on the others."""
    device = next(g.parameters()).device
    target = to_float(pixels).to(device).repeat_interleave(RESTARTS, 0)  # [N·R, C, H, W]
    fixed = c.to(device).repeat_interleave(RESTARTS, 0)
    starts = latent.sample(RESTARTS, stream(seed, "reconstruct")).noise
    z = starts.repeat(len(pixels), 1).to(device).requires_grad_()

    def off() -> tuple[Tensor, Tensor]:
        made = g(torch.cat([z, fixed], 1))
        return made, (made - target).square().flatten(1).mean(1)  # [N·R]

    optimizer = torch.optim.Adam([z], RATE)
    for step in range(STEPS if latent.noise else 0):
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        pull = PULL * z.square().mean(1) if latent.distribution == "normal" else 0.0
        (z.grad,) = torch.autograd.grad((off()[1] + pull).sum(), [z])
        optimizer.step()
        if latent.distribution == "uniform":
            z.data.clamp_(-1, 1)
    with torch.inference_mode():
        made, distance = off()
        first = torch.arange(0, len(made), RESTARTS, device=device)
        images = to_pixels(made[first + distance.view(-1, RESTARTS).argmin(1)])
    error = np.abs(images.astype(np.float32) - pixels).reshape(len(pixels), -1).mean(1)
    return Reconstruction(images, error)
