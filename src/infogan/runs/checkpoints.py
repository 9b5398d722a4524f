"""Checkpoints: weights and moments as safetensors, the rest as JSON, with a manifest of sha256.

A checkpoint is a folder that is written under another name and synced file by file, the manifest
last, then renamed; only then may an older one go. The newest checkpoint whose files match its
manifest counts. The manifest detects damage; it does not prove who wrote the files.
"""

import json
import logging
import os
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from infogan.core import atomic
from infogan.core.errors import RunError, parsing

KEEP = 2  # checkpoints that are kept
WEIGHTS, OPTIMIZERS = "model.safetensors", "optim.safetensors"
STATE, MANIFEST = "state.json", "manifest.json"
Tensors = Mapping[str, Tensor]
Content = tuple[dict[str, Any], dict[str, Tensor], dict[str, Tensor]]  # state, weights, moments
logger = logging.getLogger("infogan")


def manifest(files: Mapping[str, bytes]) -> bytes:
    """What manifest.json must be, byte for byte, for files of these contents."""
    sums = {name: sha256(content).hexdigest() for name, content in files.items()}
    entries = {name: {"size": len(files[name]), "sha256": sums[name]} for name in files}
    return json.dumps({"format": 1, "files": entries}, indent=1).encode()


def write(folder: Path, state: Mapping[str, Any], weights: Tensors, moments: Tensors) -> None:
    """Save one checkpoint, whole or not at all; then remove older ones. state: plain values, with
    the step. RunError when the disk does not take it; what was there before stays."""
    target = folder / f"step-{state['step']:08d}"
    if target.is_dir():
        if not fault(target):
            return  # saved before a rewind; the same step gives the same state
        atomic.remove(target)
    files = {WEIGHTS: save(dict(weights)), OPTIMIZERS: save(dict(moments))}
    files[STATE] = json.dumps(state).encode()
    partial = folder / f".tmp-{target.name}-{os.getpid()}"
    try:
        with atomic.writing(target, sum(map(len, files.values()))):
            atomic.mkdir(folder)
            atomic.mkdir(partial)
            for name, content in files.items():
                atomic.write(partial / name, content)
            atomic.write(partial / MANIFEST, manifest(files))
            atomic.sync(partial)
            atomic.rename(partial, target)
    except RunError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    for old in found(folder)[:-KEEP]:
        atomic.remove(old)


def found(folder: Path) -> list[Path]:
    """Checkpoints in a folder, oldest first, damaged ones included."""
    return sorted(folder.glob("step-*"))


def _contents(path: Path) -> dict[str, bytes]:
    """The files of a checkpoint; RunError when they do not match its manifest."""
    try:
        files = {name: (path / name).read_bytes() for name in (WEIGHTS, OPTIMIZERS, STATE)}
        listed = (path / MANIFEST).read_bytes()
    except OSError as error:
        raise RunError(f"{path}: {Path(error.filename or path).name}: {error.strerror}") from None
    if listed != manifest(files):
        sums = {name: sha256(content).hexdigest().encode() for name, content in files.items()}
        changed = [name for name in files if sums[name] not in listed] or [MANIFEST]
        raise RunError(f"{path}: {', '.join(changed)} changed after it was written")
    return files


def fault(path: Path) -> str:
    """Why a checkpoint does not count; empty when it is whole."""
    try:
        _contents(path)
    except RunError as error:
        return str(error)
    return ""


def read(path: Path) -> Content:
    """State, weights and moments of a checkpoint; RunError when it is damaged."""
    files = _contents(path)
    with parsing(path, "a checkpoint", RunError):
        state = json.loads(files[STATE].decode())
        if path.name != f"step-{state['step']:08d}":
            raise ValueError(f"it is of step {state['step']}")
        return state, load(files[WEIGHTS]), load(files[OPTIMIZERS])


def newest(folder: Path) -> Content | None:
    """The newest whole checkpoint; None when none was ever completed, RunError if all are bad.
    Newer ones that are damaged are named in a warning and renamed to `damaged-…`."""
    for leftover in [*folder.glob(".tmp-*"), *folder.glob(".del-*")]:
        shutil.rmtree(leftover, ignore_errors=True)
    damaged: dict[Path, RunError] = {}
    for path in reversed(found(folder)):
        try:
            content = read(path)
        except RunError as error:
            damaged[path] = error
            continue
        for victim, reason in damaged.items():
            logger.warning("damaged checkpoint skipped, resuming from %s: %s", path.name, reason)
            aside = victim.with_name(f"damaged-{victim.name}")
            shutil.rmtree(aside, ignore_errors=True)
            victim.rename(aside)
        return content
    reasons = [*map(str, damaged.values())] or [str(path) for path in folder.glob("damaged-*")]
    if reasons:  # training anew is a decision, not a default
        raise RunError(f"no checkpoint is whole ({'; '.join(reasons)}); restore one or use --fresh")
    return None
