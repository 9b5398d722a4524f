"""Tables of docs/performance.md."""

from tables.base import machine_of, numbers, read, say, table


def speed() -> str:
    """Images per second of the three loops."""
    report = read("speed")
    rows = [
        [
            say(name),
            row["dtype"],
            *(f"{row[key]:.0f}" for key in ("images_per_second", "gflops", "peak_gflops")),
            f"{row['utilisation']:.0%}",
            f"{row['times_textbook']:.2f}",
        ]
        for name, row in report["loops"].items()
    ]
    return table(
        "loop | dtype | images/s | GFLOP/s | peak GFLOP/s | utilisation | times the textbook",
        rows,
        machine_of(report),
    )


def time() -> str:
    """Seconds to the goal, seed by seed."""
    report = read("time-to-quality")
    rows = []
    for name, result in report["presets"].items():
        taken = ", ".join(f"{run['seconds']:.0f} s" for run in result["runs"])
        median = f"{result['median_seconds']:.0f} s"
        rows.append([f"`{name}`", median, taken, numbers(result["runs"], "steps")])
    return table("preset | median | by seed | steps", rows, machine_of(report))
