"""One figure of several runs: L_I over training where Q reads codes, and the scores on held-out images."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from infogan.analysis.comparison import Row
from infogan.report.plots import COLOURS, INK, QUIET, new_figure, plain, write


def comparison_figure(rows: Sequence[Row], path: Path) -> None:
    """L_I of the categorical code (nats) over generator steps, one line a run; error or accuracy, one dot a run."""
    panels: list[Callable[[Axes, Sequence[Row]], None]] = []
    if any(row.values("L_I") for row in rows):
        panels.append(_information)
    if any(row.values("error") or row.values("cluster_accuracy") for row in rows):
        panels.append(_scores)
    panels = panels or [_information]
    figure = new_figure(5.6 * len(panels), 3.6)
    for axes, draw in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        draw(axes, rows)
        plain(axes)
    write(figure, path)


def _information(axes: Axes, rows: Sequence[Row]) -> None:
    entropies = set()
    for colour, row in zip(COLOURS * 9, rows, strict=False):
        code = row.config.latent.categorical
        label = row.name
        for run in row.runs:
            points = [
                (line["step"], line[f"L_I/{code}"])
                for line in run.metrics()
                if f"L_I/{code}" in line
            ]
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    color=colour,
                    lw=1.3,
                    marker="." if len(points) == 1 else "",
                    label=label,
                )
                label = "_"  # one entry a row
        if code and label == "_":
            entropies |= {
                score["entropy"][code] for score in row.scores
            }  # of a learned prior they differ
    for entropy in entropies:
        axes.axhline(entropy, color=INK, lw=0.8, ls=(0, (4, 3)))
    axes.set(xlabel="generator steps", ylabel=r"$L_I$ of the category (nats), dashed: $H(c)$")
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)


def _scores(axes: Axes, rows: Sequence[Row]) -> None:
    """Errors in per cent; of runs without labels 100 % less the one-to-one cluster accuracy."""
    shown = [
        (row, row.values("error") or [1 - v for v in row.values("cluster_accuracy")])
        for row in rows
    ]
    shown = [(row, values) for row, values in shown if values]
    for place, (row, values) in enumerate(shown):
        colour = COLOURS[rows.index(row) % len(COLOURS)]
        axes.plot(
            [100 * v for v in values], [place] * len(values), "o", color=colour, ms=5, alpha=0.8
        )
        mean = 100 * sum(values) / len(values)
        axes.plot([mean, mean], [place - 0.25, place + 0.25], color=colour, lw=1.4)
    axes.set_yticks(range(len(shown)), [row.name for row, _ in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.grid(axis="x", color=QUIET, alpha=0.25, lw=0.6)
    axes.set(
        xlabel="error on held-out images, % (of clusters without labels)\ndots: seeds, bar: mean"
    )
