"""Settings as a file that explains itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from infogan.config.settings import RunConfig
from infogan.config.tree import Tree
from infogan.latent.codes import AnyCode
from infogan.latent.latent import Latent

YOURS = '# name = "photos/"'


def as_toml(config: RunConfig, *, own: bool = False) -> str:
    """A TOML file of all settings, each explained where it comes first; `with_file` reads it.
    own: the images are the user's, so a comment stands where their name goes."""
    text = "\n".join(_section(config, config.tree(), (), set())) + "\n"
    return text.replace(f"name = {_quoted(config.data.name)}", YOURS, 1) if own else text


def _section(settings: object, tree: Tree, at: tuple[str, ...], seen: set[str]) -> Iterator[str]:
    """Lines of one table: its own values first, then the tables below it."""
    if at:
        yield f"\n[{'.'.join(part if part.isascii() else _quoted(part) for part in at)}]"
    fields = type(settings).__pydantic_fields__  # type: ignore[attr-defined]
    for name in sorted(tree, key="kind".__ne__):
        if isinstance(tree[name], Mapping):
            continue
        words = _kinds(at) if name == "kind" else fields[name].description or ""
        if words not in seen:
            yield from (f"# {line.strip()}" for line in words.splitlines())
        seen.add(words)
        yield f"{name} = {_quoted('none' if tree[name] is None else tree[name])}"
    below = settings.codes if isinstance(settings, Latent) else vars(settings)
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _section(below[name], value, (*at, name), seen)


def _quoted(value: object) -> str:
    """A value as TOML has it: JSON without surrogate pairs, which TOML refuses."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _kinds(at: tuple[str, ...]) -> str:
    """What `kind` may be in that table."""
    union: Any = AnyCode if at[0] == "latent" else RunConfig.model_fields[at[0]].annotation
    members = TypeAdapter(union).json_schema()["$defs"].values()
    return f"One of {', '.join(member['properties']['kind']['const'] for member in members)}."
