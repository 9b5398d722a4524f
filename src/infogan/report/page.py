"""The page of a run: one file that loads nothing, for people who want to see what was found."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from infogan import __version__
from infogan.analysis import doctor
from infogan.analysis.metrics import clusters
from infogan.analysis.observation import Observation
from infogan.config.settings import RunConfig
from infogan.config.toml import as_toml
from infogan.core import atomic
from infogan.core.page import fill
from infogan.core.tables import read_file
from infogan.data.png import uri
from infogan.data.settings import GIVEN
from infogan.model.model import Model
from infogan.report import findings
from infogan.report.charts import chart, decimal
from infogan.runs.folder import Run

MOST_CATEGORIES, SAMPLES = 40, 40  # largest categories shown; samples of a model without any
REAL = '<main id="main" data-real>'  # in a page that shows real images
WIDEST = 40  # classes or categories beyond which a table of both is left out


def write(run: Run, seen: Observation, notes: Sequence[str] = ()) -> Path:
    """Write report.html into the run folder, below `notes`; only what G makes without images."""
    scores = run.scores
    height, width = seen.model.shape[:2]
    factor, each = findings.tiles(width)
    size = f"--w: {width * factor:g}px; --h: {height * factor:g}px; --fit: {each // 2};"
    say = {"uri": uri, "percent": percent, "decimal": decimal, "duration": duration}
    top = {"notes": notes, "findings": doctor.recorded(run), "sound": doctor.SOUND}
    values = say | top | about(run, seen, scores) | training(run, seen.model, scores)
    values |= results(seen, scores, each) | agreement(seen)
    content = fill("infogan.report", "page", ["page.js"], style=f":root {{ {size} }}\n", **values)
    with atomic.whole(run.report_file) as partial:
        partial.write_bytes(content)
    return run.report_file


def shows_images(run: Run) -> bool:
    """Whether the page that is there shows real images."""
    there = run.report_file
    return there.is_file() and REAL in there.read_text(encoding="utf-8", errors="replace")


def percent(share: float) -> str:
    """97.8 %, with a decimal only where it is not 100 or 0."""
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """45 s, 1 min 15 s or 2 h 3 min."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def about(run: Run, seen: Observation, scores: dict[str, Any]) -> dict[str, Any]:
    """What the run was: settings and scores, where and for how long it ran, how to repeat it."""
    model, config, codes = seen.model, seen.model.config, seen.model.latent.codes
    machine = read_file(run.environment_file) if run.environment_file.is_file() else {}
    kinds = [f"{name} ({code.kind})" for name, code in codes.items()]
    software = [f"{key} {machine[key]}" for key in ("infogan", "torch", "python") if key in machine]
    images = f"{machine['images']:,}" if "images" in machine else ""
    record, given = run.record, config.data.name == GIVEN
    folder, again = run.path.resolve(), shlex.quote(str(run.config_file))
    found: dict[str, Any] = {"title": folder.name, "folder": str(folder), "version": __version__}
    found |= {"model": model, "config": config, "settings": as_toml(config), "scores": scores}
    found |= {"machine": machine, "software": ", ".join(software), "trained": images}
    found |= {"latent": ", ".join([f"{config.latent.noise} noise", *kinds])}
    return found | {
        "data": {"run": str(run.path), "names": model.names.tree()},
        "source": "given as an array, and scored on the same images" if given else config.data.name,
        "origin": record.continued_from and record.continued_from.run,
        "again": "" if given else f"infogan train --config {again} --run runs/again",
        "priors": {name: [*map(percent, prior.tolist())] for name, prior in model.priors.items()},
        "weights": [sum(map(Tensor.numel, net.parameters())) for net in (model.g, model.d)],
        "lead": lead(config, images),
        "seconds": sum(line["seconds"] for line in run.metrics()),
    }


def lead(config: RunConfig, images: str, name: str = "") -> str:
    """What was looked for, and in what: in how many images, if that is known, and of which name,
    if it is not to be the whole one."""
    codes = config.latent.codes.values()
    groups = [f"{code.categories} categories" for code in codes if code.categories]
    others = len(codes) - len(groups)
    groups += [f"{others} continuous code{'s' if others > 1 else ''}"] if others else []
    name = "an array" if config.data.name == GIVEN else name or config.data.name
    source = f"{images} images of {name}" if images else name
    return f"{' and '.join(groups) or 'A generator'}, learned from {source}"


def results(seen: Observation, scores: dict[str, Any], each: int) -> dict[str, Any]:
    """What the model found: categories, with up to `each` images of each kind, and factors."""
    model, order = seen.model, findings.by_size(seen)
    generates, measured = model.config.objective.generates, scores.get("continuous") or {}
    shown = [findings.category(seen, k, each, seen.seed) for k in order[:MOST_CATEGORIES]]
    continuous = [name for name, code in model.latent.codes.items() if not code.categories]
    alone, read = generates and not model.drawn, seen.categories
    found: dict[str, Any] = {"names": model.names, "numbered": seen.numbered, "categories": shown}
    found |= {"code": model.categorical or model.drawn, "hidden": len(order) - len(shown)}
    found |= {"real": "real images" if seen.read else "", "weak": findings.WEAK}
    return found | {
        "fidelity": fidelity(scores),
        "copies": findings.nearest(seen),
        "apart": model.config.data.name != GIVEN,
        "images": seen.images if seen.read else None,
        "usage": clusters.usage(read.value, len(seen.numbered)) if read is not None else None,
        "samples": model.sample(SAMPLES, seed=seen.seed) if alone else (),
        "factors": [findings.factor(seen, c, measured.get(c)) for c in continuous if generates],
    }


def fidelity(scores: dict[str, Any]) -> dict[str, Any]:
    """How well generated images stand for real ones; empty where that was not measured."""
    if (found := scores.get("fidelity")) is None:
        return {}
    shares = {key: percent(found[key]) for key in ("precision", "recall", "coverage")}
    rest = {"density": decimal(found["density"], False), "FD": decimal(found["fd"], False)}
    lowest = min(found["recall_of"].items(), key=lambda item: item[1], default=("", 0))
    return {
        "figures": shares | rest | {"KD": decimal(found["kd"], False, digits=3)},
        "features": found["features"],
        "n": found["n"],
        "lowest": (lowest[0], percent(lowest[1])) if lowest[0] else None,
    }


def training(run: Run, model: Model, scores: dict[str, Any]) -> dict[str, Any]:
    """L_I of each code over the steps and at the end, beside its ceiling; both players' losses."""
    lines, codes = run.metrics(), model.latent.codes
    bounds, losses = findings.curves(model, lines, "L_I/"), findings.losses(model, lines)
    known = [*bounds, *(term.removeprefix("info/") for part in losses.values() for term in part)]
    colours = {name: i for i, name in enumerate(dict.fromkeys(known))}  # of a code one everywhere
    colours |= {f"info/{name}": i for name, i in colours.items()}
    final, errors = (scores.get(key) or {} for key in ("information", "information_error"))
    bounds_of = [
        (name, codes[name], bound, errors.get(name, 0), max(0.0, codes[name].recovered(bound)))
        for name, bound in final.items()
    ]
    return {
        "information": chart(bounds, colours, findings.ceilings(model)) if bounds else None,
        "bounds": bounds_of,
        "losses": [(player, chart(part, colours)) for player, part in losses.items() if part],
    }


def agreement(seen: Observation) -> dict[str, Any]:
    """Classes against categories: of each class the counts with their heat, 0 to 9, and the recall.
    Columns are in the order of the classes that they stand for; the others follow by size."""
    found = seen.clusters
    if found is None or max(found.table.shape) > WIDEST:
        return {"clusters": found, "confusion": ()}
    table, named = found.table, seen.real.classes
    columns = list(dict.fromkeys([*found.category_of.values(), *findings.by_size(seen)]))
    heat = np.ceil(9 * table / np.maximum(1, table.sum(1, keepdims=True))).astype(int)
    cells = np.stack([table, heat], 2)[:, columns].tolist()
    rows = list(zip(named, cells, found.recall(), strict=True))
    merges = found.merges(named, seen.numbered)
    return {"clusters": found, "confusion": rows, "columns": columns, "merges": merges}
