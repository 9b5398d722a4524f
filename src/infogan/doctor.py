"""What is wrong with a run, in plain words, and which setting to try. No label is ever looked at.

`measure` turns the run's own lines, its scores and a few hundred images into `Signs`; `findings` judges them. The
thresholds were chosen on runs that are healthy and broken on purpose: docs/doctor.md has what they reach.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infogan.codes import Categorical, Posterior
from infogan.config import RunConfig, read_file
from infogan.data.augment import Affine
from infogan.data.images import Images, Pixels, to_float, to_pixels
from infogan.errors import RunError
from infogan.model import Model
from infogan.names import Names
from infogan.objectives.real import HearsRealImages
from infogan.run import Run
from infogan.streams import stream

CHANCE = 2 * math.log(2)
"""L_D in nats of a D that cannot tell real from generated."""
OVERPOWERED = 0.4
"""D is too far ahead when L_D falls below this share of CHANCE."""
JUMP = 10.0
"""A loss has jumped when it is that many times what it was in the middle of the run, and more than 1 away."""
LAG = 0.65
"""The finished model lags when it reads less than this share of what Q read of the categories while training."""
TOLD = 0.4
"""A code is ignored when Q reads less than this share of it (Code.told)."""
CLOSE = 0.2
"""Images repeat when the distance from one to the nearest other is less than this share of that of real images."""
UNUSED = 0.1
"""A category is unused when it gets less than this share of the images that its prior promises."""
MIXED = 0.06
"""Two categories are mixed when changed copies of one's images are read as the other with this probability."""
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
class Finding:
    """One thing that is wrong."""

    name: str
    seen: str
    """What was seen, with its figures."""
    remedy: str
    """The setting to try."""

    def __str__(self) -> str:
        return f"{self.name}: {self.seen}. Try {self.remedy}."


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
    told: Mapping[str, float] = field(default_factory=dict)
    """The share of each code that this L_I stands for."""
    spacing: float | None = None
    """Distance from a generated image to the nearest other, over that of real images (medians)."""
    spacings: Mapping[int, float] = field(default_factory=dict)
    """The same within the images of each category that Q reads real images as."""
    kept: Mapping[str, float] = field(default_factory=dict)
    """The same of the finished model, whose weights may be averages, from its scores."""
    usage: tuple[float, ...] = ()
    """[K] share of real images that are read as each category, over its prior."""
    pairs: tuple[tuple[int, int, float], ...] = ()
    """Two categories, and the probability that a changed copy of an image of one is read as the other."""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor says."""

    findings: tuple[Finding, ...]
    looked_at: tuple[str, ...]
    signs: Signs

    def tree(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def examine(
    run: Run,
    model: Model | None,
    images: Images | None,
    scores: Mapping[str, Any] | None = None,
    missing: Sequence[str] = (),
) -> Diagnosis:
    """Look at a run: finished, still running, or stopped; RunError when there is nothing yet.

    model: the run's, None to look at the log alone. images: real ones that it never saw. scores: the run's, where
    they are not in its folder yet. missing: why there is no model, or no image.
    """
    config, lines = run.config, run.metrics()
    if not lines and model is None:
        raise RunError(f"{run.path}: there is nothing to look at yet (no line in {run.metrics_file.name}, no weights)")
    if scores is None:
        scores = read_file(run.scores_file) if run.scores_file.is_file() else {}
    signs = measure(config, lines, scores, model, images, missing)
    return Diagnosis(tuple(findings(signs, config, run.names)), tuple(looked_at(signs)), signs)


def recorded(run: Run) -> list[Finding]:
    """The findings that training wrote into the run's scores."""
    scores = read_file(run.scores_file) if run.scores_file.is_file() else {}
    return [Finding(**finding) for finding in scores.get("findings", ())]


# Measuring


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
    codes = config.latent.codes
    information = {name: end[f"L_I/{name}"] for name in codes if f"L_I/{name}" in end}
    final = {name: bound for name, bound in (scores.get("information") or {}).items() if name in codes}
    signs = Signs(
        step=int(lines[-1]["step"]) if lines else 0,
        losses=_losses(config, end),
        jumps=jumps(lines),
        information=information,
        told={name: codes[name].told(bound) for name, bound in information.items()},
        kept={name: codes[name].told(bound) for name, bound in final.items()},
        usage=usage(config, scores),
        missing=missing,
    )
    if model is None:
        return signs
    if images is None:
        return signs
    real = images.take(np.linspace(0, len(images) - 1, min(IMAGES, len(images))).astype(np.int64))
    posterior = None if model.categorical is None else model.encode(real)[model.categorical]
    if posterior is not None and config.labels is None:
        signs = replace(signs, pairs=pairs(model, real, posterior))
    if config.objective.generates:
        spacing, spacings = _spacings(model, real, posterior)
        signs = replace(signs, spacing=spacing, spacings=spacings)
    return signs


def _losses(config: RunConfig, end: Mapping[str, float]) -> tuple[float, float] | None:
    """L_D and L_G of real against generated, where the objective has them."""
    if config.objective.kind not in ADVERSARIAL or not {"d/real", "d/fake", "g/adversarial"} <= end.keys():
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
    prior = code.prior.tolist() if isinstance(code, Categorical) else [1 / max(1, len(shares))] * len(shares)
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


def _spacings(model: Model, real: Pixels, posterior: Posterior | None) -> tuple[float | None, dict[int, float]]:
    """Of as many generated images as real ones: the medians of `nearest` over those of the real ones, in all and
    within each category that both have FEWEST images of."""
    draw = model.latent.sample(len(real), stream(model.config.seed, "doctor"))
    from_real, from_made = nearest(real), nearest(model.generate(draw.vector()))
    usual = float(np.median(from_real))
    if len(real) < FEWEST or not usual:
        return None, {}
    code, inside = model.latent.categorical, {}
    if posterior is not None and code is not None and model.categorical in (code, model.config.objective.q):
        drawn = draw.values[code].argmax(1).numpy()
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
    table = confusion(own.argmax(1)[model.names.joined(code, posterior).value], np.mean(copies, 0) @ own)
    upper = np.triu(table, 1)
    order = np.argsort(-upper, axis=None)[: len(table)]
    places = zip(*np.unravel_index(order, upper.shape), strict=True)
    first = own.argmax(0)
    return tuple((int(first[i]), int(first[j]), float(table[i, j])) for i, j in places if table[i, j] > 0)


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


# Judging


def findings(signs: Signs, config: RunConfig, names: Names | None = None) -> list[Finding]:
    """What is wrong, causes before consequences: of categories that Q does not read nothing more is said."""
    names = names or Names()
    found = [*_training(signs, config), *_samples(signs, config, names)]
    lagging = [
        name for name, kept in signs.kept.items() if signs.told.get(name, 0) >= TOLD and kept < LAG * signs.told[name]
    ]
    found += [_lags(lagging, signs, config, names)] if lagging else []
    found += [_ignored(name, signs, config, names) for name, told in signs.told.items() if not told >= TOLD]
    code = config.latent.categorical
    if code is None or signs.told.get(code, TOLD) >= TOLD:
        found += _categories(signs, config, names)
    return found


def _training(signs: Signs, config: RunConfig) -> list[Finding]:
    found, optim = [], config.optim
    if 0 < signs.step < config.steps:
        seen = f"the log ends at step {signs.step:,} of {config.steps:,}"
        remedy = "the same train command, which goes on; where an error ended it, lower optim.d-lr and optim.g-lr"
        found.append(Finding("not finished", seen, remedy))
    if signs.jumps:
        seen = ", ".join(f"{key} was {a:.3g} and is {b:.3g}" for key, (a, b) in list(signs.jumps.items())[:3])
        remedy = f"lower rates (optim.d-lr is {optim.d_lr:g}, optim.g-lr {optim.g_lr:g})"
        found.append(Finding("loss jumped", seen, remedy))
    if signs.losses and signs.losses[0] < OVERPOWERED * CHANCE:
        d, g = signs.losses
        seen = f"L_D is {d:.2f} ({CHANCE:.2f} when D cannot tell real from generated), L_G is {g:.2f}"
        slower = f"optim.d-lr {optim.d_lr / 4:g} (now {optim.d_lr:g}) or a higher optim.g-lr (now {optim.g_lr:g})"
        remedy = f"d-steps 1 (now {config.d_steps})" if config.d_steps > 1 else slower
        found.append(Finding("D overpowers G", seen, remedy))
    return found


def _lags(lagging: Sequence[str], signs: Signs, config: RunConfig, names: Names) -> Finding:
    shares = [f"{max(0.0, signs.kept[n]):.0%} of {names.code(n)} (in training {signs.told[n]:.0%})" for n in lagging]
    ema = config.optim.ema
    faster = f", or optim.ema {max(0.0, 1 - 4 * (1 - ema)):.2g} (now {ema:g})" if ema else ""
    seen, remedy = f"its Q reads {', '.join(shares)}", f"more steps (now {config.steps}){faster}"
    return Finding("finished model lags", seen, remedy)


def _samples(signs: Signs, config: RunConfig, names: Names) -> list[Finding]:
    code = config.latent.categorical
    few = {k: value for k, value in signs.spacings.items() if value < CLOSE}
    where, value = "", signs.spacing
    if few and code and (value is None or value >= CLOSE):
        where, value = f" in {_listed(names, code, few)}", min(few.values())
    if value is None or value >= CLOSE:
        return []
    seen = f"generated images{where} are {value:.2f} times as far from the nearest other as real ones"
    noise, rate = config.latent.noise, config.optim.g_lr
    remedy = f"latent.noise 62 (now {noise})" if noise < FEWEST else f"optim.g-lr {rate / 4:g} (now {rate:g})"
    return [Finding("generator collapse", seen, remedy)]


def _ignored(name: str, signs: Signs, config: RunConfig, names: Names) -> Finding:
    code = config.latent.codes[name]
    seen = f"Q reads {max(0.0, signs.told[name]):.0%} of {names.code(name)} (L_I {signs.information[name]:.2f} nats)"
    usual = 1.0 if isinstance(code, Categorical) else 0.1
    if config.objective.kind == "gan":
        remedy = "objective infogan; a plain GAN pays nobody for its codes"
    elif code.weight < usual:
        remedy = f"latent.{name}.weight {usual:g} (now {code.weight:g})"
    else:
        remedy = f"more steps (now {config.steps}), then latent.{name}.weight {3 * code.weight:g}"
    return Finding("code ignored", seen, remedy)


def _categories(signs: Signs, config: RunConfig, names: Names) -> list[Finding]:
    found, code = [], config.latent.categorical or "class"
    unheard = isinstance(config.objective, HearsRealImages) and not config.objective.needs_view
    real = "objective.real-weight 3 with augment affine"
    rigid = isinstance(config.augment, Affine) and not config.augment.bend
    if few := {k: used for k, used in enumerate(signs.usage) if used < UNUSED}:
        seen = f"{_listed(names, code, few)} get at most {max(few.values()):.0%} of the images that the prior promises"
        remedy = real if unheard else f"{len(signs.usage) - len(few)} categories (now {len(signs.usage)})"
        found.append(Finding("category unused", seen, remedy))
    if mixed := [pair for pair in signs.pairs if pair[2] >= MIXED]:
        words = [f"{names.numbered(code, i)} and {names.numbered(code, j)} ({p:.0%})" for i, j, p in mixed[:3]]
        more = f" and {len(mixed) - 3} more pairs" if len(mixed) > 3 else ""
        seen = f"slightly changed images cross between {', '.join(words)}{more}: they share a class, or split one"
        other = "augment.bend 0.05 (now 0)" if rigid else "another seed"
        remedy = real if unheard else f"{other}, more steps, or `infogan merge` where they split one"
        found.append(Finding("categories mixed", seen, remedy))
    return found


def _listed(names: Names, code: str, categories: Mapping[int, float], most: int = 5) -> str:
    """`category 3`, or the first few of several."""
    shown = [names.numbered(code, k) for k in list(categories)[:most]]
    more = f" and {len(categories) - most} more" if len(categories) > most else ""
    return f"{'category' if len(categories) == 1 else 'categories'} {', '.join(shown)}{more}"


def looked_at(signs: Signs) -> list[str]:
    """What was looked at, with its figures, a line each; and what was not, and why."""
    seen = []
    if signs.losses:
        seen.append(f"losses: L_D {signs.losses[0]:.2f} ({CHANCE:.2f} is chance), L_G {signs.losses[1]:.2f}")
    seen += [
        f"{name}: Q reads {max(0.0, told):.0%} (L_I {signs.information[name]:.2f})" for name, told in signs.told.items()
    ]
    if signs.spacing is not None:
        seen.append(f"samples: {signs.spacing:.2f} times as far from the nearest other as real images")
    if signs.usage:
        seen.append(f"categories: the least used gets {min(signs.usage):.0%} of what its prior promises")
    if signs.pairs:
        seen.append(f"categories: at most {signs.pairs[0][2]:.1%} of slightly changed images cross between two")
    return [*seen, *(f"left out: {reason}" for reason in signs.missing)]
