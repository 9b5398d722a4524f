"""What all quantities share: their unit, and NumPy or torch in, the same kind out.
Formulas are written once, in torch and in nats. Arrays, lists and numbers are computed in float64
and come back as a float (an array for a batch); tensors keep device, precision and gradient."""

import math
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from infogan.core.errors import ConfigError, DataError

Unit = Literal["nats", "bits"]
NATS: dict[Unit, float] = {"nats": 1.0, "bits": math.log(2)}  # in one of the unit
Numbers = ArrayLike | Tensor
Value = Any
"""A tensor if a tensor was given; otherwise a float, or an array where the input is a batch."""


def tensor(numbers: Numbers) -> Tensor:
    """Return numbers as a floating-point tensor; DataError when they are none."""
    if isinstance(numbers, Tensor):
        return numbers if numbers.is_floating_point() else numbers.double()
    try:
        return torch.from_numpy(np.array(numbers, np.float64))
    except (TypeError, ValueError) as error:
        raise DataError(f"expected numbers in a full array ({error})") from None


def stated(nats: Tensor, unit: Unit, *given: Any) -> Value:
    """Return a result in its unit, a tensor if one of the inputs `given` is one."""
    if unit not in NATS:
        raise ConfigError(f"unknown unit {unit!r}; use {' or '.join(NATS)}")
    value = nats / NATS[unit] + 0.0  # turns -0.0 into 0.0
    if any(isinstance(one, Tensor) for one in given):
        return value
    return value.numpy() if value.ndim else value.item()


def distribution(weights: Numbers, *, batch: bool) -> Tensor:
    """Scale probabilities or counts to sum to 1, over a batch's last axis [..., K] or overall."""
    w = tensor(weights)
    total = w.sum(-1, keepdim=True) if batch else w.sum()
    if not (w.ndim and (w >= 0).all() and ((total > 0) & total.isfinite()).all()):
        raise DataError("expected probabilities or counts, none below 0, with a finite sum above 0")
    return w / total
