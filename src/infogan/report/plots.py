"""Figures in the manner of a paper's, each one file; images are uint8 [..., H, W, C]."""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from infogan.analysis.observation import Observation
from infogan.core import atomic
from infogan.core.errors import ConfigError
from infogan.data.images import Pixels
from infogan.data.png import png
from infogan.model.model import Model
from infogan.report import findings
from infogan.report.charts import Point, Series, swept
from infogan.runs.folder import Run

INK, QUIET = "#222222", "#8a8a8a"
COLOURS = ["#2f6db3", "#c8553d", "#3c8d5a", "#8a5fb0", "#b8860b", "#4a9aa5", "#d27c9f", "#6b6b6b"]
GAP = 1 / 14  # space between the images of a grid, as a share of their height
EACH = 8  # generated and real images of a category
FORMATS = (".png", ".svg", ".pdf")


def mosaic(images: Pixels, gap: int = 2) -> Pixels:
    """A grid [rows, columns, H, W, C] as one image [h, w, C], white between."""
    wider = np.pad(images, [(0, 0), (0, 0), (0, gap), (0, gap), (0, 0)], constant_values=255)
    rows, columns, h, w, c = wider.shape
    sheet = wider.swapaxes(1, 2).reshape(rows * h, columns * w, c)
    return sheet[: rows * h - gap, : columns * w - gap]


def sheet(images: Pixels) -> Pixels:
    """Images [N, H, W, C] as one image [h, w, C], about as many in a row as there are rows."""
    columns = math.ceil(len(images) ** 0.5)
    blank = np.full((-len(images) % columns, *images.shape[1:]), 255, np.uint8)
    return mosaic(np.concatenate([images, blank]).reshape(-1, columns, *images.shape[1:]))


def enlarged(image: Pixels, at_least: int = 480) -> Pixels:
    """An image [h, w, C] by a whole number, so that its longer side has `at_least` pixels."""
    factor = max(1, math.ceil(at_least / max(image.shape[:2])))
    return image.repeat(factor, 0).repeat(factor, 1)


def save_png(image: Pixels, path: Path) -> None:
    """Write an image [h, w, C], enlarged. ConfigError when the path does not end in .png."""
    with _written(path, FORMATS[:1]) as partial:
        partial.write_bytes(png(enlarged(image)))


def check_ending(path: Path, formats: Sequence[str]) -> None:
    """ConfigError that names the formats unless the path ends in one of them."""
    if path.suffix.lower() not in formats:
        raise ConfigError(f"{path}: change the ending; this can be written as {', '.join(formats)}")


@contextmanager
def _written(path: Path, formats: Sequence[str]) -> Iterator[Path]:
    """A picture to write whole or not at all, its folder made; ConfigError for another format."""
    check_ending(path, formats)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.writing(path), atomic.whole(path) as partial:
        yield partial


def write(figure: Figure, path: Path, **more: Any) -> None:
    """Save a figure, with `more` for savefig; its folder is made. ConfigError beyond FORMATS."""
    with warnings.catch_warnings(), _written(path, FORMATS) as partial:
        warnings.filterwarnings("ignore", "Glyph")  # boxes for a script that the font lacks
        figure.savefig(partial, format=path.suffix[1:].lower(), facecolor="white", **more)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches."""
    dpi = min(160, 60_000 / max(width, height))  # matplotlib draws at most 2^16 pixels
    return Figure(figsize=(width, height), layout="constrained", dpi=dpi)


def plain_text(text: str) -> str:
    """Text in which matplotlib sees no formula."""
    return text.replace("$", r"\$")


def _show(axes: Axes, sheet: Pixels) -> None:
    """One image [h, w, C], pixel for pixel."""
    grey = sheet[..., 0] if sheet.shape[2] == 1 else sheet
    axes.imshow(grey, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def _grid(axes: Axes, images: Pixels, columns: Sequence[str], rows: Sequence[str]) -> None:
    """Images [rows, columns, H, W, C] as one picture, with labels over columns and beside rows."""
    gap = max(1, round(images.shape[2] * GAP))
    h, w = images.shape[2:4]
    _show(axes, mosaic(images, gap))
    axes.set_xticks([(w + gap) * j + w / 2 for j in range(len(columns))], columns)
    axes.set_yticks([(h + gap) * i + h / 2 for i in range(len(rows))], rows)
    axes.tick_params(length=0, labelsize=8, labelcolor=INK, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)


def traversal(
    model: Model, name: str, path: Path, *, rows: int = 8, steps: int = 11, seed: int = 0
) -> None:
    """A code's sweep: columns are its values, rows keep z and the other codes."""
    images, sweep = model.traverse(name, rows=rows, steps=steps, seed=seed)
    code, names = model.latent.codes[name], model.names
    aspect = model.shape[0] / model.shape[1]
    figure = new_figure(0.55 * len(sweep) + 0.5, 0.55 * rows * aspect + 0.6)
    axes = figure.subplots()
    labels = swept(code, sweep)
    if code.categories:
        labels = [plain_text(names.numbered(name, int(value))) for value in sweep]
    _grid(axes, images, labels, [])
    title, (low, high) = names.code(name), code.trained
    if (sweep[0], sweep[-1]) != (low, high):
        title += f"   (trained range: {low:g} to {high:g})"
    axes.set_title(plain_text(title), fontsize=9, color=INK, loc="left")
    axes.set_ylabel("each row: one z", fontsize=8, color=QUIET)
    write(figure, path)


def pairs(images: Pixels, again: Pixels, error: NDArray[Any], path: Path) -> None:
    """Images [N, H, W, C] over what was made of them, ten in a row, the error of each [N] below."""
    n, h, w, c = images.shape
    gap, columns = max(1, round(h * GAP)), min(10, n)
    tall = 2 * h + max(8, h // 2)  # both images and a line of text
    cells = np.full((-(-n // columns) * columns, tall, w, c), 255, np.uint8)
    cells[:n, :h], cells[:n, h + gap : 2 * h + gap] = images, again
    sheet = mosaic(cells.reshape(-1, columns, tall, w, c), gap)
    figure = new_figure(0.62 * columns, 0.62 * columns * sheet.shape[0] / sheet.shape[1])
    axes = figure.subplots()
    for i, value in enumerate(error):
        x, y = i % columns * (w + gap) + w / 2, i // columns * (tall + gap) + 2 * (h + gap)
        axes.text(x, y, f"{value:.1f}", fontsize=7, color=INK, ha="center", va="top")
    _show(axes, sheet)
    axes.axis("off")
    write(figure, path)


def categories(seen: Observation, path: Path) -> None:
    """Per category samples of it, and the real images that are read as it, surest to least sure."""
    model, name = seen.model, str(seen.model.categorical)
    found = [findings.category(seen, k, EACH, 0) for k in sorted(findings.by_size(seen))]
    real = np.full((len(found), EACH, *model.shape), 255, np.uint8)
    for row, category in zip(real, found, strict=True):
        for place, picture in zip(row, category.real, strict=False):
            place[:] = picture.image
    figure = new_figure(9, max(2.0, 0.5 * len(found) * model.shape[0] / model.shape[1]) + 0.5)
    left, right = figure.subplots(1, 2)
    code, numbered = model.names.code(name), model.names.numbered
    labels = [plain_text(f"{code}={numbered(name, category.k)}") for category in found]
    _grid(left, np.stack([category.generated for category in found]), [], labels)
    _grid(right, real, [], [f"{category.share:.0%}" for category in found])
    left.set_title("generated", fontsize=9, color=INK)
    right.set_title("real images in it, surest to least sure; its share", fontsize=9, color=INK)
    write(figure, path)


def curve(axes: Axes, points: Sequence[Point], label: str, colour: str, dots: str = "-") -> None:
    """Values over generator steps; a dot where there is one alone."""
    marker = "." if len(points) == 1 else ""
    x, y = zip(*points, strict=True)
    axes.plot(x, y, color=colour, lw=1.3, ls=dots, marker=marker, label=plain_text(label))
    axes.set_xlabel("generator steps")


def ceiling(axes: Axes, value: float, label: str, colour: str) -> None:
    """The entropy of a categorical code, which its L_I cannot exceed, as a dashed line."""
    axes.axhline(value, color=colour, lw=0.8, ls=(0, (4, 3)), label=plain_text(label))


def plain(axes: Axes, **place: Any) -> None:
    """Two quiet spines, small labels; a quiet legend where there is something to name."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(labelsize=8, color=QUIET, labelcolor=INK)
    axes.xaxis.label.set_fontsize(8)
    axes.yaxis.label.set_fontsize(8)
    axes.margins(x=0.01)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8, labelcolor=INK, **place)


def information(bounds: Series, ceilings: Mapping[str, float], path: Path) -> None:
    """L_I of each code over training, in nats, beside the ceilings H(c) of those that have one."""
    figure = new_figure(6, 3.4)
    axes = figure.subplots()
    for colour, (name, points) in zip(cycle(COLOURS), bounds.items(), strict=False):
        curve(axes, points, name, colour)
        if name in ceilings:
            ceiling(axes, ceilings[name], f"H({name}), its ceiling", colour)
    axes.set_ylabel("$L_I$ (nats)")
    plain(axes)
    write(figure, path)


def losses(terms: Mapping[str, Series], path: Path) -> None:
    """Every loss term of both players over training, in nats, a term in one colour everywhere."""
    known = list(dict.fromkeys(name for own in terms.values() for name in own))
    figure = new_figure(8, 3.2)
    for axes, (player, own) in zip(figure.subplots(1, len(terms)), terms.items(), strict=True):
        axes.set_visible(bool(own))  # a classifier has no generator
        for name, points in own.items():
            again, i = divmod(known.index(name), len(COLOURS))
            curve(axes, points, name, COLOURS[i], ":" if again else "-")
        axes.set_title(player, fontsize=9, color=INK)
        plain(axes, loc="center left", bbox_to_anchor=(1, 0.5))
    write(figure, path)


def run_figures(run: Run, seen: Observation) -> None:
    """Draw all figures of a finished run into its folder."""
    model, lines, samples = seen.model, run.metrics(), run.path / "samples"
    if model.config.objective.generates:
        for name in model.latent.codes:
            traversal(model, name, run.path / "traversals" / f"{name}.png")
        save_png(mosaic(model.sample(100).reshape(10, 10, *model.shape)), samples / "random.png")
    if model.drawn and seen.categories is not None:
        categories(seen, samples / "categories.png")
    if bounds := findings.curves(model, lines, "L_I/"):
        information(bounds, findings.ceilings(model), run.path / "information.png")
    if lines:
        losses(findings.losses(model, lines), run.path / "losses.png")
