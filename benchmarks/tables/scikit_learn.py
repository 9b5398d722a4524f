"""The table of docs/scikit-learn.md."""

from tables.base import deviation, machine_of, numbers, read, seconds_of, table


def scikit_learn() -> str:
    """The clusterer beside those of scikit-learn."""
    report = read("scikit-learn")
    metrics = ("ARI", "AMI", "homogeneity", "completeness")
    names = dict.fromkeys(row["method"] for row in report["rows"])
    found = {name: [row for row in report["rows"] if row["method"] == name] for name in names}
    rows = [
        [
            f"`{name}`" if " + " not in name else name,
            *(deviation([run[metric] for run in runs], ".3f") for metric in metrics),
            seconds_of(runs),
        ]
        for name, runs in found.items()
    ]
    own = found["InfoGANClusterer"]
    return table(
        f"estimator | {' | '.join(metrics)} | median training",
        rows,
        f"Mean ± standard deviation over the seeds {numbers(own)}; {report['steps']} steps of "
        f"the clusterer.",
        machine_of(report),
    )
