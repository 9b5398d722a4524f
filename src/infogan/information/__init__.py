"""The information theory behind InfoGAN, usable alone, in nats by default (see docs/theory.md)."""
# mypy: implicit-reexport
# ruff: noqa: F401

from types import FunctionType

from infogan.information.bounds import barber_agakov, donsker_varadhan, info_nce, nwj
from infogan.information.continuous import (
    gaussian_channel_information,
    gaussian_cross_entropy,
    gaussian_entropy,
    gaussian_kl,
    gaussian_mutual_information,
    uniform_channel_information,
    uniform_cross_entropy,
    uniform_entropy,
    uniform_gaussian_cross_entropy,
    uniform_gaussian_kl,
    uniform_kl,
)
from infogan.information.discrete import (
    conditional_entropy,
    conditional_mutual_information,
    cross_entropy,
    entropy,
    jensen_shannon,
    joint_entropy,
    joint_table,
    kl_divergence,
    mutual_information,
    normalized_mutual_information,
    self_information,
    total_correlation,
    variation_of_information,
)
from infogan.information.estimators import (
    histogram_mutual_information,
    ksg_mutual_information,
    mixed_mutual_information,
    plug_in_entropy,
    plug_in_mutual_information,
)
from infogan.information.table import read_table, summary

__all__ = [name for name, value in vars().items() if isinstance(value, FunctionType)]
