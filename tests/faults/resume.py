"""Resuming: from every step, ten times in a row, with any objective, to the same bytes."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

from harness import TINY, Tally, difference, result, strokes

from infogan.config.settings import RunConfig
from infogan.pipeline.run import fit
from infogan.runs.checkpoints import found
from infogan.runs.folder import Run

VARIANTS: dict[str, dict[str, object]] = {
    "infogan": {},
    "Q steps with G": {
        "objective": {"kind": "infogan", "q_step": "g", "real_weight": 0.0},
        "optim": {"ema": 0.0},
    },
    "learned prior": {"latent": {"digit": {"probs": "learned"}}},
    "gan": {"objective": "gan"},
    "three D steps, falling rates": {"d_steps": 3, "optim": {"lr_decay": 0.5}},
    "bf16": {"precision": "bf16"},
    "semigan": {"objective": "semigan", "labels": 5, "latent": {"digit": "none", "slant": "none"}},
    "catgan": {"objective": "catgan", "latent": {"digit": "none", "slant": "none"}},
    "acgan": {"objective": "acgan", "labels": "all", "latent": {"slant": "none"}},
    "improvedgan": {
        "objective": "improvedgan",
        "labels": 5,
        "networks": "mlp",
        "latent": {"digit": "none", "slant": "none"},
    },
}


class StopError(Exception):
    """The run is stopped on purpose."""


def until(config: RunConfig, run: Path, stop: int) -> None:
    """Train until that step, then leave without a word."""

    def progress(step: int, line: dict[str, float]) -> None:
        if step == stop:
            raise StopError

    with suppress(StopError):
        fit(config, run, images=strokes(), progress=progress)


def every_step(root: Path, steps: int, variant: str = "infogan") -> Tally:
    """Each checkpoint of a run leads to the next one, byte for byte, the last to the model; log included."""
    config, tally = TINY.replace(steps=steps, **VARIANTS[variant]), Tally(planned=steps)
    kept = root / "kept"

    def keep(step: int, line: dict[str, float]) -> None:
        shutil.copytree(found(root / "unbroken" / "checkpoints")[-1], kept / f"step-{step:08d}")

    fit(config, root / "unbroken", images=strokes(), progress=keep)
    expected = result(root / "unbroken")
    log = [json.dumps(line) for line in json.loads(expected["log"])]
    for step in range(steps):
        run = root / "resumed"
        shutil.rmtree(run, ignore_errors=True)
        (run / "checkpoints").mkdir(parents=True)
        for name in ("config.json", "metrics.jsonl"):
            shutil.copy(root / "unbroken" / name, run)
        if step:
            shutil.copytree(kept / f"step-{step:08d}", run / "checkpoints" / f"step-{step:08d}")
        until(config, run, step + 1)
        names = ("model.safetensors", "optim.safetensors", "state.json")
        pairs = [
            (base / f"step-{step + 1:08d}" / name for base in (run / "checkpoints", kept))
            for name in names
        ]
        other = [
            name
            for name, (a, b) in zip(names, pairs, strict=True)
            if a.read_bytes() != b.read_bytes()
        ]
        lines = [json.dumps(line) for line in timeless(run)]
        tally.case(
            other and f"{variant}, resumed at {step}: {other} differ at {step + 1}",
            lines
            != log[
                : (step + 1) // config.log_every
                + (step + 1 == steps > 0 != steps % config.log_every)
            ]
            and f"{variant}, resumed at {step}: the log differs",
        )
    until(config, run, -1)
    tally.case(difference(run, expected))
    return tally


def timeless(run: Path) -> list[dict[str, float]]:
    """The log but for its wall times."""
    lines = Run(run).metrics()
    return [
        {k: v for k, v in line.items() if k not in ("seconds", "images_per_second")}
        for line in lines
    ]


def chain(root: Path, steps: int, stops: int) -> Tally:
    """A run stopped that many times, between checkpoints too, ends like one that never was."""
    config, tally = TINY.replace(steps=steps, checkpoint_every=4), Tally(planned=1)
    until(config, root / "unbroken", -1)
    for number in range(1, stops + 1):
        until(config, root / "stopped", number * steps // (stops + 1))
    until(config, root / "stopped", -1)
    tally.case(difference(root / "stopped", result(root / "unbroken")))
    return tally
