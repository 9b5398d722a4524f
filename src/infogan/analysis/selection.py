"""Which of several runs to use, without labels: the one whose categories say most about real images and stay when
those change a little, among the runs that the others agree with.

`docs/selection.md` says how well that works. No label is looked at. Shapes: R runs, N images, K categories.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from infogan.analysis.metrics.clusters import Indices
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError, RunError
from infogan.core.random import stream
from infogan.data.augment import AnyAugment
from infogan.data.images import Images, Pixels, to_float, to_pixels
from infogan.information.discrete import mutual_information
from infogan.latent.latent import CODE
from infogan.model.model import CHUNK, Model
from infogan.runs.images import validation_images

Probs = NDArray[np.floating[Any]]
SAMPLES = 2_000
"""Generated images behind L_I."""
COPIES = 4
"""Changed copies of each real image that are read."""
ALONE = 0.5
"""A run whose agreement is below this share of the best one's comes after all others: a Q can be sure of something that
no other run sees."""


@dataclass(frozen=True)
class Candidate:
    """A run and what was found of it without labels."""

    run: str
    """Its folder."""
    seed: int
    information: float
    """I(c; c') in nats, at most ln K, of the category of a real image and that of a changed copy
    (`shared_information`)."""
    agreement: float
    """Mean adjusted Rand index of its categories with each other run's, on the same real images: 1 the same up to
    the names of categories, 0 as by chance (ModelCentrality's idea, Lin et al. 2020, arXiv:1906.06034)."""
    L_I: float
    """L_I of the categorical code in nats, on generated images."""


@dataclass(frozen=True)
class Selection:
    """Runs ranked without labels."""

    candidates: tuple[Candidate, ...]
    """Best first."""
    images: str
    """What was encoded, and how many."""
    n: int

    @property
    def best(self) -> Candidate:
        """The run to use."""
        return self.candidates[0]

    def tree(self) -> dict[str, Any]:
        """As plain values."""
        runs = [asdict(candidate) for candidate in self.candidates]
        return {"selected": self.best.run, "images": self.images, "n": self.n, "runs": runs}


def agreement(categories: Sequence[Indices]) -> NDArray[np.float64]:
    """[R, R] adjusted Rand index of each two runs' categories [N] of the same images. A run that has all of them in
    one category agrees with none, not even with another such run.

    >>> agreement([np.array([0, 0, 1, 1]), np.array([2, 2, 0, 0])]).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    table = np.eye(len(categories))
    for i, one in enumerate(categories):
        for j in range(i):
            table[i, j] = table[j, i] = (
                adjusted_rand_score(one, categories[j]) if np.ptp(one) else 0.0
            )
    return table


def centrality(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """[R] mean of (A_ij + A_ji) / 2 over the other runs j, of a table [R, R].

    >>> centrality(np.array([[1, 0.5], [0.7, 1]])).tolist()
    [0.6, 0.6]
    """
    both = (table + table.T) / 2
    scores: NDArray[np.float64] = (both.sum(1) - both.diagonal()) / (len(table) - 1)
    return scores


def not_alone(scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[R] whether a run's agreement is at least ALONE times the best one's."""
    result: NDArray[np.bool_] = scores >= ALONE * scores.max()
    return result


def joint(probs: Probs, changed: Probs) -> NDArray[np.float64]:
    """[K, K] P(c, c') of the category c of a real image and c' of a changed copy, drawn from Q's probabilities [N, K]
    of each, either way round (IIC, Ji et al. 2019, arXiv:1807.06653, eq. 3)."""
    table = probs.T.astype(np.float64) @ changed / len(probs)
    result: NDArray[np.float64] = (table + table.T) / 2
    return result


def shared_information(probs: Probs, changed: Probs) -> float:
    """I(c; c') in nats, at most ln K, under `joint`: high where Q is sure, uses all categories, and reads the same of a
    changed image.

    >>> shared_information(np.eye(2), np.eye(2)) == np.log(2), shared_information(np.eye(2), np.full((2, 2), 0.5))
    (True, 0.0)
    """
    return float(mutual_information(joint(probs, changed)))


def copies(images: Images, augment: AnyAugment | None, seed: int = 0) -> Iterator[Pixels]:
    """COPIES copies of each image, changed as in training; the images themselves, once, where that changes nothing."""
    if augment is None:
        yield images.take(slice(None))
        return
    for i in range(COPIES):
        parts = []
        for at in range(0, len(images), CHUNK):
            generator = stream(seed, f"selection {i}", at)
            parts.append(
                to_pixels(augment(to_float(images.take(slice(at, at + CHUNK))), generator).images)
            )
        yield np.concatenate(parts)


def select(runs: Sequence[Path | str], images: Images | None = None, *, seed: int = 0) -> Selection:
    """Finished runs of one kind of latent, ranked by the information that their categories share with changed copies.

    runs: two or more folders. images: real images that all runs read (default: the first run's own, those it never
    saw); they are changed as the first run's settings say. seed: of the changes and of L_I. ConfigError, RunError or
    DataError when the runs cannot be compared.
    """
    if len(runs) < 2:
        raise ConfigError(
            f"select compares runs with each other and was given {len(runs)}; give at least two"
        )
    if len({Path(run).resolve() for run in runs}) < len(runs):
        raise ConfigError("a run was given twice; it would agree with itself")
    models = [Model.load(run) for run in runs]
    code = _shared_code(runs, models)
    images = images or _own(models)
    changed = list(copies(images, models[0].config.augment, seed))
    read = [model.encode(images)[code] for model in models]
    scores = centrality(agreement([posterior.value for posterior in read]))
    candidates = [
        Candidate(
            run=str(run),
            seed=model.config.seed,
            information=float(
                np.mean(
                    [
                        shared_information(posterior.probs, model.encode(copy)[code].probs)
                        for copy in changed
                    ]
                )
            ),
            agreement=float(score),
            L_I=model.lower_bound(SAMPLES, seed=seed)[code][0],
        )
        for run, model, posterior, score in zip(runs, models, read, scores, strict=True)
    ]
    rank = dict(zip(candidates, not_alone(scores), strict=True))
    candidates.sort(key=lambda candidate: (rank[candidate], candidate.information), reverse=True)
    return Selection(tuple(candidates), images.name, len(images))


def ranking_code(config: RunConfig) -> str | None:
    """The categorical code that Q reads from images; None where there is none to rank by."""
    code = config.latent.categorical
    return code if config.readers.get(str(code)) == CODE else None


def _shared_code(runs: Sequence[Path | str], models: Sequence[Model]) -> str:
    """The categorical code that stands for the classes; RunError unless all runs have the same kind of latent."""
    first = models[0]
    for run, model in zip(runs, models, strict=True):
        if ranking_code(model.config) is None:
            raise RunError(
                f"{run}: has no categorical code that Q reads from images, so there is nothing to agree on"
            )
        for what, own, other in (
            ("codes", _codes(model), _codes(first)),
            ("images (height, width, channels)", str(model.shape), str(first.shape)),
        ):
            if own != other:
                raise RunError(
                    f"{run}: has other {what} than {runs[0]}: {own}, not {other}; select among runs of one kind"
                )
    return str(first.latent.categorical)


def _own(models: Sequence[Model]) -> Images:
    """Real images that the runs did not learn from; ConfigError where they learned from different ones."""
    if len(names := sorted({model.config.data.name for model in models})) > 1:
        raise ConfigError(
            f"the runs learned from different images ({', '.join(names)}); say which to compare them on"
        )
    return validation_images(models[0].config)


def _codes(model: Model) -> str:
    """Names, kinds and widths of the codes, in words."""
    return ", ".join(
        f"{name} {code.kind}:{code.width}" for name, code in model.latent.codes.items()
    )
