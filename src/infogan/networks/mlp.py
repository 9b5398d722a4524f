"""Fully connected networks with weight norm and noise: ImprovedGAN's and CatGAN's for MNIST.
D reads pixels in [0, 1] under noise, G ends in a sigmoid there (arXiv:1606.03498 and its code)."""

import math
import operator
from collections.abc import Callable, Set
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from infogan.core.random import Draws, stream
from infogan.networks import base
from infogan.networks.base import NONE, Heads, Noise, Shape, Verdict, Widths

Apply = Callable[[nn.Module, Tensor], Tensor]


class Mlp(base.Family):
    """Fully connected layers of given widths; weight norm is w = g v/|v|.
    In D's layers g stays as the first images set it, or outputs would outgrow the noise on them."""

    kind: Literal["mlp"] = "mlp"
    sides: ClassVar[tuple[int, int]] = (1, 1024)
    d_layers: Widths = Field(default=(1000, 500, 250, 250, 250), min_length=1)
    """Widths of D's layers (ReLU, weight norm); the last is the features."""
    g_layers: Widths = Field(default=(500, 500), min_length=1)
    """Widths of G's layers (batch norm, softplus)."""
    pixel_noise: float = Field(default=0.3, ge=0)
    """Standard deviation of the noise on pixels, which D reads in [0, 1]."""
    layer_noise: float = Field(default=0.5, ge=0)
    """Standard deviation of the noise before each further layer of D."""

    def generator(self, width: int, shape: Shape, seed: int = 0) -> nn.Module:
        self.check(*shape[:2])
        return Generator(self, width, shape, seed)

    def discriminator(self, shape: Shape, heads: Heads, seed: int = 0) -> base.Discriminator:
        self.check(*shape[:2])
        return Discriminator(self, shape, heads, seed)


def normed(inputs: int, outputs: int, draws: torch.Generator, trained: bool) -> nn.Linear:
    """A linear layer under weight norm: random directions, g = 1 (trained or not), biases 0."""
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        nn.init.normal_(layer.weight, 0, 1, generator=draws)
        layer.weight /= layer.weight.norm(dim=1, keepdim=True)
        nn.init.zeros_(layer.bias)
    weight_norm(layer).get_parameter("parametrizations.weight.original0").requires_grad_(trained)
    return layer


class Generator(nn.Module):
    """G: latent vectors [N, width] -> images [N, C, H, W] in [-1, 1]."""

    def __init__(self, config: Mlp, width: int, shape: Shape, seed: int = 0) -> None:
        super().__init__()
        self.shape, noise = shape, stream(seed, "initialise G")
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise((width, *config.g_layers)):
            dense = nn.Linear(inputs, outputs)
            nn.init.normal_(dense.weight, 0, 0.05, generator=noise)
            nn.init.zeros_(dense.bias)
            layers += [dense, nn.BatchNorm1d(outputs), nn.Softplus()]
        last = normed(config.g_layers[-1], math.prod(shape), noise, trained=True)
        self.layers = nn.Sequential(*layers, last, nn.Sigmoid())

    def forward(self, latent: Tensor) -> Tensor:
        images: Tensor = self.layers(latent).unflatten(1, self.shape).permute(0, 3, 1, 2) * 2 - 1
        return images


class Discriminator(base.Discriminator):
    """D with noise before each layer; its features are the last layer's, before their noise."""

    def __init__(self, config: Mlp, shape: Shape, heads: Heads, seed: int = 0) -> None:
        super().__init__()
        self.pixel_noise, self.layer_noise = config.pixel_noise, config.layer_noise
        widths, draws = (math.prod(shape), *config.d_layers), stream(seed, "initialise D's layers")
        self.layers = nn.ModuleList(normed(*pair, draws, False) for pair in pairwise(widths))
        self.heads = nn.ModuleDict()
        for name, outputs in heads.items():
            own = stream(seed, f"initialise D's head {name}")
            self.heads[name] = normed(widths[-1], outputs, own, trained=True)

    def _trunk(self, images: Tensor, noise: Noise, apply: Apply) -> tuple[Tensor, Tensor]:
        """Features [N, F], and the same under one draw of noise, for all heads alike."""
        values, std = (images.permute(0, 2, 3, 1).flatten(1) + 1) / 2, self.pixel_noise
        for layer in self.layers:
            values = torch.relu(apply(layer, disturbed(values, std, noise)))
            std = self.layer_noise
        return values, disturbed(values, std, noise)

    def forward(
        self,
        images: Tensor,
        detached: Set[str] = NONE,
        noise: Noise = None,
        without: Set[str] = NONE,
    ) -> Verdict:
        return self.verdict(*self._trunk(images, noise, operator.call), detached, without)

    @torch.no_grad()
    def prepare(self, images: Tensor) -> None:
        """Scale and shift each layer: its outputs on these images get mean 0 and variance 1."""
        _, inputs = self._trunk(images, Draws(stream(0, "prepare D")), standardise)
        for head in self.heads.values():
            standardise(head, inputs)


def standardise(layer: nn.Module, inputs: Tensor) -> Tensor:
    """Set a weight-normed layer's g and bias by its outputs; return the standardised outputs."""
    outputs: Tensor = layer(inputs)
    mean, deviation = outputs.mean(0), outputs.std(0).clamp_min(1e-6)
    layer.get_parameter("parametrizations.weight.original0").div_(deviation[:, None])
    layer.get_parameter("bias").copy_(-mean / deviation)
    return (outputs - mean) / deviation


def disturbed(values: Tensor, std: float, noise: Noise) -> Tensor:
    """Values with noise N(0, std²) added, if there is a generator to draw it from."""
    if noise is None or not std:
        return values
    return values + std * noise.normal(*values.shape).to(values)
