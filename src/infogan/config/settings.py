"""The settings of a run: one frozen, checked tree, the same for Python, files and the command line."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from infogan.config.tree import merged
from infogan.core.errors import ConfigError
from infogan.core.settings import SETTINGS
from infogan.data import Source
from infogan.data.augment import AnyAugment
from infogan.latent.codes import Categorical
from infogan.latent.latent import CODE, Latent
from infogan.networks import AnyNetworks, Dcgan
from infogan.objectives import AnyObjective
from infogan.objectives.infogan import InfoGAN


class Optim(BaseModel):
    """Adam for both players."""

    model_config = SETTINGS
    d_lr: float = Field(default=2e-4, gt=0)
    """Learning rate of D, and of Q where it steps with D."""
    g_lr: float = Field(default=1e-3, gt=0)
    """Learning rate of G, and of Q where it steps with G."""
    beta1: float = Field(default=0.5, ge=0, lt=1)
    """Decay of Adam's first moment."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of Adam's second moment."""
    ema: float = Field(default=0.0, ge=0, lt=1)
    """Decay per step of the averaged weights of G and D that the model uses; 0: the last weights."""
    lr_decay: float = Field(default=0.0, ge=0, le=1)
    """Share of the steps, at the end, over which both rates fall linearly to zero."""


def _labels(value: object) -> object:
    """`10`, `all` or the name of a CSV file."""
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or (isinstance(value, int) and value < 1):
        raise ValueError("give at least 1 label a class")
    if isinstance(value, str) and value != "all" and not value.endswith(".csv"):
        raise ValueError("give a number for each class, all, or the name of a .csv file")
    return value


class RunConfig(BaseModel):
    """Everything a run depends on."""

    model_config = SETTINGS
    data: Source = Source()
    latent: Latent = Latent(category=Categorical(10))
    networks: AnyNetworks = Dcgan()
    objective: AnyObjective = InfoGAN()
    augment: AnyAugment | None = None
    """Changes of an image that are taken to leave its class as it is. Labelled images are seen through them;
    objective.real-weight needs them."""
    labels: Annotated[int | str | None, BeforeValidator(_labels)] = None
    """Labels that the objective may see: a number for each class, all, or a CSV file (file,label)."""
    optim: Optim = Optim()
    steps: int = Field(default=5000, ge=1)
    """Generator steps."""
    d_steps: int = Field(default=1, ge=1, le=100)
    """Discriminator steps before each generator step (the article's k)."""
    batch: int = Field(default=128, ge=2, le=65536)
    """Images a step."""
    seed: int = Field(default=0, ge=0)
    """Names every random draw of the run."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the networks; auto: bf16 where the processor or GPU has it."""
    device: str = "auto"
    """cpu, cuda, mps, or auto: the first of cuda, mps, cpu that is present."""
    log_every: int = Field(default=50, ge=1)
    """Steps between lines of metrics.jsonl."""
    checkpoint_every: int = Field(default=500, ge=1)
    """Steps between checkpoints."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        kind, codes = self.objective.kind, self.latent.codes
        if isinstance(self.objective, InfoGAN) and not codes:
            raise ValueError(
                "infogan needs a code: give latent.NAME categorical:10, or objective gan"
            )
        if unread := [name for name in codes if name not in self.readers]:
            raise ValueError(f"{kind} has no Q to read codes: set latent.{unread[0]} none")
        if self.objective.labels == "needed" and self.labels is None:
            raise ValueError(
                f"{kind} learns from labels: set labels to a number for each class, all, or a CSV file"
            )
        if self.objective.labels == "never" and self.labels is not None:
            raise ValueError(f"{kind} never looks at labels: set labels none")
        if unread := [name for name in self.latent.learned if self.readers[name] != CODE]:
            name = unread[0]
            raise ValueError(
                f"{kind} has no Q to learn a prior from: set latent.{name}.probs none, or objective infogan"
            )
        if self.objective.timed and not self.objective.needs_views:
            raise ValueError(
                "objective.warm_up needs real_weight above 0: there is nothing else to learn from first"
            )
        if self.objective.needs_views and self.objective.g_heads:
            raise ValueError(
                "objective.real_weight teaches Q in D's step: set objective.q_step d or d-head, or real_weight 0"
            )
        if self.objective.needs_views and self.augment is None:
            raise ValueError(
                "objective.real_weight needs augment: set augment affine, or real_weight 0"
            )
        following = self.latent.following
        if following and not self.objective.needs_views:
            options = " ".join(f"--latent.{name}.follows none" for name in following)
            raise ValueError(
                f"a code that follows a property needs objective.real_weight above 0; else {options}"
            )
        for name, what in following.items():
            if self.augment and what not in self.augment.moves:
                can = (
                    f"can follow {' and '.join(self.augment.moves)}"
                    if self.augment.moves
                    else "set it none"
                )
                raise ValueError(
                    f"latent.{name}.follows {what}: augment as it is set does not move it one way; {can}"
                )
        return self

    @property
    def readers(self) -> dict[str, str]:
        """Which head reads each code back, by the code's name."""
        some = 2  # how many classes there are is known with the images; it does not matter here
        readings = self.objective.readings(self.latent, some)
        return {reading.recovers: reading.head for reading in readings if reading.recovers}

    @property
    def timed(self) -> bool:
        """Whether a step depends on how many are to come."""
        fades = self.augment is not None and self.augment.anneal > 0
        return self.objective.timed or fades or self.optim.lr_decay > 0

    def replace(self, **changes: Any) -> Self:
        """The same settings but for some, checked again; sections may be values, short forms or dicts.

        >>> RunConfig().replace(latent={"digit": "categorical:4"}, steps=10).latent.width
        66
        """
        return self.from_tree(merged(self.tree(), changes))

    def tree(self) -> dict[str, Any]:
        """As nested dicts of plain values."""
        return self.model_dump(mode="json")

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any]) -> Self:
        """The inverse of `tree`; ConfigError names the key, the reason and the nearest valid key."""
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise ConfigError("\n".join(_reasons(error, tree))) from None


def _reasons(error: ValidationError, tree: Mapping[str, Any]) -> Iterator[str]:
    """A line for each fault: key, reason, remedy."""
    for fault in error.errors()[:3]:
        place: list[str] = []
        section: Any = tree
        siblings: Any = tree
        for part in map(str, fault["loc"]):
            if isinstance(section, Mapping) and section.get("kind") == part:
                continue  # pydantic names the kind of a union's member here; nobody writes it
            place.append(part)
            siblings, section = section, section.get(part) if isinstance(section, Mapping) else None
        key = ".".join(place).replace("_", "-")
        if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            near = get_close_matches(
                place[-1], [name for name in siblings if name != place[-1]], 1, 0
            )
            hint = (
                f"; did you mean {'.'.join([*place[:-1], near[0]]).replace('_', '-')}?"
                if near
                else ""
            )
            yield f"unknown setting {key}{hint}"
        else:
            reason = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
            value = fault["input"]
            shown = f" (got {value!r})" if isinstance(value, str | int | float | bool) else ""
            yield f"{key + ': ' if key else ''}{reason}{shown}"
