"""Which categories are one class: those that Q takes for each other when an image changes a little.

With more categories than classes, each class has several; no label says which. `docs/categories.md` says how well it
works. Shapes: K categories, N images.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infogan.analysis.metrics.clusters import DEAD, usage
from infogan.analysis.selection import copies, joint
from infogan.core.errors import ConfigError
from infogan.data.images import Images
from infogan.model.model import Model
from infogan.runs.images import validation_images
from infogan.runs.names import Names

Table = NDArray[np.float64]
NEAR = 0.08
"""Pairs that are taken for each other less often than this are two classes, unless their number is given. Set on two
runs of about ten classes; fewer classes of which a tenth of the copies go astray are above it."""
GIVEN = re.compile(r"class \d+")
"""Names that merging gives, and may take away again."""


@dataclass(frozen=True)
class Merging:
    """Categories put together into classes."""

    code: str
    """Whose categories."""
    classes: tuple[tuple[int, ...], ...]
    """The categories of each class."""
    shares: tuple[float, ...]
    """Of the images, in each class."""
    steps: tuple[tuple[int, float], ...]
    """On the way to a single class, how many there were, and how near the two were that came together then, from 0 to
    1: `join`."""
    images: str
    """What was read, and how many."""
    n: int

    def names(self, old: Names) -> Names:
        """Names in which the categories of a class share one: the user's where there is one, else `class 0`, ..."""
        given = kept(old, self.code)
        named = {
            k: next((given[j] for j in members if j in given), f"class {i}")
            for i, members in enumerate(self.classes)
            for k in members
        }
        return old.model_copy(update={"categories": {**old.categories, self.code: named}})


def kept(names: Names, code: str) -> dict[int, str]:
    """The names of a code's categories that the user gave."""
    return {
        k: name for k, name in names.categories.get(code, {}).items() if not GIVEN.fullmatch(name)
    }


def join(
    table: Table, into: int | None = None, names: Sequence[str | None] | None = None
) -> tuple[list[list[int]], list[tuple[int, float]]]:
    """Categories put together, the nearest pair first: the groups, and on the way down to one group how many there
    were before each pair was joined, and how near the pair was.

    table: [K, K] joint probabilities of the category of an image and of a changed copy, symmetric. How near two are is
    how often a copy from one is read as the other, √(P(j|i) P(i|j)) = P(i, j) / √(P(i) P(j)), the normalised affinity
    D^-1/2 W D^-1/2 of Shi and Malik (2000), which does not ask for groups of one size. Dead categories go first, each
    to the one that its copies are read as most. It ends at `into` groups, or before the first pair less near than NEAR.
    names: [K] what the user calls categories; those of one name are one from the start, of two stay apart.

    >>> join(np.array([[0.2, 0.15, 0.0], [0.15, 0.2, 0.0], [0.0, 0.0, 0.3]]))[0]
    [[0, 1], [2]]
    """
    names = names or [None] * len(table)
    marks = [name if name else k for k, name in enumerate(names)]
    groups = [[k for k, mark in enumerate(marks) if mark == own] for own in dict.fromkeys(marks)]
    named = np.array([names[group[0]] is not None for group in groups])
    members = np.array([[k in group for k in range(len(table))] for group in groups], np.float64)
    table, steps, result = members @ table @ members.T, list[tuple[int, float]](), None
    while len(groups) > 1:
        share = table.sum(1).clip(1e-30)
        small = (share < DEAD)[:, None] | (share < DEAD)
        near = table / np.where(
            small, np.minimum(share[:, None], share), np.sqrt(np.outer(share, share))
        )
        near[np.outer(named, named) | np.eye(len(groups), dtype=bool)] = 0
        first = near + (small & (near > 0))
        i, j = sorted(np.unravel_index(first.argmax(), first.shape))
        if result is None and (first[i, j] < NEAR if into is None else len(groups) <= into):
            result = [list(group) for group in groups]
        if not near[i, j]:
            break
        steps.append((len(groups), float(near[i, j])))
        groups[i] += groups.pop(j)
        named[i] |= named[j]
        table[i] += table[j]
        table[:, i] += table[:, j]
        named, table = np.delete(named, j), np.delete(np.delete(table, j, 0), j, 1)
    return groups if result is None else result, steps


def merge(
    model: Model, images: Images | None = None, *, into: int | None = None, seed: int = 0
) -> Merging:
    """Which categories of a model are one class. Nothing is changed; `Merging.names` has the names that say so.

    images: real ones (default: the run's own, those it did not learn from), changed as the run's settings say. into:
    how many classes there are; None: as many as `join` leaves. seed: of the changes. ConfigError where there is
    nothing to merge.
    """
    config, code = model.config, model.categorical
    if code is None or config.labels is not None:
        raise ConfigError(
            "this model reads no categories that it found itself, so there are none to merge"
        )
    if config.augment is None:
        raise ConfigError(
            "this model was trained without changed copies (augment), by which categories are merged"
        )
    images = images or validation_images(config)
    posterior = model.encode(images)[code]
    k = posterior.probs.shape[1]
    if into is not None and not 1 <= into <= k:
        raise ConfigError(
            f"--into {into}: give a number of classes from 1 to {k}, the number of categories"
        )
    read = [
        joint(posterior.probs, model.encode(copy)[code].probs)
        for copy in copies(images, config.augment, seed)
    ]
    own = kept(model.names, code)
    groups, steps = join(np.mean(read, 0), into, [own.get(j) for j in range(k)])
    if into is not None and len(groups) != into:
        why = (
            f"what shares a name that you gave stays together and what has two stays apart, which leaves {len(groups)} "
            f"classes; take a name away first: infogan name RUN {code}.NAME ''"
            if own
            else f"the last {len(groups)} are never taken for each other; give at least as many"
        )
        raise ConfigError(f"--into {into}: {why}")
    shares = usage(posterior.value, k).shares
    groups.sort(key=lambda group: -shares[group].sum())
    return Merging(
        code=code,
        classes=tuple(tuple(sorted(group)) for group in groups),
        shares=tuple(float(shares[group].sum()) for group in groups),
        steps=tuple(steps),
        images=images.name,
        n=len(images),
    )
