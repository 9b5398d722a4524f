"""Checkpoints: weights and optimizer state as safetensors, the rest as JSON; written aside, then renamed."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor
from torch.optim import Optimizer

from infogan.errors import RunError

KEEP = 2
"""Checkpoints that stay."""
WEIGHTS, OPTIMIZERS, STATE = "model.safetensors", "optim.safetensors", "state.json"


def flatten(optimizer: Optimizer, name: str) -> dict[str, Tensor]:
    """An optimizer's moments as named tensors: `name.parameter.moment`."""
    return {
        f"{name}.{parameter}.{moment}": tensor.detach().cpu().contiguous()
        for parameter, moments in optimizer.state_dict()["state"].items()
        for moment, tensor in moments.items()
    }


def restore(optimizer: Optimizer, name: str, tensors: dict[str, Tensor]) -> None:
    """Put the moments back that `flatten` named, in the memory order of their parameters (fused Adam walks both
    in memory order: a moment in another one would meet the wrong weights)."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        owner, number, moment = key.split(".")
        if owner == name:
            like = parameters[int(number)]
            kept = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
            state.setdefault(int(number), {})[moment] = kept
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def write(folder: Path, state: dict[str, Any], weights: dict[str, Tensor], moments: dict[str, Tensor]) -> None:
    """Save one checkpoint, whole or not at all; then let older ones go. state: plain values, with the step."""
    step = state["step"]
    target, partial = folder / f"step-{step:08d}", folder / f".tmp-{step:08d}-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / WEIGHTS).write_bytes(save(weights))
    (partial / OPTIMIZERS).write_bytes(save(moments))
    (partial / STATE).write_text(json.dumps(state), encoding="utf-8")
    if target.exists():
        shutil.rmtree(target)
    partial.rename(target)
    for old in found(folder)[:-KEEP]:
        shutil.rmtree(old)


def found(folder: Path) -> list[Path]:
    """Checkpoints in a folder, oldest first."""
    return sorted(folder.glob("step-*"))


def read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, Tensor]]:
    """State, weights and moments of a checkpoint; RunError when it cannot be read."""
    try:
        state: dict[str, Any] = json.loads((path / STATE).read_text(encoding="utf-8"))
        return state, load_file(path / WEIGHTS), load_file(path / OPTIMIZERS)
    except Exception as error:
        raise RunError(f"{path}: this checkpoint cannot be read ({error}); remove it to use the one before") from None
