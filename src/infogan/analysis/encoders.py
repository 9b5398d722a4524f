"""Any encoder, scored on images whose factors of variation are known."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from infogan.analysis.metrics import disentanglement as metrics
from infogan.analysis.metrics.encoded import Encoded, Values, generator, unfit
from infogan.core import interrupts
from infogan.core.errors import ConfigError, DataError, parsing
from infogan.data.images import Images, Labels, Pixels
from infogan.latent.posterior import Posterior
from infogan.model.model import CHUNK, Model

Encoder = Callable[[Pixels], Any]
MOST = 10_000  # images that are scored
DEAD = 0.05  # of half a code's trained range: a code whose Q varies less is dead


@dataclass(frozen=True)
class Codes:
    """What an encoder gives n images. nominal, angles, least: see `Encoded`."""

    names: tuple[str, ...]
    values: Values  # [n, d]
    nominal: tuple[int, ...] = ()
    angles: tuple[int, ...] = ()
    least: float = 0.0

    def subset(self, rows: Labels) -> "Codes":
        """Those of some of the images."""
        return replace(self, values=self.values[rows])


def disentanglement(
    encoder: Model | Encoder,
    images: Images,
    *,
    nominal: Collection[str] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Score how far each code of an encoder stands for one factor of variation, in plain values.

    encoder: a Model, or a function from uint8 [N, H, W, C] to codes [N, d], which are numbers, or
    to a mapping from names to [N], where integers are categories. images: with `factors`; of more
    than 10,000, that many are drawn. nominal: names of the factors whose values have no order;
    None: those whose values are words (`Images.factor_values`). seed: of all draws.

    Returns n; codes and factors, the names of what was scored; dead, the codes that do not vary;
    left_out, the factors that cannot be scored, and why; nmi, [codes, factors] the share of each
    factor's entropy that each code knows; and the scores of `metrics.disentanglement.MEASURES`.
    DataError where fewer than two factors can be scored, or codes are no finite [N, d].
    """
    chosen = images.subset(drawn(len(images), seed))
    if isinstance(encoder, Model):
        codes = of_model(encoder, encoder.encode(chosen))
    else:
        codes = _given(encoder, chosen)
    found = scored(codes, chosen, nominal, seed)
    if "nmi" not in found:
        why = "; ".join(f"{name}: {words}" for name, words in found["left_out"].items())
        raise DataError(f"{images.name}: needs two factors that vary ({why or 'there is none'})")
    return found


def drawn(n: int, seed: int) -> Labels:
    """Which of n images are scored, in order: all up to MOST. Evenly spaced ones might share values
    of a factor that images are sorted by."""
    return np.sort(generator(seed, "scored images").permutation(n)[:MOST])


def of_model(model: Model, read: Mapping[str, Posterior]) -> Codes:
    """What a model's Q reads: categories, angles, and means over half the trained range."""
    readings = model.readings
    if not readings:
        raise ConfigError(f"{model.config.objective.kind} reads no codes, so none can be scored")
    values = []
    for reading in readings:
        low, high = reading.code.trained
        number = not reading.code.categories and not reading.code.periodic
        values.append(read[reading.name].value / ((high - low) / 2 if number else 1))
    return Codes(
        tuple(reading.name for reading in readings),
        np.stack(values, 1).astype(np.float64),
        tuple(i for i, reading in enumerate(readings) if reading.code.categories),
        tuple(i for i, reading in enumerate(readings) if reading.code.periodic),
        DEAD,
    )


def _given(encoder: Encoder, images: Images) -> Codes:
    """What a function gives images, CHUNK of them at a time."""
    parts = []
    for start in range(0, len(images), CHUNK):
        interrupts.poll()
        parts.append(encoder(images.take(slice(start, start + CHUNK))))
    with parsing("what the encoder gives", "codes [N, d], or a mapping from names to [N]"):
        by_name = isinstance(parts[0], Mapping)
        if by_name:
            columns = [np.concatenate([part[name] for part in parts]) for name in parts[0]]
            table = np.stack(columns, 1)
            whole = tuple(i for i, column in enumerate(columns) if column.dtype.kind in "iub")
        else:
            table, whole = np.concatenate([np.asarray(part) for part in parts]), ()
        values = table.astype(np.float64, casting="same_kind")
    if values.ndim != 2 or len(values) != len(images):
        what = f"{'a mapping to ' * by_name}{[*values.shape]} for {len(images)} images"
        raise DataError(
            f"an encoder gives codes [N, d], or a mapping from names to [N], not {what}"
        )
    own = map(str, parts[0]) if by_name else (f"code {i}" for i in range(values.shape[1]))
    names, odd = tuple(own), (~np.isfinite(values)).sum(0)
    for i in np.flatnonzero(odd)[:1]:
        what = f"{odd[i]:,} of {len(values):,} values are not finite"
        raise DataError(
            f"what the encoder gives: {names[i]}: {what}; give numbers, or leave it out"
        )
    return Codes(names, values, whole)


def scored(
    codes: Codes, images: Images, nominal: Collection[str] | None = None, seed: int = 0
) -> dict[str, Any]:
    """The scores of codes of images, as `disentanglement` gives them; n and left_out alone where
    fewer than two factors can be scored."""
    columns = dict(zip(images.factor_names, images.factors.T, strict=True))
    left_out = {name: why for name, factor in columns.items() if (why := unfit(factor))}
    names = [name for name in columns if name not in left_out]
    found: dict[str, Any] = {"n": len(images), "left_out": left_out}
    if len(names) < 2:
        return found
    words = _in_words(images) if nominal is None else set(nominal)
    if unknown := words - columns.keys():
        what = f"no factor {', '.join(map(repr, sorted(unknown)))}"
        raise DataError(f"{images.name}: {what}; its factors are {', '.join(columns)}")
    seen = Encoded(
        codes.values,
        np.stack([columns[name] for name in names], 1),
        codes.nominal,
        codes.angles,
        [j for j, name in enumerate(names) if name in words],
        codes.least,
    )
    dead = [codes.names[i] for i in np.flatnonzero(~seen.alive)]
    found |= {"codes": [*codes.names], "factors": names, "dead": dead, "nmi": seen.nmi.tolist()}
    return found | metrics.score(seen, seed)


def _in_words(images: Images) -> set[str]:
    """The names of factors whose values are words, and so have no order."""
    given = zip(images.factor_names, images.factor_values, strict=False)
    return {name for name, values in given if any(isinstance(value, str) for value in values)}
