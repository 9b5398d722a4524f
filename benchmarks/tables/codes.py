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
    rows = []
    for row in read("factors-ideas")["rows"]:
        if not (by := row.get("brightness by factor")):
            continue
        ground = max(abs(weight) for factor, weight in by.items() if factor.startswith("ground"))
        weights = by["light"], by["scale"], by["ink"], ground
        rho = [row["rho"][code] for code in ("brightness", "saturation", "x")]
        drawn = row["what G draws (looked at)"]
        figures = [f"{weight:.2f}" for weight in weights] + [f"{value:.3f}" for value in rho]
        rows.append([row["idea"], *figures, drawn])
    return table(
        "views | light | scale | colour | ground | brightness | saturation | x | G draws",
        rows,
        "Light, scale, colour: by how many standard deviations the code moves with one of the "
        "factor (least squares on these, shape, grain and ground, by hand). Ground: the most with "
        "the side towards which it grows brighter. Brightness, saturation, x: rank correlation of "
        "each code with its factor. One run each, seed 100, float32, with other jobs running (the "
        "last rows of `benchmarks/results/factors-ideas.json`).",
    )
