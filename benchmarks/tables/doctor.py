"""The table of docs/doctor.md."""

from tables.base import machine_of, read, say, table


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
