"""Tables of docs/fidelity.md."""

from tables.base import machine_of, read, table


def fidelity() -> str:
    """What generators cover: medians over seeds."""
    report = read("fidelity")
    rows = []
    for label, found in report["summary"].items():
        lowest = f"{found['worst_recall_of_seeds']:.2f}"
        shares = [f"{found[key]:.2f}" for key in ("precision", "recall")]
        within = f"{found['recall_worst']:.2f}"
        acc = f"{100 * found['acc']:.1f}"
        minutes = f"{found['seconds'] / 60:.1f}"
        seeds = ", ".join(map(str, found["seeds"]))
        fd = f"{found['fd']:.1f}"
        rows.append([label, seeds, fd, *shares, lowest, within, acc, minutes])
    return table(
        "settings | seeds | FD | precision | recall | lowest of the seeds | lowest of a category "
        "| ACC | minutes",
        rows,
        "Medians over the seeds. 10,000 generated images against 10,000 held-out ones (of MNIST or "
        "of Fashion-MNIST), in features of the classifier for them. ACC in % of each run's own "
        "held-out images. Other runs went on beside these: the minutes are too many.",
        machine_of(report),
    )


def ablation(key: str = "ablation", preset: str = "digits") -> str:
    """What was tried for the generator of a preset, one seed each."""
    rows = [
        [
            row["idea"],
            str(row["seed"]),
            f"{row['fd']:.1f}",
            f"{row['precision']:.2f}",
            f"{row['recall']:.2f}",
            f"{row['recall_worst']:.2f}",
            f"{100 * row['acc']:.1f}",
        ]
        for row in read("fidelity")[key]
    ]
    return table(
        f"`{preset}` | seed | FD | precision | recall | lowest of a category | ACC",
        rows,
        "One run a row: differences of a few hundredths mean nothing.",
    )
