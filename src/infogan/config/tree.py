"""Settings as nested dicts: from files and command lines, laid over each other."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from infogan.core.errors import ConfigError, parsing
from infogan.core.tables import read_file
from infogan.latent.codes import from_text
from infogan.latent.latent import RESERVED

Tree = Mapping[str, Any]
KINDS = "objective", "networks", "augment", "game_augment"
SHORT_FORM = {"data": "name"} | dict.fromkeys(KINDS, "kind")
"""The field that a section's short form stands for: `--data mnist` is `--data.name mnist`."""
RENAMED = {  # settings that had another name once, with the name they have now
    "augment.fade": "augment.anneal",
    "latent.law": "latent.distribution",
    "objective.real_first": "objective.warm_up",
    "optim.decay": "optim.lr_decay",
}


def spelled(*path: str) -> str:
    """A setting's name as the command line writes it: `optim.d-lr`."""
    return ".".join(path).replace("_", "-")


def flat(tree: Tree, at: str = "") -> dict[str, Any]:
    """Nested dicts as one dict with dotted names.

    >>> flat({"optim": {"ema": 0.9}, "steps": 10})
    {'optim.ema': 0.9, 'steps': 10}
    """
    result: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{at}{key}"
        result |= flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return result


def _long_form(path: Sequence[str], value: Any) -> Any:
    """A value, a section's or a code's short form as a dict; ConfigError for a former name."""
    if new := RENAMED.get(".".join(path)):
        raise ConfigError(f"{spelled(*path)} is now {spelled(new)}")
    if not isinstance(value, str) or value.lower() == "none":
        return value
    if len(path) == 1 and path[0] in SHORT_FORM:
        return {SHORT_FORM[path[0]]: value}
    if len(path) == 2 and path[0] == "latent" and path[1] not in RESERVED:
        try:
            return from_text(value)
        except ValueError as error:
            raise ConfigError(f"latent.{path[1]}: {error}") from None
    return value


def merged(base: Tree, changes: Tree, at: tuple[str, ...] = ()) -> dict[str, Any]:
    """`base` with `changes` laid over it. Dicts merge, and another `kind` drops the fields of the
    kind before; values (an InfoGAN, a Latent) replace; `none` removes a code from the latent and
    empties another setting."""
    result = dict(base)
    for name, change in changes.items():
        key = name.replace("-", "_")
        result[key] = value = _long_form((*at, key), change)
        if hasattr(value, "__pydantic_validator__"):
            result[key] = TypeAdapter(type(value)).dump_python(value, mode="json")
        elif isinstance(value, Mapping):
            old = base[key] if isinstance(base.get(key), Mapping) else {}
            same_kind = value.get("kind", old.get("kind")) == old.get("kind")
            result[key] = merged(old if same_kind else {}, value, (*at, key))
        elif isinstance(value, str) and value.lower() == "none":
            result[key] = None
            if at == ("latent",):
                del result[key]
    return result


def with_file(tree: Tree, path: Path) -> dict[str, Any]:
    """Settings with a file laid over them. A file that describes the latent names all of its codes:
    they are a list, which a file replaces and an option changes."""
    changes = read_file(path)
    if isinstance(changes.get("latent"), Mapping):
        tree = {**tree, "latent": {k: v for k, v in tree["latent"].items() if k in RESERVED}}
    return merged(tree, changes)


def from_options(tokens: Sequence[str]) -> dict[str, Any]:
    """The tree of `--section.field value` or `--section.field=value` words; lists are JSON.

    >>> from_options(["--networks.channels", "[64,128]", "--steps=10"])
    {'networks': {'channels': [64, 128]}, 'steps': '10'}
    """
    tree: dict[str, Any] = {}
    words = iter(tokens)
    for word in words:
        if not word.startswith("--"):
            raise ConfigError(f"{word!r} is not an option; settings are written --name value")
        name, equals, value = word[2:].partition("=")
        if not equals and (value := next(words, "--")).startswith("--"):
            raise ConfigError(f"--{name} needs a value")
        path = "data.dir" if name == "data-dir" else name.replace("-", "_")
        with parsing(word, "JSON, which writes lists as [64,128]", ConfigError):
            parsed = json.loads(value) if value[:1] in ("[", "{") else value
        _put(tree, path.split("."), parsed)
    return tree


def _put(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set one value in nested dicts; a short form that meets fields of its section is a table."""
    for depth, part in enumerate(path[:-1], 1):
        below = _long_form(path[:depth], tree.get(part, {}))
        tree[part] = dict(below) if isinstance(below, Mapping) else {}
        tree = tree[part]
    value = _long_form(path, value)
    if isinstance(value, Mapping) and isinstance(old := tree.get(path[-1]), dict):
        value = {**old, **value}
    tree[path[-1]] = value
