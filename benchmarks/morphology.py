"""How continuous codes of finished runs go with measured slant, thickness, width and height.

    python benchmarks/morphology.py runs/quality/mnist-0 runs/quality/mnist-1 ...

Writes benchmarks/results/morphology.json: of each run the tables of rho that
`analysis.evaluation.continuous` gives on the held-out images of its data, the property assigned to
each code, and how many runs reach the two goals. $NOTE says what else matters about the machine.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import infogan as ig
from infogan.analysis.evaluation import continuous
from infogan.analysis.metrics import morphology
from infogan.analysis.observation import Observation
from infogan.runs.folder import Run
from infogan.training.device import Engine

RESULTS = Path(__file__).parent / "results"
GOALS = {"sweeps": 0.9, "real": 0.8}
"""|rho| of each code with the property that the sweeps assign to it."""


def one_run(word: str) -> dict[str, Any]:
    """Both tables of a run, and of each code its property and rho."""
    model = ig.Model.load(word)
    images = ig.data.load(model.config.data, "validation")
    codes = continuous(Observation(model, images, seed=model.config.seed))
    own = morphology.assign({code: found["sweeps"] for code, found in codes.items()})
    rows = {
        code: {"property": own[code], **{key: codes[code][key][own[code]] for key in GOALS}}
        for code in own
    }
    reached = {
        key: len(own) == len(codes) and all(abs(row[key]) >= goal for row in rows.values())
        for key, goal in GOALS.items()
    }
    return {
        "run": word,
        "seed": model.config.seed,
        "data": images.name,
        "images": len(images),
        "codes": codes,
        "assigned": rows,
        "reached": reached,
    }


def main() -> None:
    """Measure the runs that the command line names."""
    runs = [one_run(word) for word in sys.argv[1:]]
    machine = Engine.of(Run(sys.argv[1]).config).describe() | {
        "dtype": "float32"
    }  # a finished model's
    result = {
        "command": " ".join(["python benchmarks/morphology.py", *sys.argv[1:]]),
        "machine": machine,
        "note": os.environ.get("NOTE", ""),
        "goals": GOALS,
        "reached": {key: sum(run["reached"][key] for run in runs) for key in GOALS},
        "runs": runs,
    }
    (RESULTS / "morphology.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
