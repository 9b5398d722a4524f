"""What else than its factor a code reads, in finished runs on sprites.

    python benchmarks/readings.py brightness runs/factors/colour-0 ...

Writes benchmarks/results/readings.json: of each run the views that its codes were to follow, how
each code goes with its factor on the held-out images, the Fréchet distance of its samples, and how
much of the named code's variance boosted trees on all factors explain, and lose when they are not
told one group of factors. Images of the first seven tenths are learned from, the others scored.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

import infogan as ig
from infogan.runs.folder import Run
from infogan.training.device import Engine

TARGET = Path(__file__).parent / "results" / "readings.json"
GROUPS = {
    "light": ("brightness",),
    "scale": ("scale",),
    "colour": ("hue", "saturation"),
    "shape": ("shape", "orientation"),
    "place": ("x", "y"),
    "ground": ("background",),
    "grain": ("noise",),
}
"""Factors of coloured sprites, by what they are of."""
VIEWS = "strength", "centred", "turn", "shift", "brightness", "contrast", "shade"


def explained(read: NDArray[Any], factors: NDArray[Any]) -> float:
    """R² of what trees on factors [N, F] say of a code [N], on images they did not learn from."""
    cut = len(read) * 7 // 10
    trees = HistGradientBoostingRegressor(max_iter=200, random_state=0)
    said = trees.fit(factors[:cut], read[:cut]).predict(factors[cut:])
    return float(1 - np.square(said - read[cut:]).mean() / read[cut:].var())


def one_run(code: str, word: str) -> dict[str, Any]:
    """The row of a run."""
    model, scores = ig.Model.load(word), json.loads((Path(word) / "scores.json").read_text())
    images = ig.data.load(model.config.data, "validation")
    read, names = model.encode(images)[code].mean, list(images.factor_names)
    factors = np.asarray(images.factors, np.float64)
    whole, lost = explained(read, factors), dict[str, float]()
    for group, members in GROUPS.items():
        rest = [i for i, name in enumerate(names) if name not in members]
        lost[group] = round(whole - explained(read, factors[:, rest]), 4)
    views = model.config.augment.model_dump() if model.config.augment else {}
    return {
        "run": word,
        "seed": model.config.seed,
        "steps": model.config.steps,
        "penalty": getattr(model.config.objective, "penalty", 0.0),
        "views": {name: views[name] for name in VIEWS},
        "rho": {name: abs(own["factors"][name]) for name, own in scores["continuous"].items()},
        "fd": round(scores["fidelity"]["fd"]),
        "explained": round(whole, 4),
        "lost": lost,
        "dtype": json.loads((Path(word) / "environment.json").read_text())["dtype"],
    }


def main() -> None:
    """Measure the runs that the command line names."""
    code, *words = sys.argv[1:]
    rows = [one_run(code, word) for word in words]
    report = {
        "code": code,
        "command": " ".join(["python benchmarks/readings.py", *sys.argv[1:]]),
        "machine": Engine.of(Run(words[0]).config).describe(),
        "note": os.environ.get("NOTE", ""),
        "rows": rows,
    }
    TARGET.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
