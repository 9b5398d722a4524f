"""Resuming: from every step, ten times in a row, with any objective, to the same bytes."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

from harness import TINY, Tally, difference, result, strokes, timeless

from infogan.config.settings import RunConfig
from infogan.pipeline.run import fit
from infogan.runs.checkpoints import found

NO_CODES = {"digit": "none", "slant": "none"}
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
    "infogan-cr": {
        "latent": {"digit": "none", "width": "uniform:-1:1"},
        "objective": {"cr": 2.0, "cr_from": 0.5, "cr_gap": 0.5, "real_weight": 0.0},
        "networks": {"norm": "spectral"},
    },
    "photos": {
        "objective": {"contrast": 1.0, "warm_up": 0.3, "game": "relativistic", "penalty": 1.0},
        "networks": {"kind": "photo", "width": 4, "channels": 4, "hidden": 8},
        "augment": "photo",
        "game_augment": "affine",
    },
    "semigan": {"objective": "semigan", "labels": 5, "latent": NO_CODES},
    "catgan": {"objective": "catgan", "latent": NO_CODES},
    "acgan": {"objective": "acgan", "labels": "all", "latent": {"slant": "none"}},
    "improvedgan": {
        "objective": "improvedgan",
        "labels": 5,
        "networks": "mlp",
        "latent": NO_CODES,
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
    """Each checkpoint of a run leads to the next one, byte for byte, the last to the model; log
    included."""
    config, tally = TINY.replace(steps=steps, **VARIANTS[variant]), Tally(planned=steps)
    unbroken, kept, run = root / "unbroken", root / "kept", root / "resumed"

    def keep(step: int, line: dict[str, float]) -> None:
        shutil.copytree(found(unbroken / "checkpoints")[-1], kept / f"step-{step:08d}")

    fit(config, unbroken, images=strokes(), progress=keep)
    expected = result(unbroken)
    log = timeless(unbroken)
    for step in range(steps):
        shutil.rmtree(run, ignore_errors=True)
        (run / "checkpoints").mkdir(parents=True)
        for name in ("config.json", "run.json", "metrics.jsonl"):
            shutil.copy(unbroken / name, run)
        if step:
            name = f"step-{step:08d}"
            shutil.copytree(kept / name, run / "checkpoints" / name)
        until(config, run, step + 1)
        name = f"step-{step + 1:08d}"
        differ = different(run / "checkpoints" / name, kept / name)
        lines = [line for line in log if line["step"] <= step + 1]
        words = f"{variant}, resumed at {step}"
        tally.case(
            next_state=differ and f"{words}: {differ} differ at {step + 1}",
            log=json.dumps(timeless(run)) != json.dumps(lines) and f"{words}: the log differs",
        )
    until(config, run, -1)
    tally.case(result=difference(run, expected))
    return tally


def different(checkpoint: Path, expected: Path) -> list[str]:
    """The files of a checkpoint that are not the expected bytes."""
    names = ("model.safetensors", "optim.safetensors", "state.json")
    return [
        name for name in names if (checkpoint / name).read_bytes() != (expected / name).read_bytes()
    ]


def chain(root: Path, steps: int, stops: int) -> Tally:
    """A run stopped that many times, between checkpoints too, ends like one that never was."""
    config, tally = TINY.replace(steps=steps, checkpoint_every=4), Tally(planned=1)
    until(config, root / "unbroken", -1)
    for number in range(1, stops + 1):
        until(config, root / "stopped", number * steps // (stops + 1))
    until(config, root / "stopped", -1)
    tally.case(result=difference(root / "stopped", result(root / "unbroken")))
    return tally
