"""Settings are immutable, without unknown names, infinities or NaN; docstrings describe fields."""

from pydantic import ConfigDict

SETTINGS = ConfigDict(
    frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
)
