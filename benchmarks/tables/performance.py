"""Tables of docs/performance.md."""

from tables.base import machine_of, numbers, read, say, table

SHOWN = "batch", "mflop_per_image", "images_per_second", "gflops", "peak_gflops"


def speed() -> str:
    """Images per second of the three loops, and of the recipes."""
    report = read("speed")
    rows = [
        [
            say(name),
            row["dtype"],
            *(f"{row[key]:.0f}" for key in SHOWN),
            f"{row['utilisation']:.0%}",
            f"{row['times_textbook']:.2f}" if "times_textbook" in row else "–",
        ]
        for name, row in report["loops"].items()
    ]
    return table(
        "loop | dtype | batch | MFLOP an image | images/s | GFLOP/s | peak GFLOP/s | utilisation | "
        "times the textbook",
        rows,
        machine_of(report),
    )


def speedrun() -> str:
    """Seconds to each set's goal, seed by seed."""
    report = read("speedrun")
    rows = []
    for name, result in report["sets"].items():
        taken = ", ".join(f"{run['seconds']:.0f}" for run in result["runs"])
        goal, median = f"{result['goal']:.0%}", f"{result['median_seconds']:.0f}"
        steps = f"{numbers(result['runs'], 'steps')} of {result['batch']}"
        rows.append([f"`{name}`", goal, median, taken, steps])
    head = "images of | held-out ACC to reach | median seconds | each seed | steps"
    return table(head, rows, machine_of(report))
