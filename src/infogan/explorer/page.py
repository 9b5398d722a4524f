"""The explorer: one HTML file that holds the run's networks and a runtime for them, and asks the network nothing."""

import base64
import gzip
import hashlib
import html
import json
import shlex
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from infogan import __version__
from infogan.core.errors import ConfigError
from infogan.core.random import stream
from infogan.explorer.export import Graph, compact, graphs, write
from infogan.latent.codes import Code
from infogan.latent.latent import CLASS, Latent
from infogan.model.model import Model
from infogan.runs.folder import Run
from infogan.runs.names import Names

HERE = files(__package__)
SCRIPTS = ("runtime.js", "point.js", "widgets.js", "tools.js", "reading.js", "main.js")
"""The page's own script, in this order."""
RUNTIME = {"ort-script": "ort.wasm.bundle.min.mjs.gz", "ort-wasm": "ort-wasm-simd-threaded.wasm.gz"}
"""onnxruntime-web (see NOTICE), by the name of its block in the page."""
EXACT = {"generator": 1 / 255, "encoder": 0.005}
"""Largest difference from torch in a page: half a grey level in [-1, 1]; of a probability, mean or sigma."""
SEEDS, SEED_BYTES = 1000, 1 << 18
"""z that a page holds: those of `infogan sample --seed 0` and on, as many as fit."""
LARGE = 60 << 20


def explorer(model: Model, run: Run) -> tuple[Path, int]:
    """Write the run's explorer.html; its path and size in bytes. ConfigError where the run taught G nothing."""
    if not model.config.objective.generates:
        raise ConfigError(
            f"objective {model.config.objective.kind} has no generator, so there is nothing to explore"
        )
    path = run.path / "explorer.html"
    content = page(model, run).encode("utf-8", "replace")  # a folder's name need not be text
    write(path, content)
    return path, len(content)


def page(model: Model, run: Run) -> str:
    """The page as text. What comes from the run is JSON in a block that nothing executes, or escaped text."""
    title = run.path.resolve().name
    noise = noises(model.latent)
    blocks = {name: HERE.joinpath("runtime", file).read_bytes() for name, file in RUNTIME.items()}
    blocks["noise"] = gzip.compress(noise.tobytes(), 9, mtime=0)
    blocks |= {graph.name: _packed(graph) for graph in graphs(model)}
    codes = [
        described(name, code, run.names, _classes(model, name))
        for name, code in model.latent.codes.items()
    ]
    facts = {
        "title": title,
        "run": shlex.quote(str(run.path)),
        "shape": model.shape,
        "noise": model.latent.noise,
        "normal": model.latent.distribution == "normal",
        "seeds": len(noise),
        "codes": codes,
        "readings": readings(model, run.names, codes),
        "version": __version__,
    }
    script = "".join(HERE.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = HERE.joinpath("page.css").read_text(encoding="utf-8")
    parts = {
        "title": html.escape(title),
        "style": style,
        "style_hash": digest(style),
        "hash": digest(script),
        "facts": inert(facts),
        "blocks": "\n".join(_block(name, content) for name, content in blocks.items()),
        "script": script,
    }
    text = HERE.joinpath("page.html").read_text(encoding="utf-8")
    head, *rest = text.split("{{")  # one pass: a part is never searched for the next one
    return head + "".join(
        parts[name] + after for name, _, after in (piece.partition("}}") for piece in rest)
    )


def _packed(graph: Graph) -> bytes:
    return gzip.compress(compact(graph, EXACT[graph.name]).SerializeToString(), 9, mtime=0)


def _block(name: str, content: bytes) -> str:
    return f'<script type="text/plain" id="{name}">{base64.b64encode(content).decode()}</script>'


def digest(text: str) -> str:
    """A script or style as the page's content security policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def inert(tree: Any) -> str:
    """JSON that neither ends the script block it stands in nor starts a comment there."""
    text = json.dumps(tree)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def noises(latent: Latent) -> "np.typing.NDArray[np.float32]":
    """[seeds, noise] z as `model.sample(1, seed=...)` draws it, for the first seeds."""
    if not latent.noise:
        return np.empty((1, 0), np.float32)
    n = max(1, min(SEEDS, SEED_BYTES // (4 * latent.noise)))
    return np.concatenate(
        [latent.sample(1, stream(seed, "sample")).noise.numpy() for seed in range(n)]
    )


def _classes(model: Model, name: str) -> dict[int, str]:
    """Names of a code's categories where they are classes that G was told."""
    told = any(reading.name == CLASS and reading.recovers == name for reading in model.readings)
    return dict(enumerate(model.classes)) if told else {}


def readings(
    model: Model, names: Names, codes: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """What the encoder reads from an image, by output name: codes as they are described, and the class where D has a
    head for it. `sets`: the code that takes the reading's value, if one does."""
    known = {code["name"]: code for code in codes}
    if CLASS in (reading.name for reading in model.readings):
        given = {**dict(enumerate(model.class_names)), **names.categories.get(CLASS, {})}
        words = {"shown": CLASS, "names": {str(k): word for k, word in given.items()}}
        known[CLASS] = {"name": CLASS, **words, "categories": len(model.class_names)}
    return [{**known[reading.name], "sets": reading.recovers} for reading in model.readings]


def described(name: str, code: Code, names: Names, classes: Mapping[int, str]) -> dict[str, Any]:
    """What the page has to know of a code, with its names."""
    facts = {"name": name, "shown": names.code(name), **code.described()}
    if not code.categories:
        return facts
    given = {**classes, **names.categories.get(name, {})}
    return facts | {"names": {str(k): word for k, word in given.items()}}
