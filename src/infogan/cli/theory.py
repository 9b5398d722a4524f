"""Commands of the information theory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from infogan.cli.options import AsJson, writing


def information(
    file: Path,
    /,
    *,
    unit: Literal["nats", "bits"] = "nats",
    as_json: AsJson = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> None:
    """Entropies and mutual information of a joint table.

    Parameters
    ----------
    file
        CSV without a header: rows are the values of X, columns those of Y. Any table is scaled to sum to 1; whole
        numbers are taken for counts, and the information that chance alone would show is printed as well.
    unit
        nats or bits.
    output
        Draw the information diagram into this file (.png, .svg or .pdf).
    """
    from infogan.information.table import read_table, summary

    found = summary(read_table(file), unit)
    if output:
        from infogan.report.diagram import information_diagram

        writing(output)
        information_diagram(found, output, unit)
    if as_json:
        print(json.dumps(found))
        return
    from infogan.cli.terminal import show_information

    show_information(found, unit)
