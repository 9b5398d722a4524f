"""Which of several runs to use, chosen without labels: R runs, N images, K categories.

The best run's categories carry the most information about real images and stay the same in
augmented views; one that others disagree with comes last. Of runs without categories, the best is
the most central one. `docs/selection.md` says how well this chooses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from infogan.analysis.centrality import SAMPLES as GENERATED
from infogan.analysis.centrality import centrality, cross_scores
from infogan.analysis.consistency import Table, shared_information, views
from infogan.analysis.metrics.clusters import Indices
from infogan.analysis.observation import Observation
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError, RunError
from infogan.data.images import Images
from infogan.latent.latent import CLASS
from infogan.model.model import Model
from infogan.runs.folder import Run
from infogan.runs.images import real_images

SAMPLES = 2_000  # generated images behind L_I
ALONE = 0.5  # runs below this share of the best agreement come last: sure of what no other sees


@dataclass(frozen=True)
class Candidate:
    """A run, by its folder, and what was measured of it without labels.

    By categories: `information`, I(c; c') of an image's and its augmented view's category, 0 to
    ln K nats; `agreement`, mean adjusted Rand index with other runs, 1 the same up to renaming, 0
    by chance; `L_I` of the categorical code on generated images, in nats. By continuous codes:
    `centrality`, mean FactorVAE score between this run and the others, 1/k (chance) to 1 for k
    codes; `L_I`, the sum of theirs, in nats.
    """

    run: str
    seed: int
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Selection:
    """Runs ranked without labels, best first, on n images of the name `images`."""

    candidates: tuple[Candidate, ...]
    images: str
    n: int

    @property
    def best(self) -> Candidate:
        """The run to use."""
        return self.candidates[0]

    def tree(self) -> dict[str, Any]:
        """The ranking as plain values."""
        runs = [{"run": one.run, "seed": one.seed, **one.scores} for one in self.candidates]
        return {"selected": self.best.run, "images": self.images, "n": self.n, "runs": runs}


def agreement(categories: Sequence[Indices]) -> Table:
    """[R, R] adjusted Rand index of the categories [N] of each two runs on the same images.

    A run with all images in one category agrees with none, not even with another such run.

    >>> agreement([np.array([0, 0, 1, 1]), np.array([2, 2, 0, 0])]).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    table = np.eye(len(categories))
    for i, own in enumerate(categories):
        for j in range(i if np.ptp(own) else 0):
            table[i, j] = table[j, i] = adjusted_rand_score(own, categories[j])
    return table


def not_alone(scores: Table) -> NDArray[np.bool_]:
    """[R] whether a run's agreement is at least ALONE times the best one's."""
    return np.asarray(scores >= ALONE * scores.max())


def select(runs: Sequence[Path | str], images: Images | None = None, *, seed: int = 0) -> Selection:
    """Rank finished runs of one kind of latent, without labels.

    runs: two or more folders. images: real images that all runs read (default: those that the first
    run did not learn from), with views under the first run's `augment`; runs without categories
    read what they generate. seed: of views, of L_I and of generated images. ConfigError, RunError
    or DataError when the runs cannot be compared.
    """
    if len(runs) < 2:
        raise ConfigError(f"select ranks two or more runs and was given {len(runs)}; give more")
    if len({Path(run).resolve() for run in runs}) < len(runs):
        raise ConfigError("a run was given twice and would agree with itself; give it once")
    models = [Model.load(run) for run in runs]
    _require_one_kind(runs, models)
    codes = ranking_codes(models[0].config)
    if not models[0].latent.categorical:
        if images is not None:
            raise ConfigError("runs without categories read what they generate; leave --data out")
        found, name, n = _by_centrality(models, codes, seed), "each run's generator", GENERATED
    else:
        images = images or _held_out(runs, models[0])
        found, name, n = _by_categories(models, codes[0], images, seed), images.name, len(images)
    kept = [Candidate(str(runs[i]), models[i].config.seed, scores) for i, scores in found]
    return Selection(tuple(kept), name, n)


Ranked = list[tuple[int, dict[str, float]]]  # the runs, by place, best first, with their scores


def _by_categories(models: Sequence[Model], code: str, images: Images, seed: int) -> Ranked:
    made = list(views(images, models[0].config.augment, seed))
    seen = [Observation(model, images, seed, SAMPLES, made) for model in models]
    scores, found = centrality(agreement([one.read[code].value for one in seen])), Ranked()
    for i, one in enumerate(seen):
        shared = [shared_information(one.read[code].probs, view) for view in one.views]
        own = {"information": float(np.mean(shared)), "agreement": float(scores[i])}
        found.append((i, own | {"L_I": one.bounds[code][0]}))
    trusted = not_alone(scores)
    return sorted(found, key=lambda pair: (trusted[pair[0]], pair[1]["information"]), reverse=True)


def _by_centrality(models: Sequence[Model], codes: Sequence[str], seed: int) -> Ranked:
    scores, found = centrality(cross_scores(models, codes, seed)), Ranked()
    for i, model in enumerate(models):
        bounds = model.lower_bound(SAMPLES, seed=seed)
        total = sum(bounds[name][0] for name in codes)
        found.append((i, {"centrality": float(scores[i]), "L_I": total}))
    return sorted(found, key=lambda pair: pair[1]["centrality"], reverse=True)


def _held_out(runs: Sequence[Path | str], first: Model) -> Images:
    """What the first run did not learn from; ConfigError where the runs learned from different
    images."""
    learned = {run.record.images.digest: run.record.images.source.name for run in map(Run, runs)}
    if len(learned) > 1:
        what = f"the runs learned from different images ({', '.join(sorted(learned.values()))})"
        raise ConfigError(f"{what}; say with --data which to compare them on")
    return real_images(first.config, first.run)


def ranking_codes(config: RunConfig) -> tuple[str, ...]:
    """The codes by which runs are ranked, which Q reads from images: the categorical one, or two or
    more continuous ones where there is none; empty where there is nothing to rank by."""
    latent, readers = config.latent, config.readers
    names = (latent.categorical,) if latent.categorical else latent.continuous
    read = tuple(name for name in names if readers.get(name, CLASS) != CLASS)
    return read if latent.categorical or len(read) > 1 else ()


def _require_one_kind(runs: Sequence[Path | str], models: Sequence[Model]) -> None:
    """RunError unless all runs have the same kind of latent, with codes to rank by."""
    first = ""
    for run, model in zip(runs, models, strict=True):
        if not ranking_codes(model.config):
            what = "no categorical code and no two continuous ones, so it cannot be ranked"
            raise RunError(f"{run}: its Q reads {what}")
        codes = [f"{name} {code.kind}:{code.width}" for name, code in model.latent.codes.items()]
        kind = f"{', '.join(codes)} for images of shape {model.shape}"
        first = first or kind
        if kind != first:
            raise RunError(f"{run}: has {kind}, {runs[0]} {first}; select among runs of one kind")
