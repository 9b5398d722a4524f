"""The table of docs/explorer.md."""

from tables.base import read, table


def explorer() -> str:
    """Frames, start and size of the explorer's pages."""
    report = read("explorer")
    rows = []
    for name, run in report["runs"].items():
        h, w, c = run["shape"]
        weights = ", ".join(f"{run['parameters'][part] / 1e6:.1f} M" for part in "gd")
        images = f"{h}x{w} {'grey' if c == 1 else 'RGB'}"
        page, ready = run["page_bytes"] / 1e6, run["ready_ms"]["median"] / 1000
        frame = [f"{run['frame_ms'][key]:.1f} ms" for key in ("median", "p95")]
        rows.append([f"`{name}`", images, weights, f"{page:.1f} MB", f"{ready:.1f} s", *frame])
    machine = report["machine"]
    return table(
        "run | images | parameters of G, of D and Q | page | ready | frame, median | "
        "frame, 95 % below",
        rows,
        f"`{report['command']}` in {report['browser']}, headless and without a GPU, on "
        f"{machine['cores']} cores ({machine['processor']}); each page was opened "
        f"{report['times']} times.",
    )
