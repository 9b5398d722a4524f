"""The lines of a run's log as curves."""

from collections.abc import Iterable, Mapping
from typing import Any

Points = list[tuple[float, float]]


def series(lines: Iterable[Mapping[str, Any]], prefix: str = "") -> dict[str, Points]:
    """Points (step, value) of each logged quantity whose name begins with `prefix`, by the rest of
    the name, in the order in which they were first logged.

    >>> series([{"step": 1, "d/real": 0.5}, {"step": 2, "d/real": 0.25, "g/x": 1.0}], "d/")
    {'real': [(1, 0.5), (2, 0.25)]}
    """
    found: dict[str, Points] = {}
    for line in lines:
        for key, value in line.items():
            if key.startswith(prefix):
                found.setdefault(key.removeprefix(prefix), []).append((line["step"], value))
    return found
