"""What shows how a run went: measured from the lines of its log, its scores, its model and a few hundred images.

No label is ever looked at. `infogan.analysis.doctor` judges what is measured here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infogan.config.settings import RunConfig
from infogan.core.random import stream
from infogan.data.augment import Affine
from infogan.data.images import Images, Pixels, to_float, to_pixels
from infogan.latent.latent import Draw
from infogan.latent.posterior import Posterior
from infogan.model.model import Model

JUMP = 10.0
"""A loss has jumped when it is that many times what it was in the middle of the run, and more than 1 away."""
LAST = 5
"""Share of the lines that count as the end of the log: one in five."""
IMAGES = 500
"""Real and generated images that are looked at, of each."""
FEWEST = 10
"""Images of a category that say something about it."""
ADVERSARIAL = ("gan", "infogan", "acgan", "semigan")
"""Objectives whose losses are those of real against generated; the others' have no such meeting point."""
Array = NDArray[Any]


@dataclass(frozen=True)
class Signs:
    """What was measured; what could not be is None or empty, and `missing` says why."""

    step: int = 0
    """The last that the log has."""
    losses: tuple[float, float] | None = None
    """L_D and L_G in nats, at the end of the log, of real against generated."""
    jumps: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Losses that jumped or are no numbers: what they were in the middle of the run, and in its last line."""
    information: Mapping[str, float] = field(default_factory=dict)
    """L_I of each code in nats, at the end of the log."""
    recovered: Mapping[str, float] = field(default_factory=dict)
    """The share of each code that this L_I stands for."""
    kept: Mapping[str, float] = field(default_factory=dict)
    """The share of each code that the finished model reads, whose weights may be averages (`Code.recovered_from`)."""
    spacing: float | None = None
    """Distance from a generated image to the nearest other, over that of real images (medians)."""
    spacings: Mapping[int, float] = field(default_factory=dict)
    """The same within the images of each category that Q reads real images as."""
    usage: tuple[float, ...] = ()
    """[K] share of real images that are read as each category, over its prior."""
    pairs: tuple[tuple[int, int, float], ...] = ()
    """Two categories, and the probability that a changed copy of an image of one is read as the other."""
    missing: tuple[str, ...] = ()


def measure(
    config: RunConfig,
    lines: Sequence[Mapping[str, Any]],
    scores: Mapping[str, Any],
    model: Model | None = None,
    images: Images | None = None,
    missing: Sequence[str] = (),
) -> Signs:
    """Signs of a run from its settings, the lines of its log, its scores, its model and real images."""
    missing = (*missing, *([] if lines else ["losses: the log has no line"]))
    end = {key: _end(lines, key) for key in dict.fromkeys(key for line in lines for key in line)}
    codes = (config if model is None else model).latent.codes  # under the prior that was learned
    information = {name: end[f"L_I/{name}"] for name in codes if f"L_I/{name}" in end}
    signs = Signs(
        step=int(lines[-1]["step"]) if lines else 0,
        losses=_losses(config, end),
        jumps=jumps(lines),
        information=information,
        recovered={name: codes[name].recovered(bound) for name, bound in information.items()},
        usage=usage(config, scores),
        missing=missing,
    )
    if model is None:
        return signs
    if config.objective.generates:
        draw = model.latent.sample(IMAGES, stream(config.seed, "doctor"))
        made = model.generate(draw.vector())
        signs = replace(signs, kept=_kept(model, draw, made))
    if images is None:
        return signs
    real = images.take(np.linspace(0, len(images) - 1, min(IMAGES, len(images))).astype(np.int64))
    posterior = None if model.categorical is None else model.encode(real)[model.categorical]
    if posterior is not None and config.labels is None:
        signs = replace(signs, pairs=pairs(model, real, posterior))
    if config.objective.generates:
        spacing, spacings = _spacings(model, draw, made, real, posterior)
        signs = replace(signs, spacing=spacing, spacings=spacings)
    return signs


def _losses(config: RunConfig, end: Mapping[str, float]) -> tuple[float, float] | None:
    """L_D and L_G of real against generated, where the objective has them."""
    if (
        config.objective.kind not in ADVERSARIAL
        or not {"d/real", "d/fake", "g/adversarial"} <= end.keys()
    ):
        return None
    return end["d/real"] + end["d/fake"], end["g/adversarial"]


def _end(lines: Sequence[Mapping[str, Any]], key: str) -> float:
    """Mean over the end of the log."""
    values = [float(line[key]) for line in lines[-max(1, len(lines) // LAST) :] if key in line]
    return sum(values) / len(values) if values else math.nan


def jumps(lines: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, float]]:
    """Losses whose last value is not finite or JUMP times their median: the median and the last value."""
    found = {}
    for key in [key for key in (lines[-1] if lines else {}) if key.startswith(("d/", "g/"))]:
        values = [float(line[key]) for line in lines if key in line]
        usual, last = float(np.median(np.abs(values))), values[-1]
        if not math.isfinite(last) or abs(last) > JUMP * usual + 1:
            found[key] = (usual, last)
    return found


def usage(config: RunConfig, scores: Mapping[str, Any]) -> tuple[float, ...]:
    """[K] the scores' share of each category over its prior; empty where that says nothing: where labels say what
    a category is, or where images are too few for it."""
    shares, n = scores.get("shares", ()), int(scores.get("n", 0))
    code = config.latent.codes.get(str(scores.get("code")))
    prior = code.shares if code else [1 / max(1, len(shares))] * len(shares)
    if config.labels is not None or not shares or n * min(prior) < FEWEST:
        return ()
    return tuple(share / expected for share, expected in zip(shares, prior, strict=True))


def nearest(images: Pixels) -> Array:
    """[N] from each image [N, H, W, C] to the nearest other, root mean square in grey levels."""
    x = images.reshape(len(images), -1).astype(np.float32)
    square = (x**2).sum(1)
    distance = (square[:, None] + square - 2 * x @ x.T).clip(0)
    np.fill_diagonal(distance, np.inf)
    result: Array = np.sqrt(distance.min(1) / x.shape[1])
    return result


def _kept(model: Model, draw: Draw, made: Pixels) -> dict[str, float]:
    """`Code.recovered_from` of each code that a head of D reads."""
    read = model.recovered(model.encode(made)) if model.readings else {}
    return {
        name: model.latent.codes[name].recovered_from(draw.values[name], found)
        for name, found in read.items()
    }


def _spacings(
    model: Model, draw: Draw, made: Pixels, real: Pixels, posterior: Posterior | None
) -> tuple[float | None, dict[int, float]]:
    """Of as many generated images as real ones: the medians of `nearest` over those of the real ones, in all and
    within each category that both have FEWEST images of."""
    from_real, from_made = nearest(real), nearest(made[: len(real)])
    usual = float(np.median(from_real))
    if len(real) < FEWEST or not usual:
        return None, {}
    code, inside = model.drawn, {}
    if posterior is not None and code is not None:
        drawn = draw.values[code][: len(real)].argmax(1).numpy()
        for k in range(model.latent.codes[code].width):
            own, theirs = from_made[drawn == k], from_real[posterior.value == k]
            if min(len(own), len(theirs)) >= FEWEST and np.median(theirs):
                inside[k] = float(np.median(own) / np.median(theirs))
    return float(np.median(from_made)) / usual, inside


def pairs(model: Model, real: Pixels, posterior: Posterior) -> tuple[tuple[int, int, float], ...]:
    """The pairs of categories that Q confuses most on real images turned, scaled and shifted a little; those that
    share a name are one, the first of them."""
    code, copies = str(model.categorical), []
    own = model.names.members(code, posterior.probs.shape[1])  # [K, names]
    for i in range(2):
        changed = Affine()(to_float(real), stream(model.config.seed, "doctor changes", i)).images
        copies.append(model.encode(to_pixels(changed))[code].probs)
    table = confusion(
        own.argmax(1)[model.names.joined(code, posterior).value], np.mean(copies, 0) @ own
    )
    upper = np.triu(table, 1)
    order = np.argsort(-upper, axis=None)[: len(table)]
    places = zip(*np.unravel_index(order, upper.shape), strict=True)
    first = own.argmax(0)
    return tuple(
        (int(first[i]), int(first[j]), float(table[i, j])) for i, j in places if table[i, j] > 0
    )


def confusion(read: Array, copies: Array) -> Array:
    """[K, K] probability that copies [N, K] of the images read as one category are read as the other, the mean of
    both ways; 0 where one of them has fewer than FEWEST images."""
    k = copies.shape[1]
    table, counts = np.zeros((k, k)), np.bincount(read, minlength=k)
    np.add.at(table, read, copies)
    table /= np.maximum(counts, 1)[:, None]
    enough = counts >= FEWEST
    result: Array = (table + table.T) / 2 * np.outer(enough, enough)
    np.fill_diagonal(result, 0)
    return result
