"""Scores of a model on images that it never saw: the only metric file that sees a Model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from infogan.analysis.metrics import clusters, morphology
from infogan.core.errors import DataError
from infogan.core.random import stream
from infogan.data.images import Images
from infogan.latent.posterior import Posterior
from infogan.model.model import Model

SAMPLES = 10_000
"""Generated images behind L_I."""
SWEEPS, STEPS = 200, 11
"""Sweeps of each continuous code whose images are measured, and values in each, evenly over the trained range."""


def evaluate(model: Model, images: Images, *, seed: int = 0) -> dict[str, Any]:
    """Everything that is measured, as one object of plain values.

    n: images; information and entropy: L_I and H(c) of each code in nats, with information_error, the standard
    error of L_I; prior: [K] of each code whose prior was learned. continuous: how each continuous code goes with
    measured properties (`continuous`). Where categories or classes are read, also: code, k, shares, dead (categories
    next to empty), effective (how many are in use, e^H of the shares), unused (the dead ones in words, or empty),
    confidence. With labels, of a run that learned from labels: error, recall per class, confusion [classes, k]; of
    any other: cluster_accuracy (one to one), cluster_accuracy_many_to_one, nmi, ari, recall per class, confusion,
    category_of, merges (classes that share a category); where categories share names, named: their number k and the
    same of the names.
    """
    scores: dict[str, Any] = {"data": images.name, "n": len(images)}
    bounds = model.lower_bound(SAMPLES, seed=seed)
    scores["information"] = {name: mean for name, (mean, _) in bounds.items()}
    scores["information_error"] = {name: error for name, (_, error) in bounds.items()}
    scores["entropy"] = model.latent.entropy
    read = model.encode(images)
    if found := continuous(model, images, read, seed):
        scores["continuous"] = found
    scores["prior"] = {name: prior.tolist() for name, prior in model.priors.items()}
    if model.categorical is None:
        return scores
    posterior = read[model.categorical]
    k = posterior.probs.shape[1]
    categories = [model.names.numbered(model.categorical, j) for j in range(k)]
    used = clusters.usage(posterior.value, k)
    scores |= {
        "code": model.categorical,
        "k": k,
        "shares": used.shares.tolist(),
        "dead": used.dead,
        "effective": used.effective,
        "unused": used.words(categories),
        "confidence": float(posterior.confidence.mean()),
    }
    if (images.labels < 0).all():
        return scores
    if model.config.labels is not None:
        return scores | _classified(model, images, posterior.value)
    scores |= _clustered(images, posterior.value, categories)
    own = model.names.members(model.categorical, k)
    if own.shape[1] < k:
        classes = [model.names.category(model.categorical, int(j)) for j in own.argmax(0)]
        joined = model.names.joined(model.categorical, posterior)
        scores["named"] = {"k": len(classes)} | _clustered(
            images, own.argmax(1)[joined.value], classes
        )
    return scores


def continuous(
    model: Model, images: Images, read: Mapping[str, Posterior], seed: int = 0
) -> dict[str, Any]:
    """Of each continuous code, Spearman's rho with each property that `morphology.measure` gives for such images.

    sweeps: the code against the property of what G makes of it, SWEEPS sweeps in which all else is held, each with
    its own z, category and other codes; the mean of a sweep is taken off, so only what the code does counts. real:
    Q's reading of the real images against their property, with the mean of Q's category taken off both;
    real_overall: nothing taken off. looks_like: the property that stands for this code when each code has one of its
    own, None where rho of the sweeps is below morphology.CLEAR. Empty where no code is continuous or nothing is
    generated; no real and real_overall where nothing reads the code.
    """
    names = [name for name, code in model.latent.codes.items() if not code.categories]
    if not names or not model.config.objective.generates:
        return {}
    shapes = morphology.are_shapes(images)
    result: dict[str, Any] = {}
    for name in names:
        low, high = model.latent.codes[name].trained
        values = np.linspace(low, high, STEPS)
        draw = model.latent.grid(name, values.tolist(), SWEEPS, stream(seed, f"sweep {name}"))
        made = morphology.measure(Images(model.generate(draw.vector())), shapes)
        code, row = np.tile(values, SWEEPS), np.repeat(np.arange(SWEEPS), STEPS)
        result[name] = {
            "sweeps": {what: morphology.rank_correlation(code, m, row) for what, m in made.items()}
        }
    own = morphology.assign({name: found["sweeps"] for name, found in result.items()})
    real = morphology.measure(images, shapes)
    grouped = read.get(model.categorical or "")
    category = None if grouped is None else grouped.value
    for name, found in result.items():
        for key, groups in (("real", category), ("real_overall", None)) if name in read else ():
            mean = read[name].mean
            found[key] = {
                what: morphology.rank_correlation(mean, m, groups) for what, m in real.items()
            }
        clear = name in own and abs(found["sweeps"][own[name]]) >= morphology.CLEAR
        found["looks_like"] = own[name] if clear else None
    return result


def _classified(model: Model, images: Images, read: clusters.Indices) -> dict[str, Any]:
    """Against labels by the classes' names."""
    if unknown := set(images.classes) - set(model.classes):
        raise DataError(
            f"{images.name}: has classes that the model does not know ({', '.join(sorted(unknown)[:5])}); "
            f"it knows {', '.join(model.classes[:20])}"
        )
    index = np.array([model.classes.index(name) for name in images.classes])
    known = images.labels >= 0
    labels = index[images.labels[known]]
    table = clusters.contingency(labels, read[known], len(model.classes), len(model.classes))
    hits = np.divide(
        np.diag(table), table.sum(1), out=np.full(len(table), np.nan), where=table.sum(1) > 0
    )
    return {
        "error": float((labels != read[known]).mean()),
        "recall": dict(zip(model.classes, hits.tolist(), strict=True)),
        "confusion": table.tolist(),
    }


def _clustered(images: Images, read: clusters.Indices, categories: Sequence[str]) -> dict[str, Any]:
    """Against labels by the best map from categories to classes."""
    found = clusters.score(images.labels, read, len(images.classes), len(categories))
    return {
        "cluster_accuracy": found.accuracy,
        "cluster_accuracy_many_to_one": found.many_to_one,
        "nmi": found.nmi,
        "ari": found.ari,
        "recall": dict(zip(images.classes, found.recall().tolist(), strict=True)),
        "category_of": {images.classes[c]: j for c, j in found.category_of.items()},
        "merges": found.merges(images.classes, categories),
        "confusion": found.table.tolist(),
    }
