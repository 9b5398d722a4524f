"""Commands of the information theory."""

import math
import sys
from pathlib import Path

from infogan.cli import terminal
from infogan.cli.options import AsJson, Diagram, Unit, writing

ROUNDING = 1e-6  # by which probabilities that a program wrote may miss a sum of 1


def information(
    file: Path, /, *, unit: Unit = "nats", as_json: AsJson = False, output: Diagram = None
) -> None:
    """Show entropies and mutual information of a joint table.

    Args:
        file: CSV without a header: rows are the values of X, columns those of Y, scaled to sum
            to 1. Whole numbers are counts: what chance alone would show is printed too. Others
            are probabilities, and a warning says where they do not sum to 1.
    """
    from infogan.information.table import read_table, summary

    writing(output)
    found = summary(read_table(file), unit)
    counts = "chance_mutual_information" in found
    if not counts and not math.isclose(total := found["total"], 1, abs_tol=ROUNDING):
        scaled = f"sums to {total:g}, not to 1, and was scaled to sum to 1"
        print(f"infogan: {file}: {scaled}; check that no cell is missing", file=sys.stderr)
    if output:
        from infogan.report.diagram import information_diagram

        information_diagram(found, output, unit)
    terminal.answer(as_json, found, lambda _: terminal.show_information(found, unit))
    terminal.show_written(output)
