"""What all network families share: one G, one D with a trunk and heads, and D's verdict.
Images are [N, C, H, W] in [-1, 1], channels last in memory: flattening to [N, H*W*C] is a view."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field
from torch import Tensor, nn

from infogan.core.errors import ConfigError
from infogan.core.random import Draws, stream
from infogan.core.settings import SETTINGS

Shape = tuple[int, int, int]  # H, W, C of an image
Widths = tuple[Annotated[int, Field(ge=1)], ...]  # of layers, one after the other
Heads = Mapping[str, int]  # D's heads by name, with their numbers of outputs
Noise = Draws | None  # what noise layers draw from; None: there is no noise
NONE: Set[str] = frozenset()
REAL, PROJECTION = "real", "projection"  # D's heads for the game, and for comparing views
CLOSE = "close"  # Q's head for what it reads in close-ups
JUDGES: Set[str] = frozenset({REAL})  # heads that only the game needs


@dataclass(frozen=True)
class Verdict:
    """D's outputs for N images: the trunk's features [N, F] and [N, outputs] by head (raw)."""

    features: Tensor
    heads: Mapping[str, Tensor]


class Discriminator(nn.Module, ABC):
    """D and Q: images [N, C, H, W] in [-1, 1] -> Verdict, every head from one pass."""

    heads: nn.ModuleDict

    @abstractmethod
    def forward(
        self,
        images: Tensor,
        detached: Set[str] = NONE,
        noise: Noise = None,
        without: Set[str] = NONE,
    ) -> Verdict:
        """Judge images; the trunk receives no gradient from `detached` heads, and heads in
        `without` say nothing."""

    def verdict(
        self, features: Tensor, inputs: Tensor, detached: Set[str], without: Set[str]
    ) -> Verdict:
        """Apply heads to their inputs [N, F]: the features, or these under noise."""
        cut = inputs.detach()
        heads = {name: head for name, head in self.heads.items() if name not in without}
        return Verdict(
            features, {n: head(cut if n in detached else inputs) for n, head in heads.items()}
        )

    def prepare(self, images: Tensor) -> None:
        """Set initial weights that depend on the data, from a few images, before training."""


class Family(BaseModel, ABC):
    """Settings from which a pair of networks is built; the seed draws their initial weights."""

    model_config = SETTINGS
    kind: str
    near: ClassVar[bool] = False  # whether D can have the head CLOSE
    sides: ClassVar[tuple[int, int]] = (16, 256)  # least and most pixels of an image's sides

    def check(self, height: int, width: int) -> None:
        """ConfigError where images of that size are too small or too large."""
        least, most = self.sides
        if not least <= min(height, width) <= max(height, width) <= most:
            fits = f"sides from {least} to {most} work: set data.size"
            raise ConfigError(f"images are {height}x{width}; {fits}")

    @abstractmethod
    def generator(self, width: int, shape: Shape, seed: int = 0) -> nn.Module:
        """Build G: latent vectors [N, width] -> images [N, C, H, W] in [-1, 1]."""

    @abstractmethod
    def discriminator(self, shape: Shape, heads: Heads, seed: int = 0) -> Discriminator:
        """Build D with its heads."""

    def of_pairs(self, shape: Shape, heads: Heads, seed: int = 0) -> Discriminator:
        """Build a network like D that looks at two images, side by side as channels."""
        h, w, c = shape
        return self.discriminator((h, w, 2 * c), heads, seed)


def kaiming(module: nn.Module, seed: int, purpose: str) -> None:
    """Set weights that are to learn to He's normal distribution, which ReLU layers keep the scale
    under; biases 0."""
    if next(module.parameters()).is_meta:
        return
    generator = stream(seed, purpose)
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.weight.requires_grad:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
