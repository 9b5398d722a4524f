"""Settings as a file that explains itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from infogan.config.settings import RunConfig
from infogan.latent.codes import AnyCode
from infogan.latent.latent import Latent


def as_toml(config: RunConfig) -> str:
    """A TOML file of all settings, each explained where it comes first; `with_file` reads it."""
    return "\n".join(_section(config, config.tree(), (), set())) + "\n"


def _section(
    settings: object, tree: Mapping[str, Any], at: tuple[str, ...], explained: set[str]
) -> Iterator[str]:
    """Lines of one table: its own values first, then the tables below it."""
    if at:
        yield f"\n[{'.'.join(part if part.isascii() else json.dumps(part) for part in at)}]"
    fields = type(settings).__pydantic_fields__  # type: ignore[attr-defined]
    for name in sorted(tree, key="kind".__ne__):
        if isinstance(tree[name], Mapping):
            continue
        words = (
            f"One of {', '.join(_kinds(at))}." if name == "kind" else fields[name].description or ""
        )
        for line in () if words in explained else words.splitlines():
            yield f"# {line.strip()}"
        explained.add(words)
        yield f"{name} = {_value(tree[name])}"
    below = settings.codes if isinstance(settings, Latent) else vars(settings)
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _section(below[name], value, (*at, name), explained)


def _kinds(at: tuple[str, ...]) -> list[str]:
    """What `kind` may be in that table."""
    annotation: Any = AnyCode if at[0] == "latent" else RunConfig.model_fields[at[0]].annotation
    members = TypeAdapter(annotation).json_schema()["$defs"].values()
    return [kind["const"] for member in members if (kind := member["properties"].get("kind"))]


def _value(value: Any) -> str:
    """A value in TOML; what is not set is the word none."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return '"none"' if value is None else json.dumps(value)
