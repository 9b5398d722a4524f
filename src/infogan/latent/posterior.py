"""What Q says of images, as numbers for a user."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infogan.core.figures import outlined

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Posterior:
    """What Q says of one code, as arrays over N images. What a code of its kind lacks is empty."""

    value: NDArray[Any]
    """[N] the category with the largest probability (int64), or Q's mean (float32)."""
    confidence: Floats
    """[N] that category's probability; for a number exp(-sigma / the prior's standard deviation), 1
    certain, near e^-1 knows nothing; for an angle the mean resultant length, 1 to 0."""
    probs: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32))
    """[N, K] Q's probabilities of a categorical code."""
    mean: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    """[N] Q's mean of a continuous code."""
    std: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    """[N] Q's sigma of a continuous code."""

    def __repr__(self) -> str:
        return outlined("Posterior", vars(self))
