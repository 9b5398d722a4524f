"""Convolutional networks sized by the image: the InfoGAN paper's for MNIST, the DCGAN family."""

import math
from collections.abc import Set
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.parametrize import register_parametrization

from infogan.core.errors import ConfigError
from infogan.core.moments import close_up
from infogan.core.random import stream
from infogan.networks import base
from infogan.networks.base import (
    CLOSE,
    NONE,
    REAL,
    Heads,
    Noise,
    Shape,
    Verdict,
    Widths,
    kaiming,
)
from infogan.networks.spectral import spectral

GROUPS = 8  # of channels, in each of which an image is normalised by itself


class Dcgan(base.Family):
    """Strided 4x4 convolutions down to a small map, a wide layer, heads; G mirrors it.
    The defaults are InfoGAN's table 1 (28x28: 28 -> 14 -> 7), extended to other sizes."""

    kind: Literal["dcgan"] = "dcgan"
    near: ClassVar[bool] = True
    channels: Widths = ()
    """Channels of each stride-2 convolution; empty: 64, 128, ... (at most 512) down to a side of at
    most 7."""
    g_channels: Widths = ()
    """The same of G, from the image to its smallest map; empty: those of D."""
    level: int = Field(default=0, ge=0)
    """Further convolutions, of stride 1, at the smallest map of D and of G."""
    features: int = Field(default=1024, ge=0)
    """Width of the fully connected layer of D's trunk and of G; 0: neither has one."""
    q_hidden: int = Field(default=128, ge=0)
    """Width of Q's own hidden layer; 0: Q has none."""
    slope: float = Field(default=0.1, ge=0, lt=1)
    """Negative slope of D's leaky ReLU (paper 0.1, official code 0.01, DCGAN 0.2)."""
    shared: bool = True
    """Whether D judges by the layers that Q reads by, as in the paper. Off: by layers of its own,
    of the same form, so that what Q learns from real images does not keep D from comparing them."""
    norm: Literal["batch", "group", "spectral"] = "batch"
    """Normalisation in D: batch; group, of each image by itself (arXiv:1803.08494); or spectral in
    every layer, with which D judges each image by itself and its slopes are bounded
    (arXiv:1802.05957)."""

    def layout(
        self, shape: Shape, own: tuple[int, ...] = ()
    ) -> tuple[list[int], list[tuple[int, int]]]:
        """Channels of the n convolutions, and the n + 1 map sizes (h, w) from the image down.
        own: channels in place of those that D has."""
        h, w, _ = shape
        self.check(h, w)
        given = own or self.channels
        depth = len(given) or min(h, w).bit_length() - 3  # down to three bits: 4 to 7
        channels = list(given) or [min(64 * 2**i, 512) for i in range(depth)]
        sizes = [(h // 2**i, w // 2**i) for i in range(depth + 1)]
        if not min(sizes[-1]):
            raise ConfigError(f"cannot halve {h}x{w} {depth} times; give fewer networks.channels")
        return channels, sizes

    def generator(self, width: int, shape: Shape, seed: int = 0) -> nn.Module:
        return Generator(self, width, shape, seed)

    def discriminator(self, shape: Shape, heads: Heads, seed: int = 0) -> base.Discriminator:
        return Discriminator(self, shape, heads, seed)


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Set weights to N(0, 0.02), batch norm's gains to N(1, 0.02), biases to 0 (as DCGAN does)."""
    if any(values.is_meta for values in module.parameters()):
        return  # shapes without values, for a model that is about to be read from a file
    for name, values in module.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(values)
        else:  # gains are vectors, weights are not
            nn.init.normal_(values, float(values.ndim == 1), 0.02, generator=generator)


def normal(norm: str, channels: int, flat: bool = False) -> list[nn.Module]:
    """The normalisation of a layer's outputs: [N, channels, h, w], or flat [N, channels]."""
    if norm == "batch":
        return [nn.BatchNorm1d(channels) if flat else nn.BatchNorm2d(channels)]
    groups = math.gcd(max(1, min(GROUPS, channels // GROUPS)), channels)  # of 8 channels or more
    return [nn.GroupNorm(groups, channels)] if norm == "group" else []


def dense(inputs: int, outputs: int, activation: nn.Module, norm: str = "batch") -> list[nn.Module]:
    """A fully connected layer with its normalisation."""
    return [nn.Linear(inputs, outputs), *normal(norm, outputs, flat=True), activation]


def level(channels: int) -> list[nn.Module]:
    """A 4x4 convolution of stride 1 that keeps the size of its map."""
    return [nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(channels, channels, 4)]


class Generator(nn.Module):
    """G: latent vectors [N, width] -> images [N, C, H, W] in [-1, 1].
    The paper ends in a sigmoid on [0, 1]; tanh is the same on [-1, 1]: 2σ(2h) - 1 = tanh(h).
    even: an even map stays even, and no grid lies over images."""

    def __init__(
        self, config: Dcgan, width: int, shape: Shape, seed: int = 0, even: bool = False
    ) -> None:
        super().__init__()
        channels, sizes = config.layout(shape, config.g_channels)
        (h, w), wide, deep = sizes[-1], config.features, channels[-1]
        self.map = (h, w, deep)
        layers = dense(width, wide, nn.ReLU()) if wide else []
        layers += dense(wide or width, h * w * deep, nn.ReLU())
        self.dense, up = nn.Sequential(*layers), list[nn.Module]()
        for _ in range(config.level):  # a transposed convolution of stride 1 is one, turned
            up += [*level(deep), nn.BatchNorm2d(deep), nn.ReLU()]
        outs = [*channels[:-1][::-1], shape[2]]
        for last, out, (rows, columns) in zip(channels[::-1], outs, sizes[-2::-1], strict=True):
            odd = rows % 2, columns % 2  # an odd side was halved downwards: restore its last line
            convolution = nn.ConvTranspose2d(last, out, 4, 2, 1, output_padding=odd)
            if even:
                register_parametrization(convolution, "weight", Even())
            up += [convolution, nn.BatchNorm2d(out), nn.ReLU()]
        self.up = nn.Sequential(*up[:-2], nn.Tanh())
        initialise(self, stream(seed, "initialise G"))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, latent: Tensor) -> Tensor:
        images: Tensor = self.up(self.dense(latent).unflatten(1, self.map).permute(0, 3, 1, 2))
        return images


class Even(nn.Module):
    """W [I, O, 3, 3] -> [I, O, 4, 4], with which a transposed convolution of stride 2 does what W
    does after each pixel was doubled along both sides. With 4x4 weights of their own the pixels
    that come of one would have sums that differ, and a grid lies over even ground (Odena, Dumoulin,
    Olah, Deconvolution and checkerboard artifacts, Distill 2016, doi:10.23915/distill.00003)."""

    def forward(self, weight: Tensor) -> Tensor:
        rows = pad(weight, (0, 0, 0, 1)) + pad(weight, (0, 0, 1, 0))
        return pad(rows, (0, 1)) + pad(rows, (1, 0))

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Some [I, O, 3, 3] to begin with."""
        return weight[:, :, 1:, 1:].clone()


class Discriminator(base.Discriminator):
    """D and Q on shared layers; Q has a hidden layer of its own, other heads are linear. Where they
    are not shared, D is one more of these, with the head "real" alone."""

    def __init__(self, config: Dcgan, shape: Shape, heads: Heads, seed: int = 0) -> None:
        super().__init__()
        channels, sizes = config.layout(shape)
        (h, w), wide, slope = sizes[-1], config.features, config.slope
        convolutions: list[nn.Module] = []
        for last, out in zip([shape[2], *channels], channels, strict=False):
            norm = normal(config.norm, out) if convolutions else []  # none on the input
            convolutions += [nn.Conv2d(last, out, 4, 2, 1), *norm, nn.LeakyReLU(slope)]
        for _ in range(config.level):
            norm = normal(config.norm, channels[-1])
            convolutions += [*level(channels[-1]), *norm, nn.LeakyReLU(slope)]
        self.convolutions = nn.Sequential(*convolutions)
        flat = h * w * channels[-1]
        layers = dense(flat, wide, nn.LeakyReLU(slope), config.norm) if wide else []
        self.dense, wide = nn.Sequential(*layers), wide or flat
        apart = not config.shared and heads.keys() > {REAL}
        self.heads = nn.ModuleDict()
        for name, outputs in heads.items():
            if name == CLOSE or (apart and name == REAL):
                continue
            if name == "code" and config.q_hidden:
                hidden = dense(wide, config.q_hidden, nn.LeakyReLU(slope), config.norm)
                self.heads[name] = nn.Sequential(*hidden, nn.Linear(config.q_hidden, outputs))
            else:
                self.heads[name] = nn.Linear(wide, outputs)
            # A stream for each head: a further one changes no other weight.
            initialise(self.heads[name], stream(seed, f"initialise D's head {name}"))
        initialise(self.convolutions, stream(seed, "initialise D's convolutions"))
        initialise(self.dense, stream(seed, "initialise D's dense layer"))
        if config.norm == "spectral":
            spectral(self)
        if CLOSE in heads:
            self.heads[CLOSE] = CloseUp(config, shape, heads[CLOSE], seed)
        self.apart = None
        if apart:  # from a seed of its own, or its layers would begin like Q's
            own = stream(seed, "initialise D apart").initial_seed()
            self.apart = Discriminator(config, shape, {REAL: heads[REAL]}, own)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(
        self,
        images: Tensor,
        detached: Set[str] = NONE,
        noise: Noise = None,
        without: Set[str] = NONE,
    ) -> Verdict:
        apart: Verdict | None = None
        if self.apart is not None and REAL not in without:
            apart = self.apart(images)
            if self.heads.keys() <= without:
                return apart
        maps = self.convolutions(images)  # [N, C', h, w]
        features = self.dense(maps.permute(0, 2, 3, 1).flatten(1))
        near = {name: head for name, head in self.heads.items() if isinstance(head, CloseUp)}
        read = self.verdict(features, features, detached, without | near.keys())
        found = {} if apart is None else {**apart.heads}
        found |= read.heads
        found |= {n: head(images, n in detached) for n, head in near.items() if n not in without}
        return Verdict(features, found)


class CloseUp(nn.Module):
    """Q's further layers, of the form of D's, which look at what lies on the ground from close by:
    [N, outputs]. A close-up is square, of half the image's shorter side and at least 16 pixels."""

    def __init__(self, config: Dcgan, shape: Shape, outputs: int, seed: int) -> None:
        super().__init__()
        self.side = max(config.sides[0], min(shape[:2]) // 2)
        channels = config.channels[1:] or config.channels
        changes = {"channels": channels, "norm": "group", "shared": True}
        layers = config.model_copy(update=changes)
        own = stream(seed, "initialise Q's close-up").initial_seed()
        square = self.side, self.side, shape[2]
        self.reader = Discriminator(layers, square, {"code": outputs}, own)
        kaiming(self.reader, own, "initialise Q's close-up")  # from N(0, 0.02) J stays at its start

    def forward(self, images: Tensor, detached: bool = False) -> Tensor:
        probed = frozenset({"code"}) if detached else NONE
        said: Verdict = self.reader(close_up(images, self.side), probed)
        return said.heads["code"]
