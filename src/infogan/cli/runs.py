"""Commands that judge runs: which one to use, what is wrong with one, what its categories are."""

from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from infogan.cli import terminal
from infogan.cli.options import OWN, AsJson, Figure, Real, RunFolder, folder, load, writing
from infogan.core.errors import ConfigError, RunError


def select(*runs: RunFolder, real: Real = OWN, as_json: AsJson = False) -> None:
    """Rank finished runs without labels and name the best: `infogan select runs/digits/seed-*`.

    The score is the information, in nats, that a run's category of a real image shares with that of
    an augmented view of it: high when Q is sure, uses all categories, and is consistent. A run that
    agrees with the others (adjusted Rand index) less than half as well as the best one comes last.
    Three to five runs that differ in their seed are enough.

    All runs must have the same codes and image shape; by default they look at the held-out images
    of the first.
    """
    from infogan.analysis.selection import select as rank

    there = [folder(run).path for run in runs]
    images = real.read(load(there[0])) if there and real.given else None
    tree = rank(there, images).tree()
    terminal.answer(as_json, tree, lambda: terminal.show_selection(tree))


def compare(
    *runs: RunFolder,
    as_json: AsJson = False,
    output: Annotated[
        Figure, Parameter(help="Draw L_I during training and the errors (.png, .svg or .pdf).")
    ] = None,
) -> None:
    """Show finished runs side by side, those that differ only in their seed as one row: mean ±
    standard deviation."""
    from infogan.analysis.comparison import compare as compare_runs

    if not runs:
        raise ConfigError("give the run folders to compare")
    rows = compare_runs(runs)
    if output:
        from infogan.report.comparison import comparison_figure

        writing(output)
        comparison_figure(rows, output)
    trees = [row.tree() for row in rows]
    terminal.answer(as_json, trees, lambda: terminal.show_comparison(trees))


def doctor(run: RunFolder, /, *, real: Real = OWN, as_json: AsJson = False) -> None:
    """Say what is wrong with a run, finished, running or stopped, and which setting to try.

    It looks at the log, the scores, and a few hundred real and generated images, never at a label.
    See docs/doctor.md for what it can see.
    """
    from infogan.analysis.doctor import examine
    from infogan.analysis.observation import Observation, spaced

    there = folder(run)
    try:
        model = load(run)
        images, missing = real.try_to_read(model)
        seen = Observation(model, images and images.subset(spaced(len(images))))
    except RunError as error:
        seen, missing = None, [str(error)]
    found = examine(there, seen, missing=missing)
    tree = {"run": str(run)} | found.tree()
    terminal.answer(as_json, tree, lambda: terminal.show_diagnosis(found.findings, found.looked_at))


def name(run: RunFolder, what: str | None = None, name: str | None = None, /) -> None:
    """Name a code or a category: `infogan name RUN slant "lean"`, `infogan name RUN digit.3 seven`.

    The run folder keeps the names. Every command shows them, and accepts them wherever it asks for
    a code or a category. Without WHAT, list the names.

    Args:
        what: A code (slant), a category of a code (digit.3), or all categories that have a name
            ("digit.class 0").
        name: What to call it; "" removes its name. Categories may share a name, codes may not.
    """
    there = folder(run)
    names = there.names
    if what is not None:
        if name is None:
            raise ConfigError(f"{what}: give the name, as in `infogan name {run} {what} seven`")
        names = names.changed(what, name, there.config.latent)
        there.write_json(there.names_file, names.tree())
    terminal.show_names(names.tree())


def merge(
    run: RunFolder, /, *, into: int | None = None, real: Real = OWN, as_json: AsJson = False
) -> None:
    """Give all categories of one class one name, without labels, when there are more categories
    than classes.

    Categories are one class when Q takes one for the other in augmented views of an image. Your own
    names stay: categories that share one stay together, categories with different ones stay apart.
    The others are called `class 0`, `class 1`, ..., from the largest class on; such names are given
    anew each time. Give a class a name of your own with `infogan name RUN "digit.class 0" seven`.

    Args:
        into: How many classes there are. By default categories are joined until the nearest two are
            taken for each other in less than 8 % of views; that was set for about ten classes, so
            with two or three give the number.
    """
    from infogan.analysis.merging import merge as merged

    model, there = load(run), folder(run)
    found = merged(model, real.read(model) if real.given else None, into=into)
    names = found.names(model.names)
    there.write_json(there.names_file, names.tree())
    terminal.answer(as_json, asdict(found), lambda: terminal.show_merging(found, names))
