"""Scores of a model on images that it never saw: METRICS is the table of what is measured."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from infogan.analysis import encoders
from infogan.analysis.metrics import clusters, morphology
from infogan.analysis.observation import Observation
from infogan.core.errors import DataError
from infogan.core.figures import short
from infogan.core.page import fragment
from infogan.core.random import stream
from infogan.data.images import Images
from infogan.model.model import Model

Scores = Mapping[str, Any]
Names = Mapping[str, str]  # what to call codes, where it is not their own name
SWEEPS, STEPS = 200, 11  # of each continuous code: sweeps measured, values over its trained range
MOST_CELLS = 30  # classes, and categories, that a notebook shows a table of


class Evaluation(dict[str, Any]):
    """Scores by name, which a notebook shows: bars of what is recovered, lines, the confusion."""

    def _repr_html_(self) -> str:
        shares = {name: min(1.0, max(0.0, share)) for name, share in self["recovered"].items()}
        texts = {name: value for name, value in self.items() if name != "information"}
        given = (
            {"continuous": {}, "confusion": []}
            | self
            | {"recovered": shares, "lines": shown(texts, {})}
        )
        columns, cells = self._cells()
        return fragment("infogan.analysis", "scores", **given, columns=columns, cells=cells)

    def _cells(self) -> tuple[list[str], list[tuple[str, list[tuple[int, float]]]]]:
        """Names of categories, and rows of counts with their shares of the row: of each class, with
        its own category on the diagonal, or of all images; none where there are too many."""
        rows, names = self.get("confusion"), [*self.get("recall", {})]
        if rows is None:
            rows, names = [[round(self["n"] * s) for s in self.get("shares", ())]], ["all"]
        first = [*self.get("category_of", {}).values()]
        order = first + [k for k in range(len(rows[0])) if k not in first]
        if not order or max(len(order), len(rows)) > MOST_CELLS:
            return [], []
        columns = names if "error" in self else [f"#{k}" for k in order]
        cells = [[(row[k], row[k] / max(1, sum(row))) for k in order] for row in rows]
        return columns, list(zip(names, cells, strict=True))


def evaluate(model: Model, images: Images, *, seed: int | None = None) -> Evaluation:
    """Score a model on images; plain values, by name, that the functions of METRICS describe.

    Always: data, n, information, information_error, entropy, prior. Where they apply: continuous;
    code, k, shares, dead, effective, unused, confidence; with labels labelled, recall, confusion,
    and error, or cluster_accuracy, purity, nmi, ari, category_of, merges, named; with known factors
    disentanglement. Where there is a generator and a network to compare by: fidelity. seed: of
    generated images, and of what else is drawn; None: the run's own, as at the end of training.
    """
    own = model.config.seed if seed is None else seed
    return Evaluation(scores(Observation(model, images, seed=own)))


def scores(seen: Observation) -> dict[str, Any]:
    """The scores of every metric whose needs are met."""
    met = [metric for metric in METRICS if all(NEEDS[need](seen) for need in metric.needs)]
    return {name: value for metric in met for name, value in metric.score(seen).items()}


def shown(scores: Scores, names: Names) -> list[str]:
    """Scores as lines of text."""
    return [line for row in METRICS if row.name in scores for line in row.shown(scores, names)]


def judged(scores: Scores) -> str:
    """The images by whose labels categories or classes were judged, in words."""
    n = scores.get("labelled", scores["n"])  # a run that was scored before has no such score
    return f"{n:,} {'images' if n == scores['n'] else 'labelled images'}"


def _information(seen: Observation) -> dict[str, Any]:
    """L_I, its standard error and H(c) of each code in nats, and the fraction of the code that such
    an L_I recovers; prior: [K] of each that is learned."""
    codes, bounds = seen.model.latent.codes, {n: mean for n, (mean, _) in seen.bounds.items()}
    return {
        "information": bounds,
        "recovered": {name: codes[name].recovered(bound) for name, bound in bounds.items()},
        "information_error": {name: error for name, (_, error) in seen.bounds.items()},
        "entropy": seen.model.latent.entropy,
        "prior": {name: prior.tolist() for name, prior in seen.model.priors.items()},
    }


def _information_lines(scores: Scores, names: Names) -> list[str]:
    bounds, differential = scores["information"], scores.get("continuous", {})
    lines = [f"{'code':<12} {'recovered':>9} {'L_I':>8} {'at most':>8}   nats"] if bounds else []
    for name, bound in bounds.items():
        ceiling = "" if name in differential else f"{scores['entropy'][name]:>9.3f}"
        share = f"{max(0.0, scores['recovered'][name]):.0%}" if "recovered" in scores else ""
        lines.append(f"{names.get(name, name):<12} {share:>9} {short(bound, 3):>8}{ceiling}")
    for name, prior in scores["prior"].items():
        shares = " ".join(f"{100 * p:.1f}" for p in prior)
        lines.append(f"learned prior of {names.get(name, name)}, in %: {shares}")
    return lines


def continuous(seen: Observation) -> dict[str, dict[str, Any]]:
    """How each continuous code goes with each property of `morphology.measure`, by code: Spearman's
    rho, or the circular correlation of a periodic code, which is marked.

    sweeps: of the code and the generated images, over SWEEPS sweeps in which z and all other codes
    are held; the mean of a sweep is taken off, so that only the code's own effect counts.
    real: of Q's mean and the real images, with the mean of the category taken off both.
    real_overall: the same with nothing taken off. factors: of Q's mean and each factor of the real
    images, where they are known. All three are left out where nothing reads the code.
    looks_like: the property that stands for the code when each code has one of its own; None where
    its correlation over sweeps is below morphology.CLEAR.
    """
    shapes, found = morphology.are_shapes(seen.real), dict[str, dict[str, Any]]()
    real, latent = morphology.measure(seen.real, shapes), seen.model.latent
    category = None if seen.categories is None else seen.categories.value
    columns = seen.real.factors.T.astype(np.float64)
    known = dict(zip(seen.real.factor_names, columns, strict=True))
    sweep = np.repeat(np.arange(SWEEPS), STEPS)
    for name, code in latent.codes.items():
        if code.categories:
            continue
        related = partial(morphology.correlations, periodic=code.periodic)
        values = np.linspace(*code.trained, STEPS, endpoint=not code.periodic)
        draw = latent.grid(name, values.tolist(), SWEEPS, stream(seen.seed, f"sweep {name}"))
        made = morphology.measure(Images(seen.model.generate(draw.vector())), shapes)
        own = found[name] = {"sweeps": related(np.tile(values, SWEEPS), made, sweep)}
        if name in seen.read:
            mean = seen.read[name].mean
            own |= {"real": related(mean, real, category), "real_overall": related(mean, real)}
            own |= {"factors": related(mean, known)} if known else {}
        own |= {"periodic": True} if code.periodic else {}
    assigned = morphology.assign({name: own["sweeps"] for name, own in found.items()})
    for name, own in found.items():
        likeness = assigned.get(name)
        clear = likeness and abs(own["sweeps"][likeness]) >= morphology.CLEAR
        own["looks_like"] = likeness if clear else None
    return found


def _continuous_lines(scores: Scores, names: Names) -> list[str]:
    lines = [""]
    for code, found in scores["continuous"].items():
        sweeps, likeness = found["sweeps"], found["looks_like"]
        what = likeness or max(sweeps, key=lambda name: abs(sweeps[name]))
        words = "looks like" if likeness else "looks like no measured property; nearest is"
        measure, form = ("circular correlation", ".2f") if "periodic" in found else ("rho", "+.2f")
        figures = f"{measure} {sweeps[what]:{form}} over sweeps"
        if "real" in found:
            figures += f", {found['real'][what]:{form}} over real images"
        if known := found.get("factors"):
            factor = max(known, key=lambda name: abs(known[name]))
            figures += f", {known[factor]:{form}} with the factor {factor}"
        lines.append(f"{names.get(code, code):<12} {words} {what} ({figures})")
    return lines


def _clusters(seen: Observation) -> dict[str, Any]:
    """cluster_accuracy (ACC), purity, nmi, ari, recall (by class), category_of (by class), merges
    (classes that share a category), confusion (counts [classes, k]): see `clusters.Clusters`."""
    assert seen.clusters is not None
    return seen.clusters.tree(seen.real.classes, seen.numbered)


def _clusters_lines(scores: Scores, _: Names) -> list[str]:
    words = f"{judged(scores)} of {scores['data']}: {_agreement(scores, 'K')}"
    return ["", words, *(f"  {merge}" for merge in scores["merges"])]


def _named(seen: Observation) -> dict[str, Any]:
    """named: the same where categories that share a name count as one, and their number k."""
    assert seen.categories is not None
    code, names, k = str(seen.model.categorical), seen.model.names, len(seen.numbered)
    own, images = names.members(code, k), seen.real  # [K, names]
    called = [names.category(code, j) for j in own.argmax(0).tolist()]
    if len(called) == k:
        return {}
    read = own.argmax(1)[names.joined(code, seen.categories).value]
    found = clusters.score(images.labels, read, len(images.classes), len(called))
    return {"named": {"k": len(called)} | found.tree(images.classes, called)}


def _named_lines(scores: Scores, _: Names) -> list[str]:
    return [f"categories of one name together: {_agreement(scores['named'], 'names')}"]


def _agreement(found: Scores, k: str) -> str:
    """How well categories agree with labels, in words."""
    accuracy, purity = (
        f"{found['cluster_accuracy']:.1%}",
        f"{found['purity']:.1%} ({k} = {found['k']})",
    )
    others = f"NMI {found['nmi']:.3f}, ARI {found['ari']:.3f}"
    return f"clustering accuracy (ACC) {accuracy}, purity {purity}, {others}"


def _usage(seen: Observation) -> dict[str, Any]:
    """code: which one; k; shares: [k] of the images; dead: categories next to empty; effective: how
    many are in use, e^H(shares); unused: the dead ones in words, or empty; confidence: Q's mean."""
    assert seen.categories is not None
    used = clusters.usage(seen.categories.value, len(seen.numbered))
    found = {"code": str(seen.model.categorical), "k": len(seen.numbered)}
    found |= {"shares": used.shares.tolist(), "dead": used.dead, "effective": used.effective}
    found["unused"] = used.words(seen.numbered)
    return found | {"confidence": float(seen.categories.confidence.mean())}


def _usage_lines(scores: Scores, _: Names) -> list[str]:
    used = f"categories in use: {scores['effective']:.1f} of {scores['k']}, as e^H of their shares"
    return [] if "error" in scores else [used, *filter(None, [scores["unused"]])]


def _consistency(seen: Observation) -> dict[str, Any]:
    """consistency: kept, the share of augmented views that are read as their image is, and their
    information I(c; c') in nats."""
    assert seen.consistency is not None
    return {"consistency": dict(zip(("kept", "information"), seen.consistency, strict=True))}


def _consistency_lines(scores: Scores, _: Names) -> list[str]:
    found, most = scores["consistency"], math.log(scores["k"])
    information = f"information {found['information']:.2f} of {most:.2f} nats"
    return [f"views that keep their image's category: {found['kept']:.0%} ({information})"]


def _classified(seen: Observation) -> dict[str, Any]:
    """error: share of the labelled images that are put into another class; recall: of each class;
    confusion: counts [classes, classes]. DataError on classes that the model does not know."""
    assert seen.categories is not None
    images, classes = seen.real, seen.model.classes
    if unknown := set(images.classes) - set(classes):
        what = f"the model does not know its classes {', '.join(sorted(unknown)[:5])}"
        raise DataError(f"{images.name}: {what}; it knows {', '.join(classes[:20])}")
    known = images.labels >= 0
    index = np.array([classes.index(name) for name in images.classes])
    labels, read = index[images.labels[known]], seen.categories.value[known]
    table = clusters.contingency(labels, read, len(classes), len(classes))
    error, own = float((labels != read).mean()), {c: c for c in range(len(classes))}
    recall = dict(zip(classes, clusters.recall(table, own), strict=True))
    return {"error": error, "recall": recall, "confusion": table.tolist()}


def _error_lines(scores: Scores, _: Names) -> list[str]:
    images = f"{judged(scores)} of {scores['data']} ({scores['k']} classes)"
    return ["", f"error {scores['error']:.2%} on {images}"]


def _fidelity(seen: Observation) -> dict[str, Any]:
    """fidelity: in which features, on how many real images and as many generated; see
    `metrics.fidelity.Fidelity`; recall_of: by category, where it has enough of both."""
    assert seen.features is not None
    whole, each = seen.fidelity
    found = {"features": seen.features.name, "n": len(seen.compared[0])} | whole.tree()
    recalls = {seen.numbered[k]: recall for k, recall in each.items()}
    return {"fidelity": found | {"recall_of": recalls}}


def _fidelity_lines(scores: Scores, _: Names) -> list[str]:
    found = scores["fidelity"]
    words = f"precision {found['precision']:.2f}, recall {found['recall']:.2f}, "
    words += f"FD {found['fd']:.1f} (in features of {found['features']}, {found['n']} images)"
    if recalls := found["recall_of"]:
        worst = min(recalls, key=lambda name: recalls[name])
        words += f"\n  lowest recall of a category: {recalls[worst]:.2f} ({worst})"
    return [f"generated images: {words}"]


def _disentanglement(seen: Observation) -> dict[str, Any]:
    """disentanglement: how far each code that Q reads stands for one factor of the images; see
    `encoders.disentanglement`."""
    rows = encoders.drawn(len(seen.real), seen.seed)
    codes = encoders.of_model(seen.model, seen.read).subset(rows)
    return {"disentanglement": encoders.scored(codes, seen.real.subset(rows), seed=seen.seed)}


def _disentanglement_lines(scores: Scores, names: Names) -> list[str]:
    found = scores["disentanglement"]
    lines = [f"factor {name} is not scored: {why}" for name, why in found["left_out"].items()]
    if "nmi" not in found:
        return ["", *lines]
    called = [names.get(code, code) for code in found["codes"]]
    width = max(12, *(len(name) + 1 for name in found["factors"]))
    lines += ["share of each factor's entropy that a code knows"]
    lines += [" " * width + " ".join(f"{name:>8}" for name in called)]
    for factor, shares in zip(found["factors"], zip(*found["nmi"], strict=True), strict=True):
        row = " ".join(
            f"{share:>{max(8, len(name))}.2f}" for share, name in zip(shares, called, strict=True)
        )
        lines.append(f"{factor:<{width}}{row}")
    return ["", *lines, *(words.format(**found) for words in DISENTANGLEMENT)]


DISENTANGLEMENT = (
    "FactorVAE {factor_vae:.3f}, beta-VAE {beta_vae:.3f}, MIG {mig:.3f} "
    "({mig_20:.3f} in 20 bins, at most {mig_20_ceiling:.3f}), SAP {sap:.3f}",
    "DCI {dci:.3f}, completeness {completeness:.3f}, informativeness {informativeness:.3f}, "
    "modularity {modularity:.3f}, explicitness {explicitness:.3f}",
    "InfoM {info_m:.3f}, InfoE {info_e:.3f}, InfoC {info_c:.3f}",
)
"""The scores of codes and factors in words; docs/factors.md says what each one tells."""

NEEDS: dict[str, Callable[[Observation], bool]] = {
    "images": lambda seen: seen.images is not None,
    "labels": lambda seen: seen.images is not None and bool((seen.images.labels >= 0).any()),
    "categories": lambda seen: seen.categories is not None,
    "supervised": lambda seen: seen.model.config.labels is not None,
    "unsupervised": lambda seen: seen.model.config.labels is None,
    "views": lambda seen: seen.consistency is not None,
    "generator": lambda seen: seen.model.config.objective.generates,
    "factors": lambda seen: bool(seen.read) and bool(seen.real.factor_names),
    "features": lambda seen: seen.features is not None,
    "continuous code": lambda seen: any(not c.categories for c in seen.model.latent.codes.values()),
}
"""What a metric can ask for."""


@dataclass(frozen=True)
class Metric:
    """A row of METRICS: scored where its NEEDS are met, shown where the score `name` is there."""

    name: str
    needs: tuple[str, ...]
    score: Callable[[Observation], dict[str, Any]]
    shown: Callable[[Scores, Names], list[str]] = lambda scores, names: []


CLUSTERED = "categories", "labels", "unsupervised"
SWEPT = "images", "generator", "continuous code"
METRICS = (
    Metric("n", ("images",), lambda seen: {"data": seen.real.name, "n": len(seen.real)}),
    Metric("labelled", ("labels",), lambda seen: {"labelled": int((seen.real.labels >= 0).sum())}),
    Metric("information", (), _information, _information_lines),
    Metric("continuous", SWEPT, lambda seen: {"continuous": continuous(seen)}, _continuous_lines),
    Metric("cluster_accuracy", CLUSTERED, _clusters, _clusters_lines),
    Metric("named", CLUSTERED, _named, _named_lines),
    Metric("effective", ("categories",), _usage, _usage_lines),
    Metric("consistency", ("views", "unsupervised"), _consistency, _consistency_lines),
    Metric("disentanglement", ("images", "factors"), _disentanglement, _disentanglement_lines),
    Metric("fidelity", ("images", "generator", "features"), _fidelity, _fidelity_lines),
    Metric("error", ("categories", "labels", "supervised"), _classified, _error_lines),
)
"""Everything that is measured, in the order in which it is shown. A new metric is a row here."""
