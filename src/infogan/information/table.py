"""Joint tables in files, and everything worth knowing about one."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infogan.core.errors import DataError
from infogan.information.discrete import (
    conditional_entropy,
    entropy,
    joint_entropy,
    mutual_information,
    normalized_mutual_information,
    variation_of_information,
)
from infogan.information.quantity import NATS, Numbers, Unit, tensor

LIMIT = 2**20
"""Largest file that is read, in bytes."""


def read_table(path: Path | str) -> NDArray[np.float64]:
    """A joint table [X, Y] of probabilities or counts, as written, from a CSV file without header: a line a row.

    UTF-8 with or without byte order mark, any line ends; blank lines are skipped. DataError names file, line and
    remedy for whatever is no such table.
    """
    rows: list[list[float]] = []
    for number, line in enumerate(_text(Path(path)).splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        rows.append([_weight(cell.strip(), where) for cell in line.split(",")])
        if len(rows[-1]) != len(rows[0]):
            raise DataError(
                f"{where}: has {len(rows[-1])} cells where the first row has {len(rows[0])}; fill it up"
            )
    if not rows:
        raise DataError(f"{path}: is empty; write one row of probabilities or counts a line")
    table = np.array(rows)
    with np.errstate(over="ignore"):
        total = table.sum()
    if not 0 < total < math.inf:
        raise DataError(f"{path}: sums to {total:g}; write probabilities or counts, some above 0")
    return table


def summary(table: Numbers, unit: Unit = "nats") -> dict[str, float]:
    """All quantities of a joint table [X, Y] in the unit (normalized_mutual_information has none).

    total is the table's own sum: whatever it is, the table is scaled to sum to 1. If the table holds counts (whole
    numbers, total N > 1), everything is a plug-in estimate, and chance_mutual_information says what independent
    variables would show on average, (R - 1)(C - 1) / 2N nats for R and C outcomes seen: compare with it, not with 0.

    >>> found = summary([[45, 5], [5, 45]], "bits")
    >>> round(found["mutual_information"], 6), round(found["conditional_entropy_y_given_x"], 6)
    (0.531004, 0.468996)
    """
    t = tensor(table).detach().cpu().numpy()
    x, y = t.sum(-1), t.sum(0)
    values = {
        "total": t.sum(),
        "entropy_x": entropy(x, unit),
        "entropy_y": entropy(y, unit),
        "joint_entropy": joint_entropy(t, unit=unit),
        "conditional_entropy_x_given_y": conditional_entropy(t.T, unit=unit),
        "conditional_entropy_y_given_x": conditional_entropy(t, unit=unit),
        "mutual_information": mutual_information(t, unit=unit),
        "normalized_mutual_information": normalized_mutual_information(t),
        "variation_of_information": variation_of_information(t, unit=unit),
    }
    if t.sum() > 1 and bool((t == np.rint(t)).all()):
        freedom = (np.count_nonzero(x) - 1) * (np.count_nonzero(y) - 1)
        values["chance_mutual_information"] = freedom / (2 * t.sum()) / NATS[unit]
    return {
        name: max(0.0, float(value)) for name, value in values.items()
    }  # rounding may leave -1e-17


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); give a CSV file of a joint table"
        ) from None
    if len(content) > LIMIT:
        raise DataError(f"{path}: is larger than 1 MiB; give a joint table, not samples")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line}: is not UTF-8; save the table as plain CSV text"
        ) from None


def _weight(cell: str, where: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        remedy = (
            "write 0 for nothing"
            if not cell
            else "no header or names, commas between cells, decimal points"
        )
        raise DataError(f"{where}: {cell[:20]!r} is no number; {remedy}") from None
    if not 0 <= value < math.inf:
        raise DataError(
            f"{where}: {cell[:20]} is no probability or count; write finite numbers, none below 0"
        )
    return value
