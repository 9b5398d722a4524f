"""What a terminal shows at the beginning and the end of commands."""

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from infogan.core.figures import number
from infogan.core.tables import as_json

NATS = ("information", "L_I")  # what `select` measures in nats
ALIKE = 0.01  # nats of information by which seeds of one accuracy differ as well


def answer(to_json: bool, tree: Any, show: Callable[[Any], None]) -> None:
    """What a command found: as one JSON object, or as `show` prints it."""
    if to_json:
        print(as_json(tree))
    else:
        show(tree)


def show_written(path: Path | None) -> None:
    """Where a picture went, beside an answer that may be read by a program."""
    if path:
        print(path, file=sys.stderr)


SYMBOLS = {
    "entropy_x": "H(X)",
    "entropy_y": "H(Y)",
    "joint_entropy": "H(X,Y)",
    "conditional_entropy_x_given_y": "H(X|Y)",
    "conditional_entropy_y_given_x": "H(Y|X)",
    "mutual_information": "I(X;Y)",
}
UNITS = {"total": "", "normalized_mutual_information": "of the arithmetic mean of H(X) and H(Y)"}


def show_information(summary: Mapping[str, float], unit: str) -> None:
    """The quantities of a joint table, a line each: words, symbol, value."""
    for name, value in summary.items():
        words, symbol = name.replace("_", " "), SYMBOLS.get(name, "")
        print(f"{words:<30} {symbol:<7}{value:>10.6g} {UNITS.get(name, unit)}".rstrip())


def show_names(names: Any) -> None:
    """All names, a line each; last, those that merging gave."""
    own = _by_what(names.codes, names.categories)
    merged = {what: name for what, name in _by_what({}, names.merged).items() if what not in own}
    shown = [f"{what:<12} {name}" for what, name in own.items()]
    shown += [f"{what:<12} {name} (by merge)" for what, name in merged.items()]
    print("\n".join(shown) or "nothing has a name yet")


def removed(before: Any, after: Any) -> dict[str, str]:
    """The names that are there no more, by what they named."""
    now = _by_what(after.codes, after.merged, after.categories)
    then = _by_what(before.codes, before.merged, before.categories)
    return {what: name for what, name in then.items() if what not in now}


def show_removed(names: Mapping[str, str]) -> None:
    """Names that are there no more, a line each."""
    for what, name in names.items():
        print(f"removed      {what} {name}")


def _by_what(
    codes: Mapping[str, str], *categories: Mapping[str, Mapping[int, str]]
) -> dict[str, str]:
    """Names by what they name: `slant`, `digit.3`."""
    flat = dict(codes)
    for kind in categories:
        for code, given in kind.items():
            flat |= {f"{code}.{k}": name for k, name in given.items()}
    return flat


def show_scores(scores: dict[str, Any], names: Mapping[str, str]) -> None:
    """The short table that ends a run. names: what to call codes that have another name."""
    from infogan.analysis.evaluation import shown

    print(*shown(scores, names), sep="\n")
    if "seconds" in scores:
        speed = f"{scores['images_per_second']:.0f} images per second"
        print(f"\n{scores['steps']} steps in {scores['seconds']:.0f} s, {speed}")


def show_outlook(path: Path, outlook: Any) -> None:
    """What a run is about to do, how long it takes, and how to stop it."""
    (height, width, channels), (done, steps) = outlook.images.shape, outlook.steps
    colour = "grey" if channels == 1 else "in colour"
    size = f"{height}x{width} {colour}, and {outlook.held_out:,} held out"
    print(f"{outlook.images.name}: {number(len(outlook.images), 'image')} of {size}")
    codes = [
        f"{name} ({code.categories} categories)" if code.categories else name
        for name, code in outlook.config.latent.codes.items()
    ]
    objective, networks = outlook.config.objective.kind, outlook.config.networks.kind
    print(f"codes {', '.join(codes) or 'none'}; objective {objective}, networks {networks}")
    taking = "" if outlook.seconds is None else f", about {lasting(outlook.seconds)}"
    begin = f"from step {done:,} to {steps:,}" if done else f"{steps:,} steps"
    print(f"{begin}{taking}, into {path}; Ctrl-C stops, and the same command goes on", flush=True)


def lasting(seconds: float) -> str:
    """A duration in the unit that one would say it in."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def show_merging(found: Any, names: Any) -> None:
    """Classes with their categories; how often the pairs joined and the next are confused."""
    for members, share in zip(found.classes, found.shares, strict=True):
        numbers = ", ".join(map(str, members))
        print(f"{share:>6.1%}  {names.category(found.code, members[0])}: {numbers}")
    print("\nviews in which the nearest two are taken for each other, and how many classes remain")
    for classes, near in found.steps:
        print(f"{near:>6.1%}  {classes}" + ("" if classes > len(found.classes) else "  not joined"))
    print(f"\non {found.n} images of {found.images}, without labels")


def show_diagnosis(tree: Mapping[str, Any]) -> None:
    """Each finding with what to try, then what was looked at."""
    from infogan.analysis.doctor import SOUND, Finding

    found = [f"{Finding(**finding)}\n" for finding in tree["findings"]]
    print("\n".join(found) or f"{SOUND}\n")
    if found:
        again = shlex.join(["infogan", "train", "--config", f"{tree['run']}/config.json"])
        print(f"settings are tried in another run: {again} --run NEW --SETTING VALUE\n")
    print("\n  ".join(["looked at", *tree["looked_at"]]))


def _show_table(first: str, others: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table without lines; on no terminal it is 140 columns wide."""
    columns = [Column(name, justify="right", no_wrap=True) for name in others]
    columns.insert(0, Column(first, no_wrap=first == "run"))
    table = Table(*columns, box=None, pad_edge=False, header_style="none")
    for row in rows:
        table.add_row(*map(escape, row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 140).print(table)


def show_comparison(rows: Sequence[Mapping[str, Any]]) -> None:
    """Runs beside each other: mean ± standard deviation over seeds."""

    def cell(row: Mapping[str, Any], key: str, form: str) -> str:
        found = row.get(key, {})  # one run has no deviation
        values = [found[part] for part in ("mean", "std") if found.get(part) is not None]
        return " ± ".join(format(value, form) for value in values) or "–"

    forms = {"error": ".2%", "cluster_accuracy": ".1%", "L_I": ".2f", "recall": ".2f", "FD": ".1f"}
    forms |= {"images_per_second": ".0f"}
    titles = ["labels", "seeds", "error", "ACC", "L_I (nats)", "G's recall", "FD", "images/s"]
    cells = []
    for row in rows:
        scores = [cell(row, key, form) for key, form in forms.items()]
        cells.append([row["name"], str(row["labels"] or "–"), str(len(row["seeds"])), *scores])
    _show_table("objective", titles, cells)
    if len(features := sorted({row["features"] for row in rows} - {None})) > 1:
        print(f"\nrecall and FD of {' and '.join(features)} features cannot be compared")


def show_selection(tree: Mapping[str, Any]) -> None:
    """Runs ranked without labels, best first, and the one to use."""
    keys = [key for key in tree["runs"][0] if key not in ("run", "seed")]
    rows = [[run["run"], *(f"{run[key]:.3f}" for key in keys)] for run in tree["runs"]]
    _show_table("run", [f"{key} (nats)" if key in NATS else key for key in keys], rows)
    print(f"\non {tree['n']} images of {tree['images']}, without labels")
    information = [run["information"] for run in tree["runs"] if "information" in run]
    if information and (apart := max(information) - min(information)) < ALIKE:
        print(f"they differ by {apart:.3f} nats at most: no reason to prefer one")
    print(f"use       {tree['selected']}")
