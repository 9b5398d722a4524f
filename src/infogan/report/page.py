"""The page of a run: one file that loads nothing, for people who want to see what was found."""

import base64
import hashlib
import shlex
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup
from torch.nn import Module

from infogan import __version__
from infogan.analysis.metrics import clusters
from infogan.config.toml import as_toml
from infogan.core import atomic
from infogan.core.tables import read_file
from infogan.data.images import Images
from infogan.model.model import Model
from infogan.report import findings
from infogan.report.charts import chart, decimal
from infogan.runs.folder import Run

WIDEST = 40
"""Classes or categories beyond which a table of both is left out."""
SAMPLES = 40


def write(run: Run, model: Model, images: Images | None, notes: Sequence[str] = ()) -> Path:
    """Write report.html into the run folder; its path.

    images: what Q sorts on the page, None to show what G makes alone. notes: what a reader should know first.
    """
    style, script = _part("page.css"), _part("page.js")
    height, width = model.shape[:2]
    factor, each = findings.tiles(width)
    style += (
        f":root {{ --w: {width * factor:g}px; --h: {height * factor:g}px; --fit: {each // 2}; }}\n"
    )
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    html = environment.from_string(_part("page.html")).render(
        **contents(run, model, images),
        notes=notes,
        style=Markup(style),
        style_hash=_hash(style),
        script=Markup(script),
        script_hash=_hash(script),
        percent=percent,
        signed=lambda r: decimal(r.strength, r.signed),
        version=__version__,
    )
    with atomic.whole(run.report_file) as partial:
        partial.write_bytes(html.encode("utf-8", "backslashreplace"))  # file names need not be text
    return run.report_file


def _part(name: str) -> str:
    return (files("infogan.report") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a content security policy wants it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def percent(share: float) -> str:
    """97.8 %, with a decimal only where it is not 100 or 0."""
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """45 s, 1 min 15 s or 2 h 3 min.

    >>> duration(75)
    '1 min 15 s'
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def contents(run: Run, model: Model, images: Images | None) -> dict[str, Any]:
    """Everything that the page says, by the names that its template uses."""
    codes, names, generates = model.latent.codes, model.names, model.config.objective.generates
    code = model.categorical or model.drawn
    read = {} if images is None else model.encode(images)
    images = images if read else None
    found = None
    if images is not None and code in read and (images.labels >= 0).any():
        found = clusters.score(
            images.labels, read[code].value, len(images.classes), read[code].probs.shape[1]
        )
    categories = findings.categories(model, images, read, found)
    continuous = [name for name, c in codes.items() if generates and not c.categories]
    measured = _scores(run).get("continuous") or {}
    page = {
        "title": run.path.resolve().name,
        "real": "real images" if images is not None else "",
        "names": names,
        "code": code,
        "categories": categories,
        "drawn": model.drawn is not None,
        "largest": max((c.share for c in categories), default=0),
        "hidden": findings.total(model, read) - len(categories),
        "usage": findings.usage(model, read),
        "samples": findings.random_samples(model, SAMPLES)
        if generates and model.drawn is None
        else [],
        "factors": [
            findings.factor(model, name, images, read, names.code, measured.get(name))
            for name in continuous
        ],
        "weak": findings.WEAK,
        "data": {"run": str(run.path), "names": names.tree()},
        **training(run, model),
        **agreement(model, images, found, [c.k for c in categories]),
        **about(run, model, images, found),
    }
    sections = {
        "categories": (page["categories"], "Categories"),
        "codes": (page["factors"], "Codes"),
        "agreement": (page["confusion"], "Agreement"),
        "training": (page["losses"], "Training"),
        "run": (True, "The run"),
    }
    return page | {
        "sections": [(place, text) for place, (there, text) in sections.items() if there]
    }


def about(
    run: Run, model: Model, images: Images | None, found: clusters.Clusters | None
) -> dict[str, Any]:
    """What the run was: a sentence, the figures that matter, where it happened, how to repeat it."""
    config, codes, lines, names = model.config, model.latent.codes, run.metrics(), model.names.code
    machine = read_file(run.environment_file) if run.environment_file.is_file() else {}
    seconds = sum(line["seconds"] for line in lines)
    groups = [f"{c.categories} categories" for c in codes.values() if c.categories]
    others = len(codes) - len(groups)
    groups += [f"{others} continuous code{'s' if others > 1 else ''}"] if others else []
    trained = f"{machine['images']:,} images of " if "images" in machine else ""
    figures, bounds = [], _scores(run).get("information") or {}
    if found is not None and images is not None and config.labels is None:
        k = found.table.shape[1]
        many = k > len(images.classes)  # one to one, the categories to spare would count as wrong
        how = f"many to one, K = {k}" if many else "one to one"
        about = f"cluster accuracy, {how}, over {len(images):,} labelled images"
        figures = [
            (percent(found.purity if many else found.accuracy), about),
            (f"{found.nmi:.3f}", "normalised mutual information with the labels"),
        ]
    if "error" in _scores(run):
        figures.append(
            (percent(_scores(run)["error"]), f"error over {_scores(run)['n']:,} images held out")
        )
    figures += [
        (
            f"{bounds[name]:.2f} nats",
            f"of the {h:.2f} of {model.names.code(name)} can be read back from an image",
        )
        for name, h in model.latent.entropy.items()
        if name == model.latent.categorical and name in bounds
    ]
    if seconds:
        figures.append((duration(seconds), f"for {config.steps:,} steps of {config.batch} images"))
    facts = {
        "data": config.data.name,
        "images trained on": f"{machine['images']:,}" if "images" in machine else "",
        "images on this page": f"{len(images):,} of {images.name}" if images is not None else "",
        "image size": "×".join(map(str, model.shape[:2]))
        + (" grey" if model.shape[2] == 1 else " RGB"),
        "objective": config.objective.kind,
        "latent": f"{config.latent.noise} noise, "
        + ", ".join(f"{n} ({type(c).__name__.lower()})" for n, c in codes.items()),
        "weights": f"{_weights(model.g):,} in G, {_weights(model.d):,} in D and Q",
        **{
            f"learned prior of {names(n)}": ", ".join(map(percent, p.tolist()))
            for n, p in model.priors.items()
        },
        "seed": config.seed,
        "time": duration(seconds) if seconds else "",
        "machine": ", ".join(
            str(machine[key]) for key in ("processor", "device", "machine") if machine.get(key)
        ),
        "threads": machine.get("threads", ""),
        "arithmetic": machine.get("dtype", ""),
        "software": ", ".join(
            f"{key} {machine[key]}" for key in ("infogan", "torch", "python") if key in machine
        ),
        "folder": run.path.resolve(),
    }
    return {
        "lead": f"{' and '.join(groups) or 'A generator'}, learned from {trained}{config.data.name}",
        "figures": figures,
        "facts": [(name, str(value)) for name, value in facts.items() if value != ""],
        "again": f"infogan train --config {shlex.quote(str(run.config_file))} --run runs/again",
        "settings": as_toml(config),
    }


def _scores(run: Run) -> dict[str, Any]:
    return read_file(run.scores_file) if run.scores_file.is_file() else {}


def _weights(module: Module) -> int:
    return sum(p.numel() for p in module.parameters())


def training(run: Run, model: Model) -> dict[str, Any]:
    """L_I of each code beside H(c) over the steps and at the end, and the losses of both players."""
    lines, names, entropy = run.metrics(), model.names, model.latent.entropy

    def series(prefix: str) -> dict[str, list[tuple[float, float]]]:
        """Every logged quantity of that prefix as (step, value), under the codes' names."""
        keys = dict.fromkeys(key for line in lines for key in line if key.startswith(prefix))
        return {
            "/".join(map(names.code, key.removeprefix(prefix).split("/"))): [
                (line["step"], line[key]) for line in lines if key in line
            ]
            for key in keys
        }

    bound, terms = series("L_I/"), {"Discriminator": series("d/"), "Generator": series("g/")}
    known = dict.fromkeys(
        [*bound, *(term.removeprefix("info/") for part in terms.values() for term in part)]
    )
    colours = {name: i for i, name in enumerate(known)}  # of a code one, wherever it stands
    colours |= {f"info/{name}": i for name, i in colours.items()}
    final, errors = (_scores(run).get(key) or {} for key in ("information", "information_error"))
    return {
        "information": chart(bound, colours, {names.code(c): h for c, h in entropy.items()})
        if bound
        else None,
        "bounds": [
            (c, f"{final[c]:.3f}", f"{errors.get(c, 0):.4f}", f"{entropy[c]:.3f}") for c in final
        ],
        "losses": [(player, chart(part, colours)) for player, part in terms.items() if part],
    }


def agreement(
    model: Model, images: Images | None, found: clusters.Clusters | None, order: Sequence[int]
) -> dict[str, Any]:
    """Classes against categories: the table, its columns in the order of the classes that they stand for."""
    nothing: dict[str, Any] = {"confusion": [], "columns": [], "merges": [], "agreement": ""}
    code = model.categorical
    if found is None or images is None or code is None:
        return nothing
    k = found.table.shape[1]
    page = nothing | {
        "merges": found.merges(images.classes, [model.names.numbered(code, j) for j in range(k)]),
        "agreement": f"ARI {found.ari:.3f}, NMI {found.nmi:.3f}; {percent(found.accuracy)} when each class has one "
        f"category of its own, {percent(found.purity)} when each category stands for its most frequent class.",
    }
    if max(k, len(images.classes)) > WIDEST:
        return page
    matched = [found.category_of[c] for c in range(len(images.classes)) if c in found.category_of]
    columns = matched + [j for j in order if j not in matched]
    recall = found.recall()
    rows = []
    for c, name in enumerate(images.classes):
        counts = found.table[c, columns]
        heat = np.ceil(9 * counts / max(1, counts.sum())).astype(int)
        rows.append(
            {
                "name": name,
                "cells": list(zip(counts.tolist(), heat.tolist(), strict=True)),
                "recall": recall[c],
            }
        )
    return page | {"columns": columns, "confusion": rows}
