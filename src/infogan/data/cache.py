"""The user's cache folder."""

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_path(*parts: str) -> Path:
    """Return a path in $INFOGAN_CACHE, or the platform's cache folder; its parent is made."""
    path = Path(os.environ.get("INFOGAN_CACHE") or user_cache_path("infogan"), *parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
