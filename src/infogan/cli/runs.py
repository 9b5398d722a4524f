"""Commands that judge runs: which one to use, what is wrong with one, what its categories are."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from infogan.cli import terminal
from infogan.cli.options import (
    OWN,
    AsJson,
    Curves,
    Real,
    RunFolder,
    RunFolders,
    Whole,
    command,
    folder,
    folders,
    load,
    writing,
)
from infogan.core.errors import ConfigError, RunError

if TYPE_CHECKING:
    from infogan.runs.folder import Run
    from infogan.runs.names import Names


def evaluate(run: RunFolder, /, *, real: Real = OWN, as_json: AsJson = False) -> None:
    """Score a run on images that it did not learn from.

    Where these images have known factors, it also says how far each code stands for one of them;
    docs/factors.md says what each score tells.
    """
    from infogan.analysis.evaluation import evaluate as score

    model = load(run)
    scores = score(model, real.read(model))
    terminal.answer(as_json, scores, lambda _: terminal.show_scores(scores, model.names.codes))


def select(*runs: RunFolders, real: Real = OWN, as_json: AsJson = False) -> None:
    """Rank finished runs without labels and name the best: `infogan select runs/digits`.

    The score is the information, in nats, that the category of a real image shares with that of an
    augmented view: high when Q is sure, uses all categories, and is consistent. A run that agrees
    with the others (adjusted Rand index) less than half as well as the best comes last. Three to
    five runs that differ in their seed are enough; all need the same codes and image shape. By
    default they look at the held-out images of the first.

    Runs without categories, but with two or more continuous codes, are ranked by ModelCentrality:
    the mean FactorVAE score of each run's Q on images of the other runs, and of theirs on its own.
    """
    from infogan.analysis.selection import select as rank

    there = folders(runs)
    images = real.read(load(there[0])) if there and real != OWN else None
    terminal.answer(as_json, rank(there, images).tree(), terminal.show_selection)


def compare(*runs: RunFolders, as_json: AsJson = False, output: Curves = None) -> None:
    """Compare finished runs, as mean ± standard deviation of those that differ only in seed."""
    from infogan.analysis.comparison import compare as compare_runs

    if not runs:
        raise ConfigError("give the run folders to compare")
    writing(output)
    rows = compare_runs(folders(runs))
    if output:
        from infogan.report.comparison import comparison_figure

        comparison_figure(rows, output)
    terminal.answer(as_json, [row.tree() for row in rows], terminal.show_comparison)
    terminal.show_written(output)


def doctor(run: RunFolder, /, *, real: Real = OWN, as_json: AsJson = False) -> None:
    """Say what is wrong with a run, finished, running or stopped, and which setting to try.

    It reads log, scores and a few hundred real and generated images, no labels; see docs/doctor.md.
    """
    from infogan.analysis.doctor import examine
    from infogan.analysis.observation import Observation, spaced
    from infogan.runs.images import changed as images_changed

    there, changed = folder(run), ""
    try:
        model = load(run)
        images, missing = real.try_to_read(model)
        some = images and images.subset(spaced(len(images)))
        seen = Observation(model, some, seed=model.config.seed)
    except RunError as error:
        seen, missing, changed = None, [str(error)], images_changed(there)
    tree = {"run": str(run)} | examine(there, seen, missing=missing, changed=changed).tree()
    terminal.answer(as_json, tree, terminal.show_diagnosis)


def name(run: RunFolder, what: str | None = None, name: str | None = None, /) -> None:
    """Name a code or a category: `infogan name RUN slant "lean"`, `infogan name RUN digit.3 seven`.

    Every command shows and accepts the names, which the run folder keeps. Without WHAT, list them.

    Args:
        what: A code (slant), a category (digit.3), or all that share a name ("digit.class 0").
        name: What to call it; "" removes its name. Categories may share a name, codes may not.
    """
    there = folder(run)
    names = there.names
    if what is not None:
        if name is None:
            raise ConfigError(
                f"{what}: give the name, as in `{command('name', run, what, 'seven')}`"
            )
        names = there.names.changed(what, name, there.config.latent)
        terminal.show_removed(terminal.removed(there.names, names))
        _write_names(there, names)
    terminal.show_names(names)


def _write_names(run: Run, names: Names) -> None:
    """Write the names of a run, if they changed, and say what shows them as they were."""
    if names == run.names:
        return
    run.write_json(run.names_file, names.tree())
    for written, page in (("report", run.report_file), ("explore", run.path / "explorer.html")):
        if page.is_file():
            again = f"write it anew: {command(written, run.path)}"
            print(f"{page} shows the names as they were; {again}", file=sys.stderr)


def _stood_out(run: Run, categories: int) -> str:
    """What training says about the number of classes, for who is to choose one."""
    from infogan.objectives.base import STANDING_OUT

    lines = run.metrics()
    groups = lines[-1].get(STANDING_OUT, 0) if lines else 0
    return f" ({groups} groups of images stood out in training)" if 1 < groups < categories else ""


def merge(
    run: RunFolder,
    /,
    *,
    into: Whole | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    undo: Annotated[bool, Parameter(negative=())] = False,
    real: Real = OWN,
    as_json: AsJson = False,
) -> None:
    """Name categories of one class alike, without labels, if there are more of them than classes.

    Categories are one class when Q takes one for the other in augmented views of an image. Names
    are written only where the number of classes shows: Q confuses the last pair that joined at
    least 1.5 times as often as the next pair. Your names stay: equal ones stay together,
    different ones apart. Other classes are `class 0`, `class 1`, ..., largest first, anew each
    time; to name one: `infogan name RUN "digit.class 0" seven`.

    Args:
        into: Number of classes, where you know it. By default the nearest categories join until
            under 8 % of views take one for the other.
        dry_run: Show what would join, and write nothing.
        undo: Take back the names that merging gave; yours stay.
    """
    from infogan.analysis.merging import GAP
    from infogan.analysis.merging import merge as merged

    there = folder(run)
    if undo:
        names = there.names.model_copy(update={"merged": {}})
        gone = terminal.removed(there.names, names)
        terminal.answer(as_json, {"removed": gone}, lambda _: terminal.show_removed(gone))
        _write_names(there, names)
        return
    model = load(run)
    found = merged(model, real.read(model) if real != OWN else None, into=into)
    names, sure = found.names(there.names), into is not None or found.gap >= GAP
    terminal.answer(as_json, asdict(found), lambda _: terminal.show_merging(found, names))
    if not sure:
        why = "no number of classes stands out, so nothing is written; with --into N it is"
        why += _stood_out(there, sum(map(len, found.classes)))
        if all(len(members) == 1 for members in found.classes):
            why = "no two categories are taken for each other, so nothing is written"
        print(f"infogan: {why}", file=sys.stderr)
    elif not dry_run:
        _write_names(there, names)
