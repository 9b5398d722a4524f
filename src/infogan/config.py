"""The settings of a run: one frozen, checked tree, the same for Python, files and the command line."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from infogan.codes import Categorical, from_text
from infogan.data import Source
from infogan.data.augment import AnyAugment
from infogan.errors import ConfigError, reading
from infogan.latent import RESERVED, Latent
from infogan.networks import AnyNetworks, Dcgan
from infogan.objectives import AnyObjective
from infogan.objectives.infogan import InfoGAN

MAX_FILE = 1 << 20
SETTINGS = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)
SHORT_FORM = {"data": "name", "objective": "kind", "networks": "kind", "augment": "kind"}
"""The field that a section's short form stands for: `--data mnist` is `--data.name mnist`."""


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
    decay: float = Field(default=0.0, ge=0, le=1)
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
            raise ValueError("infogan needs a code: give latent.NAME categorical:10, or objective gan")
        if self.objective.q is None and codes:
            raise ValueError(f"{kind} has no Q to read codes: set latent.{next(iter(codes))} none")
        if self.objective.labels == "needed" and self.labels is None:
            raise ValueError(f"{kind} learns from labels: set labels to a number for each class, all, or a CSV file")
        if self.objective.labels == "never" and self.labels is not None:
            raise ValueError(f"{kind} never looks at labels: set labels none")
        if self.latent.learned and self.objective.q != "code":
            name = next(iter(self.latent.learned))
            raise ValueError(
                f"{kind} has no Q to learn a prior from: set latent.{name}.probs none, or objective infogan"
            )
        if self.objective.timed and not self.objective.needs_view:
            raise ValueError(
                "objective.real_first needs real_weight above 0: there is nothing else to learn from first"
            )
        if self.objective.needs_view and self.objective.g_heads:
            raise ValueError(
                "objective.real_weight teaches Q in D's step: set objective.q_step d or d-head, or real_weight 0"
            )
        if self.objective.needs_view and self.augment is None:
            raise ValueError("objective.real_weight needs augment: set augment affine, or real_weight 0")
        following = self.latent.following
        if following and not self.objective.needs_view:
            options = " ".join(f"--latent.{name}.follows none" for name in following)
            raise ValueError(f"a code that follows a property needs objective.real_weight above 0; else {options}")
        for name, what in following.items():
            if self.augment and what not in self.augment.moves:
                can = f"can follow {' and '.join(self.augment.moves)}" if self.augment.moves else "set it none"
                raise ValueError(f"latent.{name}.follows {what}: augment as it is set does not move it one way; {can}")
        return self

    @property
    def timed(self) -> bool:
        """Whether a step depends on how many are to come."""
        fades = self.augment is not None and self.augment.fade > 0
        return self.objective.timed or fades or self.optim.decay > 0

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
            near = get_close_matches(place[-1], [name for name in siblings if name != place[-1]], 1, 0)
            hint = f"; did you mean {'.'.join([*place[:-1], near[0]]).replace('_', '-')}?" if near else ""
            yield f"unknown setting {key}{hint}"
        else:
            reason = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
            value = fault["input"]
            shown = f" (got {value!r})" if isinstance(value, str | int | float | bool) else ""
            yield f"{key + ': ' if key else ''}{reason}{shown}"


def _long_form(path: Sequence[str], value: Any) -> Any:
    """A section's or a code's short form as the dict it stands for."""
    if isinstance(value, str) and value.lower() != "none":
        if len(path) == 1 and path[0] in SHORT_FORM:
            return {SHORT_FORM[path[0]]: value}
        if len(path) == 2 and path[0] == "latent" and path[1] not in RESERVED:
            try:
                return from_text(value)
            except ValueError as error:
                raise ConfigError(f"latent.{path[1]}: {error}") from None
    return value


def merged(base: Mapping[str, Any], changes: Mapping[str, Any], at: tuple[str, ...] = ()) -> dict[str, Any]:
    """`base` with `changes` laid over it. Dicts merge, and another `kind` drops the fields of the kind before;
    values (an InfoGAN, a Latent) replace; `none` removes a code from the latent and empties another setting."""
    result = dict(base)
    for name, change in changes.items():
        key = name.replace("-", "_")
        value, old = _long_form((*at, key), change), result.get(key)
        if hasattr(value, "__pydantic_validator__"):
            result[key] = TypeAdapter(type(value)).dump_python(value, mode="json")
        elif isinstance(value, str) and value.lower() == "none":
            if at == ("latent",):
                result.pop(key, None)
            else:
                result[key] = None
        elif isinstance(value, Mapping):
            same = isinstance(old, Mapping) and value.get("kind", old.get("kind")) == old.get("kind")
            result[key] = merged(old if same and isinstance(old, Mapping) else {}, value, (*at, key))
        else:
            result[key] = value
    return result


def read_file(path: Path) -> dict[str, Any]:
    """Settings from a TOML file, or from a run's config.json."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such settings file")
    if path.stat().st_size > MAX_FILE:
        raise ConfigError(f"{path}: is larger than 1 MiB, which no settings file is")
    with reading(path, "settings", ConfigError):
        text = path.read_text(encoding="utf-8")
        tree = json.loads(text, object_pairs_hook=_table) if path.suffix == ".json" else tomllib.loads(text)
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: holds no table of settings")
    return tree


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of JSON, in which a key stands once (TOML sees to that by itself)."""
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{max(names, key=names.count)!r} is set twice")
    return table


def with_file(tree: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Settings with a file laid over them. A file that describes the latent names all of its codes: they are a
    list, which a file replaces and an option changes."""
    changes = read_file(path)
    if isinstance(changes.get("latent"), Mapping):
        tree = {**tree, "latent": {k: v for k, v in tree["latent"].items() if k in RESERVED}}
    return merged(tree, changes)


def from_options(tokens: Sequence[str]) -> dict[str, Any]:
    """Settings from `--section.field value` or `--section.field=value` words of a command line, as a tree.

    Lists and tables are written as JSON.

    >>> from_options(["--networks.channels", "[64,128]", "--steps=10"])
    {'networks': {'channels': [64, 128]}, 'steps': '10'}
    """
    tree: dict[str, Any] = {}
    words = iter(tokens)
    for word in words:
        if not word.startswith("--"):
            raise ConfigError(f"{word!r} is not an option; settings are written --name value")
        name, equals, value = word[2:].partition("=")
        if not equals:
            value = next(words, "--")
            if value.startswith("--"):
                raise ConfigError(f"--{name} needs a value")
        if name == "data-dir":
            name = "data.dir"
        _put(tree, name.replace("-", "_").split("."), _parsed(name, value))
    return tree


def _parsed(name: str, value: str) -> Any:
    """Lists and tables from their JSON; any other word as it is."""
    if value[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ConfigError(f"--{name}: {value!r} is not JSON; write lists as [64,128]") from None


def _put(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set one value in nested dicts; short forms that meet fields of the same section become tables."""
    for depth, part in enumerate(path[:-1], 1):
        below = _long_form(path[:depth], tree.get(part, {}))
        tree[part] = dict(below) if isinstance(below, Mapping) else {}
        tree = tree[part]
    old, value = tree.get(path[-1]), _long_form(path, value)
    tree[path[-1]] = {**old, **value} if isinstance(old, dict) and isinstance(value, Mapping) else value
