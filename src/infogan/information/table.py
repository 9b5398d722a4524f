"""Joint tables in files, and all quantities of one."""

import codecs
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infogan.core.errors import DataError
from infogan.core.limits import read_small
from infogan.information import discrete
from infogan.information.quantity import NATS, Numbers, Unit, tensor


def read_table(path: Path | str) -> NDArray[np.float64]:
    """Read a joint table [X, Y] of probabilities or counts, unscaled, from a CSV file.
    One line a row, without a header; UTF-8 with or without byte order mark, any line ends; blank
    lines are skipped. DataError names file, line and remedy for anything else."""
    rows: list[list[float]] = []
    content = read_small(Path(path), "a CSV file of a joint table, not of samples")
    for number, line in enumerate(content.removeprefix(codecs.BOM_UTF8).splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            cells = line.decode().split(",")
        except UnicodeDecodeError:
            raise DataError(f"{where}: is not UTF-8; save the table as plain CSV text") from None
        rows.append([_weight(cell.strip(), where) for cell in cells])
        if len(rows[-1]) != len(rows[0]):
            counts = f"has {len(rows[-1])} cells where the first row has {len(rows[0])}"
            raise DataError(f"{where}: {counts}; give all rows the same number")
    if not rows:
        raise DataError(f"{path}: is empty; write one row of probabilities or counts a line")
    total = sum(map(sum, rows))
    if not 0 < total < math.inf:
        raise DataError(f"{path}: sums to {total:g}; write probabilities or counts, some above 0")
    return np.array(rows)


def summary(table: Numbers, unit: Unit = "nats") -> dict[str, float]:
    """All quantities of a joint table [X, Y] in the unit (normalized_mutual_information has none).
    total is the table's own sum; the table is then scaled to sum to 1. Of counts (whole numbers,
    total N > 1) all quantities are plug-in estimates: compare mutual information not with 0 but
    with chance_mutual_information, the average of independent variables with R and C outcomes seen:
    (R - 1)(C - 1) / 2N nats.
    >>> found = summary([[45, 5], [5, 45]], "bits")
    >>> round(found["mutual_information"], 6), round(found["conditional_entropy_y_given_x"], 6)
    (0.531004, 0.468996)
    """
    t = tensor(table).detach().cpu().numpy()
    x, y = t.sum(-1), t.sum(0)
    values = {
        "total": t.sum(),
        "entropy_x": discrete.entropy(x, unit),
        "entropy_y": discrete.entropy(y, unit),
        "joint_entropy": discrete.joint_entropy(t, unit=unit),
        "conditional_entropy_x_given_y": discrete.conditional_entropy(t.T, unit=unit),
        "conditional_entropy_y_given_x": discrete.conditional_entropy(t, unit=unit),
        "mutual_information": discrete.mutual_information(t, unit=unit),
        "normalized_mutual_information": discrete.normalized_mutual_information(t),
        "variation_of_information": discrete.variation_of_information(t, unit=unit),
    }
    if t.sum() > 1 and (t == np.rint(t)).all():
        freedom = (np.count_nonzero(x) - 1) * (np.count_nonzero(y) - 1)
        values["chance_mutual_information"] = freedom / (2 * t.sum()) / NATS[unit]
    return {name: max(0.0, float(value)) for name, value in values.items()}  # rounding: -1e-17


def _weight(cell: str, where: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        advice = "no header or names, commas between cells, decimal points"
        remedy = advice if cell else "write 0 for an empty cell"
        raise DataError(f"{where}: {cell[:20]!r} is no number; {remedy}") from None
    if not 0 <= value < math.inf:
        raise DataError(f"{where}: {cell[:20]} is no probability or count, finite and 0 or more")
    return value
