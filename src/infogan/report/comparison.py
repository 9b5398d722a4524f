"""One figure of several runs: L_I over training where Q reads codes, scores on held-out images."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from textwrap import fill

from matplotlib.axes import Axes

from infogan.analysis.comparison import Row
from infogan.analysis.curves import series
from infogan.report import plots
from infogan.report.plots import COLOURS, INK, QUIET

WIDE = 32  # characters in a line of a row's name


def comparison_figure(rows: Sequence[Row], path: Path) -> None:
    """L_I of the categorical code (nats) over steps, a line a run; the error, a dot a run."""
    scored = any(row.values("error") or row.values("cluster_accuracy") for row in rows)
    bounded = any(row.values("L_I") for row in rows) or not scored
    panels = [_information] * bounded + [_scores] * scored
    figure = plots.new_figure(5.6 * len(panels), 3.6)
    for axes, draw in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        draw(axes, rows)
        plots.plain(axes)
    plots.write(figure, path)


def _information(axes: Axes, rows: Sequence[Row]) -> None:
    entropies = set[float]()
    for colour, row in zip(cycle(COLOURS), rows, strict=False):
        code, label = row.config.latent.categorical or "", fill(row.name, WIDE)
        for run in row.runs:
            if points := series(run.metrics(), "L_I/").get(code):
                plots.curve(axes, points, label, colour)
                label = "_"  # one entry a row
        if label == "_":  # of a learned prior entropies differ
            entropies |= {score["entropy"][code] for score in row.scores}
    for i, entropy in enumerate(entropies):
        plots.ceiling(axes, entropy, "_" if i else "H(c), its ceiling", INK)
    axes.set_ylabel("$L_I$ of the category (nats)")


def _scores(axes: Axes, rows: Sequence[Row]) -> None:
    """Errors in per cent; of runs without labels 100 % less the clustering accuracy."""
    found = [row.values("error") or [1 - v for v in row.values("cluster_accuracy")] for row in rows]
    shown = [(row.name, c, v) for row, c, v in zip(rows, cycle(COLOURS), found, strict=False) if v]
    for place, (_, colour, values) in enumerate(shown):
        percents = [100 * v for v in values]
        mean = sum(percents) / len(percents)
        axes.plot(percents, [place] * len(values), "o", color=colour, ms=5, alpha=0.8)
        axes.plot([mean, mean], [place - 0.25, place + 0.25], color=colour, lw=1.4)
    axes.set_yticks(range(len(shown)), [plots.plain_text(fill(name, WIDE)) for name, *_ in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.grid(axis="x", color=QUIET, alpha=0.25, lw=0.6)
    axes.set_xlabel("error on held-out images in %: dots seeds, bar mean\n(unlabelled: 100 − ACC)")
