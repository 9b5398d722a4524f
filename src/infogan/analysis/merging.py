"""Which categories are one class: those that Q takes for each other in augmented views of an image.

With more categories than classes, no label says which are one; `docs/categories.md` says how well.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from infogan.analysis.consistency import Table, joint
from infogan.analysis.metrics.clusters import dead_below, usage
from infogan.analysis.observation import Observation
from infogan.core.errors import ConfigError
from infogan.data.images import Images
from infogan.model.model import Model
from infogan.runs.images import real_images
from infogan.runs.names import Names

NEAR = 0.08
"""Categories of a lower affinity are two classes, unless the number of classes is given. Chosen on
two runs of about ten classes; two or three classes that confuse a tenth of the views exceed it."""
GAP = 1.5  # how much more often the last pair joined is confused than the next: less is no evidence


@dataclass(frozen=True)
class Merging:
    """Categories of a code grouped into classes on n real images of the name `images`."""

    code: str
    classes: tuple[tuple[int, ...], ...]  # the categories of each class, the largest class first
    shares: tuple[float, ...]  # share of the images in each class
    steps: tuple[tuple[int, float], ...]  # of each join down to one class: groups, and affinity 0-1
    images: str
    n: int

    @property
    def gap(self) -> float:
        """How many times as often the last two that joined were confused as the next two: how
        plainly the images say that there are so many classes. 1 where nothing joined, and where
        all did: with no pair left, nothing says that joining should have ended."""
        near = dict(self.steps)
        if len(self.classes) in (1, max(near, default=0)):
            return 1.0
        last, following = near.get(len(self.classes) + 1, 0.0), near.get(len(self.classes), 0.0)
        return last / following if following else math.inf if last else 1.0

    def names(self, old: Names) -> Names:
        """One name for the categories of a class, as merging's own: the user's if there is one,
        else `class 0`... What the user named keeps its name, and no other class gets it."""
        given, named = old.categories.get(self.code, {}), dict[int, str]()
        words = (f"class {i}" for i in count(len(self.classes)))
        spare = (name for name in words if name not in given.values())
        for i, members in enumerate(self.classes):
            own = f"class {i}" if f"class {i}" not in given.values() else next(spare)
            name = next((given[j] for j in members if j in given), own)
            named |= dict.fromkeys(members, name)
        return old.model_copy(update={"merged": {**old.merged, self.code: named}})


def join(
    table: Table, into: int | None = None, names: Sequence[str | None] | None = None
) -> tuple[list[list[int]], list[tuple[int, float]]]:
    """Join categories, the two of the highest affinity first.

    Returns the groups as they are at `into` groups, or before the first affinity below NEAR; and of
    each join down to a single group how many groups there were and the affinity of the two.

    table: [K, K] of `joint`. The affinity of two is √(P(j|i) P(i|j)) = P(i, j) / √(P(i) P(j)), the
    D^-1/2 W D^-1/2 of Shi and Malik (2000), which does not assume groups of one size. Dead
    categories go first, each to the one that its views are mostly read as. names: [K] the user's;
    categories of one name start as one group, those of different names stay apart.

    >>> join(np.array([[0.2, 0.15, 0.0], [0.15, 0.2, 0.0], [0.0, 0.0, 0.3]]))[0]
    [[0, 1], [2]]
    """
    names = names or [None] * len(table)
    marks = [name or k for k, name in enumerate(names)]
    groups = [[k for k, mark in enumerate(marks) if mark == own] for own in dict.fromkeys(marks)]
    named = np.array([names[group[0]] is not None for group in groups])
    members = np.array([[k in group for k in range(len(table))] for group in groups], np.float64)
    table, steps, result = members @ table @ members.T, list[tuple[int, float]](), None
    few = dead_below(len(groups))
    while len(groups) > 1:
        share = table.sum(1).clip(1e-30)
        dead = (share < few)[:, None] | (share < few)
        least, mean = np.minimum(share[:, None], share), np.sqrt(np.outer(share, share))
        affinity = table / np.where(dead, least, mean)
        affinity[np.outer(named, named) | np.eye(len(groups), dtype=bool)] = 0
        first = affinity + (dead & (affinity > 0))
        i, j = sorted(np.unravel_index(first.argmax(), first.shape))
        if result is None and (first[i, j] < NEAR if into is None else len(groups) <= into):
            result = [list(group) for group in groups]
        if not affinity[i, j]:
            break
        steps.append((len(groups), float(affinity[i, j])))
        groups[i] += groups.pop(j)
        named[i] |= named[j]
        table[i] += table[j]
        table[:, i] += table[:, j]
        named, table = np.delete(named, j), np.delete(np.delete(table, j, 0), j, 1)
    return groups if result is None else result, steps


def merge(
    model: Model, images: Images | None = None, *, into: int | None = None, seed: int = 0
) -> Merging:
    """Find which categories of a model are one class; `Merging.names` gives them one name.

    images: real ones (default: the run's own that it did not learn from), with views under the
    run's `augment`. into: number of classes; None: as many as `join` leaves. seed: of the views.
    ConfigError where there is nothing to merge. The model itself does not change.
    """
    config, code = model.config, model.categorical
    if code is None or config.labels is not None:
        raise ConfigError("this model has no categories that it found without labels, to be merged")
    if config.augment is None:
        raise ConfigError("merging needs augmented views; this model was trained with augment none")
    seen = Observation(model, images or real_images(config, model.run), seed)
    read, k = seen.read[code], len(seen.numbered)
    own = model.names.categories.get(code, {})
    if into is not None and not 1 <= into <= k:
        raise ConfigError(f"--into {into}: give a number from 1 to {k}, the number of categories")
    table = np.mean([joint(read.probs, view) for view in seen.views], 0)
    groups, steps = join(table, into, [own.get(j) for j in range(k)])
    if into is not None and len(groups) != into:
        why = f"the last {len(groups)} are never taken for each other; give at least as many"
        if own:
            rule = f"names hold categories together or apart, which leaves {len(groups)} classes"
            why = f"{rule}; ask for those, or rename: infogan name RUN {code}.NAME 'another name'"
        raise ConfigError(f"--into {into}: {why}")
    shares = usage(read.value, k).shares
    groups.sort(key=lambda group: -shares[group].sum())
    classes = tuple(tuple(sorted(group)) for group in groups)
    sums = tuple(float(shares[group].sum()) for group in groups)
    return Merging(code, classes, sums, tuple(steps), seen.real.name, len(seen.real))
