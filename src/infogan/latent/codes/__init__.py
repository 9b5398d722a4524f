"""Kinds of latent code, a file each, and the one table of them."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from infogan.latent.codes.angle import Angle as Angle
from infogan.latent.codes.base import Code as Code
from infogan.latent.codes.categorical import Categorical as Categorical
from infogan.latent.codes.gaussian import Gaussian as Gaussian
from infogan.latent.codes.uniform import Uniform as Uniform

KINDS = {"categorical": "k", "uniform": "low:high", "gaussian": "mean:scale", "angle": ""}
"""Each kind, with the fields that its short form `kind:value:value` gives in order."""


def from_text(value: object) -> object:
    """Read a short form of files and commands, as `categorical:10`, `uniform:-1:1`, `angle`."""
    if not isinstance(value, str):
        return value
    kind, *numbers = value.split(":")
    fields = KINDS[kind].split(":") if KINDS.get(kind) else []
    if kind not in KINDS or len(numbers) > len(fields):
        forms = ", ".join(f"{kind}:{fields}".rstrip(":") for kind, fields in KINDS.items())
        raise ValueError(f"{value!r} is no code; write one of {forms}")
    return {"kind": kind} | dict(zip(fields, numbers, strict=False))


_Codes = Annotated[Categorical | Uniform | Gaussian | Angle, Field(discriminator="kind")]
AnyCode = Annotated[_Codes, BeforeValidator(from_text)]
"""A code in a configuration: a table with `kind`, or the short form."""
