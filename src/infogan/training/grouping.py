"""The groups that Q begins with, where a contrast has taught the trunk which images are alike."""

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import spectral_clustering
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from infogan.core.random import stream
from infogan.objectives.terms import TEMPERATURE

MOST = 4000  # images that are grouped among themselves: time grows with the square of it
CHUNK = 1000  # of the others join them at a time


def groups(projections: Tensor, k: int, seed: int) -> Tensor:
    """[N] int64: which of k groups each of N images belongs to, by their projections [N, F].

    Normalised cuts (Shi and Malik 2000; von Luxburg 2007, arXiv:0711.0189) of the graph whose
    weights are e^(cos/τ), with InfoNCE's own τ: where InfoNCE is at its optimum that is
    p(x, x') / (p(x) p(x')) up to a constant, how much likelier two images are to be views of one
    than by chance (CPC, arXiv:1807.03748, eq. 3). Nothing asks for groups of one size. MOST
    images, drawn by the seed, are cut; the others go where the sum of their weights is largest.
    """
    places = normalize(projections.float(), dim=1)
    rows = torch.randperm(len(places), generator=stream(seed, "group"))[:MOST]
    drawn = places[rows]
    own = one_hot(torch.from_numpy(_cut(_near(drawn, drawn).numpy(), k)), k).float()
    return torch.cat([(_near(part, drawn) @ own).argmax(1) for part in places.split(CHUNK)])


def _near(places: Tensor, others: Tensor) -> Tensor:
    """[N, M] weights of the graph, at most 1."""
    return ((places @ others.T - 1) / TEMPERATURE).exp()


def _cut(weights: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """[N] groups of a graph's nodes; each its own where there are no more than groups."""
    if len(weights) <= k:
        return np.arange(len(weights))
    found = spectral_clustering(weights, n_clusters=k, assign_labels="cluster_qr", random_state=0)
    return np.asarray(found, np.int64)
