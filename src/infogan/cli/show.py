"""Commands that show a run elsewhere: as a report, in the browser, in other programs."""

import sys

from infogan.cli.options import OWN, Folder, Open, Real, RunFolder, folder, load
from infogan.core.errors import ConfigError


def report(run: RunFolder, /, *, real: Real = OWN) -> None:
    """Write RUN/report.html: findings, and real images by category; it needs only a browser."""
    from infogan.analysis.doctor import recorded
    from infogan.analysis.observation import Observation
    from infogan.report import page

    model, there = load(run), folder(run)
    images, notes = real.try_to_read(model)
    for note in notes:
        print(f"infogan: {note}", file=sys.stderr)
    seen = Observation(model, images, seed=model.config.seed)
    print(page.write(there, seen, [*notes, *map(str, recorded(there))]))


def explore(run: RunFolder, /, *, show: Open = True) -> None:
    """Write RUN/explorer.html and open it: sliders, grids, paths between points, Q on your images.

    It runs the networks in the browser, without server or network, and can be sent like any file.
    """
    import webbrowser

    from infogan.explorer.page import LARGE, explorer

    path, size = explorer(load(run), folder(run))
    print(f"{path}: {size / 1e6:.1f} MB")
    if size > LARGE:
        print(f"infogan: {path} is large for a page; browsers may load it slowly", file=sys.stderr)
    if show:
        webbrowser.open(path.resolve().as_uri())


def export(run: RunFolder, /, *, output: Folder = None) -> None:
    """Write generator.onnx and encoder.onnx, after comparing both with torch.

    They take any batch size; inputs and outputs are named after the codes.
    """
    from infogan.explorer.export import export as write

    model, target = load(run), output or run
    try:
        target.mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--output {output}: give a folder ({error.strerror})") from None
    for path in write(model, target):
        print(path)
