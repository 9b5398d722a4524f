"""Tables of docs/report.md."""

from tables.base import machine_of, numbers, percent, read, table


def reconstruction() -> str:
    """Error of reconstructed images, seed by seed."""
    report = read("photos")
    rows = []
    for run in report["runs"]:
        found = run["reconstruct"]
        errors = [f"{found[key]:.1f}" for key in ("searched", "random")]
        rows.append([run["seed"], *errors, f"{found['seconds']:.2f}"])
    return table(
        "seed | error with the z found | with a random z | seconds per image",
        rows,
        f"Mean over held-out digits, in grey levels of 0 to 255. {machine_of(report)}",
    )


def sorting() -> str:
    """What a threshold sets aside, over the seeds."""
    runs = read("photos")["runs"]
    rows = []
    for found in zip(*(run["sort"] for run in runs), strict=True):
        keys = ("aside", "accuracy", "caught")
        shares = (percent(result[key] for result in found) for key in keys)
        rows.append([f"{found[0]['unsure']:g}", *shares])
    return table(
        "`--unsure` | set aside | accuracy of the rest | share of all errors set aside",
        rows,
        f"In %, of {runs[0]['images']} held-out digits, one figure per seed ({numbers(runs)}).",
    )


def page() -> str:
    """Size of a report and the time to write it."""
    report = read("photos")
    size, taken = (
        max(run["report"][key] for run in report["runs"]) for key in ("bytes", "seconds")
    )
    return (
        f"For the digits the page has {size / 1e6:.2f} MB and takes {taken:.1f} s to write. "
        f"{machine_of(report)}"
    )
