"""The generator's input: noise z and the named codes c. Nobody else counts columns.

Shapes: N samples; Q's parameters [N, n_params] and G's input [N, width] hold the codes in declared order.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import torch
from pydantic import BaseModel, Field, model_validator
from torch import Tensor

from infogan.core.errors import ConfigError
from infogan.core.settings import SETTINGS
from infogan.latent.codes import AnyCode, Categorical, Code
from infogan.latent.posterior import Posterior

CODE, CLASS = "code", "class"
"""D's heads: Q, which reads the codes, and the one for classes, whose categories have names like a code's."""
RESERVED = {"noise", "distribution", "seed", "n", "kind", "file", "image", CLASS}
"""What no code can be called."""


@dataclass(frozen=True)
class Draw:
    """A sample of the latent: noise [N, noise] and one value [N, width] a code."""

    noise: Tensor
    values: Mapping[str, Tensor]

    def vector(self) -> Tensor:
        """[N, width] what G reads: z, then the codes in declared order."""
        return torch.cat([self.noise, *self.values.values()], 1)

    def to(self, device: torch.device | str) -> "Draw":
        """The same sample on another device."""
        return Draw(
            self.noise.to(device), {name: value.to(device) for name, value in self.values.items()}
        )


class Latent(BaseModel):
    """Noise plus named codes.

    >>> latent = Latent(noise=62, digit=Categorical(10), slant="uniform:-1:1", width="uniform:-1:1")
    >>> latent.width, latent.n_params
    (74, 14)
    """

    model_config = SETTINGS | {"extra": "allow"}
    __pydantic_extra__: dict[str, AnyCode] = Field(init=False)

    noise: int = Field(default=62, ge=0, le=10_000)
    """Width of the incompressible noise z."""
    distribution: Literal["normal", "uniform"] = "normal"
    """Law of each part of z: N(0, 1) or U(-1, 1)."""

    def __init__(self, **data: Any) -> None:
        super().__init__(**data)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in self.codes:
            if not name.isidentifier() or name in RESERVED:
                raise ValueError(
                    f"a code cannot be called {name!r}; use letters, digits and _ in a free name"
                )
        if not self.width:
            raise ValueError("the latent is empty; give it noise or a code")
        return self

    @property
    def codes(self) -> Mapping[str, Code]:
        """The codes by name, in declared order."""
        return self.__pydantic_extra__

    @property
    def width(self) -> int:
        """Columns of G's input."""
        return self.noise + sum(code.width for code in self.codes.values())

    @property
    def n_params(self) -> int:
        """Numbers that Q puts out."""
        return sum(code.n_params for code in self.codes.values())

    @property
    def entropy(self) -> dict[str, float]:
        """H(c) of each code in nats."""
        return {name: code.entropy for name, code in self.codes.items()}

    @property
    def learned(self) -> dict[str, Categorical]:
        """The codes whose prior is learned."""
        codes = self.codes.items()
        return {
            name: code for name, code in codes if isinstance(code, Categorical) and code.learned
        }

    @property
    def following(self) -> dict[str, str]:
        """The property that each code follows, of those that follow one."""
        codes = self.codes.items()
        return {name: code.follows for name, code in codes if code.follows}

    def under(self, priors: Mapping[str, Tensor]) -> "Latent":
        """The latent at a stage of training: learned priors [K] by code have become given ones."""
        if not priors:
            return self
        codes = {name: code.under(priors[name]) for name, code in self.learned.items()}
        return Latent(noise=self.noise, distribution=self.distribution, **{**self.codes, **codes})

    @property
    def categorical(self) -> str | None:
        """Name of the code that stands for the classes: the first categorical one."""
        return next((name for name, code in self.codes.items() if code.categories), None)

    def code(self, name: str) -> Code:
        """The code of that name; ConfigError listing the names when there is none."""
        if name not in self.codes:
            raise ConfigError(
                f"unknown code {name!r}; this model has {', '.join(self.codes) or 'none'}"
            )
        return self.codes[name]

    def sample(self, n: int, generator: torch.Generator, **fixed: float) -> Draw:
        """n draws of z and c; a code named in `fixed` takes that value throughout, the others do not shift.

        >>> from infogan.streams import stream
        >>> draw = Latent(noise=2, digit="categorical:3").sample(2, stream(0, "doc"), digit=1)
        >>> draw.vector()[:, 2:]
        tensor([[0., 1., 0.],
                [0., 1., 0.]])
        """
        columns = {name: self.columns(name, value) for name, value in fixed.items()}
        if self.distribution == "normal":
            noise = torch.randn(n, self.noise, generator=generator)
        else:
            noise = torch.rand(n, self.noise, generator=generator) * 2 - 1
        values = {}
        for name, code in self.codes.items():
            drawn = code.sample(n, generator)
            values[name] = columns[name].expand(n, -1) if name in columns else drawn
        return Draw(noise, values)

    def columns(self, name: str, value: float) -> Tensor:
        """[width] of a code's value; ConfigError naming the code when it has no such value."""
        code = self.code(name)
        try:
            return code.columns(value)
        except ValueError as error:
            raise ConfigError(f"code {name}: {error}") from None

    def point(self, tree: Mapping[str, Any]) -> Draw:
        """The one sample that {"noise": [...], "codes": {"digit": 3, "slant": 0.5}} describes, as the explorer copies
        it. A categorical code may have K weights in place of a number. ConfigError when it fits another latent.

        >>> Latent(noise=1, digit="categorical:2").point({"noise": [0.5], "codes": {"digit": [0.75, 0.25]}}).vector()
        tensor([[0.5000, 0.7500, 0.2500]])
        """
        noise, codes = tree.get("noise"), tree.get("codes")
        if not isinstance(codes, Mapping) or list(codes) != list(self.codes):
            raise ConfigError(
                f'point: "codes" must give a value to {", ".join(self.codes) or "none"}, in this order'
            )
        values = {}
        for name, value in codes.items():
            if isinstance(value, Sequence):
                values[name] = _numbers(name, value, self.codes[name].width)
            else:
                values[name] = self.columns(name, float(_numbers(name, [value], 1)))
        draw = {name: value[None] for name, value in values.items()}
        return Draw(_numbers("noise", noise, self.noise)[None], draw)

    def traverse(
        self, name: str, rows: int, steps: int, generator: torch.Generator
    ) -> tuple[Draw, list[float]]:
        """A grid for one code: each row keeps its z and other codes while `name` runs through its sweep.

        Returns the draw [rows * n, ...], row by row, and the n swept values.
        """
        sweep = list(self.code(name).swept(steps))
        return self.grid(name, sweep, rows, generator), sweep

    def grid(
        self, name: str, sweep: Sequence[float], rows: int, generator: torch.Generator
    ) -> Draw:
        """The draw [rows * n, ...], row by row, in which `name` takes each of n values and a row keeps all else."""
        base = self.sample(rows, generator)
        repeated = {
            key: value.repeat_interleave(len(sweep), 0) for key, value in base.values.items()
        }
        repeated[name] = torch.stack([self.columns(name, value) for value in sweep]).repeat(rows, 1)
        return Draw(base.noise.repeat_interleave(len(sweep), 0), repeated)

    def read(self, posteriors: Mapping[str, Posterior]) -> Tensor:
        """[N, width of all codes] the codes that posteriors of N images point to, as G is given them."""
        parts = [
            torch.stack([self.columns(c, v) for v in posteriors[c].value.tolist()])
            for c in self.codes
        ]
        return torch.cat(parts, 1)


def _numbers(name: str, value: Any, n: int) -> Tensor:
    """[n] finite numbers from a file."""
    numbers = isinstance(value, list) and all(
        type(v) in (int, float) and math.isfinite(v) for v in value
    )
    if not numbers or len(value) != n:
        raise ConfigError(f"point: {name} must be {n} finite number{'s' * (n != 1)}")
    return torch.tensor(value, dtype=torch.float32)
