"""A model as one safetensors file: tensors, and beside them, as JSON in its header, what they are of.

Nothing is allocated before names, shapes and types are those that the file's own settings ask for, and the size that
of such a file. The sha256 finds damage; it proves no author.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from infogan.core import atomic
from infogan.core.errors import RunError, parsing
from infogan.core.limits import TEXT

FORMAT = 1
About = dict[str, Any]
"""format, config (a tree of settings), shape and classes."""


def write(path: Path, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Write tensors and what they are of, durably; RunError when the disk does not take them."""
    full = {"format": FORMAT, **about}
    full["sha256"] = digest(tensors, json.dumps(full))
    metadata = {"infogan": json.dumps(full)}  # one key: safetensors writes several in any order
    atomic.replace(path, save(dict(tensors), metadata=metadata))


def read(path: Path, expected: Callable[[About], Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors; RunError when the file is not one of ours, or damaged.

    expected: tensors without values, of the names, shapes and types that belong to an `about`.
    """
    with parsing(path, "a model of infogan's", RunError), path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > TEXT:
            raise ValueError(f"its header has {length} bytes")
        header = json.loads(file.read(length).decode())
        about: About = json.loads(header.pop("__metadata__")["infogan"])
        if about.get("format") != FORMAT:
            raise RunError(
                f"{path}: has format {about.get('format')}, this infogan reads {FORMAT}; train it again"
            )
        sha = about.pop("sha256")
        wanted = expected(about)
        if {name: list(t.shape) for name, t in wanted.items()} != {
            n: entry["shape"] for n, entry in header.items()
        }:
            raise RunError(f"{path}: its tensors are not those of its settings; train it again")
        if path.stat().st_size != 8 + length + sum(tensor.nbytes for tensor in wanted.values()):
            raise ValueError("its size is not that of its tensors")
        file.seek(0)
        tensors = load(file.read())
        if digest(tensors, json.dumps(about)) != sha:
            raise RunError(
                f"{path}: changed after it was written; the same train command makes it again"
            )
        if bad := [
            name
            for name, t in tensors.items()
            if t.dtype != wanted[name].dtype or not t.isfinite().all()
        ]:
            raise RunError(f"{path}: {bad[0]} is not finite or of another type; train it again")
    return tensors


def digest(tensors: Mapping[str, Tensor], about: str) -> str:
    """sha256 of names, types, shapes and values, and of what stands beside them."""
    found = sha256(about.encode())
    for name in sorted(tensors):
        found.update(f" {name} {tensors[name].dtype} {list(tensors[name].shape)} ".encode())
        found.update(tensors[name].numpy().tobytes())
    return found.hexdigest()
