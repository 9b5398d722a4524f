"""The table of docs/family.md."""

from collections.abc import Callable

from tables.base import deviation, machine_of, read, seconds_of, table

FIGURES: tuple[tuple[str, str, Callable[[list[float]], str]], ...] = (
    ("error", "error", lambda values: deviation(values, ".2%")),
    ("purity", "purity", lambda values: deviation(values, ".1%")),
    ("cluster_accuracy_many_to_one", "purity", lambda values: deviation(values, ".1%")),
    ("agreement", "samples of the requested class", lambda values: deviation(values, ".2%")),
    ("mean_late", "L_I after step 300", lambda values: deviation(values, ".3f")),
    (
        "reaches_2.25_at",
        "2.25 nats at step",
        lambda values: ", ".join(f"{v:.0f}" if v > 0 else "never" for v in values),
    ),
)
"""Figures of a row of the family: key, words, and how the values are written."""


def family() -> str:
    """Every study of the family: what it reached, and the figure of its goal."""
    report = read("family")
    rows = []
    for study, (preset, options) in report["presets"].items():
        runs = [run for run in report["runs"] if run["study"] == study]
        if not runs:
            continue
        reached = [
            f"{words} {form(values)}"
            for key, words, form in FIGURES
            if (values := [run[key] for run in runs if key in run])
        ]
        if study == "gan-L_I":
            least = min(min(run["shares"]) for run in runs)
            reached.append(f"every digit in at least {least:.1%} of samples")
        command = " ".join(filter(None, ("train", preset, options)))
        rows.append([study, f"`{command}`", len(runs), "; ".join(reached), seconds_of(runs)])
    judge = (
        f"Samples are judged by a classifier with an error of {report['judge_error']:.2%} on the "
        "held-out images."
    )
    header = "study | settings | seeds | reached | training"
    return table(header, rows, judge, machine_of(report))
