"""The tables of docs/doctor.md."""

from typing import Any

from tables.base import machine_of, numbers, read, say, table


def doctor() -> str:
    """What the doctor should have found and what it found, and where the thresholds lie."""
    report = read("doctor")
    rows = []
    for name, fit in report["fitted"].items():
        ends = ("–" if fit[key] is None else f"{fit[key]:.2f}" for key in ("healthy", "broken"))
        found = (
            " of ".join(map(str, report[half]["by_finding"][name])) for half in ("fresh", "all")
        )
        runs = f"{fit['runs'][0]} with, {fit['runs'][1]} without"
        rows.append([say(name), say(fit["measured"]), f"{fit['threshold']:g}", *ends, runs, *found])
    notes, first = [], report["first_fresh_seed"]
    for half, words in (("fresh", f"Fresh runs, with seeds from {first} on"), ("all", "All runs")):
        part = report[half]
        notes.append(
            f"{words}: {part['runs']} runs, of which {part['healthy']} are healthy. Recall "
            f"{part['recall']:.1%} of {part['causes']} causes; false positives in "
            f"{part['false_alarms']:.1%} of the runs, and in {part['healthy_alarmed']} of the "
            "healthy ones."
        )
    return table(
        "finding | measured | threshold | worst run without it | best run with it | runs | "
        "found, fresh runs | found, all runs",
        rows,
        *notes,
        "",
        machine_of(report),
    )


def collapse() -> str:
    """How well each measure tells collapsed generators from others."""
    report = read("doctor")["collapse"]
    rows = [
        [
            found["measured"],
            f"{found['auc_chosen']:.2f}",
            f"{found['auc_fresh']:.2f}",
            f"{found['threshold']:.2f}",
            *(f"{found[key][0]} of {found[key][1]}" for key in ("missed", "false")),
        ]
        for found in report["measures"].values()
    ]
    notes = [
        f"Least pixel spacing below {cut:.2f}: {count} of the {total} runs of the first table in "
        "which G neither collapsed nor may have."
        for cut, count, total in report["below"]
    ]
    return table(
        "measured | AUC, chosen | AUC, fresh | threshold | missed, fresh | false positives, fresh",
        rows,
        *notes,
        "",
        machine_of(report),
    )


SHOWN = ("pixels", "pixels_least", "features_least", "recall", "recall_least", "coverage")


def collapsed() -> str:
    """The runs of that study: the lowest and the highest value over the seeds of each kind."""
    report = read("doctor")["collapse"]
    kinds = dict[tuple[str, str], list[dict[str, Any]]]()
    for row in (row for part in ("chosen", "fresh", "also") for row in report[part]):
        name = f"{row['case']}{', one noise vector' if row['by_hand'] else ''}"
        truth = {True: "yes", False: "no", None: "not judged"}[row.get("collapsed")]
        kinds.setdefault((name, truth), []).append(row)
    rows = []
    for (name, truth), runs in sorted(kinds.items(), key=lambda kind: (kind[0][1], kind[0][0])):
        ends = ((min(run[key] for run in runs), max(run[key] for run in runs)) for key in SHOWN)
        spans = ("–".join(dict.fromkeys(f"{end:.2f}" for end in pair)) for pair in ends)
        seeds = numbers(sorted(runs, key=lambda run: int(run["seed"])))
        rows.append([name, seeds, truth, *spans])
    return table(
        "run | seeds | collapsed | pixel spacing | its least | in features, least | recall | "
        "its least | coverage",
        rows,
    )


def away() -> str:
    """How far what each kind of run draws is from real images."""
    report, kinds = read("doctor")["away"], dict[str, list[dict[str, Any]]]()
    for row in report["runs"]:
        kinds.setdefault(row["kind"], []).append(row)
    rows = []
    for kind, runs in sorted(kinds.items(), key=lambda own: max(r["away"] for r in own[1])):
        ends = (end(run["away"] for run in runs) for end in (min, max))
        span = "–".join(dict.fromkeys(f"{end:.2f}" for end in ends))
        said = sorted({name for run in runs for name in run["said"]})
        seeds = numbers(sorted(runs, key=lambda run: int(run["seed"])))
        rows.append([kind, seeds, span, ", ".join(said) or "–"])
    return table("run | seeds | distance | the doctor found", rows, machine_of(report))
