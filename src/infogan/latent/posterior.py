"""What Q says of images, as numbers that a user can read."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Posterior:
    """What Q says of one code, as arrays over N images."""

    value: NDArray[Any]
    """[N] the category with the largest probability (int64), or the Gaussian's mean (float32)."""
    confidence: NDArray[np.float32]
    """[N] that category's probability, or exp(-sigma/prior's standard deviation): 1 sure, near e^-1 knows nothing."""
    probs: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    """[N, K] Q's probabilities; empty for a continuous code."""
    mean: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    """[N] Q's mean; empty for a categorical code."""
    std: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    """[N] Q's sigma; empty for a categorical code."""


def categories(logits: Tensor) -> Posterior:
    """What logits [N, K] say."""
    probs = logits.softmax(1).cpu().numpy()
    return Posterior(value=probs.argmax(1), confidence=probs.max(1), probs=probs)
