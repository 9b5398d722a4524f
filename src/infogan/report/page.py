"""The page of a run: one file that loads nothing, for people who want to see what was found."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch.nn import Module

from infogan import __version__
from infogan.analysis.observation import Observation
from infogan.config.toml import as_toml
from infogan.core import atomic
from infogan.core.page import fill
from infogan.core.tables import read_file
from infogan.data.png import uri
from infogan.model.model import Model
from infogan.report import findings
from infogan.report.charts import chart, decimal
from infogan.runs.folder import Run

MOST_CATEGORIES = 40
"""Categories that the page shows, the largest; of the others it says how many there are."""
WIDEST = 40
"""Classes or categories beyond which a table of both is left out."""
SAMPLES = 40


def write(run: Run, seen: Observation, notes: Sequence[str] = ()) -> Path:
    """Write report.html into the run folder; its path. Without images it shows what G makes alone.
    notes: what a reader should know first."""
    height, width = seen.model.shape[:2]
    factor, each = findings.tiles(width)
    size = f"--w: {width * factor:g}px; --h: {height * factor:g}px; --fit: {each // 2};"
    say = {"uri": uri, "percent": percent, "decimal": decimal, "version": __version__}
    values = contents(run, seen) | say | {"notes": notes}
    content = fill("infogan.report", ["page.js"], style=f":root {{ {size} }}\n", **values)
    with atomic.whole(run.report_file) as partial:
        partial.write_bytes(content)
    return run.report_file


def percent(share: float) -> str:
    """97.8 %, with a decimal only where it is not 100 or 0."""
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """45 s, 1 min 15 s or 2 h 3 min."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def contents(run: Run, seen: Observation) -> dict[str, Any]:
    """Everything that the page says, by the names that its template uses."""
    model, scores, order = seen.model, _table(run.scores_file), findings.by_size(seen)
    generates, each = model.config.objective.generates, findings.tiles(model.shape[1])[1]
    shown = [findings.category(seen, k, each, seen.seed) for k in order[:MOST_CATEGORIES]]
    measured = scores.get("continuous") or {}
    continuous = [name for name, code in model.latent.codes.items() if not code.categories]
    factors = [findings.factor(seen, c, measured.get(c)) for c in continuous if generates]
    samples = SAMPLES if generates and not model.drawn else 0
    return {
        "title": run.path.resolve().name,
        "real": "real images" if seen.read else "",
        "names": model.names,
        "code": model.categorical or model.drawn,
        "categories": shown,
        "drawn": model.drawn is not None,
        "hidden": len(order) - len(shown),
        "usage": findings.usage(seen),
        "samples": model.sample(samples, seed=seen.seed) if samples else (),
        "factors": factors,
        "weak": findings.WEAK,
        "data": {"run": str(run.path), "names": model.names.tree()},
        **training(run, model, scores),
        **agreement(seen, order),
        **about(run, seen, scores),
    }


def _table(path: Path) -> dict[str, Any]:
    return read_file(path) if path.is_file() else {}


def _weights(module: Module) -> int:
    return sum(p.numel() for p in module.parameters())


def about(run: Run, seen: Observation, scores: dict[str, Any]) -> dict[str, Any]:
    """What the run was: a sentence, the figures that matter, where it ran, how to repeat it."""
    model, config = seen.model, seen.model.config
    codes, machine = model.latent.codes, _table(run.environment_file)
    images = seen.images if seen.read else None
    seconds = sum(line["seconds"] for line in run.metrics())
    trained = f"{machine['images']:,}" if "images" in machine else ""
    groups = [f"{c.categories} categories" for c in codes.values() if c.categories]
    others = len(codes) - len(groups)
    groups += [f"{others} continuous code{'s' if others > 1 else ''}"] if others else []
    where = [str(machine[key]) for key in ("processor", "device", "machine") if machine.get(key)]
    software = [f"{key} {machine[key]}" for key in ("infogan", "torch", "python") if key in machine]
    kinds = [f"{name} ({code.kind})" for name, code in codes.items()]
    h, w, channels = model.shape
    facts = {
        "data": config.data.name,
        "images trained on": trained,
        "images on this page": f"{len(images):,} of {images.name}" if images else "",
        "image size": f"{h}×{w} {'grey' if channels == 1 else 'RGB'}",
        "objective": config.objective.kind,
        "latent": ", ".join([f"{config.latent.noise} noise", *kinds]),
        "weights": f"{_weights(model.g):,} in G, {_weights(model.d):,} in D and Q",
    }
    for name, prior in model.priors.items():
        shares = ", ".join(map(percent, prior.tolist()))
        facts[f"learned prior of {model.names.code(name)}"] = shares
    facts |= {
        "seed": str(config.seed),
        "time": duration(seconds) if seconds else "",
        "machine": ", ".join(where),
        "threads": str(machine.get("threads", "")),
        "arithmetic": machine.get("dtype", ""),
        "software": ", ".join(software),
        "folder": str(run.path.resolve()),
    }
    source = f"{trained} images of {config.data.name}" if trained else config.data.name
    return {
        "lead": f"{' and '.join(groups) or 'A generator'}, learned from {source}",
        "figures": figures(seen, scores, seconds),
        "facts": [(name, value) for name, value in facts.items() if value],
        "again": f"infogan train --config {shlex.quote(str(run.config_file))} --run runs/again",
        "settings": as_toml(config),
    }


def figures(seen: Observation, scores: dict[str, Any], seconds: float) -> list[tuple[str, str]]:
    """The figures that matter, each with what it is of."""
    model, config, found = seen.model, seen.model.config, seen.clusters
    code, bounds = model.latent.categorical, scores.get("information") or {}
    result = []
    if found is not None and config.labels is None:
        classes, k = found.table.shape
        of = f"over {len(seen.real):,} labelled images"
        if k > classes:  # matched one to one, the categories to spare would count as wrong
            result.append((percent(found.purity), f"purity at K = {k} categories, {of}"))
        else:
            result.append((percent(found.accuracy), f"clustering accuracy (ACC), {of}"))
        result.append((f"{found.nmi:.3f}", "normalised mutual information with the labels"))
    if "error" in scores:
        result.append((percent(scores["error"]), f"error over {scores['n']:,} held-out images"))
    if code and code in bounds:
        of = f"of the {model.latent.entropy[code]:.2f} nats of {model.names.code(code)}"
        result.append((f"{bounds[code]:.2f} nats", f"{of} can be read back from an image"))
    if seconds:
        of = f"for {config.steps:,} steps of {config.batch} images"
        result.append((duration(seconds), of))
    return result


def training(run: Run, model: Model, scores: dict[str, Any]) -> dict[str, Any]:
    """L_I of each code over the steps and at the end, beside its ceiling; both players' losses."""
    lines, codes = run.metrics(), model.latent.codes
    bounds = findings.curves(model, lines, "L_I/")
    losses = findings.losses(model, lines)
    known = [*bounds, *(term.removeprefix("info/") for part in losses.values() for term in part)]
    colours = {name: i for i, name in enumerate(dict.fromkeys(known))}  # of a code one everywhere
    colours |= {f"info/{name}": i for name, i in colours.items()}
    final, errors = (scores.get(key) or {} for key in ("information", "information_error"))
    return {
        "information": chart(bounds, colours, findings.ceilings(model)) if bounds else None,
        "bounds": [(name, codes[name], final[name], errors.get(name, 0)) for name in final],
        "losses": [(player, chart(part, colours)) for player, part in losses.items() if part],
    }


def agreement(seen: Observation, order: Sequence[int]) -> dict[str, Any]:
    """Classes against categories: the table, with columns in the order of the classes that they
    stand for. order: of the other categories."""
    found = seen.clusters
    page: dict[str, Any] = {"confusion": [], "columns": [], "merges": [], "agreement": ""}
    if found is None:
        return page
    named = seen.real.classes
    page["merges"] = found.merges(named, seen.numbered)
    page["agreement"] = (
        f"Clustering accuracy {percent(found.accuracy)}, each class matched with one category; "
        f"purity {percent(found.purity)}, each category standing for its most frequent class; "
        f"ARI {found.ari:.3f}, NMI {found.nmi:.3f}."
    )
    if max(found.table.shape) > WIDEST:
        return page
    matched = [found.category_of[c] for c in range(len(named)) if c in found.category_of]
    page["columns"] = columns = matched + [k for k in order if k not in matched]
    for name, counts, recall in zip(named, found.table, found.recall(), strict=True):
        heat = np.ceil(9 * counts / max(1, counts.sum())).astype(int)
        cells = [(int(counts[k]), int(heat[k])) for k in columns]
        page["confusion"].append({"name": name, "cells": cells, "recall": recall})
    return page
