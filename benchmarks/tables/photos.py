"""Tables of docs/photos.md."""

import statistics
from typing import Any

from tables.base import machine_of, read, table

SHOWN = "default", "projected", "photos' game", "J from nothing"  # the file has earlier ones too
SHARES = "precision", "recall", "coverage"
BEFORE = "°"  # behind what was measured with another G


def folders() -> str:
    """Every folder with its baselines, the recipes of today, and the one before."""
    report = read("folders")
    rows = []
    shown = [*report["baselines"], *SHOWN]
    for name, recipes in report["runs"].items():
        for recipe in [recipe for recipe in shown if recipe in recipes]:
            runs = recipes[recipe]
            good = [run for run in runs if "cluster_accuracy" in run]
            each = [100 * run["cluster_accuracy"] for run in good]
            marks = [BEFORE * ("kernels" in run) for run in good]
            failed = f", {len(runs) - len(good)} failed" if len(runs) > len(good) else ""
            found = sorted({finding for run in good for finding in run.get("findings", ())})
            rows.append(
                [
                    name,
                    recipe if recipe in report["baselines"] else f"infogan, {recipe}",
                    f"{statistics.median(each):.1f}",
                    ", ".join(map("{:.1f}{}".format, each, marks)) + failed,
                    f"{statistics.median(run['nmi'] for run in good):.2f}",
                    ", ".join(f"{run['kept']:.0%}" for run in good if "kept" in run) or "–",
                    f"{min(run['seconds'] for run in good) / 60:.1f}",
                    ", ".join(found) or "–",
                ]
            )
    own = [recipes.get(recipe, []) for recipes in report["runs"].values() for recipe in SHOWN]
    seeds = sorted({run["seed"] for runs in own for run in runs})
    return table(
        "folder | what | median ACC | each seed | NMI | views kept | minutes | the doctor found",
        rows,
        f"ACC (clustering accuracy) in %: of infogan on held-out images (seeds {seeds[0]} to "
        f"{seeds[-1]}), of the other methods on all images. Views kept: the share of augmented "
        "views that keep their image's category, which needs no label. Minutes: training on one "
        "thread, of the run that other jobs disturbed least. "
        + " ".join(f"`{name}`: {report['words'][name]}." for name in SHOWN[1:])
        + f" {BEFORE}: with the former generator, which had DCGAN's kernels of 4x4.",
        machine_of(report),
    )


def kernels() -> str:
    """Runs of the default by the generator before and by that of now, where both were measured."""
    report, rows = read("folders"), []
    for name, recipes in report["runs"].items():
        now = {run["seed"]: run for run in recipes["default"]}
        for before in recipes.get("4x4 kernels", ()):
            pair = before, now[before["seed"]]
            drawn = [run["fidelity"] for run in pair]
            rows.append(
                [
                    name,
                    before["seed"],
                    *(f"{scores['fd']:,.0f}" for scores in drawn),
                    *(", ".join(f"{scores[key]:.2f}" for scores in drawn) for key in SHARES),
                    ", ".join(f"{100 * run['cluster_accuracy']:.1f}" for run in pair),
                ]
            )
    return table(
        "folder | seed | FD before | FD now | precision | recall | coverage | ACC",
        rows,
        f"One run a row, by the generator before and by that of now; {_otherwise(report)}.",
    )


def _otherwise(report: dict[str, Any]) -> str:
    """Which runs computed in another precision than the others, in words."""
    others = [
        f"{name} {run['seed']} (now) in {run['dtype']}"
        for name, recipes in report["runs"].items()
        for run in recipes["default"]
        if "dtype" in run
    ]
    return f"all in {report['machine']['dtype']}{''.join(f', but {other}' for other in others)}"


def ideas() -> str:
    """What was tried for photos, in its order."""
    report = read("photo-ideas")
    rows = [
        [row["folder"], row["idea"], row["seed"], row["steps"], row["seconds"], row["accuracy"]]
        for row in report["rows"]
    ]
    return table(
        "folder | idea | seed | steps | seconds | ACC",
        rows,
        "ACC in % of held-out images (every tenth; of all images where features were cached or "
        "eight blocks learned on cifar10). Rows were measured while the preset was made, "
        "the first with a prototype, on one thread of 2 cores (AMD EPYC), with other jobs running.",
    )
