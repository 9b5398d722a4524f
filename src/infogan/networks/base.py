"""What every pair of networks has in common: one G, one D with a trunk and heads, and what D says.

Images are [N, C, H, W] in [-1, 1], in channels-last memory, so that flattening to [N, H*W*C] is a view.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Shape = tuple[int, int, int]
"""H, W, C of an image."""


@dataclass(frozen=True)
class Verdict:
    """What D says of N images: the trunk's features [N, F] and one tensor [N, outputs] a head (logits or raw)."""

    features: Tensor
    heads: Mapping[str, Tensor]


class Discriminator(nn.Module, ABC):
    """D and Q: images [N, C, H, W] in [-1, 1] -> Verdict, every head from one pass."""

    heads: nn.ModuleDict

    @abstractmethod
    def forward(
        self, images: Tensor, detached: Set[str] = frozenset(), noise: torch.Generator | None = None
    ) -> Verdict:
        """detached: heads that send the trunk no gradient. noise: what noise layers draw from; None: no noise."""

    def prepare(self, images: Tensor) -> None:
        """Set first weights that depend on the data, from a few images [N, C, H, W], before training begins."""


class Family(ABC):
    """Settings from which a pair of networks is built."""

    kind: str

    @abstractmethod
    def generator(self, width: int, shape: Shape, seed: int = 0) -> nn.Module:
        """G: latent vectors [N, width] -> images [N, C, H, W] in [-1, 1]."""

    @abstractmethod
    def discriminator(self, shape: Shape, heads: Mapping[str, int], seed: int = 0) -> Discriminator:
        """D with its heads by name and number of outputs."""
