"""Commands about what a run found: its page, its names, and what went wrong."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from infogan.cli.options import AsJson, DataDir, Split, folder, images_for, load
from infogan.core.errors import ConfigError, DataError, RunError

if TYPE_CHECKING:
    from infogan.data.images import Images
    from infogan.model.model import Model


def report(
    run: Path, /, *, data: str | None = None, data_dir: DataDir = None, split: Split = "validation"
) -> None:
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
    from infogan.analysis.doctor import recorded
    from infogan.analysis.observation import Observation
    from infogan.report import page
    from infogan.runs.folder import Run

    model, there = load(run), Run(run)
    images, notes = _real(model, data, data_dir, split)
    for note in notes:
        print(f"infogan: {note}", file=sys.stderr)
    observation = Observation(model, images, seed=model.config.seed)
    print(page.write(there, observation, [*notes, *map(str, recorded(there))]))


def _real(
    model: Model, data: str | None, data_dir: str | None, split: Split
) -> tuple[Images | None, list[str]]:
    """The images that were asked for; where the run's own cannot be read any more, none and why."""
    try:
        return images_for(model, data, data_dir, split), []
    except DataError as error:
        if data or data_dir or split != "validation":
            raise
        return None, [f"Without real images, for they cannot be read: {error}"]


def doctor(
    run: Path,
    /,
    *,
    data: str | None = None,
    data_dir: DataDir = None,
    split: Split = "validation",
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a run and which setting to try: finished, still running, or stopped.

    It looks at the log, the scores, and a few hundred real and generated images; never at a label. See
    docs/doctor.md for what it can see.

    Parameters
    ----------
    run
        Run folder.
    data
        Real images to compare with (default: the run's own data).
    split
        Part of the data.
    """
    from infogan.analysis.doctor import examine
    from infogan.analysis.observation import Observation, spaced
    from infogan.cli.terminal import show_diagnosis

    there = folder(run)
    try:
        model = load(run)
        images, missing = _real(model, data, data_dir, split)
        seen = Observation(model, images and images.subset(spaced(len(images))))
    except RunError as error:
        seen, missing = None, [str(error)]
    found = examine(there, seen, missing=missing)
    if as_json:
        print(json.dumps({"run": str(run)} | found.tree()))
    else:
        show_diagnosis(found.findings, found.looked_at)


def name(run: Path, what: str | None = None, name: str | None = None, /) -> None:
    """Name a category or a code: `infogan name RUN digit.3 seven`, `infogan name RUN slant "lean to the right"`.

    Names are kept in the run folder and shown from then on by every command; they are understood wherever a code
    or a category is asked for. Without WHAT, list what has a name.

    Parameters
    ----------
    run
        Run folder.
    what
        A code (slant), a category of a code (digit.3), or all categories that have a name ("digit.class 0").
    name
        What to call it; "" takes its name away. Categories may share a name, codes may not.
    """
    from infogan.cli.terminal import show_names

    there = folder(run)
    names = there.names
    if what is not None:
        if name is None:
            raise ConfigError(f"{what}: give the name, as in `infogan name {run} {what} seven`")
        names = names.changed(what, name, there.config.latent)
        there.write_json(there.names_file, names.tree())
    show_names(names.tree())


def merge(
    run: Path,
    /,
    *,
    into: int | None = None,
    data: str | None = None,
    data_dir: DataDir = None,
    split: Split | None = None,
    as_json: AsJson = False,
) -> None:
    """Give the categories that are one class one name, without labels; for runs with more categories than classes.

    Categories are one class where Q takes one for the other in changed copies of an image. Names that you gave stay:
    what shares one stays together, what has two stays apart. The others are called `class 0`, `class 1`, ..., by
    their place in the order of size; give one of them a name with `infogan name RUN "digit.class 0" seven`.
    Names of that form are given anew each time.

    Parameters
    ----------
    run
        Run folder.
    into
        How many classes there are (default: join until the nearest two are taken for each other in less than 8 % of
        copies, which was set for about ten classes; with two or three, say so).
    data
        Real images to read (default: the run's own data).
    split
        Part of the data (default: images that the run did not learn from).
    """
    from infogan.analysis.merging import merge as merged
    from infogan.cli.terminal import show_merging

    model, there = load(run), folder(run)
    images = (
        images_for(model, data, data_dir, split or "validation")
        if data or data_dir or split
        else None
    )
    found = merged(model, images, into=into)
    names = found.names(model.names)
    there.write_json(there.names_file, names.tree())
    if as_json:
        print(json.dumps(asdict(found)))
    else:
        show_merging(found, names)
