"""How well generated images stand for real ones: distances and coverage of their features.
Features are [N, F] of real and [M, F] of generated images, from one network; float64 throughout."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]
ROWS = 1000  # of a matrix of distances that are in memory at once
NEAR, WIDE = 3, 5  # neighbours that a ball reaches, for precision and recall, for density, coverage


@dataclass(frozen=True)
class Fidelity:
    """What generated images are, and what of the real ones they cover."""

    fd: float  # Fréchet distance, 0 for equal moments; in squared units of the features
    kd: float  # kernel distance (squared MMD, unbiased: may be a little below 0)
    precision: float  # share of generated images within reach of a real one
    recall: float  # share of real images within reach of a generated one
    density: float  # how many real balls hold a generated image, over their expected number WIDE
    coverage: float  # share of real images whose ball holds a generated one

    def tree(self) -> dict[str, Any]:
        """All of it as plain values."""
        return dict(vars(self))


def score(real: Features, fake: Features) -> Fidelity:
    """Every measure. ValueError where there are too few images for a ball of WIDE neighbours."""
    if (few := min(len(real), len(fake))) <= WIDE:
        raise ValueError(f"{few} images are too few to measure fidelity; {WIDE + 1} will do")
    return Fidelity(frechet(real, fake), kernel(real, fake), *neighbours(real, fake))


def frechet(real: Features, fake: Features) -> float:
    """Fréchet distance of the normal distributions of equal moments, |μ - μ'|² + tr(Σ + Σ' -
    2 (ΣΣ')^½) (Heusel et al. 2017, arXiv:1706.08500, eq. 6)."""
    shift = real.mean(0) - fake.mean(0)
    one, other = (np.cov(x, rowvar=False).reshape(x.shape[1], -1) for x in (real, fake))
    # (ΣΣ')^½ has the trace of (Σ^½ Σ' Σ^½)^½, which is symmetric
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    both = np.sqrt(np.linalg.eigvalsh(root @ other @ root).clip(0)).sum()
    return float(shift @ shift + np.trace(one) + np.trace(other) - 2 * both)


def kernel(real: Features, fake: Features) -> float:
    """Unbiased squared MMD under the kernel (x·y/F + 1)³ (Bińkowski et al. 2018, arXiv:1801.01401,
    eq. 4), over all pairs rather than over random subsets."""

    def total(a: Features, b: Features) -> float:
        parts = (a[i : i + ROWS] @ b.T for i in range(0, len(a), ROWS))
        return float(sum(((part / a.shape[1] + 1) ** 3).sum() for part in parts))

    def within(a: Features) -> float:  # without pairs of an image with itself
        own = ((np.square(a).sum(1) / a.shape[1] + 1) ** 3).sum()
        return float((total(a, a) - own) / (len(a) * (len(a) - 1)))

    return within(real) + within(fake) - 2 * total(real, fake) / (len(real) * len(fake))


def neighbours(real: Features, fake: Features) -> tuple[float, float, float, float]:
    """Precision and recall (Kynkäänniemi et al. 2019, arXiv:1904.06991, eq. 1 and 2), density and
    coverage (Naeem et al. 2020, arXiv:2002.09797, eq. 4 and 5). A ball about an image reaches to
    the NEAR-th (or WIDE-th) neighbour of its own kind."""
    ball, wide = radii(real)
    reach = radii(fake)[0]
    held, density = np.zeros(len(fake), bool), np.zeros(len(fake))
    recalled = covered = 0
    for i in range(0, len(real), ROWS):
        rows = slice(i, i + ROWS)
        apart = distances(real[rows], fake)
        held |= (apart < ball[rows, None]).any(0)
        density += (apart < wide[rows, None]).sum(0)
        recalled += int((apart < reach).any(1).sum())
        covered += int((apart.min(1) < wide[rows]).sum())
    n = len(real)
    return float(held.mean()), recalled / n, float(density.mean() / WIDE), covered / n


def radii(features: Features) -> tuple[Features, Features]:
    """[N] distances of each image to the NEAR-th and the WIDE-th nearest other one."""
    near, wide = np.empty(len(features)), np.empty(len(features))
    for i in range(0, len(features), ROWS):
        apart = np.partition(distances(features[i : i + ROWS], features), (NEAR, WIDE), 1)
        near[i : i + ROWS], wide[i : i + ROWS] = apart[:, NEAR], apart[:, WIDE]
    return near, wide


def distances(a: Features, b: Features) -> Features:
    """[N, M] Euclidean distances."""
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return np.asarray(np.sqrt(squares.clip(0)))
