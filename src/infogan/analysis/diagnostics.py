"""Signs of how a run went, measured without labels; `infogan.analysis.doctor` judges them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infogan.analysis import consistency
from infogan.analysis.consistency import FEWEST
from infogan.analysis.curves import series
from infogan.analysis.observation import Observation
from infogan.config.settings import RunConfig
from infogan.data.images import Pixels
from infogan.objectives.base import STANDING_OUT
from infogan.objectives.terms import AdversarialObjective

JUMP = 10.0  # a loss has jumped at this many times its median, and more than 1 nat beyond that
LAST = 5  # the end of the log is its last line in LAST: one in five
ADVERSARIAL = ("gan", "infogan", "acgan", "semigan")
"""Objectives whose losses compare real with generated images, so that one value means chance."""
Scores = Mapping[str, Any]
Lines = Sequence[Mapping[str, Any]]
ByCode = Mapping[str, float]


@dataclass(frozen=True)
class Signs:
    """What was measured; what could not be is None or empty, and `missing` says why."""

    step: int = 0  # last step in the log
    losses: tuple[float, float] | None = None  # adversarial L_D and L_G at the log's end, in nats
    chance: float = 2 * math.log(2)  # L_D of a D that cannot tell real from generated images
    jumps: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # what `jumps` found
    information: ByCode = field(default_factory=dict)  # L_I in nats at the end of the log
    recovered: ByCode = field(default_factory=dict)  # fraction recovered as training ends, from L_I
    finished: ByCode = field(default_factory=dict)  # the same by the finished model (see optim.ema)
    spacing: float | None = None  # median distance to the nearest other image, generated over real
    spacings: Mapping[int, float] = field(default_factory=dict)  # the same within each category
    away: float | None = None  # median distance of a real image to the nearest generated, over real
    usage: tuple[float, ...] = ()  # [K] share of the real images in each category, over its prior
    pairs: tuple[tuple[int, int, float], ...] = ()  # i, j, P(a view of one is read as the other)
    alike: bool = False  # whether all of those real images are the same
    groups: int | None = None  # of real images that stood out before Q knew any; 0: no number did
    kept: float | None = None  # share of augmented views that are read as their image is
    missing: tuple[str, ...] = ()
    holder: str = ""  # the process that trains it now
    changed: str = ""  # why the images are not those that the run began with


def measure(
    config: RunConfig,
    lines: Lines,
    scores: Scores,
    seen: Observation | None = None,
    missing: Sequence[str] = (),
) -> Signs:
    """Measure a run by its settings, the lines of its log, its scores and what its model shows."""
    tail = series(lines[-max(1, len(lines) // LAST) :])
    end = {key: sum(value for _, value in points) / len(points) for key, points in tail.items()}
    latent = seen.model.latent if seen else config.latent  # under the prior that was learned
    codes, found = latent.codes, dict[str, Any]()
    found["information"] = {name: end[f"L_I/{name}"] for name in codes if f"L_I/{name}" in end}
    entropies = {name: end.get(f"H(c)/{name}") for name in codes}  # of priors that are learned
    found["recovered"] = {
        name: bound / h if (h := entropies[name]) else codes[name].recovered(bound)
        for name, bound in found["information"].items()
    }
    if config.objective.kind in ADVERSARIAL:
        assert isinstance(config.objective, AdversarialObjective)
        names = [f"d/{name}" for name in config.objective.adversarial.of_d]
        if {*names, "g/adversarial"} <= end.keys():
            found["losses"] = sum(end[name] for name in names), end["g/adversarial"]
            found["chance"] = config.objective.adversarial.chance
    if seen and config.objective.generates:
        drawn, read = seen.generated[0].values, seen.recovered
        found["finished"] = {n: codes[n].recovered_from(drawn[n], read[n]) for n in read}
        if seen.images:
            found["spacing"], found["spacings"], found["away"] = _distances(seen)
    if seen and seen.images:
        some = seen.images.take(seen.few)
        found["alike"] = len(some) > 1 and bool((some == some[0]).all())
    if seen and seen.categories is not None and config.labels is None:
        found["pairs"] = pairs(seen)
        found["kept"] = seen.consistency[0] if seen.consistency else None
    found["step"] = int(lines[-1]["step"]) if lines else 0
    found["groups"] = lines[-1].get(STANDING_OUT) if lines else None
    found["missing"] = (*missing, *([] if lines else ["losses: the log has no line"]))
    return Signs(jumps=jumps(lines), usage=usage(config, scores), **found)


def jumps(lines: Lines) -> dict[str, tuple[float, float]]:
    """Losses whose last value is not finite or JUMP times their median: median and last value."""
    found = {}
    for key, points in series(lines).items():
        usual, last = float(np.median(np.abs([value for _, value in points]))), points[-1][1]
        jumped = not math.isfinite(last) or abs(last) > JUMP * usual + 1
        if key.startswith(("d/", "g/")) and key in lines[-1] and jumped:
            found[key] = (usual, last)
    return found


def usage(config: RunConfig, scores: Scores) -> tuple[float, ...]:
    """[K] the scores' share of each category over its prior; empty where that says nothing: where
    labels define the categories, or too few images are expected in one."""
    shares, n = scores.get("shares", ()), int(scores.get("n", 0))
    if config.labels is not None or not shares:
        return ()
    name = scores.get("code", "")
    code = config.latent.codes.get(name)
    prior = code.shares if code else [1 / len(shares)] * len(shares)
    prior = scores.get("prior", {}).get(name, prior)  # one that was learned
    enough = n * min(prior) >= FEWEST
    return tuple(share / p for share, p in zip(shares, prior, strict=True)) if enough else ()


def nearest(images: Pixels, others: Pixels | None = None) -> NDArray[np.float32]:
    """[N] distance from each image [N, H, W, C] to the nearest other of them, or to the nearest of
    `others`: RMS, in grey levels."""
    x = images.reshape(len(images), -1).astype(np.float32)
    y = x if others is None else others.reshape(len(others), -1).astype(np.float32)
    square = ((x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T).clip(0)
    if others is None:
        np.fill_diagonal(square, np.inf)
    return np.asarray(np.sqrt(square.min(1) / x.shape[1]))


def _distances(seen: Observation) -> tuple[float | None, dict[int, float], float | None]:
    """Median of `nearest` over as many generated as real images, over that of the real ones: of
    all, and within each category that has FEWEST of both; and the same of real images to the
    nearest generated one."""
    (draw, made), code, n = seen.generated, seen.model.drawn, len(seen.few)
    real, made = seen.real.take(seen.few), made[:n]
    from_real, from_made = nearest(real), nearest(made)
    usual = float(np.median(from_real))
    if n < FEWEST or not usual:
        return None, {}, None
    inside = {}
    if seen.categories is not None and code is not None:
        prior, read = seen.model.latent.codes[code], seen.categories.value[seen.few]
        drawn = prior.value(draw.values[code][:n]).numpy()
        for k in range(prior.categories):
            own, theirs = from_made[drawn == k], from_real[read == k]
            if min(len(own), len(theirs)) >= FEWEST and np.median(theirs):
                inside[k] = float(np.median(own) / np.median(theirs))
    away = float(np.median(nearest(real, made)))
    return float(np.median(from_made)) / usual, inside, away / usual


def pairs(seen: Observation) -> tuple[tuple[int, int, float], ...]:
    """The pairs of categories that Q confuses most between an image and its views, most first;
    categories that share a name count as one, the first of them."""
    assert seen.categories is not None
    code, names = str(seen.model.categorical), seen.model.names
    own = names.members(code, seen.categories.probs.shape[1])  # [K, names]
    read = own.argmax(1)[names.joined(code, seen.categories).value[seen.few]]
    upper = np.triu(consistency.confusion(read, seen.few_views @ own), 1)
    order, first = np.argsort(-upper, axis=None)[: len(upper)], own.argmax(0).tolist()
    places = zip(*np.unravel_index(order, upper.shape), strict=True)
    return tuple((first[i], first[j], float(upper[i, j])) for i, j in places if upper[i, j] > 0)
