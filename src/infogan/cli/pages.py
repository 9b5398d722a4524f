"""Commands about what a run found: its names and its page."""

from __future__ import annotations

import sys
from pathlib import Path

from infogan.cli.options import DataDir, Split, folder, images_for, load
from infogan.errors import ConfigError, DataError


def report(run: Path, /, *, data: str | None = None, data_dir: DataDir = None, split: Split = "validation") -> None:
    """Write report.html into the run folder: one page that shows what was found and needs only a browser.

    Parameters
    ----------
    run
        Run folder.
    data
        Images to sort on the page (default: the run's own data).
    split
        Part of the data.
    """
    from infogan.report import page
    from infogan.run import Run

    model = load(run)
    notes = []
    try:
        images = images_for(model, data, data_dir, split)
    except DataError as error:
        if data or data_dir or split != "validation":
            raise
        images, notes = None, [f"Without real images, for they cannot be read: {error}"]
        print(f"infogan: {notes[0]}", file=sys.stderr)
    print(page.write(Run(run), model, images, notes))


def name(run: Path, what: str | None = None, name: str | None = None, /) -> None:
    """Name a category or a code: `infogan name RUN digit.3 seven`, `infogan name RUN slant "lean to the right"`.

    Names are kept in the run folder and shown from then on by every command; they are understood wherever a code
    or a category is asked for. Without WHAT, list what has a name.

    Parameters
    ----------
    run
        Run folder.
    what
        A code (slant), or a category of a code (digit.3).
    name
        What to call it; "" takes its name away. Categories may share a name, codes may not.
    """
    from infogan.terminal import show_names

    there = folder(run)
    names = there.names
    if what is not None:
        if name is None:
            raise ConfigError(f"{what}: give the name, as in `infogan name {run} {what} seven`")
        names = names.changed(what, name, there.config.latent)
        there.write_json(there.names_file, names.tree())
    show_names(names.tree())
