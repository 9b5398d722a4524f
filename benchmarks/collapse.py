"""Whether recall shows a collapsed generator better than distances of pixels do.

    python benchmarks/collapse.py --chosen runs/doctor/collapse-blind-0 ... --fresh runs/...

Judges finished runs of digits, MNIST and Fashion-MNIST, with 500 generated and 500 held-out images
each: cases of benchmarks/doctor.py, whose settings say what is true of them, and runs of presets.
A run of a preset stands twice, as it is and collapsed by hand: G gets one noise vector for all
images, so that it draws one image of each category but for what the continuous codes change. A run
in which G waits until the end (`objective.warm-up` from WAITS on) counts as collapsed. Cases in
which a collapse may follow from another cause are refused: what is true of them is not known.

For each measure the threshold with the fewest errors is chosen on the runs of `--chosen`, and
judged on those of `--fresh`. Nothing is taken to be true of those of `--also`, runs or files of a
model. The rows go into the entry "collapse" of benchmarks/results/doctor.json; nothing else in that
file changes.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from doctor import CASES, RESULTS, G
from numpy.typing import NDArray

from infogan import data
from infogan.analysis import doctor
from infogan.analysis.consistency import FEWEST
from infogan.analysis.diagnostics import measure
from infogan.analysis.metrics import fidelity
from infogan.analysis.observation import Observation, spaced
from infogan.config.settings import RunConfig
from infogan.data.images import Images, Pixels
from infogan.latent.latent import Draw
from infogan.model.model import Model
from infogan.training.device import Engine

WAITS = 0.9
"""From this share of the steps on, G is not trained enough to draw anything."""
MEASURES = {
    "pixels": "pixel spacing",
    "pixels_least": "pixel spacing, the least of all and of the categories",
    "features": "spacing in features",
    "features_least": "spacing in features, least of the categories",
    "recall": "recall",
    "recall_least": "recall, least of the categories",
    "coverage": "coverage",
}
LEAST = "pixels_least"
"""What the doctor judges."""


class Collapsed(Observation):
    """A model whose G gets the same noise for every image."""

    @cached_property
    def generated(self) -> tuple[Draw, Pixels]:
        draw = super().generated[0]
        draw = replace(draw, noise=draw.noise[:1].expand_as(draw.noise))
        return draw, self.model.generate(draw.vector())


def nearest(features: fidelity.Features) -> float:
    """Median distance to the nearest other image."""
    apart = fidelity.distances(features, features)
    np.fill_diagonal(apart, np.inf)
    return float(np.median(apart.min(1)))


def signs(seen: Observation) -> dict[str, float]:
    """Each of MEASURES; within a category where it has FEWEST real and generated images."""
    found = measure(seen.model.config, [], {}, seen)
    assert seen.features is not None
    assert seen.categories is not None
    assert found.spacing is not None
    draw, made = seen.generated
    real, fake = seen.features(seen.real.take(seen.few)), seen.features(made)
    read = seen.categories.value[seen.few]
    drawn = draw.values[str(seen.model.drawn)].argmax(1).numpy()
    pairs = [(real[read == k], fake[drawn == k]) for k in range(len(seen.numbered))]
    pairs = [pair for pair in pairs if min(map(len, pair)) >= FEWEST]
    return {
        "pixels": found.spacing,
        "pixels_least": min(found.spacing, *found.spacings.values()),
        "features": nearest(fake) / nearest(real),
        "features_least": min(nearest(b) / nearest(a) for a, b in pairs),
        "recall": fidelity.score(real, fake).recall,
        "recall_least": min(fidelity.neighbours(a, b)[1] for a, b in pairs),
        "coverage": fidelity.score(real, fake).coverage,
    }


def rows(path: Path, data_dir: str | None) -> list[dict[str, Any]]:
    """What a run shows, and what is true of it: a row, or two (see above)."""
    model, images = loaded(path, data_dir)
    named = name(path)
    case = CASES.get(named["case"])
    if case and case.cause != G and G in case.follows:
        raise SystemExit(f"{path}: nobody knows whether G collapsed in this run")
    waits = getattr(model.config.objective, "warm_up", 0.0) >= WAITS
    collapsed = waits or bool(case and case.cause == G)
    found = [named | {"collapsed": collapsed} | signs(Observation(model, images))]
    if case is None and not waits:
        by_hand = {"by_hand": True, "collapsed": True}
        found.append(named | by_hand | signs(Collapsed(model, images)))
    return found


def name(path: Path) -> dict[str, Any]:
    """How the rows of a run begin: its folder's name, `CASE-SEED`, in parts."""
    case, _, seed = (path.parent if path.is_file() else path).name.rpartition("-")
    return {"case": case, "seed": int(seed), "by_hand": False}


def loaded(path: Path, data_dir: str | None) -> tuple[Model, Images]:
    """A model and the held-out images that the doctor looks at."""
    model = Model.load(path)
    source = model.config.data
    moved = {"dir": data_dir} if data_dir and source.dir else {}
    images = data.load(source.model_copy(update=moved), "validation")
    return model, images.subset(spaced(len(images)))


Values = NDArray[np.float64]


def threshold(bad: Values, fine: Values) -> float:
    """The value below which a run counts as collapsed, in the middle of the gap where the fewest
    runs are on the wrong side."""
    places = np.unique(np.concatenate([bad, fine]))
    cuts = [0.0, *((places[:-1] + places[1:]) / 2), places[-1] + 1]
    return float(min(cuts, key=lambda cut: (bad >= cut).sum() + (fine < cut).sum()))


def separation(bad: Values, fine: Values) -> float:
    """Probability that a collapsed run has the lower value of two (the area under the ROC)."""
    pairs = fine[None] - bad[:, None]
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def judged(chosen: Sequence[dict[str, Any]], fresh: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of each measure the threshold, and how it does on fresh runs; last, the doctor's own."""
    own = ("present", LEAST, "the least pixel spacing, at the doctor's threshold")
    found = dict[str, Any]()
    for name, key, words in (*((key, key, words) for key, words in MEASURES.items()), own):
        (below, above), (bad, fine) = (
            [
                np.array([row[key] for row in rows if row["collapsed"] is truth])
                for truth in (True, False)
            ]
            for rows in (chosen, fresh)
        )
        cut = doctor.CLOSE if name == own[0] else threshold(below, above)
        found[name] = {
            "measured": words,
            "threshold": cut,
            "auc_chosen": separation(below, above),
            "auc_fresh": separation(bad, fine),
            "missed": [int((bad >= cut).sum()), len(bad)],
            "false": [int((fine < cut).sum()), len(fine)],
        }
    return found


def below(runs: Sequence[dict[str, Any]], cuts: Sequence[float]) -> list[list[float]]:
    """Each threshold of LEAST, with the number of benchmarks/doctor.py's runs below it in which G
    neither collapsed nor may have, and the number of all of those."""
    values = np.array([run["signs"][G] for run in runs if G not in run["must"] + run["may"]])
    return [[cut, int((values < cut).sum()), len(values)] for cut in cuts]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ("chosen", "fresh", "also")
    for part in parts:
        needed = part != "also"
        parser.add_argument(f"--{part}", type=Path, nargs="+", required=needed, metavar="DIR")
    parser.add_argument("--data-dir", help="folder with the IDX files of mnist, fashion-mnist")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    paths = {part: getattr(arguments, part) or [] for part in parts}
    found = {
        part: [row for path in paths[part] for row in rows(path, arguments.data_dir)]
        for part in parts[:2]
    }
    found["also"] = [
        name(path) | signs(Observation(*loaded(path, arguments.data_dir))) for path in paths["also"]
    ]
    counts = " ".join(f"--{part} ({len(paths[part])} runs)" for part in parts if paths[part])
    measures = judged(found["chosen"], found["fresh"])
    file = RESULTS / "doctor.json"
    report = json.loads(file.read_text(encoding="utf-8"))
    report["collapse"] = {
        "command": f"python benchmarks/collapse.py {counts} --threads {arguments.threads}",
        "machine": Engine.of(RunConfig()).describe(),
        "measures": measures,
        "below": below(report["runs"], [measures[key]["threshold"] for key in ("present", LEAST)]),
        **found,
    }
    file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
