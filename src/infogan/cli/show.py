"""Commands that take a run elsewhere: into a browser, into other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infogan.cli.options import load
from infogan.core.errors import ConfigError


def explore(run: Path, /, *, open_page: Annotated[bool, Parameter(name="--open")] = True) -> None:
    """Write RUN/explorer.html and open it: sliders, grids, points between points, and Q on your own images.

    The page holds the networks and runs them in the browser. It needs no server and no network, and can be copied
    or sent like any file.

    Parameters
    ----------
    run
        Run folder.
    open_page
        Open the page in the browser.
    """
    import webbrowser

    from infogan.explorer.page import LARGE, explorer
    from infogan.runs.folder import Run

    path, size = explorer(load(run), Run(run))
    print(f"{path}: {size / 1e6:.1f} MB")
    if size > LARGE:
        print(
            f"infogan: {path} is large for a page; browsers may be slow to start it",
            file=sys.stderr,
        )
    if open_page:
        webbrowser.open(path.resolve().as_uri())


def export(
    run: Path, /, *, output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None
) -> None:
    """Write generator.onnx and encoder.onnx: inputs and outputs named after the codes, any batch size.

    Both are compared with torch before anything is written.

    Parameters
    ----------
    run
        Run folder.
    output
        Folder to write into, made where there is none (default: the run folder).
    """
    from infogan.explorer.export import export as write

    model = load(run)
    try:
        (output or run).mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"--output {output}: cannot be made ({error.strerror}); give a folder"
        ) from None
    for path in write(model, output or run):
        print(path)
