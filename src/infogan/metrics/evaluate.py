"""Scores of a model on images that it never saw: the only metric file that sees a Model."""

from typing import Any

import numpy as np

from infogan.data.images import Images
from infogan.metrics import clusters
from infogan.model import Model

SAMPLES = 10_000
"""Generated images behind L_I."""


def evaluate(model: Model, images: Images, *, seed: int = 0) -> dict[str, Any]:
    """Everything that is measured, as one object of plain values.

    n: images; information and entropy: L_I and H(c) of each code in nats, with information_error, the standard
    error of L_I. With labels and a categorical code also: code, k, cluster_accuracy (one to one),
    cluster_accuracy_many_to_one, nmi, ari, recall per class, confusion [classes, k], category_of, merges.
    """
    scores: dict[str, Any] = {"data": images.name, "n": len(images)}
    bounds = model.lower_bound(SAMPLES, seed=seed) if "code" in model.d.heads else {}
    scores["information"] = {name: mean for name, (mean, _) in bounds.items()}
    scores["information_error"] = {name: error for name, (_, error) in bounds.items()}
    scores["entropy"] = model.latent.entropy
    name = model.latent.categorical
    if name is None or not bounds:
        return scores
    posterior = model.encode(images)[name]
    k = model.latent.codes[name].width
    scores |= {
        "code": name,
        "k": k,
        "shares": (np.bincount(posterior.value, minlength=k) / len(images)).tolist(),
        "confidence": float(posterior.confidence.mean()),
    }
    if (images.labels < 0).all():
        return scores
    found = clusters.score(images.labels, posterior.value, len(images.classes), k)
    scores |= {
        "cluster_accuracy": found.accuracy,
        "cluster_accuracy_many_to_one": found.many_to_one,
        "nmi": found.nmi,
        "ari": found.ari,
        "recall": dict(zip(images.classes, found.recall().tolist(), strict=True)),
        "category_of": {images.classes[c]: j for c, j in found.category_of.items()},
        "merges": found.merges(images.classes),
        "confusion": found.table.tolist(),
    }
    return scores
