"""Figures in the manner of a paper's: labelled with code names and values, nothing else.

Images are uint8 [..., H, W, C]; every function writes one file.
"""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infogan.analysis.metrics.clusters import Indices
from infogan.core import atomic
from infogan.core.errors import ConfigError
from infogan.data.images import Images, Pixels
from infogan.data.png import png
from infogan.model.model import Model
from infogan.runs.folder import Run

INK, QUIET = "#222222", "#8a8a8a"
COLOURS = ["#2f6db3", "#c8553d", "#3c8d5a", "#8a5fb0", "#b8860b", "#4a9aa5", "#d27c9f", "#6b6b6b"]
GAP = 1 / 14
"""Space between the images of a grid, as a share of their height."""
FORMATS = (".png", ".svg", ".pdf")
"""Endings of the files that a figure can be written to."""


def mosaic(images: Pixels, gap: int = 2) -> Pixels:
    """A grid [rows, columns, H, W, C] as one image [h, w, C], white between."""
    rows, columns, h, w, c = images.shape
    sheet = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, c), 255, np.uint8)
    for i in range(rows):
        for j in range(columns):
            sheet[i * (h + gap) : i * (h + gap) + h, j * (w + gap) : j * (w + gap) + w] = images[
                i, j
            ]
    return sheet


def save_png(image: Pixels, path: Path, at_least: int = 480) -> None:
    """Write an image [h, w, C], enlarged by a whole number so that its longer side has `at_least` pixels.

    ConfigError when the path does not end in .png."""
    factor = max(1, math.ceil(at_least / max(image.shape[:2])))
    large = image.repeat(factor, 0).repeat(factor, 1)
    with _written(path, FORMATS[:1]) as partial:
        partial.write_bytes(png(large))


def _plain_text(text: str) -> str:
    """Text in which matplotlib sees no formula."""
    return text.replace("$", r"\$")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches."""
    return Figure(figsize=(width, height), layout="constrained", dpi=160)


@contextmanager
def _written(path: Path, formats: Sequence[str]) -> Iterator[Path]:
    """A picture to write, whole or not at all; its folder is made. ConfigError when it ends in none of the formats."""
    if path.suffix.lower() not in formats:
        raise ConfigError(
            f"{path}: this picture is written as {', '.join(formats)}; change the ending"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.writing(path), atomic.whole(path) as partial:
        yield partial


def write(figure: Figure, path: Path, **more: Any) -> None:
    """Save a figure; its folder is made. ConfigError when it does not end in one of FORMATS. more: for savefig."""
    with warnings.catch_warnings(), _written(path, FORMATS) as partial:
        warnings.filterwarnings(
            "ignore", "Glyph"
        )  # a name in a script that the font lacks: boxes in its place
        figure.savefig(partial, format=path.suffix[1:].lower(), facecolor="white", **more)


def _grid(axes: Axes, images: Pixels, columns: Sequence[str], rows: Sequence[str]) -> None:
    """Images [rows, columns, H, W, C] as one picture with a label over each column and beside each row."""
    gap = max(1, round(images.shape[2] * GAP))
    h, w = images.shape[2] + gap, images.shape[3] + gap
    axes.imshow(
        mosaic(images, gap).squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest"
    )
    axes.set_xticks([w * j + (w - gap) / 2 for j in range(len(columns))], columns)
    axes.set_yticks([h * i + (h - gap) / 2 for i in range(len(rows))], rows)
    axes.tick_params(length=0, labelsize=8, labelcolor=INK, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)


def traversal(
    model: Model, name: str, path: Path, *, rows: int = 8, steps: int = 11, seed: int = 0
) -> None:
    """A code's sweep: columns are its values, rows keep z and the other codes."""
    images, sweep = model.traverse(name, rows=rows, steps=steps, seed=seed)
    categorical = isinstance(sweep[0], int)
    figure = new_figure(
        0.55 * len(sweep) + 0.5, 0.55 * rows * model.shape[0] / model.shape[1] + 0.6
    )
    axes = figure.subplots()
    labels = [
        _plain_text(model.names.numbered(name, int(value)))
        if categorical
        else f"{value:+.1f}".replace("+0.0", "0")
        for value in sweep
    ]
    _grid(axes, images, labels, [])
    code = model.latent.codes[name]
    trained = "" if categorical else _trained(code)
    axes.set_title(
        _plain_text(f"{model.names.code(name)}{trained}"), fontsize=9, color=INK, loc="left"
    )
    axes.set_ylabel("each row: one z", fontsize=8, color=QUIET)
    write(figure, path)


def pairs(
    images: Pixels, again: Pixels, error: np.typing.NDArray[Any], path: Path, *, columns: int = 10
) -> None:
    """Images [N, H, W, C] over what was made of them, with the error of each [N] below."""
    n, h, w, c = images.shape
    gap, columns = max(1, round(h * GAP)), min(columns, n)
    rows = math.ceil(n / columns)
    step = 2 * h + gap + max(8, h // 2)  # both images and a line of text
    sheet = np.full((rows * step, columns * (w + gap) - gap, c), 255, np.uint8)
    figure = new_figure(0.62 * columns, 0.62 * rows * step / (w + gap))
    axes = figure.subplots()
    for i in range(n):
        y, x = i // columns * step, i % columns * (w + gap)
        sheet[y : y + h, x : x + w] = images[i]
        sheet[y + h + gap : y + 2 * h + gap, x : x + w] = again[i]
        axes.text(
            x + w / 2,
            y + 2 * h + 2 * gap,
            f"{error[i]:.1f}",
            fontsize=7,
            color=INK,
            ha="center",
            va="top",
        )
    axes.imshow(
        sheet.squeeze(2) if c == 1 else sheet,
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="nearest",
    )
    axes.axis("off")
    write(figure, path)


def _trained(code: Any) -> str:
    """The range that a continuous code was trained on, when the sweep leaves it."""
    low, high = code.trained
    return (
        f"   (trained on {low:g} to {high:g})"
        if code.sweep and tuple(code.sweep) != (low, high)
        else ""
    )


def categories(
    model: Model,
    images: Images,
    read: Indices,
    confidence: np.typing.NDArray[Any],
    path: Path,
    *,
    seed: int = 0,
) -> None:
    """Per category: samples of it, and beside them the real images that Q puts there, surest first.

    read: [N] Q's category of each image; confidence: [N] its probability.
    """
    name = model.latent.categorical
    assert name is not None  # the caller asks for this figure only where there is a category
    k, each = model.latent.codes[name].width, 8
    generated, real = [], []
    for category in range(k):
        generated.append(model.sample(each, seed=seed, **{name: category}))
        rows = np.flatnonzero(read == category)
        chosen = rows[np.argsort(-confidence[rows], kind="stable")]
        spread = chosen[np.linspace(0, len(chosen) - 1, min(each, len(chosen))).round().astype(int)]
        shown = np.full((each, *model.shape), 255, np.uint8)
        shown[: len(spread)] = images.take(spread)
        real.append(shown)
    shares = np.bincount(read, minlength=k) / len(read)
    aspect = model.shape[0] / model.shape[1]
    figure = new_figure(9, max(2.0, 0.5 * k * aspect) + 0.5)
    left, right = figure.subplots(1, 2)
    labels = [
        _plain_text(f"{model.names.code(name)}={model.names.numbered(name, j)}") for j in range(k)
    ]
    _grid(left, np.stack(generated), [], labels)
    _grid(right, np.stack(real), [], [f"{share:.0%}" for share in shares])
    left.set_title("generated", fontsize=9, color=INK)
    right.set_title("real images in it, surest to least sure; its share", fontsize=9, color=INK)
    write(figure, path)


def information(lines: Sequence[dict[str, Any]], entropy: Mapping[str, float], path: Path) -> None:
    """L_I of each code over training beside H(c), in nats. lines: the run's metrics."""
    figure = new_figure(6, 3.4)
    axes = figure.subplots()
    for colour, name in zip(COLOURS * 9, entropy, strict=False):
        points = [(line["step"], line[f"L_I/{name}"]) for line in lines if f"L_I/{name}" in line]
        axes.plot(*zip(*points, strict=True), color=colour, lw=1.4, label=name)
        axes.axhline(entropy[name], color=colour, lw=0.8, ls=(0, (4, 3)))
    axes.set(xlabel="generator steps", ylabel=r"$L_I$ (nats), dashed: $H(c)$")
    plain(axes)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)
    write(figure, path)


def losses(lines: Sequence[dict[str, Any]], path: Path) -> None:
    """Every loss term of both players over training, in nats."""
    figure = new_figure(8, 3.2)
    for axes, player, title in zip(
        figure.subplots(1, 2), "dg", ("discriminator", "generator"), strict=True
    ):
        names = [name for name in lines[-1] if name.startswith(f"{player}/")]
        if not names:  # a classifier has no generator
            axes.set_visible(False)
            continue
        for colour, name in zip(COLOURS * 9, names, strict=False):
            points = [(line["step"], line[name]) for line in lines if name in line]
            axes.plot(*zip(*points, strict=True), color=colour, lw=1.2, label=name[2:])
        axes.set_title(title, fontsize=9, color=INK)
        axes.set_xlabel("generator steps")
        plain(axes)
        axes.legend(
            frameon=False, fontsize=7, labelcolor=INK, loc="center left", bbox_to_anchor=(1, 0.5)
        )
    write(figure, path)


def plain(axes: Axes) -> None:
    """Two quiet spines, small labels."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(labelsize=8, color=QUIET, labelcolor=INK)
    axes.xaxis.label.set_fontsize(8)
    axes.yaxis.label.set_fontsize(8)
    axes.margins(x=0.01)


def run_figures(run: Run, model: Model, images: Images) -> list[Path]:
    """All figures of a finished run into its folder; their paths."""
    written = [run.path / "traversals" / f"{name}.png" for name in model.latent.codes]
    for path in written:
        traversal(model, path.stem, path)
    samples = run.path / "samples"
    if model.categorical and model.categorical == model.latent.categorical:
        posterior = model.encode(images)[model.categorical]
        written.append(samples / "categories.png")
        categories(model, images, posterior.value, posterior.confidence, written[-1])
    if model.config.objective.generates:
        written.append(samples / "random.png")
        save_png(mosaic(model.sample(100).reshape(10, 10, *model.shape)), written[-1])
    if lines := run.metrics():
        if any(name.startswith("L_I/") for name in lines[-1]):
            written.append(run.path / "information.png")
            information(lines, model.latent.entropy, written[-1])
        written.append(run.path / "losses.png")
        losses(lines, written[-1])
    return written
