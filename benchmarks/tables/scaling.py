"""Tables of docs/scaling.md."""

from typing import Any

from tables.base import machine_of, read, table


def shared() -> str:
    """The largest difference of a weight between one process and several, by objective."""
    report = read("distributed")
    rows = [
        [
            f"`{name}`",
            *(f"{row[n]:.0e}" for n in ("2", "4")),
            *(f"{report['fp32'][name][n]:.0e}" for n in ("2", "4", "nudged")),
            f"{report['bf16'][name]['2']:.0e}",
        ]
        for name, row in report["equality"].items()
    ]
    return table(
        "objective of | float64, 2 processes | 4 | fp32, 2 | 4 | one, nudged | bf16, 2",
        rows,
        machine_of(report),
    )


def killed() -> str:
    """What became of a run of two processes, one of which was killed or stopped."""
    report = read("distributed")
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in report["kills"]:
        if "gone" in row:
            groups.setdefault(f"{row['signal']} to process {row['rank']}", []).append(row)
    rows = [
        [
            how,
            len(found),
            f"{max(row['gone'] for row in found):.0f} s",
            sum(any(f"process {row['rank']}" in line for line in row["said"]) for row in found),
            sum(row["resumed"] == 0 for row in found),
            sum(row["same_bytes"] for row in found),
        ]
        for how, found in sorted(groups.items())
    ]
    header = "what | times | the other gone within | named | went on | to the same bytes"
    return table(header, rows, machine_of(report))


def exchanged() -> str:
    """What a step computes and sends."""
    report = read("distributed")
    rows = [
        [
            f"`{name}`",
            row["batch"],
            f"{row['parameters'] / 1e6:.1f} M",
            f"{2 * row['flops'] / 1e9:.1f} G",
            f"{row['bytes'] / 1e6:.1f} MB",
            row["collectives"],
        ]
        for name, row in report["work"].items()
    ]
    header = (
        "preset | batch | parameters | operations a step | sent by each | collective operations"
    )
    return table(header, rows, machine_of(report))


def threaded() -> str:
    """Images per second of one process with two threads and of two with one; empty until that is
    measured."""
    report = read("distributed")
    if "speed" not in report:
        return ""
    rows = [
        [batch, *(f"{v:.0f}" for v in row.values()), f"{row['2 x 1'] / row['1 x 2']:.2f}"]
        for batch, row in report["speed"].items()
    ]
    header = "batch of `digits` | images/s, 1 process with 2 threads | 2 with 1 | ratio"
    words = "Two cores used by one process with two threads, or by two with one:"
    return f"{words}\n\n{table(header, rows, machine_of(report))}"
