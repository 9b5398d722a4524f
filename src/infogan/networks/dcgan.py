"""Convolutional networks, sized by the image: the InfoGAN paper's for MNIST and the DCGAN family.

D and Q share all convolutions.
"""

from collections.abc import Set
from typing import Literal

import torch
from pydantic import BaseModel, Field
from torch import Tensor, nn

from infogan.core.errors import ConfigError
from infogan.core.random import stream
from infogan.core.settings import SETTINGS
from infogan.networks import base
from infogan.networks.base import NONE, Heads, Noise, Shape, Verdict

SIDES = 16, 128
"""Shortest and longest side of an image, in pixels."""


class Dcgan(BaseModel, base.Family):
    """Strided 4x4 convolutions down to a small map, a wide layer, heads; G mirrors it.

    The defaults are table 1 of the InfoGAN paper (28x28: 28 -> 14 -> 7), extended to other sizes.
    """

    model_config = SETTINGS
    kind: Literal["dcgan"] = "dcgan"
    channels: tuple[int, ...] = ()
    """Channels of each stride-2 convolution; empty: 64, 128, ... down to a side of at most 7."""
    features: int = Field(default=1024, ge=1)
    """Width of the fully connected layer of D's trunk and of G."""
    q_hidden: int = Field(default=128, ge=1)
    """Width of Q's own hidden layer."""
    slope: float = Field(default=0.1, ge=0, lt=1)
    """Negative slope of D's leaky ReLU (paper 0.1, official code 0.01, DCGAN 0.2)."""

    def layout(self, shape: Shape) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the channels of each convolution, and map sizes (h, w) from the image down.

        len(sizes) = len(channels) + 1.
        """
        h, w, _ = shape
        low, high = SIDES
        if not (low <= min(h, w) and max(h, w) <= high):
            raise ConfigError(f"images are {h}x{w}; sides from {low} to {high} work: set data.size")
        channels, sizes = list(self.channels), [(h, w)]
        while len(sizes) <= len(channels) if self.channels else min(sizes[-1]) > 7:
            if not self.channels:
                channels.append(min(64 * 2 ** len(channels), 512))
            sizes.append((sizes[-1][0] // 2, sizes[-1][1] // 2))
        if min(sizes[-1]) < 1:
            halvings = f"{len(channels)} halvings of {h}x{w}"
            raise ConfigError(f"{halvings} leave nothing; give fewer networks.channels")
        return channels, sizes

    def generator(self, width: int, shape: Shape, seed: int = 0) -> nn.Module:
        return Generator(self, width, shape, seed)

    def discriminator(self, shape: Shape, heads: Heads, seed: int = 0) -> base.Discriminator:
        return Discriminator(self, shape, heads, seed)


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Set weights to N(0, 0.02), batch norm's gains to N(1, 0.02), biases to 0 (as DCGAN does)."""
    if next(module.parameters()).is_meta:
        return  # shapes without values, for a model that is about to be read from a file
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            mean = 0
        elif isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            mean = 1
        else:
            continue
        nn.init.normal_(part.weight, mean, 0.02, generator=generator)
        if part.bias is not None:
            nn.init.zeros_(part.bias)


def dense(inputs: int, outputs: int, activation: nn.Module) -> list[nn.Module]:
    """A fully connected layer with batch normalisation."""
    return [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), activation]


class Generator(nn.Module):
    """G: latent vectors [N, width] -> images [N, C, H, W] in [-1, 1].

    The paper's last layer is a sigmoid on [0, 1]; tanh on [-1, 1] is the same function:
    2σ(2h) - 1 = tanh(h).
    """

    def __init__(self, config: Dcgan, width: int, shape: Shape, seed: int = 0) -> None:
        super().__init__()
        channels, sizes = config.layout(shape)
        (h, w), wide, deep = sizes[-1], config.features, channels[-1]
        self.map = (h, w, deep)
        self.dense = nn.Sequential(
            *dense(width, wide, nn.ReLU()), *dense(wide, h * w * deep, nn.ReLU())
        )
        up: list[nn.Module] = []
        outs = [*channels[:-1][::-1], shape[2]]
        for last, out, (rows, columns) in zip(channels[::-1], outs, sizes[-2::-1], strict=True):
            odd = rows % 2, columns % 2  # an odd side was halved downwards: restore its last line
            convolution = nn.ConvTranspose2d(last, out, 4, 2, 1, output_padding=odd)
            up += [convolution, nn.BatchNorm2d(out), nn.ReLU()]
        self.up = nn.Sequential(*up[:-2], nn.Tanh())
        initialise(self, stream(seed, "initialise G"))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, latent: Tensor) -> Tensor:
        images: Tensor = self.up(self.dense(latent).unflatten(1, self.map).permute(0, 3, 1, 2))
        return images


class Discriminator(base.Discriminator):
    """D and Q on shared convolutions; Q has a hidden layer of its own, other heads are linear."""

    def __init__(self, config: Dcgan, shape: Shape, heads: Heads, seed: int = 0) -> None:
        super().__init__()
        channels, sizes = config.layout(shape)
        (h, w), wide, slope = sizes[-1], config.features, config.slope
        convolutions: list[nn.Module] = []
        for last, out in zip([shape[2], *channels], channels, strict=False):
            norm = [nn.BatchNorm2d(out)] if convolutions else []  # none on the input layer
            convolutions += [nn.Conv2d(last, out, 4, 2, 1), *norm, nn.LeakyReLU(slope)]
        self.convolutions = nn.Sequential(*convolutions)
        self.dense = nn.Sequential(*dense(h * w * channels[-1], wide, nn.LeakyReLU(slope)))
        self.heads = nn.ModuleDict()
        for name, outputs in heads.items():
            if name == "code":
                hidden = dense(wide, config.q_hidden, nn.LeakyReLU(slope))
                self.heads[name] = nn.Sequential(*hidden, nn.Linear(config.q_hidden, outputs))
            else:
                self.heads[name] = nn.Linear(wide, outputs)
        initialise(self.convolutions, stream(seed, "initialise D's convolutions"))
        initialise(self.dense, stream(seed, "initialise D's dense layer"))
        for name, head in self.heads.items():
            # A stream for each head: a further one changes no other weight.
            initialise(head, stream(seed, f"initialise D's head {name}"))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor, detached: Set[str] = NONE, noise: Noise = None) -> Verdict:
        maps = self.convolutions(images)  # [N, C', h, w]
        features = self.dense(maps.permute(0, 2, 3, 1).flatten(1))
        return self.verdict(features, features, detached)
