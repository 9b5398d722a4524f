"""Tables of docs/codes.md."""

from tables.base import machine_of, read, table


def codes() -> str:
    """The property of each continuous code, run by run, and how many runs reach the goals."""
    report = read("morphology")
    rows = [
        [
            f"{run['data']}, seed {run['seed']}",
            *(
                f"{row['property']} {row['sweeps']:+.2f}, {row['real']:+.2f}".replace("-", "−")
                for row in run["assigned"].values()
            ),
        ]
        for run in report["runs"]
    ]
    reached, goals, n = report["reached"], report["goals"], len(report["runs"])
    names = [f"`{name}`" for name in report["runs"][0]["assigned"]]
    return table(
        " | ".join(["run", *names]),
        rows,
        "Each cell has the property that the code is assigned, rho over generated sweeps, and rho "
        f"over held-out images within categories. All codes of a run reach {goals['sweeps']} over "
        f"sweeps in {reached['sweeps']} of {n} runs, and {goals['real']} over real images in "
        f"{reached['real']} of {n}. {machine_of(report)}",
    )


def followed() -> str:
    """How well codes that follow a property go with the factor, on real images, seed by seed."""
    report = read("factors")
    runs = report["runs"].get("colour", [])
    if not runs:
        return ""
    rows = [
        [f"`{code}`", f"{min(run['rho'][code] for run in runs):.2f}", *(f"{v:.2f}" for v in values)]
        for code in runs[0]["rho"]
        if (values := [run["rho"][code] for run in runs])
    ]
    header = " | ".join(["code", "least", *(f"seed {run['seed']}" for run in runs)])
    words = "`sprites-colour`, the rank correlation (without sign) of each code's mean over the "
    return table(header, rows, f"{words}held-out images with its factor.", machine_of(report))


def brightness() -> str:
    """What else than light the code that follows brightness reads, by the views of each trial."""
    report, rows = read("readings"), []
    for row in report["rows"]:
        views, lost = row["views"], row["lost"]
        middle = "sprite" if views["centred"] else "image"
        words = [f"{views['strength']:g}", middle, f"{views['turn']:g}", f"{views['shift']:g}"]
        shade = f", shade {views['shade']:g}" if views["shade"] else ""
        words += [f"{views['brightness']:g}", f"{views['contrast']:g}{shade}"]
        words += [f"{row['steps']:,}", str(row["seed"])]
        figures = [f"{row['rho'][code]:.3f}" for code in ("brightness", "saturation", "x")]
        groups = "scale", "colour", "place", "ground"
        shares = [f"{max(0.0, lost[group]):.2f}" for group in groups]
        rows.append([*words, *figures, *shares, f"{row['fd']:,}"])
    kept = "strength | about | turn | shift | brightness | contrast | steps | seed"
    return table(
        f"{kept} | brightness | saturation | x | scale | colour | place | ground | FD",
        rows,
        "First the views (`augment.NAME`; what they turn and scale about), then the rank "
        "correlations of three codes with their factors. Scale, colour, place and ground: how "
        "much of the brightness code's variance (1) boosted trees that are told all factors "
        "explain, and no longer do without that one (colour: hue and saturation; place: x and y; "
        "ground: the side towards which it grows brighter). FD: Fréchet distance of G's images on "
        f"the features of `efficientnet-lite0`. {machine_of(report)}",
    )
