"""Images: where they come from, their splits, labels, conversions and augmented views.
`load` and `Source` are imported on first use, so that `Split` costs the command line nothing."""

from typing import TYPE_CHECKING, Any

from infogan.data.splits import Split

if TYPE_CHECKING:
    from infogan.data.settings import Source
    from infogan.data.sources import SOURCES, load, root

__all__ = ["SOURCES", "Source", "Split", "load", "root"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from infogan.data import sources

    return getattr(sources, name)
