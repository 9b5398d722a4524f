"""What a run found, gathered for its page: plain values, and images as data URIs. N images, K categories."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infogan.analysis.metrics import clusters, morphology
from infogan.analysis.metrics.morphology import rank_correlation
from infogan.data.images import Images
from infogan.data.png import uri
from infogan.latent.posterior import Posterior
from infogan.model.model import Model
from infogan.report.charts import decimal

MOST_CATEGORIES = 40
"""Categories that a page shows, the largest; of the others it says how many there are."""
ROWS = 4
"""z that a sweep is shown for, and real images beside each of its steps."""
STEPS = 11
WEAK = 0.1
"""Relations below it are left out."""
Values = NDArray[Any]


@dataclass(frozen=True)
class Picture:
    """A real image that Q placed."""

    uri: str
    source: str
    """Where it came from."""
    confidence: float = 0.0
    label: str = ""
    """Its class, where that is not the class that its category mostly holds."""


@dataclass(frozen=True)
class Category:
    """One category: what G makes of it, and what Q puts into it."""

    k: int
    share: float
    """Of the images that Q puts here."""
    confidence: float
    """Q's mean probability of the category, over those images."""
    generated: list[str]
    real: list[Picture]
    """Surest to least sure, evenly spaced in rank."""
    classes: list[tuple[str, float]]
    """The most frequent classes in it, with their shares, where labels are known."""


@dataclass(frozen=True)
class Relation:
    """How strongly a code goes with something else."""

    what: str
    strength: float
    """Spearman's rank correlation, -1 to 1; for groups the correlation ratio, 0 to 1."""
    signed: bool


@dataclass(frozen=True)
class Factor:
    """One continuous code: its sweep, and the real images that Q reads as near each step."""

    code: str
    steps: list[tuple[str, bool]]
    """Each swept value, and whether it lies in the range that was trained."""
    trained: str
    generated: list[list[str]]
    """[z, step]"""
    counts: list[int]
    """[step] real images whose reading lies within half a step."""
    real: list[list[Picture]]
    """[step] up to ROWS images whose reading lies within half a step, nearest first."""
    relations: list[Relation]
    likeness: tuple[str, str] | None
    """What it looks like by measurement, and the figures that say so; None where that was not measured."""


def tiles(width: int) -> tuple[float, int]:
    """By what to scale images of a width so that they show at about 56 pixels, and how many then stand in a row."""
    factor = max(1, round(56 / width)) if width <= 84 else 0.5
    return factor, 10 if width * factor <= 56 else 8


def random_samples(model: Model, n: int) -> list[str]:
    """n generated images."""
    return [uri(image) for image in model.sample(n, seed=model.config.seed)]


def categories(
    model: Model,
    images: Images | None,
    read: Mapping[str, Posterior],
    found: clusters.Clusters | None,
) -> list[Category]:
    """The categories that the model reads or draws, by share; of those alike, by number."""
    posterior = None if model.categorical is None else read.get(model.categorical)
    code, each, k = model.drawn, tiles(model.shape[1])[1], total(model, read)
    value = np.empty(0, np.int64) if posterior is None else posterior.value
    confidence = np.empty(0) if posterior is None else posterior.confidence
    counts = np.bincount(value, minlength=k)
    result = []
    for j in np.argsort(-counts, kind="stable")[:MOST_CATEGORIES].tolist():
        rows = np.flatnonzero(value == j)
        ranked = rows[np.argsort(-confidence[rows], kind="stable")]
        chosen = ranked[np.linspace(0, len(ranked) - 1, min(each, len(ranked))).round().astype(int)]
        inside = [] if found is None or images is None else held(found, images, j)
        real = (
            []
            if images is None
            else pictures(images, chosen, confidence, inside[0][0] if inside else "")
        )
        result.append(
            Category(
                k=j,
                share=len(rows) / max(1, len(value)),
                confidence=float(confidence[rows].mean()) if len(rows) else 0.0,
                generated=[uri(i) for i in model.sample(each, seed=model.config.seed, **{code: j})]
                if code
                else [],
                real=real,
                classes=inside[:2],
            )
        )
    return result


def total(model: Model, read: Mapping[str, Posterior]) -> int:
    """K: how many categories are read from images, or else drawn."""
    if model.categorical is not None and model.categorical in read:
        return int(read[model.categorical].probs.shape[1])
    code = model.drawn
    return 0 if code is None else model.latent.codes[code].width


def usage(model: Model, read: Mapping[str, Posterior]) -> list[str]:
    """How many categories are in use, and which are not, in words; nothing where none are read."""
    code = model.categorical
    if code is None or code not in read:
        return []
    k = read[code].probs.shape[1]
    used = clusters.usage(read[code].value, k)
    unused = used.words([model.names.numbered(code, j) for j in range(k)])
    return [f"In use: {used.effective:.1f} of {k}, as e^H of their shares", *filter(None, [unused])]


def held(found: clusters.Clusters, images: Images, j: int) -> list[tuple[str, float]]:
    """Classes in category j with their share of it, largest first."""
    column = found.table[:, j]
    order = np.argsort(-column, kind="stable")
    return [(images.classes[c], float(column[c] / column.sum())) for c in order if column[c]]


def pictures(
    images: Images, rows: Values, confidence: Values | None = None, expected: str = ""
) -> list[Picture]:
    """Real images, with Q's confidence in them, and their class where it is not the expected one."""
    result = []
    for row, image in zip(rows.tolist(), images.take(rows), strict=True):
        label = images.classes[images.labels[row]] if images.labels[row] >= 0 else expected
        odd = label if expected and label != expected else ""
        result.append(
            Picture(
                uri(image),
                images.source(row),
                0.0 if confidence is None else float(confidence[row]),
                odd,
            )
        )
    return result


def factor(
    model: Model,
    code: str,
    images: Images | None,
    read: Mapping[str, Posterior],
    called: Callable[[str], str],
    measured: Mapping[str, Any] | None = None,
) -> Factor:
    """A continuous code. called: what the page calls a code. measured: what the scores say of it."""
    grid, sweep = model.traverse(code, rows=ROWS, steps=STEPS, seed=model.config.seed)
    low, high = model.latent.codes[code].trained
    near, counts, relations = [], [], []
    if images is not None and code in read:
        mean, half = read[code].mean, (sweep[1] - sweep[0]) / 2
        for value in sweep:
            distance = np.abs(mean - value)
            rows = np.argsort(distance, kind="stable")[:ROWS]
            rows = rows[distance[rows] <= half]
            counts.append(int((distance <= half).sum()))
            near.append(pictures(images, rows))
        relations = related(mean, images, {called(c): p for c, p in read.items() if c != code})
    return Factor(
        code=code,
        steps=[
            (f"{value:+.1f}".replace("+0.0", "0").replace("-", "−"), low <= value <= high)
            for value in sweep
        ],
        trained=f"{low:g} to {high:g}".replace("-", "−"),
        generated=[[uri(image) for image in row] for row in grid],
        counts=counts,
        real=near,
        relations=relations,
        likeness=likeness(measured) if measured else None,
    )


def likeness(measured: Mapping[str, Any]) -> tuple[str, str]:
    """What a continuous code looks like, by `metrics.evaluate.continuous`, and the figures that say so."""
    own, rhos = measured["looks_like"], measured["sweeps"]
    name = own or max(rhos, key=lambda what: abs(rhos[what]))
    figures = f"{decimal(rhos[name], sign=True)} over generated sweeps"
    if "real" in measured:
        figures += (
            f", {decimal(measured['real'][name], sign=True)} over real images, category by category"
        )
    if own:
        return f"Looks like {own}", f"rank correlation {figures}"
    return (
        "Looks like no measured property of its own",
        f"nearest is {name}: rank correlation {figures}",
    )


def related(mean: Values, images: Images, others: Mapping[str, Posterior]) -> list[Relation]:
    """What Q's reading [N] of a continuous code goes with, strongest first."""
    numbers: dict[str, Values] = {name: p.mean for name, p in others.items() if len(p.mean)}
    numbers |= morphology.measure(images, False)
    if morphology.are_shapes(images):
        numbers |= morphology.measure(images, True)
    groups: dict[str, Values] = {name: p.value for name, p in others.items() if len(p.probs)}
    if len(images.classes) > 1:
        groups["class of the image"] = images.labels
    found = [
        Relation(name, rank_correlation(mean, values), True) for name, values in numbers.items()
    ]
    found += [
        Relation(name, correlation_ratio(mean, values), False) for name, values in groups.items()
    ]
    return sorted((r for r in found if abs(r.strength) >= WEAK), key=lambda r: -abs(r.strength))


def correlation_ratio(values: Values, groups: Values) -> float:
    """η of values [N] over groups [N]: root of the share of their variance that lies between groups; groups below
    0 are unknown and drop out.

    >>> correlation_ratio(np.array([1.0, 1.0, 4.0, 4.0]), np.array([0, 0, 1, 1]))
    1.0
    """
    values, groups = values[groups >= 0], groups[groups >= 0]
    if not len(values) or not np.ptp(values):
        return 0.0
    counts = np.bincount(groups)
    means = np.bincount(groups, values) / np.maximum(counts, 1)
    return float(
        np.sqrt((counts * (means - values.mean()) ** 2).sum() / (len(values) * values.var()))
    )
