"""How well categories found without labels agree with classes. N images, K categories."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from infogan.core.errors import DataError

Indices = NDArray[np.int64]
Counts = Indices  # [classes, K] images of a class in a category
MERGED = 0.1  # a class shares a category from this share of the category's images on
DEAD = 0.005  # a category that holds a smaller share of the images is dead,
EVEN = 0.2  # where this share of 1/K is not less still
NAMED = 20  # most dead categories that are listed


@dataclass(frozen=True)
class Usage:
    """How many of K categories are in use. It needs no labels."""

    shares: NDArray[np.float64]  # [K] of the images that each category holds

    @property
    def dead(self) -> list[int]:
        """Categories that hold next to nothing, in order."""
        return np.flatnonzero(self.shares < dead_below(len(self.shares))).tolist()

    @property
    def effective(self) -> float:
        """e^H(shares): K when all are used alike, 1 when one holds everything.

        >>> round(Usage(np.array([0.5, 0.5, 0.0])).effective, 3)
        2.0
        """
        used = self.shares[self.shares > 0]
        return float(np.exp(-(used * np.log(used)).sum()))

    def words(self, categories: Sequence[str]) -> str:
        """Which categories are dead, in words, by what they are called; empty where none is."""
        dead = [categories[k] for k in self.dead]
        some = ", ".join(dead[:NAMED]) + (", …" if len(dead) > NAMED else "")
        hold = f"{len(self.shares)} categories hold{'s' if len(dead) == 1 else ''}"
        share = f"{100 * dead_below(len(self.shares)):.2g} %"
        return f"{len(dead)} of {hold} under {share} of the images: {some}" if dead else ""


def dead_below(k: int) -> float:
    """The share of the images that one of K categories holds unless it is dead."""
    return min(DEAD, EVEN / k)


def usage(categories: Indices, k: int) -> Usage:
    """Usage of categories [N] in 0..k-1."""
    return Usage(np.bincount(categories, minlength=k) / len(categories))


@dataclass(frozen=True)
class Clusters:
    """Agreement of categories with classes, matched, as is usual, by these very images' labels."""

    table: Counts
    category_of: dict[int, int]  # the best one-to-one map, class -> category (Hungarian matching)
    accuracy: float  # clustering accuracy (ACC): share of images in their class's category
    purity: float  # share of images of their category's most frequent class. It grows with K
    nmi: float  # mutual information over the mean of both entropies, I / ((H_c + H_k) / 2)
    ari: float  # Rand index adjusted for chance

    def recall(self) -> list[float]:
        """[classes] `recall` of the categories matched to the classes."""
        return recall(self.table, self.category_of)

    def merges(self, names: Sequence[str], categories: Sequence[str]) -> list[str]:
        """What went wrong, in words: classes that share a category."""
        words = []
        for column, category in zip(self.table.T, categories, strict=True):
            shared = np.flatnonzero(column >= max(1, MERGED * column.sum())).tolist()
            if len(shared) > 1:
                words.append(f"{' and '.join(names[c] for c in shared)} share category {category}")
        return words

    def tree(self, classes: Sequence[str], categories: Sequence[str]) -> dict[str, Any]:
        """All of it as plain values. classes, categories: what they are called."""
        result: dict[str, Any] = {"cluster_accuracy": self.accuracy, "purity": self.purity}
        result |= {"nmi": self.nmi, "ari": self.ari}
        result["recall"] = dict(zip(classes, self.recall(), strict=True))
        result["category_of"] = {classes[c]: k for c, k in self.category_of.items()}
        return result | {
            "merges": self.merges(classes, categories),
            "confusion": self.table.tolist(),
        }


def recall(table: Counts, category_of: Mapping[int, int]) -> list[float]:
    """[classes] share of each class in its category; NaN for a class without images."""
    rows = table.tolist()
    hits = [row[category_of[c]] if c in category_of else 0 for c, row in enumerate(rows)]
    return [hit / sum(row) if any(row) else math.nan for hit, row in zip(hits, rows, strict=True)]


def contingency(labels: Indices, categories: Indices, n_classes: int, k: int) -> Counts:
    """[n_classes, k] counts of pairs of label and category."""
    table = np.zeros((n_classes, k), np.int64)
    np.add.at(table, (labels, categories), 1)
    return table


def score(labels: Indices, categories: Indices, n_classes: int, k: int) -> Clusters:
    """Agreement of categories [N] in 0..k-1 with labels [N] in 0..n_classes-1; unlabelled images
    (-1) drop out.

    >>> score(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]), 2, 2).accuracy
    1.0
    """
    known = labels >= 0
    labels, categories = labels[known], categories[known]
    if not len(labels):
        raise DataError("no image has a label, so categories cannot be compared with classes")
    table = contingency(labels, categories, n_classes, k)
    rows, columns = linear_sum_assignment(table, maximize=True)
    category_of = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    accuracy = float(table[rows, columns].sum() / len(labels))
    purity = float(table.max(0).sum() / len(labels))
    nmi = float(normalized_mutual_info_score(labels, categories))
    ari = float(adjusted_rand_score(labels, categories))
    return Clusters(table, category_of, accuracy, purity, nmi, ari)
