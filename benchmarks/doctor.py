"""How often the doctor is right: runs that are healthy, and runs broken on purpose.

    python benchmarks/doctor.py [--threads 1] [--also runs/quality/digits-0 ...] [--data-dir mnist/]
    python benchmarks/doctor.py --away runs/one-0 ... [--data-dir mnist/]

Trains the runs of CASES on the embedded digits into runs/doctor/ (about forty minutes on one core),
asks the doctor about each, writes a row beside it, and collects the rows into
benchmarks/results/doctor.json; a study that was stopped resumes. What the doctor measures and its
thresholds were chosen on runs of seeds below FRESH; the others judge it. `--also` judges further
runs, whose settings are taken to be sound; those of MNIST need --data-dir.

What is true of a run, `must`: the cause in its settings and, where the categories were trained,
what the labels of up to 5,000 images show that the doctor does not see. `may`: what follows from
that cause, reported or not. Anything else is a false alarm.

`--away` measures, of runs named KIND-SEED, how far generated images are from real ones, into the
entry "away" of that file. Whether they show anything is for the eye: no setting says so, and the
study above takes that finding as neither right nor wrong.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from small import SMALL

from infogan import data
from infogan.analysis import doctor
from infogan.analysis.diagnostics import Signs
from infogan.analysis.evaluation import scores
from infogan.analysis.metrics import clusters
from infogan.analysis.observation import Observation, spaced
from infogan.config.settings import RunConfig
from infogan.config.tree import from_options
from infogan.model.model import Model
from infogan.pipeline.run import fit
from infogan.runs.folder import Run
from infogan.training.device import Engine

Array = NDArray[Any]
RESULTS = Path(__file__).parent / "results"
RUNS = Path("runs/doctor")
OTHERS = 5000
"""Images whose labels say what is true; the doctor sees others."""
SAMPLES = 2000
"""Generated images behind the scores' L_I, which nothing here reads."""
SEEDS, FRESH = 8, 4
"""Seeds of each case, and the first of those on which nothing of the doctor was chosen."""
FAR, NEAR = 0.2, 0.1
"""By the labels of images that the doctor does not see, categories are mixed where a category has
FAR of its images in a second class, or a class FAR of its own in a second category, and not where
both stay below NEAR. A category is unused below NEAR of its prior, and used above FAR. Between the
two a run is undecided: either answer counts as neither right nor wrong."""
D, G, CODE = "D overpowers G", "generator collapse", "code ignored"
LAGS, UNUSED, MIXED = "finished model lags", "category unused", "categories mixed"
UNLIKE = "generated images unlike"
NAMES = (D, G, CODE, LAGS, UNUSED, MIXED)


@dataclass(frozen=True)
class Case:
    """One way to train."""

    options: str
    """Beside the settings in small.py."""
    cause: str | None = None
    """What its settings break."""
    follows: tuple[str, ...] = ()
    """What follows from that."""
    labels: bool = False
    """Whether labels say what became of the categories; else anything may be said of them."""


AWAY = "python benchmarks/doctor.py --threads 1 --away ({} runs)"
PLAIN = "--objective.real-weight 0 --augment none"
MUTE = "--latent.digit.weight 0 --latent.slant.weight 0 --latent.width.weight 0"
RIGID = "--augment.bend 0"
SHORT = "--optim.ema 0.9"
UNTRAINED = (G, CODE, LAGS)
CASES = {
    "overpowers-steps": Case(
        f"{PLAIN} {SHORT} --d-steps 5 --optim.d-lr 1e-3 --optim.g-lr 2e-5 --steps 80", D, UNTRAINED
    ),
    "collapse-blind": Case(f"{PLAIN} {SHORT} --optim.d-lr 1e-6 --steps 100", G, UNTRAINED),
    "collapse-noise": Case(
        f"{RIGID} {SHORT} --latent.noise 0 --latent.slant none --latent.width none --steps 150",
        G,
        (LAGS,),
        labels=True,
    ),
    "lags": Case(f"{RIGID} --steps 120", LAGS, UNTRAINED),
    "ignored-gan": Case(f"{SHORT} --objective gan --augment none --steps 150", CODE, (LAGS,)),
    "ignored-weight": Case(f"{PLAIN} {SHORT} {MUTE} --steps 150", CODE, (LAGS,)),
    "overpowers-rates": Case(
        f"{RIGID} {SHORT} --optim.d-lr 1e-2 --optim.g-lr 1e-4 --steps 200", D, UNTRAINED
    ),
    "ignored-slant": Case(
        f"{RIGID} {SHORT} --latent.slant.weight 0 --steps 300", CODE, (LAGS,), labels=True
    ),
    "plain": Case(f"{PLAIN} --optim.ema 0.98 --steps 400", labels=True),
    "forty": Case(
        f"{PLAIN} --optim.ema 0.95 --latent.digit categorical:40 --steps 250", labels=True
    ),
    "rigid": Case(f"{RIGID} --steps 600", labels=True),
    "twenty": Case(
        f"{RIGID} --optim.ema 0.98 --latent.digit categorical:20 --steps 400", labels=True
    ),
}
ALSO = Case("", labels=True)


def truth(case: Case, table: Array, prior: Array) -> tuple[set[str], set[str]]:
    """`must` and `may` of a run, from the counts of its images [classes, K] and its prior [K]."""
    must, may = {case.cause} if case.cause else set(), {*case.follows, UNLIKE}
    if not case.labels:
        return must, may | {UNUSED, MIXED}
    second = [np.sort(shares)[-2] / max(1, shares.sum()) for shares in (*table, *table.T)]
    used = table.sum(0) / table.sum() / prior
    for name, high, low in (
        (MIXED, max(second) >= FAR, max(second) >= NEAR),
        (UNUSED, min(used) < NEAR, min(used) < FAR),
    ):
        if high:
            must.add(name)
        elif low:
            may.add(name)
    return must, may


def train(config: RunConfig, path: Path) -> None:
    """One run with its scores; without pictures, which the doctor does not look at."""
    run = Run(path)
    if run.scores_file.is_file():
        return
    model = fit(config, path)
    images = data.load(config.data, "validation")
    seen = Observation(model, images, seed=config.seed, samples=SAMPLES)
    run.write_json(run.scores_file, scores(seen) | {"steps": config.steps})


def source_of(config: RunConfig, data_dir: str | None) -> data.Source:
    """Where a run's images are here."""
    moved = data_dir and config.data.dir
    return config.data.model_copy(update={"dir": data_dir}) if moved else config.data


def examined(path: Path, model: Model, source: data.Source) -> doctor.Diagnosis:
    """What the doctor says of a run by held-out images."""
    images = data.load(source, "validation")
    return doctor.examine(Run(path), Observation(model, images.subset(spaced(len(images)))))


def away(path: Path, data_dir: str | None) -> dict[str, Any]:
    """How far a run's generated images are from real ones, and whether the doctor says so."""
    model = Model.load(path)
    found = examined(path, model, source_of(model.config, data_dir))
    kind, _, seed = path.name.rpartition("-")
    assert found.signs.away is not None
    return {
        "kind": kind,
        "seed": int(seed),
        "away": round(found.signs.away, 4),
        "said": [finding.name for finding in found.findings if finding.name in (UNLIKE, G)],
    }


def judge(name: str, case: Case, path: Path, data_dir: str | None) -> dict[str, Any]:
    """What the doctor says of a run, and what is true of it."""
    run, model = Run(path), Model.load(path)
    config, source = run.config, source_of(run.config, data_dir)
    found = examined(path, model, source)
    others = data.load(source, "train")
    others = others.subset(np.arange(min(OTHERS, len(others))))
    read = model.encode(others)[str(model.categorical)]
    table = clusters.contingency(
        others.labels, read.value, len(others.classes), read.probs.shape[1]
    )
    prior = np.array(config.latent.codes[str(config.latent.categorical)].shares)
    must, may = truth(case, table, prior)
    return {
        "case": name,
        "seed": config.seed,
        "must": sorted(must),
        "may": sorted(may - must),
        "said": sorted({finding.name for finding in found.findings}),
        "cluster_accuracy": clusters.score(others.labels, read.value, *table.shape).accuracy,
        "signs": {key: round(value, 4) for key, value in worst(found.signs).items()},
        "words": [str(finding) for finding in found.findings],
    }


def worst(signs: Signs) -> dict[str, float]:
    """Of each finding the value that its threshold is compared with, the smaller the worse."""
    spacings = [*signs.spacings.values(), *([] if signs.spacing is None else [signs.spacing])]
    read = {name: share for name, share in signs.recovered.items() if share >= doctor.RECOVERED}
    values: Mapping[str, list[float]] = {
        D: [] if signs.losses is None else [signs.losses[0] / signs.chance],
        G: spacings,
        CODE: list(signs.recovered.values()),
        LAGS: [
            signs.finished[name] / share for name, share in read.items() if name in signs.finished
        ],
        UNUSED: list(signs.usage),
        MIXED: [-strength for *_, strength in signs.pairs],
    }
    return {name: min(found) for name, found in values.items() if found}


THRESHOLDS: dict[str, float] = {
    D: doctor.OVERPOWERED,
    G: doctor.CLOSE,
    CODE: doctor.RECOVERED,
    LAGS: doctor.LAG,
    UNUSED: doctor.UNUSED,
    MIXED: doctor.MIXED,
}

MEASURED = {
    D: "L_D over 2 ln 2",
    G: "distance to the nearest other image, over that of real ones",
    CODE: "share of a code that Q reads",
    LAGS: "the finished model's share over that in training",
    UNUSED: "share of images over the prior",
    MIXED: "probability to cross between two categories",
}


def fitted(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Worst healthy and best broken value of a sign: a threshold belongs between them."""
    rows = [row for row in rows if name in row["signs"]]
    bad = [row["signs"][name] for row in rows if name in row["must"]]
    fine = [row["signs"][name] for row in rows if name not in row["must"] + row["may"]]
    sign = -1 if name == MIXED else 1
    return {
        "measured": MEASURED[name],
        "threshold": THRESHOLDS[name],
        "broken": sign * max(bad) if bad else None,
        "healthy": sign * min(fine) if fine else None,
        "runs": [len(bad), len(fine)],
    }


def tally(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How often what is true was reported, and how many runs got a false alarm."""
    asked = [(row, name) for row in rows for name in row["must"]]
    missed = [
        f"{row['case']}-{row['seed']}: {name}" for row, name in asked if name not in row["said"]
    ]
    false = [f"{row['case']}-{row['seed']}: {name}" for row in rows for name in wrong(row)]
    alarmed, healthy = (
        [row for row in rows if list(wrong(row))],
        [row for row in rows if not row["must"]],
    )
    return {
        "runs": len(rows),
        "causes": len(asked),
        "recall": 1 - len(missed) / max(1, len(asked)),
        "false_alarms": len(alarmed) / max(1, len(rows)),
        "healthy": len(healthy),
        "healthy_alarmed": sum(bool(list(wrong(row))) for row in healthy),
        "missed": missed,
        "false": false,
        "by_finding": {
            name: [
                sum(name in row["said"] for row, asked_for in asked if asked_for == name),
                sum(n == name for _, n in asked),
            ]
            for name in NAMES
        },
    }


def wrong(row: dict[str, Any]) -> Iterator[str]:
    """Findings that are not true of a run."""
    return (name for name in row["said"] if name not in row["must"] + row["may"])


def collect(rows: list[dict[str, Any]], command: str) -> dict[str, Any]:
    """The rows and what they come to."""
    chosen, fresh = (
        [row for row in rows if (row["seed"] >= FRESH) == new] for new in (False, True)
    )
    return {
        "command": command,
        "machine": Engine.of(RunConfig()).describe(),
        "cases": {name: case.options for name, case in CASES.items()},
        "first_fresh_seed": FRESH,
        "fitted": {name: fitted(chosen, name) for name in NAMES},
        "chosen": tally(chosen),
        "fresh": tally(fresh),
        "all": tally(rows),
        "runs": rows,
    }


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--also", type=Path, nargs="+", default=[], metavar="DIR", help="further runs to judge"
    )
    parser.add_argument("--data-dir", help="folder with the IDX files of mnist")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--judge-only", action="store_true", help="train nothing; judge the runs that are there"
    )
    parser.add_argument("--away", type=Path, nargs="+", default=[], metavar="DIR")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.away:
        found = [away(path, arguments.data_dir) for path in arguments.away]
        about = {"threshold": doctor.AWAY, "machine": Engine.of(RunConfig()).describe()}
        write({"away": about | {"command": AWAY.format(len(found)), "runs": found}})
        return
    rows = []
    for seed in range(SEEDS):
        for name, case in CASES.items():
            path = RUNS / f"{name}-{seed}"
            if arguments.judge_only and not Run(path).scores_file.is_file():
                continue
            if not arguments.judge_only:
                train(
                    SMALL.replace(**from_options(case.options.split())).replace(
                        seed=seed, log_every=20
                    ),
                    path,
                )
            rows.append(judge(name, case, path, None))
            (path / "row.json").write_text(json.dumps(rows[-1], indent=2), encoding="utf-8")
            print(
                f"{name}-{seed}", rows[-1]["must"], rows[-1]["said"], rows[-1]["signs"], flush=True
            )
    for path in arguments.also:
        rows.append(judge(path.name.rpartition("-")[0], ALSO, path, arguments.data_dir))
        print(path, rows[-1]["must"], rows[-1]["said"], rows[-1]["signs"], flush=True)
    command = "python benchmarks/doctor.py --threads 1" + (
        f" --also ({len(arguments.also)} runs)" * bool(arguments.also)
    )
    write(collect(rows, command))


def write(found: dict[str, Any]) -> None:
    """The file with what was found; its other entries stay."""
    file = RESULTS / "doctor.json"
    kept = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(kept | found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
