"""The only source of randomness: a stream depends on its purpose, not on earlier draws.
Resuming, logging more often or drawing a picture in between therefore changes no other draw."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


def stream(seed: int, purpose: str, step: int = 0) -> torch.Generator:
    """Return the CPU generator of (seed, purpose, step); move draws, not it: devices then agree."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{step}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


class Part(NamedTuple):
    """Rows `start` to `stop` of a batch of n: what one of several processes computes."""

    start: int
    stop: int
    n: int


@dataclass(frozen=True)
class Draws:
    """Random numbers for each row of a batch. A process with a part of the rows draws those of all
    and keeps its own, so that a row gets the same however many processes share the batch."""

    generator: torch.Generator
    part: Part | None = None  # None: all rows

    def uniform(self, n: int, *shape: int) -> Tensor:
        """[n, *shape] from U(0, 1)."""
        return self._own(torch.rand, n, *shape)

    def normal(self, n: int, *shape: int) -> Tensor:
        """[n, *shape] from N(0, 1)."""
        return self._own(torch.randn, n, *shape)

    def _own(self, draw: Callable[..., Tensor], n: int, *shape: int) -> Tensor:
        start, stop, whole = self.part or Part(0, n, n)
        assert stop - start == n
        return draw(whole, *shape, generator=self.generator)[start:stop]
