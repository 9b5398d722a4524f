"""The explorer: one HTML file of a run's networks and their runtime; it loads and sends nothing."""

import base64
import gzip
import shlex
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from infogan import __version__
from infogan.core.errors import ConfigError
from infogan.core.page import fill
from infogan.core.random import stream
from infogan.data.png import preview_uri, uri
from infogan.explorer import stills
from infogan.explorer.export import compact, graphs, write
from infogan.latent.codes import Code
from infogan.latent.latent import Latent
from infogan.model.model import Model
from infogan.runs.folder import Run

SCRIPTS = "runtime.js", "point.js", "widgets.js", "stills.js", "tools.js", "reading.js", "main.js"
RUNTIME = {"ort-script": "ort.wasm.bundle.min.mjs.gz", "ort-wasm": "ort-wasm-simd-threaded.wasm.gz"}
"""onnxruntime-web (see NOTICE), by the name of its block in the page."""
EXACT = {"generator": 1 / 255, "encoder": 0.005}  # from torch: half a grey level; of any reading
SEEDS, SEED_BYTES = 1000, 1 << 18  # most z in a page: those of `infogan sample --seed 0` and on
LARGE = 60 << 20


def explorer(model: Model, run: Run) -> tuple[Path, int]:
    """Write the run's explorer.html; its path, size in bytes. ConfigError without a generator."""
    objective = model.config.objective
    if not objective.generates:
        raise ConfigError(f"objective {objective.kind} has no generator: nothing to explore")
    path, content = run.path / "explorer.html", page(model, run)
    write(path, content)
    return path, len(content)


def page(model: Model, run: Run) -> bytes:
    """The page. What comes from the run is JSON in a block that nothing runs, or escaped text."""
    latent, title, noise = model.latent, run.path.resolve().name, noises(model.latent)
    folder = files("infogan.explorer") / "runtime"
    blocks = {name: folder.joinpath(file).read_bytes() for name, file in RUNTIME.items()}
    blocks["noise"] = gzip.compress(noise.tobytes(), 9, mtime=0)
    for graph in graphs(model):
        network = compact(graph, EXACT[graph.name]).SerializeToString()
        blocks[graph.name] = gzip.compress(network, 9, mtime=0)
    texts = {name: base64.b64encode(content).decode() for name, content in blocks.items()}
    own = {"title": title, "run": shlex.quote(str(run.path)), "version": __version__}
    z = {"noise": latent.noise, "normal": latent.distribution == "normal", "seeds": len(noise)}
    codes = [described(model, name, code) for name, code in latent.codes.items()]
    read = [described(model, r.name, r.code) | {"sets": r.recovers} for r in model.readings]
    first = stills.points(latent, len(noise))
    images = stills.drawn(model, noise, list(first.values()))
    facts = own | z | {"shape": model.shape, "codes": codes, "readings": read, "stills": [*first]}
    pictures = {"still": uri(images[0]), "stills": preview_uri(stills.sheet(images))}
    return fill(
        "infogan.explorer", "page", SCRIPTS, title=title, facts=facts, blocks=texts, **pictures
    )


def noises(latent: Latent) -> "np.typing.NDArray[np.float32]":
    """[seeds, noise] z as `model.sample(1, seed=...)` draws it, for the first seeds."""
    if not latent.noise:
        return np.empty((1, 0), np.float32)
    n = max(1, min(SEEDS, SEED_BYTES // (4 * latent.noise)))
    return np.concatenate([latent.sample(1, stream(i, "sample")).noise.numpy() for i in range(n)])


def described(model: Model, name: str, code: Code) -> dict[str, Any]:
    """What the page needs of a code or a reading; a code that draws classes has their names."""
    names = model.names
    facts = {"name": name, "shown": names.code(name), **code.described()}
    if not code.categories:
        return facts
    of_class = [reading.name for reading in model.readings if reading.recovers == name]
    known = [names.given(each) for each in (*of_class, name)]
    given = {k: word for each in known for k, word in each.items()}
    return facts | {"names": {str(k): word for k, word in given.items()}}
