"""Networks that look at photos through what was learned from ImageNet: for everyday things.

D judges images by features that stay as they were published, at several depths (projected GAN,
arXiv:2111.01007). Q reads such features as well, and a copy of the deeper ones that learns from
views. G is DCGAN's.
"""

from collections.abc import Callable, Sequence, Set
from copy import deepcopy
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import interpolate

from infogan.networks import base, photo
from infogan.networks.base import NONE, REAL, Heads, Noise, Shape, Verdict
from infogan.networks.photo import Photo, head, kaiming
from infogan.networks.pretrained import CHANNELS, Lite0

LARGE = 96  # Q sees images of a smaller side enlarged to this: what was learned is of large things
SMALL = 64  # and D those of a smaller side than this
FIXED = 8  # blocks that Q's copy shares with the published network; the further ones learn
JUDGED = 2, 4, 10, 15  # blocks whose maps D judges: sides of 1/4, 1/8, 1/16, 1/32 of the image
MIXED = 64  # channels of each, mixed at random
PART = 32  # images that go through together: more of them fall out of a processor's cache


class Projected(base.Family):
    """EfficientNet-Lite0 for D and Q (extra `photos`), a DCGAN sized by the image for G."""

    kind: Literal["projected"] = "projected"
    channels: int = Field(default=32, ge=1)
    """Channels at the image's side of G; they double down to a side of 4 to 7."""
    hidden: int = Field(default=256, ge=1)
    """Width of the hidden layer of every head, and of G's first layer."""

    def generator(self, width: int, shape: Shape, seed: int = 0) -> nn.Module:
        like = Photo(channels=self.channels, hidden=self.hidden)
        return like.generator(width, shape, seed)

    def discriminator(self, shape: Shape, heads: Heads, seed: int = 0) -> base.Discriminator:
        return Discriminator(self, heads, seed)


class Critic(nn.Module):
    """D's judgements of published features, one of each depth: [N, depths] logits of "real".

    Features are mixed over channels and from deep to shallow by random convolutions, which stay
    as drawn: else D would look at the few of them that tell most (arXiv:2111.01007, § 3.2)."""

    def __init__(self) -> None:
        super().__init__()
        self.mixed = nn.ModuleList(nn.Conv2d(CHANNELS[i], MIXED, 1) for i in JUDGED)
        self.smoothed = nn.ModuleList(nn.Conv2d(MIXED, MIXED, 3, 1, 1) for _ in JUDGED[1:])
        for random in (self.mixed, self.smoothed):
            random.requires_grad_(False)
        self.judges = nn.ModuleList(judge_of(depth) for depth in range(len(JUDGED)))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        judged = zip(self.judges, self.mix(maps, lambda layer, inputs: layer(inputs)), strict=True)
        return torch.cat([judge(mixed).mean((2, 3)) for judge, mixed in judged], 1)

    def mix(
        self, maps: Sequence[Tensor], apply: Callable[[nn.Module, Tensor], Tensor]
    ) -> list[Tensor]:
        """Mixed maps of each depth; how a convolution is applied is given."""
        mixed = [apply(layer, of) for layer, of in zip(self.mixed, maps, strict=True)]
        for i in reversed(range(len(self.smoothed))):
            deeper = interpolate(mixed[i + 1], mixed[i].shape[2:], mode="nearest")
            mixed[i] = apply(self.smoothed[i], mixed[i] + deeper)
        return mixed


def standardise(layer: nn.Module, inputs: Tensor) -> Tensor:
    """Apply a convolution, whose outputs are first made of mean 0 and standard deviation 1."""
    assert isinstance(layer, nn.Conv2d)
    assert layer.bias is not None
    std, mean = torch.std_mean(layer(inputs), (0, 2, 3))
    std = std.clamp_min(1e-6)  # of black images alone
    layer.weight.div_(std[:, None, None, None])
    layer.bias.sub_(mean).div_(std)
    outputs: Tensor = layer(inputs)
    return outputs


def judge_of(depth: int) -> nn.Sequential:
    """D of one depth: a logit of each place of its map, which is halved where it is large."""
    layers = list[nn.Module]()
    for i in range(2):
        stride = 2 if depth + i < 3 else 1
        layers += [nn.Conv2d(MIXED, MIXED, 3, stride, 1), nn.LeakyReLU(photo.SLOPE)]
    return nn.Sequential(*layers, nn.Conv2d(MIXED, 1, 1))


class Discriminator(base.Discriminator):
    """Published features, their learning copy, and heads on the two side by side."""

    def __init__(self, config: Projected, heads: Heads, seed: int = 0) -> None:
        super().__init__()
        self.published = Lite0().requires_grad_(False)
        self.learning = deepcopy(self.published.blocks[FIXED:])
        for layer in self.learning.modules():
            # Each channel's own convolution stays: its gradient takes longer than all others.
            if isinstance(layer, nn.Conv2d) and layer.groups == 1:
                layer.requires_grad_(True)
        wide = 2 * CHANNELS[-1] + CHANNELS[JUDGED[2]]
        self.scaled = nn.BatchNorm1d(wide, affine=False)
        self.heads = nn.ModuleDict()
        for name, outputs in heads.items():
            self.heads[name] = Critic() if name == REAL else head(wide, config.hidden, outputs)
            kaiming(self.heads[name], seed, f"initialise D's head {name}")
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def prepare(self, images: Tensor) -> None:
        with torch.no_grad():
            maps = self._maps(images, SMALL)
            for critic in self.heads.values():
                if isinstance(critic, Critic):
                    critic.mix([maps[i] for i in JUDGED], standardise)

    def _maps(self, images: Tensor, least: int) -> list[Tensor]:
        """The map of each block, of images whose shorter side is at least that many pixels."""
        if (side := min(images.shape[2:])) < least:
            size = [round(n * least / side) for n in images.shape[2:]]
            images = interpolate(images, size, mode="bilinear", align_corners=False)
        parts = [self.published(part) for part in images.expand(-1, 3, -1, -1).split(PART)]
        return [torch.cat(maps) for maps in zip(*parts, strict=True)]

    def _features(self, images: Tensor) -> Tensor:
        maps = self._maps(images, LARGE)
        learned = maps[FIXED - 1]
        for block in self.learning:
            learned = block(learned)
        pooled = [of.float().mean((2, 3)) for of in (learned, maps[-1], maps[JUDGED[2]])]
        features: Tensor = self.scaled(torch.cat(pooled, 1))
        return features.to(images.dtype)

    def forward(
        self,
        images: Tensor,
        detached: Set[str] = NONE,
        noise: Noise = None,
        without: Set[str] = NONE,
    ) -> Verdict:
        asked = {name: head for name, head in self.heads.items() if name not in without}
        features, found = images.flatten(1)[:, :0], dict[str, Tensor]()
        if asked.keys() - {REAL}:
            features = self._features(images)
        for name, own in asked.items():
            if name == REAL:
                maps = self._maps(images, SMALL)
                found[name] = own([maps[i] for i in JUDGED])
            else:
                found[name] = own(features.detach() if name in detached else features)
        return Verdict(features, found)
