"""What a terminal shows: the progress of a run, and the tables that end commands."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def show_csv(file: TextIO, names: Sequence[str], rows: Iterator[list[Any]]) -> None:
    """A header and rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)


def show_information(summary: dict[str, float], unit: str) -> None:
    """The quantities of a joint table, a line each."""
    for name, value in summary.items():
        plain = name in ("total", "normalized_mutual_information")
        print(f"{name.replace('_', ' '):<32} {value:>10.6g}{'' if plain else f' {unit}'}")


def show_scores(scores: dict[str, Any]) -> None:
    """The short table that ends a run."""
    if scores["information"]:
        print(f"{'code':<12} {'L_I':>7} {'H(c)':>7}   nats")
    for name, value in scores["information"].items():
        print(f"{name:<12} {value:>7.3f} {scores['entropy'][name]:>7.3f}")
    if "cluster_accuracy" in scores:
        print(
            f"\n{scores['n']} images of {scores['data']}: cluster accuracy {scores['cluster_accuracy']:.1%} one to "
            f"one, {scores['cluster_accuracy_many_to_one']:.1%} many to one (K = {scores['k']}), "
            f"NMI {scores['nmi']:.3f}, ARI {scores['ari']:.3f}"
        )
        for words in scores["merges"]:
            print(f"  {words}")
    if "seconds" in scores:
        print(
            f"\n{scores['steps']} steps in {scores['seconds']:.0f} s, "
            f"{scores['images_per_second']:.0f} images per second"
        )


@contextmanager
def progress_bar(steps: int, entropy: dict[str, float]) -> Iterator[Callable[[int, dict[str, float]], None]]:
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
            words = [f"{n} {line[f'L_I/{n}']:.2f}/{h:.2f}" for n, h in entropy.items() if f"L_I/{n}" in line]
            if line:
                d = sum(line.get(f"d/{part}", 0.0) for part in ("real", "fake"))
                words += [f"D {d:.2f}", f"G {line.get('g/adversarial', 0.0):.2f}"]
                words.append(f"{line['images_per_second']:.0f} img/s")
            bar.update(task, completed=step, words="  ".join(words))

        yield show
