"""Scores of a model on images that it never saw: the only metric file that sees a Model."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from infogan.data.images import Images
from infogan.errors import DataError
from infogan.metrics import clusters
from infogan.model import Model

SAMPLES = 10_000
"""Generated images behind L_I."""


def evaluate(model: Model, images: Images, *, seed: int = 0) -> dict[str, Any]:
    """Everything that is measured, as one object of plain values.

    n: images; information and entropy: L_I and H(c) of each code in nats, with information_error, the standard
    error of L_I. Where categories or classes are read, also: code, k, shares, confidence. With labels, of a run
    that learned from labels: error, recall per class, confusion [classes, k]; of any other: cluster_accuracy (one
    to one), cluster_accuracy_many_to_one, nmi, ari, recall per class, confusion, category_of, merges.
    """
    scores: dict[str, Any] = {"data": images.name, "n": len(images)}
    bounds = model.lower_bound(SAMPLES, seed=seed)
    scores["information"] = {name: mean for name, (mean, _) in bounds.items()}
    scores["information_error"] = {name: error for name, (_, error) in bounds.items()}
    scores["entropy"] = model.latent.entropy
    if model.categorical is None:
        return scores
    posterior = model.encode(images)[model.categorical]
    k = posterior.probs.shape[1]
    scores |= {
        "code": model.categorical,
        "k": k,
        "shares": (np.bincount(posterior.value, minlength=k) / len(images)).tolist(),
        "confidence": float(posterior.confidence.mean()),
    }
    if (images.labels < 0).all():
        return scores
    if model.config.labels is not None:
        return scores | _classified(model, images, posterior.value)
    categories = [model.names.numbered(model.categorical, j) for j in range(k)]
    return scores | _clustered(images, posterior.value, categories)


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
    hits = np.divide(np.diag(table), table.sum(1), out=np.full(len(table), np.nan), where=table.sum(1) > 0)
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
