"""The user's cache: files appear in it whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from infogan import durable


def cache_path(*parts: str) -> Path:
    """A path in the cache folder ($INFOGAN_CACHE, else the platform's); its parent exists afterwards."""
    root = Path(os.environ.get("INFOGAN_CACHE") or user_cache_path("infogan"))
    path = root.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write to beside `path`, renamed to it when the block ends well and removed when it does not."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        durable.sync(partial)
        durable.rename(partial, path)
    finally:
        partial.unlink(missing_ok=True)
