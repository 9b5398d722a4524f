"""Networks whose Q looks at photos through what was learned from ImageNet: for everyday things.

The published network stays as it is, so that a step costs no more than a look through it; a layer
above it learns. D and G are those of `photo`: a critic that judged published features as well
(projected GAN, arXiv:2111.01007) drew no recognisable image in as many steps (docs/photos.md).
"""

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from infogan.networks import base, photo
from infogan.networks.base import Heads, Shape
from infogan.networks.photo import Photo
from infogan.networks.pretrained import CHANNELS, Lite0

READ = 12, 15  # blocks whose maps are read: their means are shapes of parts, and of whole things
WIDE = 512  # units of the layer that learns


class Projected(base.Family):
    """EfficientNet-Lite0 (extra `photos`) with a layer that learns for Q, `photo` for D and G."""

    kind: Literal["projected"] = "projected"
    channels: int = Field(default=32, ge=1, le=256)
    """Channels at the image's side of the critic and of G; they double, to at most 256, down to a
    side of 4 to 7."""
    hidden: int = Field(default=256, ge=2)
    """Width of the hidden layer of every head, and of G's first layer."""

    @property
    def others(self) -> Photo:
        """The settings of the networks that are not pretrained."""
        return Photo(channels=self.channels, hidden=self.hidden)

    def generator(self, width: int, shape: Shape, seed: int = 0) -> nn.Module:
        return self.others.generator(width, shape, seed)

    def discriminator(self, shape: Shape, heads: Heads, seed: int = 0) -> base.Discriminator:
        return photo.Discriminator(Trunk(), WIDE, self.others, shape, heads, seed)

    def of_pairs(self, shape: Shape, heads: Heads, seed: int = 0) -> base.Discriminator:
        return self.others.of_pairs(shape, heads, seed)


class Trunk(nn.Module):
    """Means of published maps of images [N, C, H, W], and a layer above them: [N, WIDE]."""

    def __init__(self) -> None:
        super().__init__()
        self.published = Lite0().requires_grad_(False)
        read = sum(CHANNELS[i] for i in READ)
        self.scaled = nn.BatchNorm1d(read, affine=False)
        first = nn.Linear(read, WIDE, bias=False)
        self.layers = nn.Sequential(first, nn.BatchNorm1d(WIDE), nn.ReLU())

    def forward(self, images: Tensor) -> Tensor:
        read = self.published.means(images, *READ)
        features: Tensor = self.layers(self.scaled(read).to(images.dtype))
        return features
