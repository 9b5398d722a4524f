"""Commands of the information theory."""

from pathlib import Path

from infogan.cli import terminal
from infogan.cli.options import AsJson, Diagram, Unit, writing


def information(
    file: Path, /, *, unit: Unit = "nats", as_json: AsJson = False, output: Diagram = None
) -> None:
    """Show entropies and mutual information of a joint table.

    Args:
        file: CSV without a header: rows are the values of X, columns those of Y, scaled to
            sum to 1. Whole numbers are counts: what chance alone would show is printed too.
    """
    from infogan.information.table import read_table, summary

    writing(output)
    found = summary(read_table(file), unit)
    if output:
        from infogan.report.diagram import information_diagram

        information_diagram(found, output, unit)
    terminal.answer(as_json, found, lambda _: terminal.show_information(found, unit))
