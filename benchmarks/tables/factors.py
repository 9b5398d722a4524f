"""The table of docs/factors.md."""

import statistics

from tables.base import machine_of, numbers, read, table


def factors() -> str:
    """Scores of codes on sprites, over seeds, and of the run that was chosen without factors."""
    report, rows = read("factors"), []
    metrics = (
        "factor_vae",
        "dci",
        "sap",
        "explicitness",
        "modularity",
        "mig",
        "beta_vae",
        "info_m",
    )
    for recipe in report["words"]:
        runs = report["runs"].get(recipe, [])
        if recipe == "colour" or not runs:
            continue
        middle = (statistics.median(run[metric] for run in runs) for metric in metrics)
        rows.append([f"{recipe}, median", numbers(runs), *(f"{value:.2f}" for value in middle)])
        best = max(runs, key=lambda run: float(run["factor_vae"]))
        picked = {"best FactorVAE": best["seed"]}
        if recipe in report["chosen"]:
            own = report["chosen"][recipe]
            by = "ModelCentrality" if "centrality" in own else "its categories"
            picked[f"chosen by {by}"] = own["seed"]
        for words, seed in picked.items():
            own = next(run for run in runs if run["seed"] == seed)
            values = (f"{own[metric]:.2f}" for metric in metrics)
            rows.append([f"{recipe}, {words}", seed, *values])
    recipes = {name: text for name, text in report["words"].items() if name != "colour"}
    told = "; ".join(f"*{name}*: `{text}`" for name, text in recipes.items())
    return table(
        f"recipe | seeds | {' | '.join(f'`{metric}`' for metric in metrics)}",
        rows,
        f"What was trained: {told}.",
        machine_of(report),
    )
