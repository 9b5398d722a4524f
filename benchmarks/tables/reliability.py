"""The table of docs/reliability.md."""

from tables.base import machine_of, read, table


def reliability() -> str:
    """What each fault harness tried, and how often it went wrong."""
    report = read("reliability")
    parts, rows = report["parts"], []
    for part, found in parts.items():
        for name, tally in found.items() if part == "mutations" else [(part, found)]:
            if "trials" in tally:
                label = f"mutated `{name}`" if part == "mutations" else name
                counts = [f"{tally[key]:,}" for key in ("planned", "trials", "failures")]
                bound = f"{tally['upper_bound']:.2g}" if tally["upper_bound"] else "–"
                rows.append([label, *counts, bound])
    kills, saving = parts["SIGKILL"], parts["saving"]
    note = (
        f"{kills['inside a save']} of the kills came during a save, and "
        f"{kills['runs killed three times or more']} runs were killed three times or more. Saving "
        f"the `{saving['preset']}` preset every {saving['steps between saves']} steps took "
        f"{saving['share of time']:.2%} of the time ({saving['seconds a save']:.2f} s per save), "
        f"and the check of each step {saving['share of the check of each step']:.2%}."
    )
    header = "harness | planned | tried | failed | failure rate at most (95 %)"
    return table(header, rows, note, "", machine_of(report))
