"""A model as one safetensors file: tensors and, as JSON in its header, what they are of.
Nothing is allocated before names, shapes, size fit its settings; its sha256 proves no author."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from infogan.core import atomic
from infogan.core.errors import RunError, parsing
from infogan.core.limits import TEXT

FORMAT = 1
FORM = "a model of infogan's"


def write(path: Path, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Write tensors and what they are of, durably; RunError when the disk does not take them."""
    full = {"format": FORMAT, **about}
    full["sha256"] = digest(tensors, json.dumps(full))
    metadata = {"infogan": json.dumps(full)}  # one key: safetensors writes several in any order
    atomic.replace(path, save(dict(tensors), metadata=metadata))


def read(path: Path, wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A file's tensors; RunError if damaged or of other names, shapes or types than wanted."""
    with parsing(path, FORM, RunError):
        about, entries, start = header_of(path)
        sha, shapes = about.pop("sha256"), {name: entry["shape"] for name, entry in entries.items()}
        if shapes != {name: list(tensor.shape) for name, tensor in wanted.items()}:
            raise RunError(f"{path}: its tensors are not those of its settings; train it again")
        if path.stat().st_size != start + sum(tensor.nbytes for tensor in wanted.values()):
            raise ValueError("its size is not that of its tensors")
        tensors = load(path.read_bytes())
        if digest(tensors, json.dumps(about)) != sha:
            raise RunError(f"{path}: changed after writing; the same train command makes it again")
        for name, tensor in tensors.items():
            if tensor.dtype != wanted[name].dtype or not tensor.isfinite().all():
                raise RunError(f"{path}: {name} is not finite or of another type; train it again")
    return tensors


def header_of(path: Path) -> tuple[dict[str, Any], dict[str, Any], int]:
    """What the tensors are of (format, config, shape, classes, sha256), their entries by name, and
    where their bytes begin; RunError when the format is another, any exception for other files."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > TEXT:
            raise ValueError(f"its header has {length} bytes")
        header = json.loads(file.read(length).decode())
    about: dict[str, Any] = json.loads(header.pop("__metadata__")["infogan"])
    if (found := about.get("format")) != FORMAT:
        raise RunError(f"{path}: has format {found}, this infogan reads {FORMAT}; train it again")
    return about, header, 8 + length


def digest(tensors: Mapping[str, Tensor], about: str) -> str:
    """sha256 of names, types, shapes and values, and of what stands beside them."""
    found = sha256(about.encode())
    for name in sorted(tensors):
        found.update(f" {name} {tensors[name].dtype} {list(tensors[name].shape)} ".encode())
        found.update(tensors[name].numpy().tobytes())
    return found.hexdigest()
