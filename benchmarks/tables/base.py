"""What all tables share: a result file, a Markdown table, and how figures are written."""

import json
import math
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"

WORDS = {
    "beside other work": "with other jobs running",
    "beside other runs; the other rows with --only of their variant and seeds": (
        "with other runs at the same time; the other rows used --only with their variant and seeds"
    ),
    "beside other runs": "with other runs at the same time",
    "beside one other run": "with one other run at the same time",
    "two runs at a time": "two runs at a time; the preset then had 1,400 batches of 512",
    "two or three runs at a time": (
        "two or three runs at a time; the preset then had 2,000 batches of 128 and D on Q's layers"
    ),
    "ours fp32": "infogan fp32",
    "ours default": "infogan, default",
    "agreement, one to one": "agreement, clustering accuracy",
    "information, shared with a changed copy": "information, shared with one augmented view",
    "information, shared with 4 copies": "information, shared with 4 augmented views",
    "the same on held-out images, runs alone last: `select`": (
        "the same on held-out images, lone runs last: `select`"
    ),
    "share of a code that Q reads": "fraction of a code that Q recovers",
    "the finished model's share over that in training": (
        "fraction that the finished model recovers, over that in training"
    ),
    "share of images over the prior": "share of images, over the prior",
    "probability to cross between two categories": "probability of crossing between two categories",
}
"""Words of result files that were written before the present terms, and how the tables say them."""


def say(words: str) -> str:
    """The present form of some words of a result file."""
    return WORDS.get(words, words)


def read(name: str) -> dict[str, Any]:
    """One result file."""
    result: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return result


def table(header: str, rows: Iterable[Iterable[object]], *below: str) -> str:
    """A Markdown table, and the lines below it."""
    columns = header.split(" | ")
    lines = [columns, *rows]
    shown = [f"| {' | '.join(map(str, line))} |" for line in lines]
    return "\n".join([shown[0], "|---" * len(columns) + "|", *shown[1:], "", *below])


def percent(values: Iterable[float]) -> str:
    """A list of shares."""
    return ", ".join(f"{100 * value:.1f}" for value in values)


def numbers(runs: Iterable[dict[str, Any]], key: str = "seed") -> str:
    """A list of whole numbers, one a run."""
    return ", ".join(str(run.get(key, "–")) for run in runs)


def deviation(values: list[float], form: str) -> str:
    """Mean ± standard deviation."""
    around = f" ± {format(statistics.stdev(values), form)}" if len(values) > 1 else ""
    return format(statistics.mean(values), form) + around


def seconds_of(runs: Iterable[dict[str, Any]]) -> str:
    """The median time of training."""
    return f"{statistics.median(run['seconds'] for run in runs):.0f} s"


def purity_of(score: dict[str, Any]) -> float:
    """The purity of a score, under its present or its former key."""
    return float(score.get("purity", score.get("cluster_accuracy_many_to_one", math.nan)))


def threads_of(machine: dict[str, Any]) -> str:
    """The number of threads, in words."""
    return "one thread" if machine["threads"] == 1 else f"{machine['threads']} threads"


def machine_of(report: dict[str, Any]) -> str:
    """The line below a table: the command, but for its note, which stands at the end."""
    machine, note = report["machine"], report.get("note")
    command = report["command"].replace(f" --note {note}", "")
    return (
        f"`{command}` on {machine['cores']} cores ({machine['processor']}), torch "
        f"{machine['torch']}, {threads_of(machine)}{f', {say(note)}' if note else ''}."
    )
