"""What is wrong with a run, in plain words, and which setting to try. No label is read.

`infogan.analysis.diagnostics` measures the run; `findings` judges that. The thresholds were chosen on
sound runs and on runs broken on purpose: docs/doctor.md says what they reach.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from infogan.analysis.diagnostics import Signs, measure
from infogan.analysis.observation import Observation
from infogan.config.settings import RunConfig
from infogan.core.errors import RunError
from infogan.core.tables import read_file
from infogan.data.augment import Affine
from infogan.objectives.terms import Consistency
from infogan.runs.folder import Run
from infogan.runs.names import Names

CHANCE = 2 * math.log(2)
"""L_D in nats of a D that cannot tell real from generated images."""
OVERPOWERED = 0.4
"""D overpowers G when L_D is below this share of CHANCE."""
LAG = 0.65
"""The finished model lags when it recovers less than this share of what training recovered."""
RECOVERED = 0.4
"""A code is ignored when less than this fraction of it is recovered (`Code.recovered`)."""
CLOSE = 0.14
"""Images repeat when the distance to the nearest other is below this share of real images'."""
UNUSED = 0.1
"""A category is unused when it gets less than this share of the images that its prior expects."""
MIXED = 0.06
"""Two categories are mixed when views of one's images are read as the other with this probability."""
NOISE = 10
"""Fewer noise dimensions than this are too few for images to vary."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    name: str
    seen: str
    """What was measured, with its figures."""
    remedy: str
    """The setting to try."""

    def __str__(self) -> str:
        return f"{self.name}: {self.seen}. Try {self.remedy}."


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor says about a run."""

    findings: tuple[Finding, ...]
    looked_at: tuple[str, ...]
    signs: Signs

    def tree(self) -> dict[str, Any]:
        """The diagnosis as plain values."""
        return asdict(self)


def examine(
    run: Run,
    seen: Observation | None,
    scores: Mapping[str, Any] | None = None,
    missing: Sequence[str] = (),
) -> Diagnosis:
    """Examine a run: finished, still running, or stopped; RunError when there is nothing yet.

    seen: its model with real images; None to examine the log alone. scores: the run's, where its
    folder does not have them yet. missing: why there is no model, or no image.
    """
    config, lines = run.config, run.metrics()
    if not lines and seen is None:
        raise RunError(
            f"{run.path}: nothing to examine yet (no weights, no line in {run.metrics_file.name}); "
            "train it first"
        )
    if scores is None:
        scores = read_file(run.scores_file) if run.scores_file.is_file() else {}
    signs = measure(config, lines, scores, seen, missing)
    return Diagnosis(tuple(findings(signs, config, run.names)), tuple(looked_at(signs)), signs)


def recorded(run: Run) -> list[Finding]:
    """The findings that training wrote into the run's scores."""
    scores = read_file(run.scores_file) if run.scores_file.is_file() else {}
    return [Finding(**finding) for finding in scores.get("findings", ())]


def findings(signs: Signs, config: RunConfig, names: Names | None = None) -> list[Finding]:
    """What is wrong, causes before consequences: categories that Q ignores get no further finding."""
    names, recovered = names or Names(), signs.recovered
    found = [*_training(signs, config), *_samples(signs, config, names)]
    lagging = {
        name: share
        for name, share in signs.finished.items()
        if recovered.get(name, 0) >= RECOVERED and not share >= LAG * recovered[name]
    }
    if lagging:
        found.append(_lags(lagging, recovered, config, names))
    found += [
        _ignored(name, share, signs.information[name], config, names)
        for name, share in recovered.items()
        if not share >= RECOVERED
    ]
    code = config.latent.categorical
    if recovered.get(code or "", RECOVERED) >= RECOVERED:
        found += _categories(signs, config, names)
    return found


def _training(signs: Signs, config: RunConfig) -> list[Finding]:
    found, optim = [], config.optim
    if 0 < signs.step < config.steps:
        seen = f"the log ends at step {signs.step:,} of {config.steps:,}"
        remedy = (
            "the same train command, which resumes (after an error: lower optim.d-lr, optim.g-lr)"
        )
        found.append(Finding("not finished", seen, remedy))
    if signs.jumps:
        words = [f"{key} is {b:.3g} (median {a:.3g})" for key, (a, b) in signs.jumps.items()]
        remedy = f"lower rates (optim.d-lr is {optim.d_lr:g}, optim.g-lr {optim.g_lr:g})"
        found.append(Finding("loss jumped", ", ".join(words[:3]), remedy))
    if signs.losses and signs.losses[0] < OVERPOWERED * CHANCE:
        d, g = signs.losses
        seen = f"L_D is {d:.2f} (by chance it is {CHANCE:.2f}) and L_G {g:.2f}"
        remedy = f"optim.d-lr {optim.d_lr / 4:g} (now {optim.d_lr:g}) or a higher optim.g-lr (now {optim.g_lr:g})"
        if config.d_steps > 1:
            remedy = f"d-steps 1 (now {config.d_steps})"
        found.append(Finding("D overpowers G", seen, remedy))
    return found


def _samples(signs: Signs, config: RunConfig, names: Names) -> list[Finding]:
    where, value, code = "", signs.spacing, config.latent.categorical
    few = {k: share for k, share in signs.spacings.items() if share < CLOSE}
    if few and code and (value is None or value >= CLOSE):
        where, value = f" of {_listed(names, code, few)}", min(few.values())
    if value is None or value >= CLOSE:
        return []
    seen = (
        f"the distance from a generated image{where} to the nearest other is {value:.2f} of that "
        "between real images"
    )
    noise, rate = config.latent.noise, config.optim.g_lr
    remedy = f"optim.g-lr {rate / 4:g} (now {rate:g})"
    if noise < NOISE:
        remedy = f"latent.noise 62 (now {noise})"
    return [Finding("generator collapse", seen, remedy)]


def _lags(
    lagging: Mapping[str, float], recovered: Mapping[str, float], config: RunConfig, names: Names
) -> Finding:
    shares = [
        f"{_share(share)} of {names.code(name)} (training: {_share(recovered[name])})"
        for name, share in lagging.items()
    ]
    remedy, ema = f"more steps (now {config.steps})", config.optim.ema
    if ema:
        remedy += f", or optim.ema {max(0.0, 1 - 4 * (1 - ema)):.2g} (now {ema:g})"
    return Finding("finished model lags", f"its Q recovers {', '.join(shares)}", remedy)


def _ignored(
    name: str, share: float, information: float, config: RunConfig, names: Names
) -> Finding:
    code = config.latent.codes[name]
    seen = f"Q recovers {_share(share)} of {names.code(name)} (L_I {information:.2f} nats)"
    usual = 1.0 if code.categories else 0.1
    if config.objective.kind == "gan":
        remedy = "objective infogan: the generator of a plain GAN does not maximise L_I"
    elif code.weight < usual:
        remedy = f"latent.{name}.weight {usual:g} (now {code.weight:g})"
    else:
        remedy = f"more steps (now {config.steps}), then latent.{name}.weight {3 * code.weight:g}"
    return Finding("code ignored", seen, remedy)


def _categories(signs: Signs, config: RunConfig, names: Names) -> list[Finding]:
    found, code = [], config.latent.categorical or "class"
    real = "objective.real-weight 3 with augment affine"
    off = isinstance(config.objective, Consistency) and not config.objective.needs_views
    if few := {k: share for k, share in enumerate(signs.usage) if share < UNUSED}:
        most, k = max(few.values()), len(signs.usage)
        seen = (
            f"{_listed(names, code, few)}: at most {most:.0%} of the images that the prior expects"
        )
        remedy = real if off else f"{k - len(few)} categories (now {k})"
        found.append(Finding("category unused", seen, remedy))
    if mixed := [pair for pair in signs.pairs if pair[2] >= MIXED]:
        words = [
            f"{names.numbered(code, i)} and {names.numbered(code, j)} ({p:.0%})"
            for i, j, p in mixed[:3]
        ]
        more = f" and {len(mixed) - 3} more pairs" if len(mixed) > 3 else ""
        seen = (
            f"augmented views of images cross between {', '.join(words)}{more}, "
            "so both hold parts of the same class"
        )
        rigid = isinstance(config.augment, Affine) and not config.augment.bend
        other = "augment.bend 0.05 (now 0)" if rigid else "another seed"
        remedy = f"{other}, more steps, or `infogan merge` if they split one class"
        found.append(Finding("categories mixed", seen, real if off else remedy))
    return found


def _listed(names: Names, code: str, categories: Iterable[int], most: int = 5) -> str:
    """`category 3`, or the first few of several."""
    shown = [names.numbered(code, k) for k in categories]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return f"{'category' if len(shown) == 1 else 'categories'} {', '.join(shown[:most])}{more}"


def _share(value: float) -> str:
    """A fraction recovered, in per cent; below 0 it is nothing."""
    return f"{max(0.0, value):.0%}"


def looked_at(signs: Signs) -> list[str]:
    """What was looked at with its figures, a line each; then what was not, and why."""
    lines = []
    if signs.losses:
        d, g = signs.losses
        lines.append(f"losses: L_D {d:.2f} ({CHANCE:.2f} by chance), L_G {g:.2f}")
    lines += [
        f"{name}: Q recovers {_share(share)} (L_I {signs.information[name]:.2f})"
        for name, share in signs.recovered.items()
    ]
    if signs.finished:
        shares = [f"{_share(share)} of {name}" for name, share in signs.finished.items()]
        lines.append(f"finished model: Q recovers {', '.join(shares)}")
    if signs.spacing is not None:
        lines.append(f"samples: distance to the nearest other {signs.spacing:.2f} of real images'")
    if signs.usage:
        least = min(signs.usage)
        lines.append(f"categories: the least used has {least:.0%} of what its prior expects")
    if signs.pairs:
        most = signs.pairs[0][2]
        lines.append(f"categories: at most {most:.1%} of augmented views cross between two")
    return [*lines, *(f"left out: {reason}" for reason in signs.missing)]
