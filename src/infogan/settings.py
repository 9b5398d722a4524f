"""Settings as a file that explains itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from infogan.config import RunConfig


def as_toml(config: RunConfig) -> str:
    """A TOML file of all settings, each under a comment that says what it means; `read_file` reads it back."""
    return "\n".join(_section(config, ())) + "\n"


def _section(model: BaseModel, at: tuple[str, ...]) -> Iterator[str]:
    """Lines of one table: its own values first, then the tables below it."""
    fields = type(model).model_fields
    tree = model.model_dump(mode="json")
    if at:
        yield f"\n[{'.'.join(at)}]"
    for name, value in tree.items():
        below = getattr(model, name, None)
        if isinstance(below, BaseModel):
            continue
        description = fields[name].description if name in fields else None
        for line in (description or "").splitlines():
            yield f"# {line.strip()}"
        yield f"{name} = {_value(value)}"
    for name in tree:
        below = getattr(model, name, None)
        if isinstance(below, BaseModel):
            yield from _section(below, (*at, name))


def _value(value: Any) -> str:
    """A value in TOML; what is not set is the word none."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items() if v is not None) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return '"none"' if value is None else json.dumps(value)
