"""The generator's input: noise z, then named codes c in declared order. Shapes: N samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import torch
from pydantic import BaseModel, Field, model_validator
from torch import Generator, Tensor

from infogan.core.errors import ConfigError
from infogan.core.figures import outlined
from infogan.core.settings import SETTINGS
from infogan.latent.codes import AnyCode, Categorical, Code
from infogan.latent.posterior import Posterior

CODE, CLASS = "code", "class"  # D's heads: Q, which reads the codes, and that of classes
RESERVED = {"noise", "distribution", "seed", "n", "kind", "file", "image", "sorted", CLASS}
RESERVED |= {"self", "generator"}
"""Names that no code can have: they are other words where codes are named."""


@dataclass(frozen=True)
class Draw:
    """A sample of the latent: noise [N, noise], and the columns [N, width] of each code."""

    noise: Tensor
    values: Mapping[str, Tensor]

    def __repr__(self) -> str:
        return outlined("Draw", {"noise": self.noise, **self.values})

    def vector(self) -> Tensor:
        """[N, width] what G reads: z, then the codes in declared order."""
        return torch.cat([self.noise, *self.values.values()], 1)

    def to(self, device: torch.device | str) -> "Draw":
        """The same sample on another device."""
        return Draw(self.noise.to(device), {n: c.to(device) for n, c in self.values.items()})


class Latent(BaseModel):
    """Noise plus named codes.

    >>> latent = Latent(noise=62, digit=Categorical(10), slant="uniform:-1:1", width="uniform:-1:1")
    >>> latent.width, [code.n_params for code in latent.codes.values()]
    (74, [10, 2, 2])
    """

    model_config = SETTINGS | {"extra": "allow"}
    __pydantic_extra__: dict[str, AnyCode] = Field(init=False)

    noise: int = Field(default=62, ge=0, le=10_000)
    """Width of the incompressible noise z."""
    distribution: Literal["normal", "uniform"] = "normal"
    """Distribution of each part of z: N(0, 1) or U(-1, 1)."""

    def __init__(self, /, **data: Any) -> None:
        super().__init__(**data)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in self.codes:
            if not name.isidentifier() or name in RESERVED:
                raise ValueError(f"a code cannot be called {name!r}; use other letters, digits, _")
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
    def entropy(self) -> dict[str, float]:
        """H(c) of each code in nats."""
        return {name: code.entropy for name, code in self.codes.items()}

    @property
    def categorical(self) -> str | None:
        """The name of the code that stands for the classes: the first categorical one."""
        return next((name for name, code in self.codes.items() if code.categories), None)

    @property
    def continuous(self) -> tuple[str, ...]:
        """The names of the codes without categories."""
        return tuple(name for name, code in self.codes.items() if not code.categories)

    @property
    def following(self) -> dict[str, str]:
        """The property that each code follows, for those that follow one."""
        return {name: code.follows for name, code in self.codes.items() if code.follows}

    @property
    def learned(self) -> dict[str, Categorical]:
        """The codes whose prior is learned."""
        found = {n: code for n, code in self.codes.items() if isinstance(code, Categorical)}
        return {n: code for n, code in found.items() if code.probs == "learned"}

    def under(self, priors: Mapping[str, Tensor]) -> Self:
        """The latent under learned priors [K], by code; ValueError where one is no distribution."""
        codes = {name: self.learned[name].under(prior) for name, prior in priors.items()}
        return self.model_copy(update=codes) if codes else self

    def code(self, name: str) -> Code:
        """The code of that name; ConfigError listing the names when there is none."""
        if name not in self.codes:
            names = ", ".join(self.codes) or "none"
            raise ConfigError(f"unknown code {name!r}; this model has {names}")
        return self.codes[name]

    def columns(self, name: str, value: float) -> Tensor:
        """[width] of a code's value; ConfigError naming the code when it has no such value."""
        code = self.code(name)
        if isinstance(value, str):
            raise ConfigError(f"code {name}: give a number, not {value!r}")
        try:
            return code.columns(value)
        except ValueError as error:
            raise ConfigError(f"code {name}: {error}") from None

    def sample(self, n: int, generator: Generator, **fixed: float) -> Draw:
        """n draws of z and c; a code in `fixed` has that one value and shifts no other draw."""
        if n < 1:
            raise ConfigError(f"{n} is no number of draws; give 1 or more")
        if self.distribution == "normal":
            noise = torch.randn(n, self.noise, generator=generator)
        else:
            noise = torch.rand(n, self.noise, generator=generator) * 2 - 1
        values = {name: code.sample(n, generator) for name, code in self.codes.items()}
        values |= {name: self.columns(name, value).expand(n, -1) for name, value in fixed.items()}
        return Draw(noise, values)

    def pairs(self, draw: Draw, gap: float, generator: Generator) -> tuple[Draw, Draw, Tensor]:
        """Pairs with z and one continuous code of each of n draws in common, and which code it is,
        [n] int64 in `continuous`. Values of each other one are at least `gap` apart; without a gap
        the first of a pair is the draw itself."""
        n, names = len(draw.noise), self.continuous
        one, other = dict[str, Tensor](), dict[str, Tensor]()
        shared = torch.randint(len(names), (n,), generator=generator)
        for name, code in self.codes.items():
            own = draw.values[name]
            pair = code.pair(n, gap, generator) if gap else (own, code.sample(n, generator))
            same = (shared == names.index(name) if name in names else shared < 0)[:, None]
            one[name], other[name] = (torch.where(same, own, value) for value in pair)
        return Draw(draw.noise, one), Draw(draw.noise, other), shared

    def point(self, tree: Mapping[str, Any]) -> Draw:
        """A point that the explorer copied, K weights allowed for a category; else ConfigError.

        >>> latent = Latent(noise=1, digit="categorical:2")
        >>> latent.point({"noise": [0.5], "codes": {"digit": [0.75, 0.25]}}).vector()
        tensor([[0.5000, 0.7500, 0.2500]])
        """
        codes, names = tree.get("codes"), ", ".join(self.codes) or "none"
        if not isinstance(codes, Mapping) or list(codes) != list(self.codes):
            raise ConfigError(f'point: "codes" must give a value to {names}, in this order')
        values = {}
        for name, value in codes.items():
            if isinstance(value, list):
                values[name] = _numbers(name, value, self.codes[name].width)[None]
            else:
                values[name] = self.columns(name, float(_numbers(name, [value], 1)))[None]
        return Draw(_numbers("noise", tree.get("noise"), self.noise)[None], values)

    def grid(self, name: str, sweep: Sequence[float], rows: int, generator: Generator) -> Draw:
        """The draw [rows * n, ...], row by row: `name` takes n values, a row keeps all else."""
        base, n = self.sample(rows, generator), len(sweep)
        values = {key: columns.repeat_interleave(n, 0) for key, columns in base.values.items()}
        values[name] = torch.stack([self.columns(name, value) for value in sweep]).repeat(rows, 1)
        return Draw(base.noise.repeat_interleave(n, 0), values)

    def read(self, posteriors: Mapping[str, Posterior]) -> Tensor:
        """[N, width of all codes] what G is given for the values of N images' posteriors."""
        parts = []
        for name, code in self.codes.items():
            parts.append(torch.stack([code.columns(v) for v in posteriors[name].value.tolist()]))
        return torch.cat(parts, 1)


def _numbers(name: str, value: Any, n: int) -> Tensor:
    """[n] finite numbers from a file."""
    fits = isinstance(value, list) and len(value) == n
    most = torch.finfo(torch.float32).max
    if not fits or not all(type(v) in (int, float) and -most <= v <= most for v in value):
        raise ConfigError(f"point: {name} must be {n} finite number{'s' * (n != 1)}")
    return torch.tensor(value, dtype=torch.float32)
