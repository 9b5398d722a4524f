"""Images at rest and the one place where they become what networks read, and back.

At rest: uint8 [N, H, W, C], C = 1 or 3. In networks: float32 [N, C, H, W] in [-1, 1], channels-last memory, so
that the change of layout is a view.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infogan.core.errors import DataError
from infogan.core.random import stream

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]


PACKED, SMALL = 100, 1 << 26
"""Pixels that a byte of a file may stand for (photos have 5 to 20), and the bytes below which nobody minds."""


def refuse_bomb(what: object, size: int, packed: int) -> None:
    """DataError when `packed` bytes of a file claim to hold far more than images ever do."""
    if size > max(SMALL, PACKED * packed):
        raise DataError(
            f"{what}: announces {size:,} bytes in a file of {packed:,}: cut off, or a bomb; get it again"
        )


def to_float(pixels: Pixels) -> Tensor:
    """uint8 [N, H, W, C] -> float32 [N, C, H, W] in [-1, 1]; all 256 values survive the way back."""
    return (
        torch.from_numpy(np.require(pixels, requirements=["C", "W"])).permute(0, 3, 1, 2).float()
        / 127.5
        - 1
    )


def to_pixels(images: Tensor) -> Pixels:
    """float [N, C, H, W] in [-1, 1] -> uint8 [N, H, W, C], rounded; values outside are cut."""
    scaled = (images.detach().float().clamp(-1, 1) + 1) * 127.5
    array: Pixels = scaled.round().to(torch.uint8).permute(0, 2, 3, 1).cpu().contiguous().numpy()
    return array


@dataclass(frozen=True)
class Images:
    """A set of images, in memory or memory-mapped; labels serve scoring only unless an objective says so."""

    base: Pixels
    """[M, H, W, C] uint8, M >= N."""
    labels: Labels = field(default_factory=lambda: np.empty(0, np.int64))
    """[N] class index, -1 where unknown."""
    classes: tuple[str, ...] = ()
    """Names of the classes."""
    name: str = "images"
    """What was asked for."""
    files: Sequence[str] = ()
    """[N] where each image came from; empty when it came from a single array."""
    rows: NDArray[np.int64] | None = None
    """[N] which images of `base` these are (a subset copies nothing); None: all, in order."""

    def __post_init__(self) -> None:
        if self.base.ndim != 4 or self.base.shape[3] not in (1, 3) or self.base.dtype != np.uint8:
            shape = list(self.base.shape)
            raise DataError(
                f"{self.name}: images must be uint8 [N, H, W, 1 or 3], got {self.base.dtype} {shape}"
            )
        if not len(self):
            raise DataError(f"{self.name}: there is no image in it")
        if not len(self.labels):
            object.__setattr__(self, "labels", np.full(len(self), -1))
        if len(self.labels) != len(self):
            raise DataError(
                f"{self.name}: {len(self.labels)} labels for {len(self)} images; give one label an image"
            )

    def __len__(self) -> int:
        return len(self.base) if self.rows is None else len(self.rows)

    @property
    def shape(self) -> tuple[int, int, int]:
        """H, W, C."""
        h, w, c = self.base.shape[1:]
        return h, w, c

    @property
    def pixels(self) -> Pixels:
        """[N, H, W, C]; a copy where this is a subset."""
        return self.base if self.rows is None else self.base[self.rows]

    @cached_property
    def digest(self) -> str:
        """Which images and labels these are: sha256 of their number, all labels and up to 10,000 images."""
        some = np.linspace(0, len(self) - 1, min(len(self), 10_000)).astype(np.int64)
        head = f"{len(self)} {self.shape} {self.classes}".encode()
        return sha256(
            head + self.labels.tobytes() + np.ascontiguousarray(self.take(some)).tobytes()
        ).hexdigest()

    def take(self, index: NDArray[np.int64] | slice) -> Pixels:
        """[n, H, W, C] the pixels of some of the images."""
        taken: Pixels = self.base[index if self.rows is None else self.rows[index]]
        return taken

    def subset(self, rows: NDArray[np.int64]) -> "Images":
        """Some of the images, in the order given, without copying pixels."""
        return replace(
            self,
            labels=self.labels[rows],
            files=[self.files[i] for i in rows] if self.files else (),
            rows=rows if self.rows is None else self.rows[rows],
        )

    def source(self, i: int) -> str:
        """Where image i came from."""
        if self.files:
            return self.files[i]
        return f"{self.name}#{i if self.rows is None else self.rows[i]}"


@dataclass
class Order:
    """The order in which training sees n images: a function of (seed, epoch), so a cursor is one integer."""

    n: int
    seed: int
    purpose: str = "order"
    _epoch: int = -1
    _permutation: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def _of(self, epoch: int) -> NDArray[np.int64]:
        if epoch != self._epoch:
            self._permutation = torch.randperm(
                self.n, generator=stream(self.seed, self.purpose, epoch)
            ).numpy()
            self._epoch = epoch
        return self._permutation

    def batch(self, number: int, size: int) -> NDArray[np.int64]:
        """[size] indices of the batch of that number; batches run on over the ends of epochs."""
        at = np.arange(number * size, (number + 1) * size)
        return np.concatenate(
            [self._of(int(e))[at[at // self.n == e] % self.n] for e in np.unique(at // self.n)]
        )
