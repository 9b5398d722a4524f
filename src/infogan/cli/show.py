"""Commands that show a run elsewhere: as a report, in the browser, in other programs."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infogan.cli.options import OUTPUT, OWN, Real, RunFolder, folder, load
from infogan.core.errors import ConfigError


def report(run: RunFolder, /, *, real: Real = OWN) -> None:
    """Write RUN/report.html: one page that shows what was found and needs only a browser.

    It shows real images sorted by category, by default the run's own.
    """
    from infogan.analysis.doctor import recorded
    from infogan.analysis.observation import Observation
    from infogan.report import page

    model, there = load(run), folder(run)
    images, notes = real.try_to_read(model)
    for note in notes:
        print(f"infogan: {note}", file=sys.stderr)
    seen = Observation(model, images, seed=model.config.seed)
    print(page.write(there, seen, [*notes, *map(str, recorded(there))]))


def explore(
    run: RunFolder, /, *, open_page: Annotated[bool, Parameter(name="--open")] = True
) -> None:
    """Write RUN/explorer.html and open it: sliders, grids, paths between points, and Q on your own
    images.

    The page holds the networks and runs them in the browser. It needs no server and no network, and
    can be copied or sent like any file.

    Args:
        open_page: Open the page in the browser.
    """
    import webbrowser

    from infogan.explorer.page import LARGE, explorer

    path, size = explorer(load(run), folder(run))
    print(f"{path}: {size / 1e6:.1f} MB")
    if size > LARGE:
        print(f"infogan: {path} is large for a page; browsers may load it slowly", file=sys.stderr)
    if open_page:
        webbrowser.open(path.resolve().as_uri())


def export(run: RunFolder, /, *, output: Annotated[Path | None, OUTPUT] = None) -> None:
    """Write generator.onnx and encoder.onnx: any batch size, inputs and outputs named after the
    codes.

    Both are compared with torch before anything is written.

    Args:
        output: Folder to write into, made if there is none (default: the run folder).
    """
    from infogan.explorer.export import export as write

    model = load(run)
    try:
        (output or run).mkdir(exist_ok=True)
    except OSError as error:
        why = f"cannot be made ({error.strerror}); give a folder"
        raise ConfigError(f"--output {output}: {why}") from None
    for path in write(model, output or run):
        print(path)
