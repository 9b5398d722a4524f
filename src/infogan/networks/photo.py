"""Networks for photos: Q's trunk learns classes from views, a critic of its own plays the game.

The trunk has batch normalisation, which makes learning from views fast; the critic has it where
its slopes are not penalised. G is DCGAN's, but for the grid that its kernels lay over photos.
"""

import math
from collections.abc import Set
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from infogan.networks import base, dcgan
from infogan.networks.base import NONE, REAL, Heads, Noise, Shape, Verdict, kaiming

LARGE = 48  # of images of at least this side the trunk sees 24 to 63 pixels: classes need no more
DEEP = 24  # of at least this side (as the trunk sees it) at most an eighth is left at the end
FAINT = 0.05  # added to an image's standard deviation, so that an empty one stays empty
SLOPE = 0.2  # of the critic's leaky ReLU, as in DCGAN


class Photo(base.Family):
    """3x3 convolutions for Q, 4x4 ones for the critic and G, sized by the image."""

    kind: Literal["photo"] = "photo"
    width: int = Field(default=64, ge=1)
    """Channels of the trunk's first stage; the next two have 2 and 4 times as many."""
    channels: int = Field(default=32, ge=1, le=256)
    """Channels at the image's side of the critic and of G; they double, to at most 256, down to a
    side of 4 to 7."""
    hidden: int = Field(default=256, ge=2)
    """Width of the hidden layer of every head, and of G's first layer."""
    norm: Literal["batch"] | None = None
    """Normalisation in the critic; none: D judges each image by itself, as objective.penalty
    needs; batch: D compares the images of a batch, which keeps it from memorising a few thousand
    of them."""

    def shaped(self, shape: Shape) -> dcgan.Dcgan:
        """The settings of a DCGAN for these images."""
        depth = len(dcgan.Dcgan().layout(shape)[0])
        channels = tuple(min(self.channels * 2**i, 256) for i in range(depth))
        return dcgan.Dcgan(channels=channels, features=self.hidden)

    def generator(self, width: int, shape: Shape, seed: int = 0) -> nn.Module:
        return dcgan.Generator(self.shaped(shape), width, shape, seed, even=True)

    def discriminator(self, shape: Shape, heads: Heads, seed: int = 0) -> base.Discriminator:
        trunk = Trunk(self, shape)
        return Discriminator(trunk, trunk.wide, self, shape, heads, seed)


def stage(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    """A 3x3 convolution with batch normalisation and ReLU."""
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def head(inputs: int, hidden: int, outputs: int) -> nn.Module:
    """A hidden layer with batch normalisation, then a linear one."""
    first = nn.Linear(inputs, hidden, bias=False)
    return nn.Sequential(first, nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, outputs))


class Critic(nn.Sequential):
    """D's judgement of images [N, C, H, W], each by itself: [N, 1], the logit of "real"."""

    def __init__(self, config: Photo, shape: Shape) -> None:
        channels, sizes = config.shaped(shape).layout(shape)
        batch, narrow = config.norm == "batch", config.hidden // 2
        layers = list[nn.Module]()
        for inputs, outputs in zip([shape[2], *channels], channels, strict=False):
            norm = [nn.BatchNorm2d(outputs)] if layers and batch else []  # none on the input
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), *norm, nn.LeakyReLU(SLOPE)]
        layers += [nn.Conv2d(channels[-1], narrow, sizes[-1]), *[nn.BatchNorm2d(narrow)] * batch]
        super().__init__(*layers, nn.LeakyReLU(SLOPE), nn.Flatten(), nn.Linear(narrow, 1))


class Trunk(nn.Module):
    """Q's convolutions: images [N, C, H, W] -> [N, wide], the mean over the last map."""

    def __init__(self, config: Photo, shape: Shape) -> None:
        super().__init__()
        side, inputs = min(shape[:2]), shape[2]
        self.pooled = 2 ** max(1, int(math.log2(side / 32))) if side >= LARGE else 1
        side //= self.pooled
        strides, layers = (2 if side >= DEEP else 1, 2, 2), list[nn.Module]()
        for i, stride in enumerate(strides):
            outputs = config.width * 2**i
            layers += [*stage(inputs, outputs, stride), *stage(outputs, outputs, 1)]
            inputs = outputs
        self.layers, self.wide = nn.Sequential(*layers), inputs

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.layers(standardised(images, self.pooled)).mean((2, 3))
        return features


class Discriminator(base.Discriminator):
    """Q's trunk, whose outputs are the features, with its heads; and D's critic of images."""

    def __init__(
        self, trunk: nn.Module, wide: int, config: Photo, shape: Shape, heads: Heads, seed: int
    ) -> None:
        super().__init__()
        self.trunk, self.heads = trunk, nn.ModuleDict()
        for name, outputs in heads.items():
            own = name == REAL
            self.heads[name] = Critic(config, shape) if own else head(wide, config.hidden, outputs)
            kaiming(self.heads[name], seed, f"initialise D's head {name}")
        kaiming(self.trunk, seed, "initialise D's trunk")
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(
        self,
        images: Tensor,
        detached: Set[str] = NONE,
        noise: Noise = None,
        without: Set[str] = NONE,
    ) -> Verdict:
        asked = {name: head for name, head in self.heads.items() if name not in without}
        features, found = images.flatten(1)[:, :0], dict[str, Tensor]()  # none, unless asked for
        if not all(isinstance(own, Critic) for own in asked.values()):
            features = self.trunk(images)
        for name, own in asked.items():
            inputs = images if isinstance(own, Critic) else features
            found[name] = own(inputs.detach() if name in detached else inputs)
        return Verdict(features, found)


def standardised(images: Tensor, pooled: int) -> Tensor:
    """Images as the trunk sees them: of mean 0 and standard deviation 1 each, so that what differs
    most between views, their light and contrast, need not be learned; a mean of pooled x pooled."""
    values = avg_pool2d(images, pooled) if pooled > 1 else images
    whole = 1, 2, 3
    mean = values.mean(whole, keepdim=True)
    return (values - mean) / (values.std(whole, keepdim=True) + FAINT)
