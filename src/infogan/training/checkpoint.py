"""Checkpoints: weights and optimizer state as safetensors, the rest as JSON; written aside, then renamed."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

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
    """Put the moments back that `flatten` named."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        owner, parameter, moment = key.split(".")
        if owner == name:
            state.setdefault(int(parameter), {})[moment] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def write(folder: Path, step: int, weights: dict[str, Tensor], moments: dict[str, Tensor]) -> None:
    """Save one checkpoint, whole or not at all; then let older ones go."""
    target, partial = folder / f"step-{step:08d}", folder / f".tmp-{step:08d}-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / WEIGHTS).write_bytes(save(weights))
    (partial / OPTIMIZERS).write_bytes(save(moments))
    (partial / STATE).write_text(json.dumps({"step": step}), encoding="utf-8")
    if target.exists():
        shutil.rmtree(target)
    partial.rename(target)
    for old in found(folder)[:-KEEP]:
        shutil.rmtree(old)


def found(folder: Path) -> list[Path]:
    """Checkpoints in a folder, oldest first."""
    return sorted(folder.glob("step-*"))


def read(path: Path) -> tuple[int, dict[str, Tensor], dict[str, Tensor]]:
    """Step, weights and moments of a checkpoint; RunError when it cannot be read."""
    try:
        state: dict[str, Any] = json.loads((path / STATE).read_text(encoding="utf-8"))
        return int(state["step"]), load_file(path / WEIGHTS), load_file(path / OPTIMIZERS)
    except Exception as error:
        raise RunError(f"{path}: this checkpoint cannot be read ({error}); remove it to use the one before") from None
