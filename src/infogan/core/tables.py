"""Small files that people write and read: tables of settings as TOML or JSON, rows as CSV."""

import csv
import json
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from infogan.core.errors import ConfigError, parsing

MAX_FILE = 1 << 20


def read_file(path: Path) -> dict[str, Any]:
    """Settings from a TOML file, or from a run's config.json."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such settings file")
    if path.stat().st_size > MAX_FILE:
        raise ConfigError(f"{path}: is larger than 1 MiB, which no settings file is")
    with parsing(path, "settings", ConfigError):
        text = path.read_text(encoding="utf-8")
        tree = (
            json.loads(text, object_pairs_hook=_table)
            if path.suffix == ".json"
            else tomllib.loads(text)
        )
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: holds no table of settings")
    return tree


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of JSON, in which a key stands once (TOML sees to that by itself)."""
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{max(names, key=names.count)!r} is set twice")
    return table


def write_csv(file: TextIO, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a header and rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
