"""The lines of a run's log as curves."""

from collections.abc import Iterable, Mapping
from typing import Any


def series(
    lines: Iterable[Mapping[str, Any]], prefix: str = ""
) -> dict[str, list[tuple[float, float]]]:
    """Points (step, value) of each logged quantity whose name begins with `prefix`.

    The keys are the names without the prefix, in the order in which they were first logged.

    >>> series([{"step": 1, "d/real": 0.5}, {"step": 2, "d/real": 0.25, "g/x": 1.0}], "d/")
    {'real': [(1, 0.5), (2, 0.25)]}
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        for key, value in line.items():
            if key.startswith(prefix):
                found.setdefault(key.removeprefix(prefix), []).append((line["step"], value))
    return found
