"""Convolutional networks: the paper's for MNIST and the DCGAN family, sized by image shape.

D and Q share all convolutions.
"""

from collections.abc import Mapping, Set
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from infogan.core.errors import ConfigError
from infogan.core.random import stream
from infogan.networks import base
from infogan.networks.base import Shape, Verdict

SIDES = 16, 128


class Dcgan(BaseModel, base.Family):
    """Strided 4x4 convolutions down to a small map, a wide layer, heads; G mirrors it.

    The defaults are table 1 of the InfoGAN paper (28x28: 28 -> 14 -> 7) continued to other sizes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    kind: Literal["dcgan"] = "dcgan"
    channels: tuple[int, ...] = ()
    """Channels of each stride-2 convolution; empty: 64, 128, ... until the map's shorter side is at most 7."""
    features: int = Field(default=1024, ge=1)
    """Width of the fully connected layer of D's trunk and of G."""
    q_hidden: int = Field(default=128, ge=1)
    """Width of Q's own hidden layer."""
    slope: float = Field(default=0.1, ge=0, lt=1)
    """Negative slope of D's leaky ReLU (paper 0.1, official code 0.01, DCGAN 0.2)."""

    def layout(self, shape: Shape) -> tuple[list[int], list[tuple[int, int]]]:
        """Channels and map sizes (h, w) from the image (no channels) down: len(sizes) = len(channels) + 1."""
        h, w, _ = shape
        if not all(SIDES[0] <= side <= SIDES[1] for side in (h, w)):
            raise ConfigError(
                f"images are {h}x{w}; sides from {SIDES[0]} to {SIDES[1]} work: set data.size"
            )
        channels, sizes = list(self.channels), [(h, w)]
        while len(sizes) <= len(channels) if self.channels else min(sizes[-1]) > 7:
            if not self.channels:
                channels.append(min(64 * 2 ** len(channels), 512))
            sizes.append((sizes[-1][0] // 2, sizes[-1][1] // 2))
        if min(sizes[-1]) < 1:
            raise ConfigError(
                f"{len(channels)} halvings of {h}x{w} leave nothing; give fewer networks.channels"
            )
        return channels, sizes

    def generator(self, width: int, shape: Shape, seed: int = 0) -> nn.Module:
        return Generator(self, width, shape, seed)

    def discriminator(
        self, shape: Shape, heads: Mapping[str, int], seed: int = 0
    ) -> base.Discriminator:
        return Discriminator(self, shape, heads, seed)


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Weights N(0, 0.02), batch norm's gains N(1, 0.02), biases 0 (DCGAN; the official code)."""
    if next(module.parameters()).is_meta:
        return  # shapes without values, for a model that is about to be read from a file
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(part.weight, 0, 0.02, generator=generator)
        elif isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(part.weight, 1, 0.02, generator=generator)
        else:
            continue
        if part.bias is not None:
            nn.init.zeros_(part.bias)


class Generator(nn.Module):
    """G: latent vectors [N, width] -> images [N, C, H, W] in [-1, 1].

    The paper's last layer is a sigmoid on [0, 1]; tanh on [-1, 1] is the same function: 2σ(2h) - 1 = tanh(h).
    """

    def __init__(self, config: Dcgan, width: int, shape: Shape, seed: int = 0) -> None:
        super().__init__()
        channels, sizes = config.layout(shape)
        (h, w), wide = sizes[-1], config.features
        self.map = (h, w, channels[-1])
        self.dense = nn.Sequential(
            nn.Linear(width, wide),
            nn.BatchNorm1d(wide),
            nn.ReLU(),
            nn.Linear(wide, h * w * channels[-1]),
            nn.BatchNorm1d(h * w * channels[-1]),
            nn.ReLU(),
        )
        up: list[nn.Module] = []
        outs = [*channels[:-1][::-1], shape[2]]
        for last, out, size in zip(channels[::-1], outs, sizes[:-1][::-1], strict=True):
            odd = (
                size[0] % 2,
                size[1] % 2,
            )  # an odd side was halved downwards: give its last line back
            up += [
                nn.ConvTranspose2d(last, out, 4, 2, 1, output_padding=odd),
                nn.BatchNorm2d(out),
                nn.ReLU(),
            ]
        self.up = nn.Sequential(*up[:-2], nn.Tanh())
        initialise(self, stream(seed, "initialise G"))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, latent: Tensor) -> Tensor:
        images: Tensor = self.up(self.dense(latent).unflatten(1, self.map).permute(0, 3, 1, 2))
        return images


class Discriminator(base.Discriminator):
    """D and Q on shared convolutions; Q has a hidden layer of its own, other heads are linear."""

    def __init__(
        self, config: Dcgan, shape: Shape, heads: Mapping[str, int], seed: int = 0
    ) -> None:
        super().__init__()
        channels, sizes = config.layout(shape)
        (h, w), wide, slope = sizes[-1], config.features, config.slope
        convolutions: list[nn.Module] = []
        for last, out in zip([shape[2], *channels], channels, strict=False):
            norm = [nn.BatchNorm2d(out)] if convolutions else []  # none on the input layer
            convolutions += [nn.Conv2d(last, out, 4, 2, 1), *norm, nn.LeakyReLU(slope)]
        self.convolutions = nn.Sequential(*convolutions)
        self.dense = nn.Sequential(
            nn.Linear(h * w * channels[-1], wide), nn.BatchNorm1d(wide), nn.LeakyReLU(slope)
        )
        self.heads = nn.ModuleDict()
        for name, outputs in heads.items():
            hidden = config.q_hidden
            self.heads[name] = (
                nn.Sequential(
                    nn.Linear(wide, hidden),
                    nn.BatchNorm1d(hidden),
                    nn.LeakyReLU(slope),
                    nn.Linear(hidden, outputs),
                )
                if name == "code"
                else nn.Linear(wide, outputs)
            )
        initialise(self.convolutions, stream(seed, "initialise D's convolutions"))
        initialise(self.dense, stream(seed, "initialise D's dense layer"))
        for (
            name,
            head,
        ) in self.heads.items():  # its own stream each: a further head changes no other weight
            initialise(head, stream(seed, f"initialise D's head {name}"))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(
        self, images: Tensor, detached: Set[str] = frozenset(), noise: torch.Generator | None = None
    ) -> Verdict:
        maps = self.convolutions(images)  # [N, C', h, w]
        features = self.dense(maps.permute(0, 2, 3, 1).flatten(1))
        heads = {
            name: head(features.detach() if name in detached else features)
            for name, head in self.heads.items()
        }
        return Verdict(features, heads)
