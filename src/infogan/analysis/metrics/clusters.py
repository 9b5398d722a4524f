"""How well categories found without labels agree with classes: N images, classes c, categories k."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from infogan.core.errors import DataError

Indices = NDArray[np.int64]
MERGED = 0.1
"""A class belongs to a merged category when at least this share of the category's images are of it."""


DEAD = 0.005
"""A category that holds a smaller share of the images is dead."""
NAMED = 20
"""Dead categories that are listed; of more, the number says enough."""


@dataclass(frozen=True)
class Usage:
    """How many of K categories are in use. It needs no labels."""

    shares: NDArray[np.float64]
    """[K] of the images that each category holds."""

    @property
    def dead(self) -> list[int]:
        """Categories that hold next to nothing, in order."""
        return np.flatnonzero(self.shares < DEAD).tolist()

    @property
    def effective(self) -> float:
        """e^H(shares): K when all are used alike, 1 when one holds everything.

        >>> round(Usage(np.array([0.5, 0.5, 0.0])).effective, 3)
        2.0
        """
        used = self.shares[self.shares > 0]
        return float(np.exp(-(used * np.log(used)).sum()))

    def words(self, categories: Sequence[str]) -> str:
        """Which categories are dead, in words; empty where none is. categories: what they are called."""
        if not (dead := self.dead):
            return ""
        some = ", ".join(categories[k] for k in dead[:NAMED]) + (", …" if len(dead) > NAMED else "")
        hold = "holds" if len(dead) == 1 else "hold"
        return f"{len(dead)} of {len(self.shares)} categories {hold} under {100 * DEAD:g} % of the images: {some}"


def usage(categories: Indices, k: int) -> Usage:
    """Of categories [N] in 0..k-1."""
    return Usage(np.bincount(categories, minlength=k) / len(categories))


@dataclass(frozen=True)
class Clusters:
    """Agreement of categories with classes. The map from categories to classes is fitted on these very labels,
    which is the usual report."""

    table: Indices
    """[classes, K] images of class c in category k."""
    category_of: dict[int, int]
    """The one-to-one map: class -> category (Hungarian)."""
    accuracy: float
    """Share of images whose category is their class's, one to one; an unmatched category counts as wrong."""
    many_to_one: float
    """Purity: each category stands for its most frequent class. Grows with K: compare at equal K only."""
    nmi: float
    """I / ((H_c + H_k) / 2)."""
    ari: float
    """Rand index adjusted for chance."""

    def recall(self) -> NDArray[np.float64]:
        """[classes] share of each class in its own category (0 where it has none, NaN for an empty class)."""
        total = self.table.sum(1).astype(float)
        hit = np.array(
            [
                self.table[c, self.category_of[c]] if c in self.category_of else 0
                for c in range(len(total))
            ]
        )
        shares: NDArray[np.float64] = np.divide(
            hit, total, out=np.full(len(total), np.nan), where=total > 0
        )
        return shares

    def merges(self, names: Sequence[str], categories: Sequence[str]) -> list[str]:
        """What went wrong, in words: classes that share a category."""
        words = []
        for k in range(self.table.shape[1]):
            column = self.table[:, k]
            shared = np.flatnonzero(column >= max(1, MERGED * column.sum())).tolist()
            if len(shared) > 1:
                words.append(
                    f"{' and '.join(names[c] for c in shared)} share category {categories[k]}"
                )
        return words


def contingency(labels: Indices, categories: Indices, n_classes: int, k: int) -> Indices:
    """[n_classes, k] counts of label and category pairs."""
    table = np.zeros((n_classes, k), np.int64)
    np.add.at(table, (labels, categories), 1)
    return table


def score(labels: Indices, categories: Indices, n_classes: int, k: int) -> Clusters:
    """Agreement of categories [N] in 0..k-1 with labels [N] in 0..n_classes-1; unlabelled images (-1) drop out.

    >>> score(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]), 2, 2).accuracy
    1.0
    """
    known = labels >= 0
    labels, categories = labels[known], categories[known]
    if not len(labels):
        raise DataError(
            "none of these images has a label, so categories cannot be compared with classes"
        )
    table = contingency(labels, categories, n_classes, k)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return Clusters(
        table=table,
        category_of={int(c): int(j) for c, j in zip(rows, columns, strict=True)},
        accuracy=float(table[rows, columns].sum() / len(labels)),
        many_to_one=float(table.max(0).sum() / len(labels)),
        nmi=float(normalized_mutual_info_score(labels, categories)),
        ari=float(adjusted_rand_score(labels, categories)),
    )
