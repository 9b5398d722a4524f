"""What is wrong with a run, in plain words, and which setting to try. No label is ever looked at.

`infogan.analysis.diagnostics` measures the run's own lines, its scores and a few hundred images; `findings` judges that. The
thresholds were chosen on runs that are healthy and broken on purpose: docs/doctor.md has what they reach.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from infogan.analysis.diagnostics import Signs, measure
from infogan.config.settings import RunConfig
from infogan.core.errors import RunError
from infogan.core.tables import read_file
from infogan.data.augment import Affine
from infogan.data.images import Images
from infogan.model.model import Model
from infogan.objectives.terms import Consistency
from infogan.runs.folder import Run
from infogan.runs.names import Names

CHANCE = 2 * math.log(2)
"""L_D in nats of a D that cannot tell real from generated."""
OVERPOWERED = 0.4
"""D is too far ahead when L_D falls below this share of CHANCE."""
LAG = 0.65
"""The finished model lags when it reads less than this share of what Q read of a code while training."""
RECOVERED = 0.4
"""A code is ignored when Q reads less than this share of it (Code.recovered)."""
CLOSE = 0.14
"""Images repeat when the distance from one to the nearest other is less than this share of that of real images."""
UNUSED = 0.1
"""A category is unused when it gets less than this share of the images that its prior promises."""
MIXED = 0.06
"""Two categories are mixed when changed copies of one's images are read as the other with this probability."""
NOISE = 10
"""Fewer numbers of noise than this are too few to vary images with."""


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
        raise RunError(
            f"{run.path}: there is nothing to look at yet (no line in {run.metrics_file.name}, no weights)"
        )
    if scores is None:
        scores = read_file(run.scores_file) if run.scores_file.is_file() else {}
    signs = measure(config, lines, scores, model, images, missing)
    return Diagnosis(tuple(findings(signs, config, run.names)), tuple(looked_at(signs)), signs)


def recorded(run: Run) -> list[Finding]:
    """The findings that training wrote into the run's scores."""
    scores = read_file(run.scores_file) if run.scores_file.is_file() else {}
    return [Finding(**finding) for finding in scores.get("findings", ())]


def findings(signs: Signs, config: RunConfig, names: Names | None = None) -> list[Finding]:
    """What is wrong, causes before consequences: of categories that Q does not read nothing more is said."""
    names = names or Names()
    found = [*_training(signs, config), *_samples(signs, config, names)]
    lagging = [
        name
        for name, kept in signs.kept.items()
        if signs.recovered.get(name, 0) >= RECOVERED and not kept >= LAG * signs.recovered[name]
    ]
    found += [_lags(lagging, signs, config, names)] if lagging else []
    found += [
        _ignored(name, signs, config, names)
        for name, share in signs.recovered.items()
        if not share >= RECOVERED
    ]
    code = config.latent.categorical
    if code is None or signs.recovered.get(code, RECOVERED) >= RECOVERED:
        found += _categories(signs, config, names)
    return found


def _training(signs: Signs, config: RunConfig) -> list[Finding]:
    found, optim = [], config.optim
    if 0 < signs.step < config.steps:
        seen = f"the log ends at step {signs.step:,} of {config.steps:,}"
        remedy = "the same train command, which goes on; where an error ended it, lower optim.d-lr and optim.g-lr"
        found.append(Finding("not finished", seen, remedy))
    if signs.jumps:
        seen = ", ".join(
            f"{key} was {a:.3g} and is {b:.3g}" for key, (a, b) in list(signs.jumps.items())[:3]
        )
        remedy = f"lower rates (optim.d-lr is {optim.d_lr:g}, optim.g-lr {optim.g_lr:g})"
        found.append(Finding("loss jumped", seen, remedy))
    if signs.losses and signs.losses[0] < OVERPOWERED * CHANCE:
        d, g = signs.losses
        seen = (
            f"L_D is {d:.2f} ({CHANCE:.2f} when D cannot tell real from generated), L_G is {g:.2f}"
        )
        slower = f"optim.d-lr {optim.d_lr / 4:g} (now {optim.d_lr:g}) or a higher optim.g-lr (now {optim.g_lr:g})"
        remedy = f"d-steps 1 (now {config.d_steps})" if config.d_steps > 1 else slower
        found.append(Finding("D overpowers G", seen, remedy))
    return found


def _lags(lagging: Sequence[str], signs: Signs, config: RunConfig, names: Names) -> Finding:
    shares = [
        f"{max(0.0, signs.kept[n]):.0%} of {names.code(n)} (in training {signs.recovered[n]:.0%})"
        for n in lagging
    ]
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
    seen = (
        f"generated images{where} are {value:.2f} times as far from the nearest other as real ones"
    )
    noise, rate = config.latent.noise, config.optim.g_lr
    remedy = (
        f"latent.noise 62 (now {noise})"
        if noise < NOISE
        else f"optim.g-lr {rate / 4:g} (now {rate:g})"
    )
    return [Finding("generator collapse", seen, remedy)]


def _ignored(name: str, signs: Signs, config: RunConfig, names: Names) -> Finding:
    code = config.latent.codes[name]
    seen = f"Q reads {max(0.0, signs.recovered[name]):.0%} of {names.code(name)} (L_I {signs.information[name]:.2f} nats)"
    usual = 1.0 if code.categories else 0.1
    if config.objective.kind == "gan":
        remedy = "objective infogan; a plain GAN pays nobody for its codes"
    elif code.weight < usual:
        remedy = f"latent.{name}.weight {usual:g} (now {code.weight:g})"
    else:
        remedy = f"more steps (now {config.steps}), then latent.{name}.weight {3 * code.weight:g}"
    return Finding("code ignored", seen, remedy)


def _categories(signs: Signs, config: RunConfig, names: Names) -> list[Finding]:
    found, code = [], config.latent.categorical or "class"
    unheard = isinstance(config.objective, Consistency) and not config.objective.needs_views
    real = "objective.real-weight 3 with augment affine"
    rigid = isinstance(config.augment, Affine) and not config.augment.bend
    if few := {k: used for k, used in enumerate(signs.usage) if used < UNUSED}:
        seen = f"{_listed(names, code, few)} get at most {max(few.values()):.0%} of the images that the prior promises"
        remedy = (
            real
            if unheard
            else f"{len(signs.usage) - len(few)} categories (now {len(signs.usage)})"
        )
        found.append(Finding("category unused", seen, remedy))
    if mixed := [pair for pair in signs.pairs if pair[2] >= MIXED]:
        words = [
            f"{names.numbered(code, i)} and {names.numbered(code, j)} ({p:.0%})"
            for i, j, p in mixed[:3]
        ]
        more = f" and {len(mixed) - 3} more pairs" if len(mixed) > 3 else ""
        seen = f"slightly changed images cross between {', '.join(words)}{more}: they share a class, or split one"
        other = "augment.bend 0.05 (now 0)" if rigid else "another seed"
        remedy = (
            real if unheard else f"{other}, more steps, or `infogan merge` where they split one"
        )
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
        seen.append(
            f"losses: L_D {signs.losses[0]:.2f} ({CHANCE:.2f} is chance), L_G {signs.losses[1]:.2f}"
        )
    seen += [
        f"{name}: Q reads {max(0.0, share):.0%} (L_I {signs.information[name]:.2f})"
        for name, share in signs.recovered.items()
    ]
    if signs.kept:
        shares = ", ".join(f"{max(0.0, kept):.0%} of {name}" for name, kept in signs.kept.items())
        seen.append(f"finished model: Q reads {shares}")
    if signs.spacing is not None:
        seen.append(
            f"samples: {signs.spacing:.2f} times as far from the nearest other as real images"
        )
    if signs.usage:
        seen.append(
            f"categories: the least used gets {min(signs.usage):.0%} of what its prior promises"
        )
    if signs.pairs:
        seen.append(
            f"categories: at most {signs.pairs[0][2]:.1%} of slightly changed images cross between two"
        )
    return [*seen, *(f"left out: {reason}" for reason in signs.missing)]
