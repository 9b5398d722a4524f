"""Scores. Pure functions of arrays; only `evaluate` sees a model."""
