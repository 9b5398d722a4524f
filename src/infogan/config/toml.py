"""Settings as a file that explains itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from infogan.config.settings import RunConfig
from infogan.latent.codes import AnyCode
from infogan.latent.latent import Latent


def as_toml(config: RunConfig) -> str:
    """A TOML file of all settings, each explained where it comes first; `read_file` reads it back."""
    return "\n".join(_section(config, config.model_dump(mode="json"), (), set())) + "\n"


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
    annotation = AnyCode if at[0] == "latent" else RunConfig.model_fields[at[0]].annotation
    return [
        get_args(choice.__pydantic_fields__["kind"].annotation)[0]
        for choice in _choices(annotation)
    ]


def _choices(annotation: Any) -> list[Any]:
    """The classes with a kind that an annotation is made of."""
    if "kind" in getattr(annotation, "__pydantic_fields__", ()):
        return [annotation]
    return [choice for part in get_args(annotation) for choice in _choices(part)]


def _value(value: Any) -> str:
    """A value in TOML; what is not set is the word none."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return '"none"' if value is None else json.dumps(value)
