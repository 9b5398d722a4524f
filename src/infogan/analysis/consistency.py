"""How consistently an image and its augmented views get one category: N images, K categories."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from infogan.core.random import stream
from infogan.data.augment import AnyAugment
from infogan.data.images import Images, Pixels, to_float, to_pixels
from infogan.information.discrete import mutual_information
from infogan.model.model import CHUNK

Probs = NDArray[np.floating[Any]]  # [N, K] probabilities of categories
Table = NDArray[np.float64]
VIEWS = 4  # augmented views of each image that selection and merging read
FEWEST = 10  # fewer images of a category say nothing about it


def augmented(pixels: Pixels, augment: AnyAugment, generator: torch.Generator) -> Pixels:
    """One augmented view of each image."""
    return to_pixels(augment(to_float(pixels), generator).images)


def views(images: Images, augment: AnyAugment | None, seed: int = 0) -> Iterator[Pixels]:
    """VIEWS augmented views of all images, one after another; none where there is no augment."""
    if augment is None:
        return
    for i in range(VIEWS):
        parts = []
        for at in range(0, len(images), CHUNK):
            part, generator = images.take(slice(at, at + CHUNK)), stream(seed, f"selection {i}", at)
            parts.append(augmented(part, augment, generator))
        yield np.concatenate(parts)


def joint(probs: Probs, view: Probs) -> Table:
    """[K, K] symmetric P(c, c') of an image's and its view's category, of Q's [N, K] of each (IIC,
    Ji et al. 2019, arXiv:1807.06653, eq. 3)."""
    table = probs.T.astype(np.float64) @ view / len(probs)
    return (table + table.T) / 2


def shared_information(probs: Probs, view: Probs) -> float:
    """I(c; c') under `joint`, 0 to ln K nats: high where Q is sure, consistent, and uses all K.

    >>> sure, unsure = np.eye(2), np.full((2, 2), 0.5)
    >>> round(shared_information(sure, sure), 4), shared_information(sure, unsure)
    (0.6931, 0.0)
    """
    return float(mutual_information(joint(probs, view)))


def confusion(read: NDArray[np.int64], view: Probs) -> Table:
    """[K, K] probability that the view of an image of one category is read as the other, the mean
    of both directions; 0 on the diagonal and for categories of fewer than FEWEST images.

    read: [N] the images' categories. view: [N, K] the views' probabilities.
    """
    k = view.shape[1]
    table, counts = np.zeros((k, k)), np.bincount(read, minlength=k)
    np.add.at(table, read, view)
    table /= np.maximum(counts, 1)[:, None]
    enough = counts >= FEWEST
    return (table + table.T) / 2 * np.outer(enough, enough) * (1 - np.eye(k))
