"""The groups that Q begins with, where a contrast has taught the trunk which images are alike."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import eigsh
from sklearn.cluster import spectral_clustering
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from infogan.core.random import stream
from infogan.objectives.terms import TEMPERATURE

MOST = 2000  # images that are grouped among themselves: time grows with the square of it
CHUNK = 1000  # of the others join them at a time
FEWEST, LARGEST = 3, 30  # groups of which it is asked whether so many stand out
GAP = 1.2  # how many times as hard the next cut is where they do
Weights = NDArray[np.float32]


def groups(projections: Tensor, k: int, seed: int) -> tuple[Tensor, int]:
    """Which of k groups each of N images belongs to, [N] int64, by their projections [N, F]; and
    how many groups stand out, 0 if no number does.

    Normalised cuts (Shi and Malik 2000; von Luxburg 2007, arXiv:0711.0189) of the graph whose
    weights are e^(cos/τ), with InfoNCE's own τ: where InfoNCE is at its optimum that is
    p(x, x') / (p(x) p(x')) up to a constant, how much likelier two images are to be views of one
    than by chance (CPC, arXiv:1807.03748, eq. 3). Nothing asks for groups of one size. MOST
    images, drawn by the seed, are cut; the others go where the sum of their weights is largest.
    """
    places = normalize(projections.float(), dim=1)
    rows = torch.randperm(len(places), generator=stream(seed, "group"))[:MOST]
    drawn = places[rows]
    weights = _near(drawn, drawn).numpy()
    own = one_hot(torch.from_numpy(_cut(weights, k)), k).float()
    joined = [(_near(part, drawn) @ own).argmax(1) for part in places.split(CHUNK)]
    return torch.cat(joined), standing_out(weights)


def standing_out(weights: Weights) -> int:
    """How many groups a graph of these weights [N, N] falls into: the largest g after which a cut
    is GAP times as hard, 1 - λ_{g+1} against 1 - λ_g, where λ are the eigenvalues of
    D^-1/2 W D^-1/2 (the eigengap of von Luxburg 2007, section 8.3); 0 if there is none."""
    most = min(LARGEST + 1, len(weights) - 1)
    if most <= FEWEST:
        return 0
    scale = weights.sum(1) ** -0.5
    start = np.ones(len(weights), np.float32)  # eigsh would draw one
    values = eigsh(scale[:, None] * weights * scale, most, v0=start, return_eigenvectors=False)
    cuts = np.sort(1 - values)[FEWEST - 1 :]
    ratios = cuts[1:] / cuts[:-1].clip(1e-6)
    hard = np.flatnonzero(ratios >= GAP)
    return FEWEST + int(hard[-1]) if len(hard) else 0


def _near(places: Tensor, others: Tensor) -> Tensor:
    """[N, M] weights of the graph, at most 1."""
    return ((places @ others.T - 1) / TEMPERATURE).exp()


def _cut(weights: Weights, k: int) -> NDArray[np.int64]:
    """[N] groups of a graph's nodes; each its own where there are no more than groups."""
    if len(weights) <= k:
        return np.arange(len(weights))
    found = spectral_clustering(weights, n_clusters=k, assign_labels="cluster_qr", random_state=0)
    return np.asarray(found, np.int64)
