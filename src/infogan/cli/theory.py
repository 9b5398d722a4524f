"""Commands of the information theory."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from infogan.cli import terminal
from infogan.cli.options import AsJson, Figure, writing


def information(
    file: Path,
    /,
    *,
    unit: Literal["nats", "bits"] = "nats",
    as_json: AsJson = False,
    output: Annotated[
        Figure, Parameter(help="Draw the information diagram (.png, .svg or .pdf).")
    ] = None,
) -> None:
    """Show entropies and mutual information of a joint table.

    Args:
        file: CSV without a header: rows are the values of X, columns those of Y. Any table is
            scaled to sum to 1; whole numbers are taken as counts, and the information that chance
            alone would show is printed as well.
        unit: nats or bits.
    """
    from infogan.information.table import read_table, summary

    found = summary(read_table(file), unit)
    if output:
        from infogan.report.diagram import information_diagram

        writing(output)
        information_diagram(found, output, unit)
    terminal.answer(as_json, found, lambda: terminal.show_information(found, unit))
