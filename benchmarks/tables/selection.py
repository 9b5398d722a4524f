"""The table of docs/selection.md."""

import statistics

from tables.base import machine_of, read, say, table


def selection() -> str:
    """How well each score without labels predicts accuracy, and chooses."""
    report = read("selection")
    rows = [
        [
            say(name),
            f"{row['spearman']:.2f}",
            row["hits"],
            f"{row['hit_rate']:.0%}",
            f"{100 * row['mean_loss']:.2f}",
        ]
        for name, row in report["scores"].items()
    ]
    chance, accuracy = report["chance"], report["accuracy"]
    rates = [f"{chance['hit_rate']:.0%}", f"{100 * chance['mean_loss']:.2f}"]
    return table(
        "score | Spearman's rho with accuracy | hits in 10 groups | hits in random groups | "
        "points lost on average",
        [*rows, ["any run, by chance", "–", "–", *rates]],
        f"{len(accuracy)} runs of {min(accuracy):.1%} to {max(accuracy):.1%} (median "
        f"{statistics.median(accuracy):.1%}) on {report['images']['scored']:,} images of MNIST "
        f"that are not among the embedded digits; {report['random_groups']:,} random groups of "
        "five.",
        machine_of(report),
    )
