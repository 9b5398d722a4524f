"""What is wrong with a run, in plain words, and which setting to try. No label is read."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from infogan.analysis.diagnostics import Scores, Signs, measure
from infogan.analysis.observation import Observation
from infogan.config.settings import Optim, RunConfig
from infogan.core.errors import RunError
from infogan.core.figures import short
from infogan.data.augment import Affine
from infogan.networks import Photo
from infogan.objectives import InfoGAN
from infogan.objectives.terms import Consistency
from infogan.runs.folder import Run
from infogan.runs.names import Names

# Thresholds, chosen on sound runs and on runs broken on purpose; docs/doctor.md says how they do
DIVERGED = -100.0  # training diverged where a code's L_I, in nats, ends below this; sound: above -8
OVERPOWERED = 0.4  # D overpowers a G that draws badly from this share down of L_D by chance
LAG = 0.65  # the finished model lags below this share of what training recovered
RECOVERED = 0.4  # a code is ignored below this recovered fraction of it (`Code.recovered`)
CLOSE = 0.14  # images repeat below this share of real images' distance to the nearest other
AWAY = 1.5  # G draws nothing like the images from more than this multiple of that distance on
UNUSED = 0.1  # a category is unused below this share of the images that its prior expects
MIXED = 0.06  # two categories are mixed when views cross between them with this probability
LOOSE = 0.75  # categories are loose where fewer views than this keep their image's category
MORE = 1.5  # more classes stand out from this many groups per category on
WAITING = 0.5  # G has too few steps where it waits for more than this share of them
NOISE = 10  # fewer noise dimensions than this are too few for images to vary
SOUND = "Nothing wrong was found; no label was looked at."


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, what was seen of it, with its figures, the setting to try, and what
    it means for the use of the run."""

    name: str
    seen: str
    remedy: str
    means: str = ""

    @property
    def verdict(self) -> str:
        """What it means and what to do next, in plain words."""
        means = self.means or self.seen
        return f"{means[:1].upper()}{means[1:]}. Try {self.remedy}."

    def __str__(self) -> str:
        return f"{self.verdict}\n  {self.name}: {self.seen}"


Part = Callable[[Signs, RunConfig, Names], Iterator[Finding]]


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
    scores: Scores | None = None,
    missing: Sequence[str] = (),
    changed: str = "",
) -> Diagnosis:
    """Examine a run: finished, still running, or stopped; RunError when there is nothing yet.

    seen: its model with real images; None to examine the log alone. scores: the run's, where its
    folder does not have them yet. missing: why there is no model, or no image. changed: why its
    images are not those that it began with.
    """
    config, lines = run.config, run.metrics()
    if not lines and seen is None:
        what = f"no weights, and no line in {run.metrics_file.name}"
        raise RunError(f"{run.path}: nothing to examine yet ({what}); train it first")
    signs = measure(config, lines, run.scores if scores is None else scores, seen, missing)
    signs = replace(signs, changed=changed, holder=run.holder)
    return Diagnosis(tuple(findings(signs, config, run.names)), tuple(looked_at(signs)), signs)


def recorded(run: Run) -> list[Finding] | None:
    """The findings that training wrote into the run's scores; None where it was not examined."""
    found = run.scores.get("findings")
    return None if found is None else [Finding(**finding) for finding in found]


def findings(signs: Signs, config: RunConfig, names: Names | None = None) -> list[Finding]:
    """What is wrong, causes before consequences and categories before factors: categories that Q
    ignores get no other finding, and what is left of training that diverged, or of images that are
    alike, gets none at all."""
    names, code = names or Names(), config.latent.categorical or ""
    broken = signs.alike or _diverged(signs)
    parts: list[Part] = [_images, _training]
    if not broken:
        parts += [_balance, _samples, _lagging, partial(_ignored, grouped=True)]
        if signs.recovered.get(code, RECOVERED) >= RECOVERED:
            parts += [_number, _categories, _loose]
        parts += [partial(_ignored, grouped=False)]
    return [finding for part in parts for finding in part(signs, config, names)]


def _images(signs: Signs, config: RunConfig, _: Names) -> Iterator[Finding]:
    if signs.alike:
        remedy = f"other images than {config.data.name}, or data.range LOW:HIGH"
        means = "there is nothing to learn from these images"
        yield Finding("images alike", "all images look the same", remedy, means)


def _training(signs: Signs, config: RunConfig, names: Names) -> Iterator[Finding]:
    d_lr, g_lr = config.optim.d_lr, config.optim.g_lr
    if 0 < signs.step < config.steps:
        seen = f"the log ends at step {signs.step:,} of {config.steps:,}"
        remedy = "the same train command, which resumes; after an error, lower optim.d-lr and g-lr"
        if signs.changed:
            remedy = (
                f"training anew with --fresh: it cannot resume without its images ({signs.changed})"
            )
        if signs.holder:
            remedy = f"waiting: {signs.holder} is training it"
        means = "this run is not finished, so what it shows can still change"
        yield Finding("not finished", seen, remedy, means)
    if signs.jumps:
        words = [f"{key} is {b:.3g} (median {a:.3g})" for key, (a, b) in signs.jumps.items()]
        remedy = f"lower rates (optim.d-lr is {d_lr:g}, optim.g-lr {g_lr:g})"
        means = "training became unstable at its end, so what it had learned may be spoiled"
        yield Finding("loss jumped", ", ".join(words[:3]), remedy, means)
    if low := _diverged(signs):
        seen = ", ".join(f"L_I of {names.code(name)} is {low[name]:.3g} nats" for name in low)
        usual = Optim()
        rates = {"optim.d-lr": (d_lr, usual.d_lr), "optim.g-lr": (g_lr, usual.g_lr)}
        name = max(rates, key=lambda name: rates[name][0] / rates[name][1])
        rate, sound = rates[name]
        remedy = f"{name} {min(sound, rate / 4):g} (now {rate:g})"
        means = "training broke down, so nothing that this model draws or reads can be used"
        yield Finding("training diverged", seen, remedy, means)


def _diverged(signs: Signs) -> dict[str, float]:
    """L_I of the codes of which Q is as wrong, and as sure, as in no sound run."""
    return {name: value for name, value in signs.information.items() if value < DIVERGED}


def _balance(signs: Signs, config: RunConfig, _: Names) -> Iterator[Finding]:
    d_lr, g_lr = config.optim.d_lr, config.optim.g_lr
    if signs.losses and signs.losses[0] < OVERPOWERED * signs.chance and not _draws(signs):
        d, g = signs.losses
        seen = f"L_D is {short(d)} ({short(signs.chance)} by chance), L_G {short(g)}"
        slower = f"optim.d-lr {d_lr / 4:g} (now {d_lr:g}) or a higher optim.g-lr (now {g_lr:g})"
        remedy = f"d-steps 1 (now {config.d_steps})" if config.d_steps > 1 else slower
        if config.objective.contrasts:  # D's rate is Q's there: a lower one costs the categories
            remedy = _smoother(config) or _more(config)
        means = "the generator hardly learns, because D tells its images from real ones at once"
        yield Finding("D overpowers G", seen, remedy, means)


def _draws(signs: Signs) -> bool:
    """Whether G's images vary and are like real ones. A D that knows a few thousand images by heart
    is ahead of such a G as well, late in a long run."""
    varied = signs.spacing is not None and signs.spacing >= CLOSE
    return varied and signs.away is not None and signs.away <= AWAY


def _smoother(config: RunConfig) -> str | None:
    """What keeps G alive where D is a critic of its own and knows a folder of photos by heart;
    lower rates do not (docs/photos.md). None where that is in place, or D judges by batches."""
    objective, networks = config.objective, config.networks
    if not isinstance(objective, InfoGAN) or not objective.contrasts or objective.penalty:
        return None
    if isinstance(networks, Photo) and networks.norm:
        return None
    return f"objective.game relativistic (now {objective.game}) with objective.penalty 1 (now 0)"


def _samples(signs: Signs, config: RunConfig, names: Names) -> Iterator[Finding]:
    where, value, code = "", signs.spacing, config.latent.categorical
    few = {k: share for k, share in signs.spacings.items() if share < CLOSE}
    if few and code and (value is None or value >= CLOSE):
        where, value = f" of {_listed(names, code, few)}", min(few.values())
    if value is not None and value < CLOSE:
        distance = f"the distance from a generated image{where} to the nearest other"
        noise, rate = config.latent.noise, config.optim.g_lr
        slower = f"optim.g-lr {rate / 4:g} (now {rate:g})"
        remedy = f"latent.noise 62 (now {noise})" if noise < NOISE else _smoother(config) or slower
        seen = f"{distance} is {value:.2f} of that between real images"
        means = f"the generator repeats a few images{where}, so do not use what it draws"
        yield Finding("generator collapse", seen, remedy, means)
    elif signs.away is not None and signs.away > AWAY:
        seen = "from a real image to the nearest generated one it is "
        seen += f"{signs.away:.2f} times as far as to the nearest other real one"
        means = "the generator draws nothing like the images, so do not use what it draws"
        remedy = _waiting(config) or _smoother(config) or _more(config)
        yield Finding("generated images unlike", seen, remedy, means)


def _waiting(config: RunConfig) -> str | None:
    """What lets G begin, where it waits for most of the steps; None where it does not."""
    objective = config.objective
    if not isinstance(objective, InfoGAN) or objective.warm_up <= WAITING:
        return None
    return f"objective.warm-up {WAITING / 2:g} (now {objective.warm_up:g})"


def _lagging(signs: Signs, config: RunConfig, names: Names) -> Iterator[Finding]:
    now, ema = signs.recovered, config.optim.ema
    lagging = [
        f"{_share(share)} of {names.code(name)} (training: {_share(now[name])})"
        for name, share in signs.finished.items()
        if now.get(name, 0) >= RECOVERED and not share >= LAG * now[name]
    ]
    if lagging:
        faster = f", or optim.ema {max(0.0, 1 - 4 * (1 - ema)):.4g} (now {ema:g})" if ema else ""
        seen = f"its Q recovers {', '.join(lagging)}"
        means = "the finished model draws and reads worse than it did as training ended"
        yield Finding("finished model lags", seen, _more(config) + faster, means)


def _more(config: RunConfig) -> str:
    return f"{'another run with ' if config.timed else ''}more steps (now {config.steps})"


def _ignored(signs: Signs, config: RunConfig, names: Names, *, grouped: bool) -> Iterator[Finding]:
    more = _more(config)
    for name, share in signs.recovered.items():
        code = config.latent.codes[name]
        if not share >= RECOVERED and bool(code.categories) == grouped:
            information = signs.information[name]
            seen = f"as training ended, Q recovered {_share(share)} of {names.code(name)}"
            seen += f" (L_I {short(information)} nats)"
            usual = 1.0 if code.categories else 0.1
            remedy = f"{more}, then latent.{name}.weight {3 * code.weight:g}"
            if code.weight < usual:
                remedy = f"latent.{name}.weight {usual:g} (now {code.weight:g})"
            # A larger weight rules G where there is a contrast, and ACGAN has none
            if config.objective.contrasts or config.objective.kind == "acgan":
                remedy = more
            if config.objective.kind == "gan":
                remedy = "objective infogan: the generator of a plain GAN does not maximise L_I"
            means = f"generated images hardly show {names.code(name)}, so "
            means += "its categories mean little" if grouped else "it stands for nothing yet"
            yield Finding("code ignored", seen, remedy, means)


def _categories(signs: Signs, config: RunConfig, names: Names) -> Iterator[Finding]:
    code, k = config.latent.categorical or "class", len(signs.usage)
    real = "objective.real-weight 3 with augment affine"
    off = isinstance(config.objective, Consistency) and not config.objective.needs_views
    if few := {k: share for k, share in enumerate(signs.usage) if share < UNUSED}:
        most = f"at most {max(few.values()):.0%} of the images that the prior expects"
        fewer = f"{k - len(few)} categories (now {k})" if k - len(few) > 1 else _more(config)
        remedy = real if off else fewer
        means = "there are more categories than kinds of image that the model tells apart"
        yield Finding("category unused", f"{_listed(names, code, few)}: {most}", remedy, means)
    if mixed := [pair for pair in signs.pairs if pair[2] >= MIXED]:
        name = partial(names.numbered, code)
        between = _first([f"{name(i)} and {name(j)} ({p:.0%})" for i, j, p in mixed], 3)
        seen = f"augmented views cross between {between}"
        means = "some categories hold parts of the same class, so look before you sort by them"
        rigid = type(config.augment) is Affine and not config.augment.bend
        other = "augment.bend 0.05 (now 0)" if rigid else "another seed"
        remedy = f"{other}, more steps, or `infogan merge` if they split one class"
        yield Finding("categories mixed", seen, real if off else remedy, means)


def _number(signs: Signs, config: RunConfig, _: Names) -> Iterator[Finding]:
    code = config.latent.categorical
    k = config.latent.codes[code].categories if code else 0
    if signs.groups and signs.groups >= MORE * k:  # fewer are often kinds of classes
        seen = f"before Q knew any category, {signs.groups} groups of images stood out, not {k}"
        means = "some categories may hold two classes"
        yield Finding("more classes", seen, f"--classes {signs.groups}", means)


def _loose(signs: Signs, config: RunConfig, _: Names) -> Iterator[Finding]:
    if config.objective.contrasts and signs.kept is not None and signs.kept < LOOSE:
        seen = f"{signs.kept:.0%} of augmented views keep their image's category"
        means = (
            "categories follow the looks of images more than what they show: do not rely on them"
        )
        known = config.networks.kind == "projected"
        other = "another tool (docs/photos.md)" if known else "networks projected (extra photos)"
        remedy = f"more steps (now {config.steps}), or {other}"
        yield Finding("categories loose", seen, remedy, means)


def _listed(names: Names, code: str, categories: Collection[int]) -> str:
    """`category 3`, or the first few of several."""
    shown = _first([names.numbered(code, k) for k in categories], 5)
    return f"{'category' if len(categories) == 1 else 'categories'} {shown}"


def _first(words: Sequence[str], most: int) -> str:
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _share(value: float) -> str:
    """A fraction recovered, in per cent; below 0 it is nothing."""
    return f"{max(0.0, value):.0%}"


def looked_at(signs: Signs) -> Iterator[str]:
    """What was looked at with its figures, a line each; then what was not, and why."""
    if signs.losses:
        d, g = signs.losses
        yield f"losses: L_D {short(d)} ({short(signs.chance)} by chance), L_G {short(g)}"
    for name, share in signs.recovered.items():
        yield f"{name}: Q recovers {_share(share)} (L_I {short(signs.information[name])})"
    if signs.finished:
        shares = [f"{_share(share)} of {name}" for name, share in signs.finished.items()]
        yield f"finished model: Q recovers {', '.join(shares)}"
    if signs.spacing is not None:
        yield f"samples: distance to the nearest other {signs.spacing:.2f} of real images'"
    if signs.away is not None:
        yield f"samples: from real images {signs.away:.2f} times as far as these from each other"
    if signs.usage:
        yield f"categories: the least used has {min(signs.usage):.0%} of what its prior expects"
    if signs.pairs:
        yield f"categories: at most {signs.pairs[0][2]:.1%} of augmented views cross between two"
    if signs.groups is not None:
        yield f"images: {signs.groups or 'no number of'} groups stood out before Q knew any"
    if signs.kept is not None:
        yield f"categories: {signs.kept:.0%} of augmented views keep their image's"
    yield from (f"left out: {reason}" for reason in signs.missing)
