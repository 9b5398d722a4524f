"""Tables of docs/categories.md."""

import math
import statistics

from tables.base import machine_of, numbers, percent, purity_of, read, seconds_of, table
from tables.quality import studies


def spare() -> str:
    """Purity of runs with more categories than classes."""
    found, rows = [report for _, report in studies(spare=True)], []
    for report in found:
        config, runs = report["config"], report["runs"]
        scores = [run["validation"] for run in runs]
        k = scores[0]["k"]
        bound = statistics.mean(next(iter(score["information"].values())) for score in scores)
        codes = [code for code in config["latent"].values() if isinstance(code, dict)]
        prior = next(code["probs"] for code in codes if code.get("k")) or "uniform"
        purity = percent(map(purity_of, scores))
        information = f"{bound:.2f}; {math.log(k):.2f}"
        settings = [config["data"]["name"], f"{prior}, {k}", config["steps"], numbers(runs)]
        rows.append([*settings, purity, information, seconds_of(runs)])
    if not found:
        return "Not measured yet."
    return table(
        "images | prior, K | steps | seeds | purity | L_I; ln K | training",
        rows,
        *map(machine_of, found),
    )


def imbalance() -> str:
    """Accuracy where digits are rare, seed by seed."""
    report, full = read("imbalance"), read("quality-mnist")
    rows = []
    for variant in dict.fromkeys(run["variant"] for run in report["runs"]):
        runs = [run for run in report["runs"] if run["variant"] == variant]
        alike, thinned = (
            [run[part]["named"] or run[part] for run in runs] for part in ("alike", "thinned")
        )
        recall = [
            percent(
                statistics.mean(
                    r for d, r in s["recall"].items() if (int(d) in run["rare"]) == rare
                )
                for run, s in zip(runs, alike, strict=True)
            )
            for rare in (True, False)
        ]
        prior = f"{'learned' if runs[0]['prior'] else 'uniform'}, {runs[0]['alike']['k']}"
        merged = f" merged into {alike[0]['k']}" if "classes" in runs[0] else ""
        accuracy = [percent(s["cluster_accuracy"] for s in part) for part in (alike, thinned)]
        cells = [prior + merged, numbers(runs), accuracy[0], "; ".join(recall), accuracy[1]]
        rows.append([*cells, numbers(runs, "classes"), seconds_of(runs)])
    return table(
        "prior, K | seeds | ACC | recall of rare; common | ACC, rare digits rare | classes found | "
        "training",
        rows,
        "ACC (clustering accuracy) and recall in % on held-out MNIST with all digits equally "
        "frequent. ACC, rare digits rare: on images in which the rare digits keep a tenth, as in "
        f"training. {report['stays']:.0%} of the images of five digits stay, different digits for "
        f"each seed. There are {report['config']['steps']} steps. For comparison, the `mnist` "
        "preset of that time reached "
        f"{percent([full['summary']['validation']['median']])} on all images, with ten categories "
        f"and {full['config']['steps']} steps (median of {len(full['runs'])} seeds). Classes "
        "found: how many `infogan merge` makes of the categories when it is not "
        "given a number.",
        machine_of(report),
    )
