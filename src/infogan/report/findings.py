"""What a run found, for its page and its figures: N images, uint8 [H, W, C], and K categories."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from infogan.analysis.curves import series
from infogan.analysis.metrics import morphology
from infogan.analysis.observation import Observation
from infogan.data.images import Images, Pixels
from infogan.latent.codes import Code
from infogan.latent.posterior import Posterior
from infogan.model.model import CHUNK, Model
from infogan.report.charts import Point, decimal, swept

ROWS, STEPS = 4, 11  # z that a sweep is shown for, and as many real images beside each of its steps
PAIRS = 12  # generated images shown beside the nearest real one
WEAK = 0.1  # relations below it are left out
Values = NDArray[Any]
Read = tuple[Code, Posterior]


class Picture(NamedTuple):
    """A real image that Q placed, where it came from, and how sure Q is of it."""

    image: Pixels
    source: str
    confidence: float
    label: str  # its class, where that is not the class that its category mostly holds


class Category(NamedTuple):
    """One category: what G makes of it, and what Q puts into it."""

    k: int
    generated: Pixels  # [n, H, W, C]; n = 0 where G cannot be given the category
    share: float = 0.0  # of the images that Q puts here
    confidence: float = 0.0  # Q's mean probability of the category, over those images
    real: Sequence[Picture] = ()  # surest to least sure, evenly spaced in rank
    classes: Sequence[tuple[str, float]] = ()  # two most frequent labels, with their shares


class Relation(NamedTuple):
    """How strongly a code goes with something else."""

    what: str
    strength: float  # Spearman's rho, -1 to 1; of an angle circular, of groups η, 0 to 1
    signed: bool


class Factor(NamedTuple):
    """One continuous code: its sweep, and the real images that Q reads as near each step."""

    name: str
    steps: list[tuple[str, bool]]  # each swept value, and whether it lies in the trained range
    trained: str
    periodic: bool
    generated: Pixels  # [z, step, H, W, C]
    likeness: tuple[str, str] | None  # what it looks like and why, in figures; None: not measured
    counts: Sequence[int] = ()  # [step] real images whose posterior mean lies within half a step
    real: Sequence[list[Picture]] = ()  # [step] up to ROWS of those images, nearest first
    relations: Sequence[Relation] = ()


def nearest(seen: Observation) -> list[tuple[Pixels, Pixels, str]]:
    """PAIRS generated images, each with the image that the model learned from whose pixels are
    nearest, and where that came from; empty where it is not known what it learned from."""
    images = seen.learned
    if images is None or not seen.model.config.objective.generates:
        return []
    made = seen.model.sample(PAIRS, seed=seen.seed)
    flat = made.reshape(len(made), -1).astype(np.float32)
    best, rows = np.full(len(made), np.inf, np.float32), np.zeros(len(made), np.int64)
    for start in range(0, len(images), CHUNK):
        some = images.take(slice(start, start + CHUNK))
        some = some.reshape(len(some), -1).astype(np.float32)
        apart = np.square(some).sum(1) - 2 * flat @ some.T  # [PAIRS, n], less what all share
        near = apart.argmin(1)
        least = apart[np.arange(len(made)), near]
        rows, best = np.where(least < best, start + near, rows), np.minimum(best, least)
    real, sources = images.take(rows), map(images.source, rows.tolist())
    return list(zip(made, real, sources, strict=True))


def tiles(width: int) -> tuple[float, int]:
    """By what to scale images of a width to about 56 pixels, and how many then stand in a row."""
    factor = max(1, round(56 / width)) if width <= 84 else 0.5
    return factor, 10 if width * factor <= 56 else 8


def curves(model: Model, lines: Sequence[Mapping[str, Any]], prefix: str) -> dict[str, list[Point]]:
    """`series` over training as (step, value), with codes by what they are called."""
    called = model.names.code
    found = series(lines, prefix)
    return {"/".join(map(called, name.split("/"))): points for name, points in found.items()}


def losses(model: Model, lines: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[Point]]]:
    """The terms of each player's loss, in nats."""
    return {"Discriminator": curves(model, lines, "d/"), "Generator": curves(model, lines, "g/")}


def ceilings(model: Model) -> dict[str, float]:
    """H(c) in nats, which L_I cannot exceed, of each categorical code, by what it is called."""
    codes = model.latent.codes.items()
    return {model.names.code(name): code.entropy for name, code in codes if code.categories}


def by_size(seen: Observation) -> list[int]:
    """The categories that the model reads or draws, largest first; of those alike, by number."""
    read, drawn = seen.categories, seen.model.drawn
    if read is None:
        return list(range(seen.model.latent.codes[drawn].categories)) if drawn else []
    counts = np.bincount(read.value, minlength=read.probs.shape[1])
    return [int(k) for k in np.argsort(-counts, kind="stable")]


def category(seen: Observation, k: int, each: int, seed: int) -> Category:
    """A category with up to `each` generated and real images; seed: of what is generated."""
    model, images, read = seen.model, seen.images, seen.categories
    generated = np.empty((0, *model.shape), np.uint8)
    if model.drawn:
        generated = model.sample(each, seed=seed, **{model.drawn: k})
    if images is None or read is None:
        return Category(k, generated)
    rows = np.flatnonzero(read.value == k)
    ranked = rows[np.argsort(-read.confidence[rows], kind="stable")]
    shown = ranked[np.linspace(0, len(rows) - 1, min(each, len(rows))).round().astype(int)]
    classes = []
    if seen.clusters is not None:
        column = seen.clusters.table[:, k]
        most = [c for c in np.argsort(-column, kind="stable")[:2] if column[c]]
        classes = [(images.classes[c], float(column[c] / column.sum())) for c in most]
    sure = float(read.confidence[rows].mean()) if len(rows) else 0.0
    real = pictures(images, shown, read, classes[0][0] if classes else "")
    return Category(k, generated, len(rows) / len(read.value), sure, real, classes)


def pictures(images: Images, rows: Values, read: Posterior, expected: str = "") -> list[Picture]:
    """Real images, with Q's confidence in them, and their class where that is not as expected."""
    result = []
    for row, image in zip(rows.tolist(), images.take(rows), strict=True):
        label = images.classes[images.labels[row]] if images.labels[row] >= 0 else expected
        odd = label if expected and label != expected else ""
        result.append(Picture(image, images.source(row), float(read.confidence[row]), odd))
    return result


def factor(seen: Observation, name: str, measured: Mapping[str, Any] | None = None) -> Factor:
    """A continuous code. measured: what the scores say of it."""
    model, images, read = seen.model, seen.images, seen.read.get(name)
    code = model.latent.codes[name]
    generated, sweep = model.traverse(name, rows=ROWS, steps=STEPS, seed=seen.seed)
    low, high = code.trained
    inside = [low <= value <= high for value in sweep]
    steps = list(zip(swept(code, sweep), inside, strict=True))
    trained = "all angles" if code.periodic else f"{low:g} to {high:g}".replace("-", "−")
    looks = likeness(measured) if measured else None
    result = Factor(name, steps, trained, code.periodic, generated, looks)
    if images is None or read is None:
        return result
    counts, near, half = [], [], (sweep[1] - sweep[0]) / 2
    for value in sweep:
        distance = np.abs(read.mean - value)
        if code.periodic:
            distance = np.minimum(distance, high - low - distance)
        rows = np.argsort(distance, kind="stable")[:ROWS]
        counts.append(int((distance <= half).sum()))
        near.append(pictures(images, rows[distance[rows] <= half], read))
    rest = [reading for reading in model.readings if reading.name != name]
    others = {model.names.code(r.name): (r.code, seen.read[r.name]) for r in rest}
    relations = related(read.mean, images, others, code.periodic)
    return result._replace(counts=counts, real=near, relations=relations)


def likeness(measured: Mapping[str, Any]) -> tuple[str, str]:
    """What a continuous code looks like by its entry in the scores, and the figures behind it."""
    own, sweeps, signed = measured["looks_like"], measured["sweeps"], "periodic" not in measured
    name = own or max(sweeps, key=lambda what: abs(sweeps[what]))
    kind = "rank" if signed else "circular"
    figures = f"{kind} correlation {decimal(sweeps[name], signed)} over generated sweeps"
    if "real" in measured:
        real = decimal(measured["real"][name], signed)
        figures += f", {real} over real images, category by category"
    if own:
        return f"Looks like {own}", figures
    return "Looks like no measured property of its own", f"nearest is {name}: {figures}"


def related(
    mean: Values, images: Images, others: Mapping[str, Read], periodic: bool = False
) -> list[Relation]:
    """What the posterior mean [N] of a continuous code goes with, strongest first."""
    found, groups = list[Relation](), dict[str, Values]()
    numbers: dict[str, Values] = {**morphology.measure(images, False)}
    if morphology.are_shapes(images):
        numbers |= morphology.measure(images, True)
    for name, (code, read) in others.items():
        if code.categories:
            groups[name] = read.value
        elif not code.periodic:
            numbers[name] = read.mean
        elif not periodic:
            found.append(Relation(name, morphology.circular_correlation(read.mean, mean), False))
    if len(images.classes) > 1:
        groups["class of the image"] = images.labels
    strengths = morphology.correlations(mean, numbers, periodic=periodic)
    found += [Relation(name, strength, not periodic) for name, strength in strengths.items()]
    columns = np.stack([np.cos(mean), np.sin(mean)] if periodic else [mean], 1)
    found += [Relation(n, correlation_ratio(columns, v), False) for n, v in groups.items()]
    return sorted((r for r in found if abs(r.strength) >= WEAK), key=lambda r: -abs(r.strength))


def correlation_ratio(values: Values, groups: Values) -> float:
    """η of values [N, D] over groups [N] (below 0: unknown, dropped): root of the share of their
    variance that lies between groups.

    >>> correlation_ratio(np.array([[1.0], [1.0], [4.0], [4.0]]), np.array([0, 0, 1, 1]))
    1.0
    """
    values, groups = values[groups >= 0], groups[groups >= 0]
    if not len(values) or not np.ptp(values, 0).any():
        return 0.0
    counts = np.bincount(groups)
    sums = np.stack([np.bincount(groups, column) for column in values.T], 1)
    apart = sums / np.maximum(counts, 1)[:, None] - values.mean(0)
    between = counts @ (apart**2).sum(1)
    return float(np.sqrt(between / (len(values) * values.var(0).sum())))
