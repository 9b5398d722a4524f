"""Which of several runs to use, chosen without labels: R runs, N images, K categories.

The best run's categories carry the most information about real images and stay the same in
augmented views; one that others disagree with comes last. `docs/selection.md` says how well.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from infogan.analysis.consistency import Table, shared_information, views
from infogan.analysis.metrics.clusters import Indices
from infogan.analysis.observation import Observation
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError, RunError
from infogan.data.images import Images
from infogan.latent.latent import CODE
from infogan.model.model import Model
from infogan.runs.folder import Run
from infogan.runs.images import real_images

SAMPLES = 2_000  # generated images behind L_I
ALONE = 0.5  # runs below this share of the best agreement come last: sure of what no other sees


@dataclass(frozen=True)
class Candidate:
    """A run, by its folder, and what was measured of it without labels."""

    run: str
    seed: int
    information: float  # I(c; c') of an image's and its augmented view's category: 0 to ln K nats
    agreement: float  # mean adjusted Rand index with other runs: 1 same up to renaming, 0 by chance
    L_I: float  # L_I of the categorical code in nats, on generated images


@dataclass(frozen=True)
class Selection:
    """Runs ranked without labels, best first, on n real images of the name `images`."""

    candidates: tuple[Candidate, ...]
    images: str
    n: int

    @property
    def best(self) -> Candidate:
        """The run to use."""
        return self.candidates[0]

    def tree(self) -> dict[str, Any]:
        """The ranking as plain values."""
        runs = [asdict(candidate) for candidate in self.candidates]
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


def centrality(table: Table) -> Table:
    """[R] mean of (A_ij + A_ji) / 2 over other runs j (Lin et al. 2020, arXiv:1906.06034).

    >>> centrality(np.array([[1, 0.5], [0.75, 1]])).tolist()
    [0.625, 0.625]
    """
    both = (table + table.T) / 2
    return np.asarray((both.sum(1) - both.diagonal()) / (len(table) - 1))


def not_alone(scores: Table) -> NDArray[np.bool_]:
    """[R] whether a run's agreement is at least ALONE times the best one's."""
    return np.asarray(scores >= ALONE * scores.max())


def select(runs: Sequence[Path | str], images: Images | None = None, *, seed: int = 0) -> Selection:
    """Rank finished runs of one kind of latent, without labels.

    runs: two or more folders. images: real images that all runs read (default: those that the first
    run did not learn from), with views under the first run's `augment`. seed: of the views and of
    L_I. ConfigError, RunError or DataError when the runs cannot be compared.
    """
    if len(runs) < 2:
        raise ConfigError(f"select ranks two or more runs and was given {len(runs)}; give more")
    if len({Path(run).resolve() for run in runs}) < len(runs):
        raise ConfigError("a run was given twice and would agree with itself; give it once")
    models = [Model.load(run) for run in runs]
    code = _shared_code(runs, models)
    learned = {run.record.images.digest: run.record.images.source.name for run in map(Run, runs)}
    if images is None and len(learned) > 1:
        what = f"the runs learned from different images ({', '.join(sorted(learned.values()))})"
        raise ConfigError(f"{what}; say with --data which to compare them on")
    images = images or real_images(models[0].config, models[0].run)
    made = list(views(images, models[0].config.augment, seed))
    seen = [Observation(model, images, seed, SAMPLES, made) for model in models]
    scores, candidates = centrality(agreement([one.read[code].value for one in seen])), []
    for run, one, score in zip(runs, seen, scores.tolist(), strict=True):
        shared = [shared_information(one.read[code].probs, view) for view in one.views]
        information, (bound, _) = float(np.mean(shared)), one.bounds[code]
        candidates.append(Candidate(str(run), one.model.config.seed, information, score, bound))
    rank = dict(zip(candidates, not_alone(scores), strict=True))
    candidates.sort(key=lambda candidate: (rank[candidate], candidate.information), reverse=True)
    return Selection(tuple(candidates), images.name, len(images))


def ranking_code(config: RunConfig) -> str | None:
    """The categorical code that Q reads from images; None where there is none to rank by."""
    code = config.latent.categorical
    return code if config.readers.get(str(code)) == CODE else None


def _shared_code(runs: Sequence[Path | str], models: Sequence[Model]) -> str:
    """The categorical code to rank by; RunError unless all runs have the same kind of latent."""
    first = ""
    for run, model in zip(runs, models, strict=True):
        if ranking_code(model.config) is None:
            raise RunError(f"{run}: its Q reads no categorical code, so it cannot be ranked")
        codes = [f"{name} {code.kind}:{code.width}" for name, code in model.latent.codes.items()]
        kind = f"{', '.join(codes)} for images of shape {model.shape}"
        first = first or kind
        if kind != first:
            raise RunError(f"{run}: has {kind}, {runs[0]} {first}; select among runs of one kind")
    return str(models[0].latent.categorical)
