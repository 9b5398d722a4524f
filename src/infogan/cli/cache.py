"""The command that shows and clears the cache."""

from datetime import datetime
from typing import Annotated

from cyclopts import Parameter


def cache(*, clear: Annotated[bool, Parameter(negative=())] = False) -> None:
    """List what the cache holds: images that were decoded, unpacked or downloaded once.

    It lies in $INFOGAN_CACHE (default: the system's cache folder). When it exceeds
    $INFOGAN_CACHE_GB (default: 20), what was not used for longest is removed, except downloads. All
    of it can be made again.

    Args:
        clear: Remove it.
    """
    from infogan.data import cache as cached

    held = cached.entries()
    for path, size, used in held:
        when = datetime.fromtimestamp(used).strftime("%Y-%m-%d %H:%M")
        print(f"{size / 1e6:>10,.1f} MB  {when}  {path.relative_to(cached.root())}")
    if clear:
        cached.remove([path for path, _, _ in held])
    total = sum(size for _, size, _ in held) / 1e6
    gone = ", removed" if clear else f" of {cached.limit() / 1e6:,.0f} MB"
    print(f"{total:>10,.1f} MB{gone}, in {cached.root()}")
