"""Commands about what a run found: its names and its page."""

from __future__ import annotations

from pathlib import Path

from infogan.errors import ConfigError


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
    from infogan.cli.options import folder
    from infogan.terminal import show_names

    there = folder(run)
    names = there.names
    if what is not None:
        if name is None:
            raise ConfigError(f"{what}: give the name, as in `infogan name {run} {what} seven`")
        names = names.changed(what, name, there.config.latent)
        there.write_json(there.names_file, names.tree())
    show_names(names.tree())
