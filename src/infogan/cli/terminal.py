"""What a terminal shows: the progress of a run, and the tables that end commands."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table


def show_information(summary: dict[str, float], unit: str) -> None:
    """The quantities of a joint table, a line each."""
    for name, value in summary.items():
        plain = name in ("total", "normalized_mutual_information")
        print(f"{name.replace('_', ' '):<32} {value:>10.6g}{'' if plain else f' {unit}'}")


def show_names(names: dict[str, Any]) -> None:
    """Names as names.json has them, a line each."""
    lines = [(code, name) for code, name in names["codes"].items()]
    lines += [
        (f"{code}.{k}", name)
        for code, given in names["categories"].items()
        for k, name in given.items()
    ]
    for what, name in lines or [("", "nothing has a name yet")]:
        print(f"{what:<12} {name}".strip())


def show_scores(scores: dict[str, Any], names: Mapping[str, str]) -> None:
    """The short table that ends a run. names: what to call codes, where it is not what they are called."""
    from infogan.analysis.evaluation import shown

    for line in shown(scores, names):
        print(line)
    if "seconds" in scores:
        print(
            f"\n{scores['steps']} steps in {scores['seconds']:.0f} s, "
            f"{scores['images_per_second']:.0f} images per second"
        )


def show_merging(found: Any, names: Any) -> None:
    """Classes with their categories, and how near the pairs that were joined, and the next ones, were."""
    for members, share in zip(found.classes, found.shares, strict=True):
        numbers = ", ".join(map(str, members))
        print(f"{share:>6.1%}  {names.category(found.code, members[0])}: {numbers}")
    print(
        "\nhow often the nearest two are taken for each other in changed copies, when there are so many classes"
    )
    for classes, near in found.steps:
        print(f"{near:>6.1%}  {classes}" + ("" if classes > len(found.classes) else "  not joined"))
    print(f"\non {found.n} images of {found.images}, without labels")


def show_diagnosis(findings: Sequence[Any], looked_at: Sequence[str]) -> None:
    """Each finding with what to try, then what was looked at."""
    for finding in findings:
        print(f"{finding.name}: {finding.seen}\n  try {finding.remedy}\n")
    if not findings:
        print("nothing wrong was seen\n")
    print("looked at")
    for line in looked_at:
        print(f"  {line}")


def show_comparison(rows: Sequence[dict[str, Any]]) -> None:
    """The table of runs beside each other: mean ± standard deviation over seeds."""
    table = Table(box=None, pad_edge=False, header_style="none")
    table.add_column("objective")
    for name in ("labels", "seeds", "error", "cluster accuracy", "L_I (nats)", "images/s"):
        table.add_column(name, justify="right", no_wrap=True)

    def cell(row: dict[str, Any], key: str, form: str) -> str:
        if key not in row:
            return "–"
        mean, spread = row[key]["mean"], row[key]["std"]
        return format(mean, form) + ("" if spread is None else f" ± {format(spread, form)}")

    for row in rows:
        table.add_row(
            row["name"],
            "–" if row["labels"] is None else str(row["labels"]),
            str(len(row["seeds"])),
            cell(row, "error", ".2%"),
            cell(row, "cluster_accuracy", ".1%"),
            cell(row, "L_I", ".2f"),
            cell(row, "images_per_second", ".0f"),
        )
    Console(highlight=False, width=None if sys.stdout.isatty() else 140).print(table)


def show_selection(tree: Mapping[str, Any]) -> None:
    """Runs ranked without labels, best first, and the one to use."""
    table = Table(box=None, pad_edge=False, header_style="none")
    table.add_column("run", no_wrap=True)
    for name in ("information (nats)", "agreement", "L_I (nats)"):
        table.add_column(name, justify="right", no_wrap=True)
    for run in tree["runs"]:
        table.add_row(
            escape(run["run"]), *(f"{run[key]:.3f}" for key in ("information", "agreement", "L_I"))
        )
    Console(highlight=False, width=None if sys.stdout.isatty() else 140).print(table)
    print(
        f"\non {tree['n']} images of {tree['images']}, without labels\nuse       {tree['selected']}"
    )


@contextmanager
def seed_bars(steps: int) -> Iterator[Callable[[int, int, dict[str, float]], None]]:
    """A bar for each seed that was begun, with its L_I, on a terminal; silent elsewhere."""
    columns = (
        TextColumn("seed {task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[words]}"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[int, TaskID] = {}

        def show(seed: int, step: int, line: dict[str, float]) -> None:
            if seed not in tasks:
                tasks[seed] = bars.add_task(str(seed), total=steps, words="")
            bounds = [
                f"{name} {value:.2f}" for name, value in line.items() if name.startswith("L_I/")
            ]
            bars.update(tasks[seed], completed=step, words="  ".join(bounds))

        yield show


@contextmanager
def progress_bar(
    steps: int, entropy: dict[str, float]
) -> Iterator[Callable[[int, dict[str, float]], None]]:
    """Losses, L_I against H(c), speed and time left, on a terminal; silent elsewhere."""
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[words]}"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("train", total=steps, words="")

        def show(step: int, line: dict[str, float]) -> None:
            now = {
                n: line.get(f"H(c)/{n}", h) for n, h in entropy.items()
            }  # of a learned prior it moves
            words = [
                f"{n} {line[f'L_I/{n}']:.2f}/{h:.2f}" for n, h in now.items() if f"L_I/{n}" in line
            ]
            if line:
                for player in "dg":
                    terms = [value for name, value in line.items() if name.startswith(f"{player}/")]
                    words += [f"{player.upper()} {sum(terms):.2f}"] if terms else []
                words.append(f"{line['images_per_second']:.0f} img/s")
            bar.update(task, completed=step, words="  ".join(words))

        yield show
