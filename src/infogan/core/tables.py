"""Small files that people write and read: settings as TOML or JSON, rows as CSV."""

import csv
import json
import math
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from infogan.core.errors import ConfigError, parsing
from infogan.core.limits import TEXT, read_small


def read_file(path: Path, most: int = TEXT) -> dict[str, Any]:
    """Read a TOML or JSON file of settings, such as a run's config.json, of at most 1 MiB or `most`
    bytes."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such settings file")
    with parsing(path, "settings", ConfigError):
        text = read_small(path, "a file of settings", ConfigError, most).decode()
        json_file = path.suffix == ".json"
        tree = json.loads(text, object_pairs_hook=_table) if json_file else tomllib.loads(text)
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: holds no table of settings")
    return tree


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON table in which no key stands twice (TOML forbids that itself)."""
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{max(names, key=names.count)!r} is set twice")
    return table


def as_json(tree: Any, indent: int | None = None) -> str:
    """Plain values as JSON, which has no NaN and no infinity: null stands for them."""
    return json.dumps(_finite(tree), indent=indent, allow_nan=False)


def _finite(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _finite(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_finite(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree


def write_csv(file: TextIO, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a header and rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
