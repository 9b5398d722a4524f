"""The settings of a run: one frozen, checked tree for Python, files and the command line."""

import operator
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from infogan.config.tree import flat, listed, merged, nearest, spelled
from infogan.core.errors import ConfigError
from infogan.core.settings import SETTINGS
from infogan.data import Source
from infogan.data.augment import AnyAugment
from infogan.latent.codes import Categorical
from infogan.latent.latent import CLASS, Latent
from infogan.networks import AnyNetworks, Dcgan
from infogan.objectives import FAMILY, OBJECTIVES, AnyObjective, InfoGAN, SemiGAN
from infogan.objectives.base import Objective
from infogan.objectives.terms import Consistency

PLACED = "x", "y", "width", "height", "size"  # properties that a close-up does not show


class Optim(BaseModel):
    """Adam for both players."""

    model_config = SETTINGS
    d_lr: float = Field(default=2e-4, gt=0)
    """Learning rate of D, and of Q if it steps with D."""
    g_lr: float = Field(default=1e-3, gt=0)
    """Learning rate of G, and of Q if it steps with G."""
    beta1: float = Field(default=0.5, ge=0, lt=1)
    """Decay of Adam's first moment."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of Adam's second moment."""
    ema: float = Field(default=0.0, ge=0, lt=1)
    """Decay per step of the averaged weights of G and D that the model uses; 0: the last
    weights."""
    lr_decay: float = Field(default=0.0, ge=0, le=1)
    """Share of the steps, at the end, over which both learning rates fall linearly to zero."""


def _labels(value: object) -> object:
    """`10`, `all` or the name of a CSV file, as a setting."""
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    wrong_word = isinstance(value, str) and value != "all" and not value.endswith(".csv")
    if wrong_word or isinstance(value, bool) or (isinstance(value, int) and value < 1):
        raise ValueError("give at least 1 label per class, all, or a .csv file")
    return value


class RunConfig(BaseModel):
    """Everything a run depends on."""

    model_config = SETTINGS
    data: Source = Source()
    latent: Latent = Latent(category=Categorical(10))
    networks: AnyNetworks = Dcgan()
    objective: AnyObjective = InfoGAN()
    augment: AnyAugment | None = None
    """Changes of an image that are assumed to leave its class as it is (augmentation). Labelled
    images are augmented with it; objective.real-weight needs it."""
    game_augment: AnyAugment | None = None
    """Changes of real and generated images alike, before D compares them: otherwise D memorises a
    set of a few thousand images, and G learns nothing (arXiv:2006.10738). Without a contrast, Q
    reads codes from generated images that were changed in this way."""
    labels: Annotated[int | str | None, BeforeValidator(_labels)] = None
    """Labels that the objective may use: a number per class, all, or a CSV file (file,label)."""
    optim: Optim = Optim()
    steps: int = Field(default=5000, ge=1)
    """Generator steps."""
    d_steps: int = Field(default=1, ge=1, le=100)
    """Discriminator steps before each generator step (the article's k)."""
    batch: int = Field(default=128, ge=2, le=65536)
    """Images per batch."""
    seed: int = Field(default=0, ge=0)
    """Seed of every random draw of the run."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the networks; auto: bf16 where the processor or GPU supports it."""
    device: str = "auto"
    """cpu, cuda, mps, or auto: the first of cuda, mps, cpu that is present."""
    log_every: int = Field(default=50, ge=1)
    """Steps between lines of metrics.jsonl."""
    checkpoint_every: int = Field(default=500, ge=1)
    """Steps between checkpoints."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for contradiction in self._contradictions():
            raise ValueError(contradiction)
        return self

    def _contradictions(self) -> Iterator[str]:
        """What contradicts what, each with the remedy."""
        objective, latent, readers = self.objective, self.latent, self.readers
        kind, views = f"objective {objective.kind}", objective.needs_views
        if isinstance(objective, InfoGAN) and not latent.codes:
            yield f"{kind} needs a code; set latent.NAME categorical:10, or objective gan"
        if unread := [f"--latent.{name} none" for name in latent.codes if name not in readers]:
            yield f"{kind} has no Q to read codes; set {' '.join(unread)}"
        if objective.labels == "needed" and self.labels is None:
            yield f"{kind} learns from labels; set labels to a number per class, all, or a CSV file"
        if objective.labels == "never" and self.labels is not None:
            yield f"{kind} uses no labels, but labels is {self.labels}; set labels none"
        for name in [name for name in latent.learned if readers[name] == CLASS]:
            yield f"{kind} learns no prior; set latent.{name}.probs none, or objective infogan"
        if isinstance(objective, InfoGAN) and objective.cr and len(latent.continuous) < 2:
            yield "objective.cr needs two continuous codes; add latent.NAME uniform, or set cr 0"
        if isinstance(objective, InfoGAN):
            yield from _alone(objective, {"cr_from": "cr", "cr_gap": "cr"})
        taught = isinstance(objective, InfoGAN) and not objective.g_heads
        taught = taught and (views or not objective.shielded)
        if isinstance(self.networks, Dcgan) and not self.networks.shared and not taught:
            learns = "objective infogan with q-step d, or real-weight, by which Q's layers learn"
            yield f"networks.shared false needs {learns}; set networks.shared true"
        yield from self._of_close_ups()
        warms_up = "warm-up" in objective.schedules
        if warms_up and not views:
            yield "objective.warm-up needs objective.real-weight above 0; raise it or set warm-up 0"
        if objective.contrasts and not (warms_up and latent.categorical and views):
            needed = "objective.warm-up and objective.real-weight above 0, and a categorical code"
            yield f"objective.contrast needs {needed}; set these, or contrast 0"
        if views and objective.g_heads:
            yield "objective.real-weight trains Q with D; set it 0, or objective.q-step d or d-head"
        if isinstance(objective, InfoGAN) and objective.q_step == "d-real" and not views:
            yield "objective.q-step d-real needs objective.real-weight; raise it or set d-head"
        if views and self.augment is None:
            yield "objective.real-weight needs augmented views; set augment affine, or set it 0"
        if latent.following and not views:
            free = " ".join(f"--latent.{name}.follows none" for name in latent.following)
            folded = [n for n in latent.following if getattr(latent.codes[n], "fold", 1) > 1]
            free += "".join(f" --latent.{name}.fold 1" for name in folded)
            if not isinstance(objective, Consistency):
                free += ", as docs/comparing.md does for a comparison with infogan"
                yield f"{kind} has no term by which a code follows a property; set {free}"
            yield f"a code that follows a property needs objective.real-weight above 0; else {free}"
        moves = self.augment.moves if self.augment else ()
        for name, what in latent.following.items():
            if what not in moves:
                others = [m for m in moves if m in latent.codes[name].followable]
                remedy = f"see docs/codes.md, or set it to {' or '.join([*others, 'none'])}"
                yield f"latent.{name}.follows {what}: augment moves it in no known way; {remedy}"
            in_game = self.game_augment is not None and what in self.game_augment.moves
            if in_game and not objective.contrasts:
                early = "game-augment moves it in generated images before Q reads them"
                yield f"latent.{name}.follows {what}: {early}; set game-augment none"

    def _of_close_ups(self) -> Iterator[str]:
        """What contradicts codes that are read in close-ups, each with the remedy."""
        kind, readers = self.networks.kind, self.readers
        for name in (name for name, code in self.latent.codes.items() if code.close):
            whole, what = f"latent.{name}.close false", self.latent.codes[name].follows
            if not self.networks.near:
                yield f"networks {kind} read no close-ups; set networks dcgan, or {whole}"
            if readers.get(name, CLASS) == CLASS:
                yield f"objective {self.objective.kind} reads {name} in no close-up; set {whole}"
            if what in PLACED:
                yield f"latent.{name} follows {what}, which close-ups do not show; set {whole}"

    @property
    def idle(self) -> list[str]:
        """Settings that have no effect beside the others, each with the remedy."""
        objective = self.objective
        if isinstance(objective, InfoGAN):
            found = [*_alone(objective, {"real_every": "contrast", "grouped": "contrast"})]
            if objective.fakes and objective.fakes > self.batch:
                most = f"is above batch, {self.batch}, which is the most"
                found.append(f"objective.fakes {objective.fakes} {most}; lower it or raise batch")
            return found
        plain = SemiGAN.model_fields["game"].default
        if isinstance(objective, SemiGAN) and objective.saturating and objective.game != plain:
            return [f"objective.saturating needs game {plain}; set that, or saturating false"]
        return []

    @property
    def readers(self) -> dict[str, str]:
        """Which head reads each code back, by the code's name."""
        readings = self.objective.readings(self.latent, 2)  # any number of classes will do here
        return {reading.recovers: reading.head for reading in readings if reading.recovers}

    @property
    def schedules(self) -> list[str]:
        """The settings by which what a step does depends on how many steps there are."""
        views = {"augment.anneal": self.augment, "game-augment.anneal": self.game_augment}
        found = {name: of is not None and of.anneal > 0 for name, of in views.items()}
        found["optim.lr-decay"] = self.optim.lr_decay > 0
        own = [f"objective.{name}" for name in self.objective.schedules]
        return own + [name for name, depends in found.items() if depends]

    @property
    def timed(self) -> bool:
        """Whether what a step does depends on how many steps there are."""
        return bool(self.schedules)

    def replace(self, **changes: Any) -> Self:
        """With some settings changed, and checked again; sections: values, short forms or dicts.

        >>> RunConfig().replace(latent={"digit": "categorical:4"}, steps=10).latent.width
        76
        """
        return self.from_tree(merged(self.tree(), changes))

    def with_classes(self, k: int) -> Self:
        """With k categories in the code that stands for the classes; ConfigError without one."""
        if (name := self.latent.categorical) is None:
            raise ConfigError("classes: the latent has no categorical code to find them with")
        if k < 2:
            raise ConfigError(f"classes: give 2 or more, not {k}")
        return self.replace(latent={name: {"k": k}})

    def tree(self) -> dict[str, Any]:
        """As nested dicts of plain values."""
        return self.model_dump(mode="json")

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any]) -> Self:
        """The inverse of `tree`; ConfigError names key, reason and the nearest valid key."""
        tree = merged({}, tree)
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise ConfigError("\n".join(_reasons(error, tree))) from None

    @classmethod
    def register(cls, member: type[Objective]) -> None:
        """Make an objective of your own known by its `kind` to settings, files and options of this
        process (examples/own_objective.py); ConfigError for a kind that infogan has."""
        known: dict[str, Any] = OBJECTIVES
        kind = member.model_fields["kind"].default
        if known.get(kind) in FAMILY:
            raise ConfigError(f"objective {kind} is infogan's own; give yours another kind")
        known[kind] = member
        members: Any = reduce(operator.or_, known.values())
        cls.model_fields["objective"].annotation = members
        cls.model_rebuild(force=True)


def _alone(objective: InfoGAN, parts: Mapping[str, str]) -> Iterator[str]:
    """Settings of a part whose weight is 0, by that weight; each with the remedy."""
    for name, part in parts.items():
        unset = InfoGAN.model_fields[name].default
        if not getattr(objective, part) and getattr(objective, name) != unset:
            plain = str(unset).lower() if isinstance(unset, bool) else f"{unset:g}"
            remedy = f"raise it or set {spelled(name)} {plain}"
            yield f"{spelled('objective', name)} needs objective.{part} above 0; {remedy}"


def _kinds_with(place: Sequence[str]) -> list[str]:
    """The kinds of a section of settings that have one of that name: `--augment photo`."""
    field = RunConfig.model_fields.get(place[0])
    members = _members(field.annotation if field else None)
    having = [m.model_fields for m in members if {"kind", place[-1]} <= {*m.model_fields}]
    return [f"--{spelled(place[0])} {fields['kind'].default}" for fields in having]


def _members(of: Any) -> Iterator[type[BaseModel]]:
    """The models of a union."""
    if isinstance(of, type) and issubclass(of, BaseModel):
        yield of
    for part in get_args(of):
        yield from _members(part)


def _reasons(error: ValidationError, tree: Mapping[str, Any]) -> Iterator[str]:
    """A line for each of the first three faults: key, reason, remedy."""
    for fault in error.errors()[:3]:
        place, section = list[str](), tree
        for part in map(str, fault["loc"]):
            # pydantic names a union's member, by its kind or its type; nobody writes it
            if section.get("kind") != part and "[" not in part:
                place.append(part)
                below = section.get(part)
                section = below if isinstance(below, Mapping) else {}
        if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            if isinstance(fault["input"], Mapping):  # no section of ours: `--adam.d-lr`
                place += next((name.split(".") for name in flat(fault["input"])), [])
            near = nearest(place, tree)
            hint = f"did you mean {near}?" if near else "`infogan presets NAME` explains all"
            if kinds := _kinds_with(place):
                hint = f"{' or '.join(kinds)} has it; set that, or leave this out"
            yield f"unknown setting {spelled(*place)}; {hint}"
        elif fault["type"] == "union_tag_not_found":  # `--augment.hue 0.1` where augment is none
            given = " and ".join(map(spelled, fault["input"])) or "settings"
            remedy = "give that too, as in --augment affine or --latent.NAME uniform"
            yield f"{spelled(*place)} has no kind and so no {given}; {remedy}"
        elif fault["type"] == "union_tag_invalid":  # `--augment affin`
            known, given = fault["ctx"]["expected_tags"].replace("'", ""), fault["ctx"]["tag"]
            known += ", none" * (RunConfig.model_fields[place[0]].default is None)
            yield f"{spelled(*place)}: should be one of {known} (got {given!r})"
        elif fault["type"] == "tuple_type":  # `--networks.channels 64,128`
            written = f"should be a list; write '{listed(fault['input'])}'"
            shown = "none" if fault["input"] is None else repr(fault["input"])
            yield f"{spelled(*place)}: {written} (got {shown})"
        else:
            reason = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
            value = fault["input"]
            shown = f" (got {value!r})" if isinstance(value, str | int | float) else ""
            yield f"{spelled(*place)}: {reason}{shown}".removeprefix(": ")
