"""The user's cache."""

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_path(*parts: str) -> Path:
    """A path in the cache folder ($INFOGAN_CACHE, else the platform's); its parent exists afterwards."""
    root = Path(os.environ.get("INFOGAN_CACHE") or user_cache_path("infogan"))
    path = root.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
