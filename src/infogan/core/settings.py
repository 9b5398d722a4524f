"""Settings are immutable, without unknown names, infinities or NaN; docstrings describe fields."""

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)
SETTINGS = STRICT | ConfigDict(frozen=True)
