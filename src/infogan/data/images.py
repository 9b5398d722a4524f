"""Images at rest, and the one place where they become what networks read, and back.
At rest: uint8 [N, H, W, C], C = 1 or 3. In networks: float32 [N, C, H, W] in [-1, 1], in
channels-last memory, so that the change of layout is a view."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infogan.core.errors import DataError
from infogan.core.figures import number
from infogan.core.random import stream
from infogan.data import levels

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]
NAMED = 10  # most factors that a repr names
AT_ONCE = 1000  # images of which sums are taken together
LUMA = 0.299, 0.587, 0.114  # weights of red, green and blue in grey (ITU-R BT.601)


def to_float(pixels: Pixels) -> Tensor:
    """uint8 [N, H, W, C] -> float32 [N, C, H, W] in [-1, 1]; `to_pixels` restores every value."""
    array = np.require(pixels, requirements=["C", "W"])
    return torch.from_numpy(array).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_pixels(images: Tensor) -> Pixels:
    """float [N, C, H, W] -> uint8 [N, H, W, C], rounded; values outside [-1, 1] are clipped."""
    scaled = (images.detach().float().clamp(-1, 1) + 1) * 127.5
    return np.asarray(scaled.round().to(torch.uint8).permute(0, 2, 3, 1).cpu().contiguous())


@dataclass(frozen=True)
class Images:
    """A set of images, in memory or memory-mapped."""

    base: Pixels  # [M, H, W, C] uint8, M >= N
    labels: Labels = field(default_factory=lambda: np.empty(0, np.int64))
    """[N] class index, -1 where unknown; for scoring only, unless an objective says otherwise."""
    classes: tuple[str, ...] = ()  # names of the classes
    name: str = "images"  # the source as it was asked for
    files: Sequence[str] = ()  # [N] where each image came from; empty for a single array
    rows: Labels | None = None
    """[N] which images of `base` these are (a subset copies nothing); None: all, in order."""
    factors: Labels = field(default_factory=lambda: np.empty(0, np.int64))
    """[N, F] value of each known factor of variation, for scoring only; F = 0 where none is."""
    factor_names: tuple[str, ...] = ()  # [F] names; factor 0, factor 1, … unless given
    factor_values: tuple[tuple[float | str, ...], ...] = ()
    """[F] what each value of a factor stands for, from 0: words, or numbers; none: not known."""
    root: str = ""  # the folder below which `files` lie
    packed: str = ""  # the zip or tar file that was unpacked there, and what of it
    decided: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the source that were auto, as they were decided for the whole set."""
    told: str = ""  # what was read and left out, in words

    def __post_init__(self) -> None:
        name, base, n = self.name, self.base, len(self)
        if base.ndim != 4 or base.shape[3] not in (1, 3) or base.dtype != np.uint8:
            raise DataError(f"{name}: give uint8 [N, H, W, 1 or 3], not {base.dtype} {base.shape}")
        if not n:
            raise DataError(f"{name}: there is no image in it")
        labels = self.labels if len(self.labels) else np.full(n, -1)
        factors = self.factors if self.factors.size else np.empty((n, 0), np.int64)
        if len(labels) != n:
            raise DataError(f"{name}: {len(labels)} labels for {n} images; give each one")
        if factors.ndim != 2 or len(factors) != n:
            raise DataError(f"{name}: factors are [N, F], not {[*factors.shape]} for {n} images")
        names = self.factor_names or tuple(f"factor {j}" for j in range(factors.shape[1]))
        if len(set(names)) != factors.shape[1] or not all(map(str.isprintable, names)):
            fault = f"{factors.shape[1]} factors have the names {', '.join(map(repr, names[:20]))}"
            raise DataError(f"{name}: {fault}; give each a printable name of its own")
        if values := self.factor_values:
            beyond = len(values) != len(names) or (factors >= [*map(len, values)]).any()
            if beyond or factors.min() < 0:
                fault = "factors number values that factor_values lacks"
                raise DataError(f"{name}: {fault}; give every factor its values in order, from 0")
        vars(self).update(labels=labels, factors=factors, factor_names=names)

    def __len__(self) -> int:
        return len(self.base) if self.rows is None else len(self.rows)

    def __repr__(self) -> str:
        classes = f", {len(self.classes)} classes" if self.classes else ""
        more = ", …" if len(self.factor_names) > NAMED else ""
        names = ", ".join(self.factor_names[:NAMED]) + more
        return f"Images({self.name}: {counted(self)}{classes}{names and f', factors: {names}'})"

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
        """Which images these are: sha256 of their number, labels, factors and 10,000 of them."""
        some = np.linspace(0, len(self) - 1, min(len(self), 10_000)).astype(np.int64)
        found = sha256(f"{len(self)} {self.shape} {self.classes}".encode())
        found.update(self.labels.tobytes())
        for start in range(0, len(some), AT_ONCE):
            found.update(np.ascontiguousarray(self.take(some[start : start + AT_ONCE])).data)
        if self.factor_names:
            found.update(f" {self.factor_names}".encode() + self.factors.tobytes())
        return found.hexdigest()

    @cached_property
    def fingerprints(self) -> list[str]:
        """[N] of each image the sha256 of its pixels, by which it is known in another file."""
        found = list[str]()
        for start in range(0, len(self), AT_ONCE):
            some = np.ascontiguousarray(self.take(slice(start, start + AT_ONCE)))
            found += [sha256(image).hexdigest() for image in some.view(np.ndarray)]
        return found

    def take(self, index: NDArray[np.int64] | slice) -> Pixels:
        """[n, H, W, C] pixels of some of the images."""
        taken: Pixels = self.base[index if self.rows is None else self.rows[index]]
        return taken

    def subset(self, rows: Sequence[int] | NDArray[np.int64]) -> "Images":
        """Some of the images, in the order given, without copying pixels."""
        chosen = np.asarray(rows, np.int64)
        labels, factors = self.labels[chosen], self.factors[chosen]
        files = [self.files[i] for i in chosen.tolist()] if self.files else ()
        of_base = chosen if self.rows is None else self.rows[chosen]
        return replace(self, labels=labels, factors=factors, files=files, rows=of_base)

    def original(self, i: int) -> Path | None:
        """The file that image i is; None of a page of one, and of a row of an array."""
        path = Path(self.files[i]) if self.files else None
        is_page = path and not path.is_file() and Path(str(path).rpartition("#")[0]).is_file()
        return None if is_page else path

    def source(self, i: int) -> str:
        """Where image i came from."""
        row = i if self.rows is None else self.rows[i]
        if not self.files:
            return f"{self.name}#{row}"
        if not self.packed:
            return self.files[i]
        return f"{self.packed}/{Path(self.files[i]).relative_to(self.root).as_posix()}"


def counted(images: Images) -> str:
    """How many images there are, of which size, and whether in colour, in words."""
    height, width, channels = images.shape
    colour = "grey" if channels == 1 else "RGB"
    return f"{number(len(images), 'image')}, {height}x{width} {colour}"


def described(images: Images, words: str = "") -> Images:
    """A whole set with what to say of it: number, shape, and the words that a reader of it has."""
    n = len(images)
    some = images.take(np.linspace(0, n - 1, min(n, 1000)).astype(np.int64))
    used = levels.used(some)
    few = f", {used} of 256 levels used" if used < levels.FEW else ""
    return replace(images, told=f"{counted(images)}{few}{words}")


LISTED = 1 << 20  # images whose order is an array; of more it is computed, BLOCK positions at once
BLOCK = 1 << 14
ROUNDS = 8


@dataclass(frozen=True)
class Order:
    """The order of n images in training, a function of (seed, epoch): a position is one number.

    Of more than LISTED images, an epoch's order is a keyed permutation that is computed where it is
    asked for: a Feistel network on as many bits as n has, or one more, in which a result of n or
    more is permuted again until it is below (cycle walking, Black and Rogaway 2002).
    """

    n: int
    seed: int
    purpose: str = "order"

    def batch(self, number: int, size: int) -> NDArray[np.int64]:
        """[size] indices of the batch of that number; batches run on over the ends of epochs."""
        epochs, at = np.divmod(np.arange(number * size, (number + 1) * size), self.n)
        block = self.n if self.n <= LISTED else BLOCK
        each = -(-self.n // block)  # blocks of an epoch
        blocks = epochs * each + at // block
        return np.concatenate(
            [
                _block(self, *divmod(int(b), each))[at[blocks == b] % block]
                for b in np.unique(blocks)
            ]
        )


@lru_cache(maxsize=4)
def _block(order: Order, epoch: int, block: int) -> NDArray[np.int64]:
    """Part of the order of an epoch, all of it up to LISTED; kept, since batches share it."""
    generator = stream(order.seed, order.purpose, epoch)
    if order.n <= LISTED:
        return np.asarray(torch.randperm(order.n, generator=generator))
    keys = torch.randint(1 << 62, (ROUNDS,), generator=generator).numpy().astype(np.uint64)
    half = np.uint64(((order.n - 1).bit_length() + 1) // 2)  # bits of either half
    found = np.arange(block * BLOCK, min(order.n, (block + 1) * BLOCK), dtype=np.uint64)
    beyond = np.ones(len(found), bool)
    while beyond.any():
        found[beyond] = _feistel(found[beyond], keys, half)
        beyond = found >= order.n
    return found.astype(np.int64)


def _feistel(
    values: NDArray[np.uint64], keys: NDArray[np.uint64], half: np.uint64
) -> NDArray[np.uint64]:
    """A permutation of the numbers of 2 `half` bits: each round adds to one half of a number what
    is mixed of the other half and a key, which can be undone whatever the mixing is."""
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & mask
    for key in keys:
        left, right = right, left ^ (_mixed(right ^ key) & mask)
    return left << half | right


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers whose every bit depends on every bit of those given (splitmix64, Steele 2014)."""
    values = (values ^ values >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ values >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return values ^ values >> np.uint64(31)
