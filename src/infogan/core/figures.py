"""Numbers as people read them, and arrays by their shapes."""

from collections.abc import Mapping
from typing import Any

LARGE = 10_000  # what has no use for decimals, and little for its last digits


def short(value: float, digits: int = 2, sign: bool = False) -> str:
    """A number with so many decimals; a huge one, as of a run that diverged, in a few characters.

    >>> short(2.2969), short(-123456789.1), short(0.5, sign=True)
    ('2.30', '-1.2e+08', '+0.50')
    """
    return f"{value:{'+' * sign}.{f'{digits}f' if abs(value) < LARGE else '1e'}}"


def number(n: int, what: str) -> str:
    """So many of them.

    >>> number(1, "image"), number(2000, "image")
    ('1 image', '2,000 images')
    """
    return f"{n:,} {what}{'s' * (n != 1)}"


def outlined(name: str, parts: Mapping[str, Any]) -> str:
    """The repr of an object that holds arrays or tensors: their shapes in place of their values.
    Arrays without a value are left out.

    >>> import numpy as np
    >>> outlined("Posterior", {"value": np.zeros(500), "probs": np.zeros((500, 10)), "n": 1})
    'Posterior(value [500], probs [500, 10], n=1)'
    """
    shapes = {key: getattr(part, "shape", None) for key, part in parts.items()}
    words = (
        f"{key}={part!r}" if (shape := shapes[key]) is None else f"{key} {[*shape]}"
        for key, part in parts.items()
        if 0 not in (shapes[key] or ())
    )
    return f"{name}({', '.join(words)})"
