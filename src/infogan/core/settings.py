"""How every group of settings behaves."""

from pydantic import ConfigDict

SETTINGS = ConfigDict(
    frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
)
"""Immutable, without unknown names, infinities or NaN; docstrings of fields describe them."""
