"""Train every preset, and what presets leave out, for a few steps and write down every number that
comes of it.

    python scripts/same_numbers.py OUT.json --data-dir mnist/       # before a change
    python scripts/same_numbers.py OUT2.json --data-dir mnist/      # after it
    python scripts/same_numbers.py --compare OUT.json OUT2.json     # what differs

Each run leaves the sha256 of all weights and moments after 20 steps, its scores, and what its model
samples, reads and reconstructs. It is run with one thread, since the number of threads changes the
last bits."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

import infogan as ig

STEPS = 20
RENAMED = {"decay": "lr_decay", "fade": "anneal", "real_first": "warm_up", "law": "distribution"}
FIRST = {
    "ema": ("digits", {"optim": {"ema": 0.9}, "precision": "fp32"}),
    "bf16": ("digits", {"precision": "bf16"}),
    "learned prior": ("digits", {"latent": {"digit": {"probs": "learned"}}}),
    "real first": ("digits", {"objective": {"real_first": 0.5}}),
    "fade": ("digits", {"augment": {"fade": 0.7}}),
    "d_steps 3": ("digits", {"d_steps": 3, "optim": {"decay": 0.5}}),
    "crop": (
        "digits",
        {
            "augment": {"kind": "crop-and-colour", "fade": 0.5},
            "latent": {"slant": {"follows": None}},
        },
    ),
    "q_step g": (
        "digits",
        {
            "objective": {"kind": "infogan", "q_step": "g", "real_weight": 0},
            "augment": None,
            "latent": {"slant": {"follows": None}, "width": {"follows": None}},
        },
    ),
    "gaussian": (
        "digits",
        {
            "latent": {
                "slant": None,
                "width": None,
                "a": {"kind": "gaussian", "sigma": 0.5},
                "b": {"kind": "uniform", "low": -2, "high": 2},
            }
        },
    ),
}


def renamed(tree: Any, new: bool) -> Any:
    """Settings under the names that this version has."""
    if not isinstance(tree, dict):
        return "none" if tree is None else tree
    return {RENAMED.get(k, k) if new else k: renamed(v, new) for k, v in tree.items()}


def configs() -> Iterator[tuple[str, Any]]:
    """Name and settings of every run."""
    new = "lr_decay" in str(ig.RunConfig().tree())
    names = list(ig.presets.PRESETS)
    for name in names:
        yield name, ig.presets.preset(name)
    for name, (preset, changes) in FIRST.items():
        yield name, ig.presets.preset(preset).replace(**renamed(changes, new))


def digest(tensors: dict[str, torch.Tensor]) -> str:
    """One number for tensors by name."""
    found = sha256()
    for name in sorted(tensors):
        found.update(f"{name} {tensors[name].dtype} {list(tensors[name].shape)}".encode())
        found.update(
            tensors[name].contiguous().view(torch.uint8).numpy().tobytes()
            if tensors[name].ndim
            else tensors[name].numpy().tobytes()
        )
    return found.hexdigest()


def of(array: Any) -> str:
    return sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def numbers(model: Any, run: Path, images: Any) -> dict[str, Any]:
    """Everything about one finished run."""
    tree: dict[str, Any] = {"weights": digest(load_file(run / "model.safetensors"))}
    for folder in sorted((run / "checkpoints").glob("step-*"))[-1:]:
        tree["checkpoint"] = digest(load_file(folder / "model.safetensors"))
        tree["moments"] = digest(load_file(folder / "optim.safetensors"))
    scores = json.loads((run / "scores.json").read_text())
    tree["scores"] = {
        k: v for k, v in scores.items() if k not in ("seconds", "images_per_second", "data")
    }
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    tree["log"] = [
        {k: v for k, v in line.items() if k not in ("seconds", "images_per_second")}
        for line in lines
    ]
    some = images.subset(np.arange(40))
    if model.config.objective.generates:
        tree["sample"] = of(model.sample(16, seed=1))
        tree["picture"] = of((run / "samples" / "random.png").read_bytes())
        tree["sweeps"] = {
            name: of(model.traverse(name, rows=2, seed=1)[0]) for name in model.latent.codes
        }
    tree["read"] = {
        name: {
            part: of(getattr(p, part)) for part in ("value", "confidence", "probs", "mean", "std")
        }
        for name, p in model.encode(some).items()
    }
    tree["L_I"] = {
        name: list(map(float, pair)) for name, pair in model.lower_bound(500, seed=3).items()
    }
    if model.latent.codes and model.config.objective.generates and tree["read"]:
        again, error = model.reconstruct(images.subset(np.arange(3)))
        tree["reconstruct"] = [of(again), of(error)]
    return tree


def measure(data_dir: str, only: list[str], runs: Path) -> dict[str, Any]:
    """The numbers of all runs."""
    found: dict[str, Any] = {}
    sets: dict[str, Any] = {}
    for name, config in configs():
        if only and name not in only:
            continue
        source = config.data.name
        if source not in sets:
            more = {"dir": data_dir} if source == "mnist" else {}
            every = ig.data.load(source, split="train", **more)
            sets[source] = every.subset(np.arange(0, min(len(every), 1500)))
        config = config.replace(steps=STEPS, log_every=7, checkpoint_every=1000)
        run = runs / name.replace(" ", "-")
        model = ig.train(config, run=run, data=sets[source])
        found[name] = numbers(model, run, sets[source])
        print(name, found[name]["weights"][:12], flush=True)
    if not only or "resume" in only:
        found["resume"] = resumed(runs)
        print("resume", found["resume"][:12], flush=True)
    if not only or "choice" in only:
        found["choice"] = choice(runs)
    return found


def resumed(runs: Path) -> str:
    """Weights of a run that is stopped after every seventh step and taken up again."""
    import os
    import signal

    try:
        from infogan.core import interrupts
    except ImportError:
        from infogan import signals as interrupts  # type: ignore[attr-defined,no-redef]
    config = ig.presets.preset("digits").replace(steps=STEPS)
    run = runs / "resume"
    for _ in range(10):

        def stop(step: int, line: Any) -> None:
            if step % 7 == 0 and step < STEPS:
                os.kill(os.getpid(), signal.SIGTERM)

        try:
            with interrupts.handled():
                ig.train(config, run=run, progress=stop)
            break
        except interrupts.Stopped:
            continue
    return digest(load_file(run / "model.safetensors"))


def choice(runs: Path) -> dict[str, Any]:
    """What ranks, merges and doubts two runs."""
    pair = [runs / "a", runs / "b"]
    for seed, run in enumerate(pair):
        ig.train(ig.presets.preset("digits").replace(steps=STEPS, seed=seed), run=run)
    tree = ig.select(pair).tree()
    ranked = [{k: v for k, v in one.items() if k != "run"} for one in tree["runs"]]
    merging = ig.merge(ig.Model.load(pair[0]))
    scores = json.loads((pair[0] / "scores.json").read_text())
    return {
        "selected": Path(tree["selected"]).name,
        "ranked": ranked,
        "classes": [list(c) for c in merging.classes],
        "near": [list(s) for s in merging.steps],
        "findings": len(scores["findings"]),
    }


def differences(a: Any, b: Any, at: str = "") -> Iterator[str]:
    """Where two trees differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            if key in a and key in b:
                yield from differences(a[key], b[key], f"{at}/{key}")
            else:
                yield f"{at}/{key}: only {'before' if key in a else 'after'}"
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (one, two) in enumerate(zip(a, b, strict=True)):
            yield from differences(one, two, f"{at}[{i}]")
    elif a != b and not (a != a and b != b):
        yield f"{at}: {a!r:.80} -> {b!r:.80}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("output", nargs="?")
    parser.add_argument("--data-dir")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--compare", nargs=2)
    options = parser.parse_args()
    if options.compare:
        before, after = (json.loads(Path(p).read_text()) for p in options.compare)
        lines = list(differences(before, dict(after.items())))
        print("\n".join(lines) or f"the same: {len(before)} runs")
        sys.exit(bool(lines))
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as runs:
        found = measure(options.data_dir, options.only, Path(runs))
    Path(options.output).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
