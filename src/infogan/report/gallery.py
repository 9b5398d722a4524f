"""One page of several runs: what each draws, how it scored, and where its own pages are."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from infogan import __version__
from infogan.analysis.doctor import recorded
from infogan.analysis.evaluation import judged
from infogan.core import atomic
from infogan.core.errors import InfoganError, RunError
from infogan.core.page import fill
from infogan.core.random import stream
from infogan.data.images import Pixels
from infogan.data.png import uri
from infogan.model.model import Model
from infogan.report.page import duration, lead, percent
from infogan.report.plots import mosaic
from infogan.runs.folder import Run

CATEGORIES, EACH = 10, 8  # largest categories drawn, a row each, and images of each
PAGES = {"report": "report.html", "explorer": "explorer.html"}


class Card(NamedTuple):
    """A run, as the page shows it."""

    title: str  # its folder, from the page's own
    lead: str
    drawn: Pixels | None  # [h, w, C]; None where the objective has no generator
    rows: str  # what the rows of the picture are
    figures: Sequence[tuple[str, str]]  # score in words, value
    findings: Sequence[str]
    links: Mapping[str, str]  # its own pages: what to call each, and its address from this page


def write(runs: Sequence[Path], output: Path) -> list[str]:
    """Write the page of those runs that can be read; what was left out, and why, which is on the
    page as well. RunError where nothing is left."""
    cards, left_out = list[Card](), list[str]()
    for run in runs:
        try:
            cards.append(_card(Run(run), output.parent))
        except InfoganError as error:
            left_out.append(str(error))
    if not cards:
        raise RunError(left_out[0] if left_out else f"{output.parent}: holds no run")
    values: dict[str, Any] = {"cards": cards, "left_out": left_out, "uri": uri}
    values |= {"title": output.parent.resolve().name, "version": __version__}
    content = fill("infogan.report", "gallery", [], **values)
    with atomic.whole(output) as partial:
        partial.write_bytes(content)
    return left_out


def _card(run: Run, home: Path) -> Card:
    model = Model.load(run.path)
    scores = run.scores
    drawn, rows = _picture(model, scores)
    where = Path(os.path.relpath(run.path, home))
    there = {text: name for text, name in PAGES.items() if (run.path / name).is_file()}
    return Card(
        where.as_posix() if where.name else run.path.resolve().name,
        lead(model.config, f"{run.record.images.number:,}", Path(model.config.data.name).name),
        drawn,
        rows,
        [*_figures(model, scores)],
        [*dict.fromkeys(finding.name for finding in recorded(run) or ())],
        {text: quote(os.fsencode(where / name)) for text, name in there.items()},
    )


def _picture(model: Model, scores: Mapping[str, Any]) -> tuple[Pixels | None, str]:
    """Generated images [h, w, C], and what their rows are: the largest categories if G is given
    them, where a column shares its z; else nothing."""
    if not model.config.objective.generates:
        return None, ""
    if (code := model.drawn) is None:
        made = model.sample(CATEGORIES * EACH, seed=model.config.seed)
        return mosaic(made.reshape(CATEGORIES, EACH, *model.shape)), ""
    k = model.latent.code(code).categories
    order = np.argsort(-np.array(scores.get("shares", np.ones(k))), kind="stable")[:CATEGORIES]
    draw = model.latent.grid(code, order.tolist(), EACH, stream(model.config.seed, "gallery"))
    made = model.generate(draw.vector()).reshape(EACH, len(order), *model.shape)
    names = ", ".join(model.names.category(code, int(category)) for category in order)
    return mosaic(made.swapaxes(0, 1)), f"{model.names.code(code)}, a row each: {names}"


def _figures(model: Model, scores: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The scores that say most, in words, of those that were measured."""
    if "error" in scores:
        yield f"error on {judged(scores)}", percent(scores["error"])
    if "cluster_accuracy" in scores:
        purity = scores["k"] > len(scores["recall"])  # matching would count the surplus as wrong
        what, key = ("purity", "purity") if purity else ("clustering accuracy", "cluster_accuracy")
        yield f"{what} on {judged(scores)}", percent(scores[key])
    if (code := model.latent.categorical) in scores.get("recovered", {}):
        share = percent(max(0.0, scores["recovered"][code]))
        yield f"{model.names.code(str(code))}, read back from generated images", share
    if "consistency" in scores and "error" not in scores:
        yield "views that keep their image's category", percent(scores["consistency"]["kept"])
    if "fidelity" in scores:
        yield "real images that are covered (recall)", percent(scores["fidelity"]["recall"])
    if "seconds" in scores:
        yield f"time for {model.config.steps:,} steps", duration(scores["seconds"])
