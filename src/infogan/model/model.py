"""What a user holds after training: sample, encode, traverse, measure, save, load."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from infogan.config.settings import RunConfig
from infogan.core import interrupts
from infogan.core.errors import ConfigError, DataError, RunError, parsing
from infogan.core.random import stream
from infogan.data.images import Images, Pixels, to_float, to_pixels
from infogan.latent.latent import CLASS, Draw, Latent
from infogan.latent.posterior import Posterior
from infogan.model import file
from infogan.model.inversion import RESTARTS, Reconstruction, reconstruct
from infogan.model.traversal import Traversal, columns
from infogan.networks import Shape
from infogan.networks.base import JUDGES
from infogan.objectives.base import Reading, parameters
from infogan.runs.folder import Run
from infogan.runs.names import Names

logger = logging.getLogger("infogan")
CHUNK = 500  # images that go through a network at once
SHOWN, ROWS = 20, 3  # values of a code, and draws of z, that a notebook shows


class Model:
    """Networks, with the settings, image shape and names of classes that they were trained for."""

    def __init__(self, config: RunConfig, shape: Shape, classes: Sequence[str] = ()) -> None:
        self.config, self.shape, self.classes = config, shape, tuple(classes)
        self.names = Names()  # a run folder attaches the user's own, and itself
        self.run: Run | None = None
        self.priors = {name: code.prior for name, code in config.latent.learned.items()}
        """[K] each learned prior as it is now, by its code; on the CPU, where draws are made."""
        heads = config.objective.heads(config.latent, len(classes))
        g = config.networks.generator(config.latent.width, shape, config.seed)
        d = config.networks.discriminator(shape, heads, config.seed)
        others = config.objective.networks(config.latent, config.networks, shape, config.seed)
        self.g, self.d = g, d
        self.networks = nn.ModuleDict({"g": g, "d": d, **others})
        """G, D (with Q) and what the objective brings, by the prefix of their tensors' names."""
        self.eval()

    def eval(self) -> Self:
        """The same model with its networks in evaluation mode."""
        self.networks.eval()
        return self

    def to(self, device: torch.device | str) -> Self:
        """The same model with its weights on another device."""
        self.networks.to(device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.g.parameters()).device

    @property
    def latent(self) -> Latent:
        """What G is given, under the priors as they are now."""
        return self.config.latent.under(self.priors)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What D's heads read: each code that one of them reads back, or the class."""
        return self.config.objective.readings(self.latent, len(self.classes))

    @property
    def categories(self) -> Reading | None:
        """The reading that says which category or class an image is of; None where nothing does."""
        own = (CLASS, self.latent.categorical)
        return next((reading for reading in self.readings if reading.name in own), None)

    @property
    def categorical(self) -> str | None:
        """The name of that reading."""
        return self.categories.name if self.categories else None

    @property
    def drawn(self) -> str | None:
        """The code by which G draws the categories that are read; None where it is given none."""
        code = self.categories.recovers if self.categories else self.latent.categorical
        return code if self.config.objective.generates else None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of a class head's classes; their numbers where there were no labels."""
        if self.config.labels is not None:
            return self.classes
        k = self.categories.code.categories if self.categories and self.categorical == CLASS else 0
        return tuple(map(str, range(k)))

    @property
    def class_code(self) -> str:
        """The code that gives G the class; ConfigError where the objective has none."""
        if self.categorical == CLASS and self.drawn:
            return self.drawn
        raise ConfigError(f"{self.config.objective.kind} gives G no class; give --code NAME=NUMBER")

    def class_index(self, name: str) -> int:
        """The index of a class by its name; ConfigError listing the names when there is none."""
        if name in self.classes:
            return self.classes.index(name)
        raise ConfigError(f"unknown class {name!r}; known are {', '.join(self.classes[:20])}")

    def generate(self, vectors: Tensor) -> Pixels:
        """uint8 [N, H, W, C] from latent vectors [N, width]; ConfigError without a generator."""
        objective, images = self.config.objective, []
        if not objective.generates:
            raise ConfigError(f"objective {objective.kind} has no generator, so it draws nothing")
        with torch.inference_mode():
            for part in vectors.split(CHUNK):
                interrupts.poll()
                images.append(to_pixels(self.g(part.to(self.device))))
        return np.concatenate(images)

    def draw(self, n: int, *, seed: int = 0, **codes: float) -> Draw:
        """The noise and codes of which `sample` makes n images; a warning where a value that is
        given lies beyond what the explorer's sliders reach."""
        draw = self.latent.sample(n, stream(seed, "sample"), **codes)
        for name, value in codes.items():
            code, given = self.latent.codes[name], f"{self.names.code(name)}={value:g}"
            (least, most), (low, high) = code.reach, code.trained
            if not code.periodic and not least <= value <= most:
                logger.warning("%s: far outside the trained range, %g to %g", given, low, high)
        return draw

    def sample(self, n: int, *, seed: int = 0, **codes: float) -> Pixels:
        """n images, uint8 [n, H, W, C]; codes that are not named are drawn from their prior.
        ConfigError on an unknown code, or a value that it does not have."""
        return self.generate(self.draw(n, seed=seed, **codes).vector())

    def traverse(self, name: str, *, rows: int = 10, steps: int = 11, seed: int = 0) -> Traversal:
        """One code's sweep, a row keeping all else: uint8 [rows, values, H, W, C]; the values."""
        if min(rows, steps) < 1:
            raise ConfigError(f"{rows} rows of {steps} steps are no sweep; give 1 or more of both")
        return self._swept(name, self.latent.code(name).swept(steps), rows, seed)

    def _swept(self, name: str, values: Sequence[float], rows: int, seed: int) -> Traversal:
        draw = self.latent.grid(name, values, rows, stream(seed, "traverse"))
        images = self.generate(draw.vector())
        return Traversal(images.reshape(rows, len(values), *self.shape), list(values))

    def __repr__(self) -> str:
        size, codes = "x".join(map(str, self.shape)), self.latent.codes.items()
        words = ", ".join(f"{self.names.code(name)} {code.kind}" for name, code in codes)
        return f"Model({self.config.objective.kind}, {size}, codes: {words or 'none'})"

    def _repr_html_(self) -> str:
        """What it draws: a sweep of each code, its first categories; samples where it has none."""
        parts = [f"<div>{escape(repr(self))}</div>"]
        if not self.config.objective.generates:
            return parts[0]
        for name, code in self.latent.codes.items():
            images, values = self._swept(name, code.swept(11)[:SHOWN], ROWS, 0)
            labels = [f"{value:g}" for value in values]
            if code.categories:
                labels = [self.names.numbered(name, int(value)) for value in values]
            parts.append(columns(images, labels, self.names.code(name)))
        if len(parts) == 1:
            images = self.sample(ROWS * SHOWN).reshape(ROWS, SHOWN, *self.shape)
            parts.append(columns(images, [""] * SHOWN))
        return "".join(parts)

    def _parameters(self, batches: Iterable[Tensor]) -> dict[str, Tensor]:
        """[N, n_params] of each reading, on the CPU, from batches of images in [-1, 1]."""
        readings, parts = self.readings, list[dict[str, Tensor]]()
        with torch.inference_mode():
            for batch in batches:
                interrupts.poll()
                read = parameters(readings, self.d(batch.to(self.device), without=JUDGES).heads)
                parts.append({name: part.float().cpu() for name, part in read.items()})
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def encode(self, images: Images | Pixels) -> dict[str, Posterior]:
        """Read uint8 images [N, H, W, C]: codes by name, and `class` (index in `class_names`)."""
        images = images if isinstance(images, Images) else Images(images)
        if images.shape != self.shape:
            given, own = ("x".join(map(str, shape)) for shape in (images.shape, self.shape))
            raise DataError(f"{images.name}: {given} (height x width x channels), trained on {own}")
        starts = range(0, len(images), CHUNK)
        params = self._parameters(to_float(images.take(slice(i, i + CHUNK))) for i in starts)
        return {r.name: r.code.posterior(params[r.name]) for r in self.readings}

    def recovered(self, read: Mapping[str, Posterior]) -> dict[str, Posterior]:
        """What `encode` read of each code of the latent, by the code's name."""
        return {r.recovers: read[r.name] for r in self.readings if r.recovers}

    def reconstruct(self, images: Images | Pixels, *, seed: int = 0) -> Reconstruction:
        """uint8 images [N, H, W, C] → Q's codes → the z that comes nearest (model.inversion; about
        0.2 s an image on one core for `digits`) → G: images and errors. ConfigError without Q."""
        images = images if isinstance(images, Images) else Images(images)
        objective, read = self.config.objective, self.recovered(self.encode(images))
        if not objective.generates or read.keys() != self.latent.codes.keys():
            raise ConfigError(f"{objective.kind} reads no codes, so none can be reconstructed")
        codes = self.latent.read(read) if read else torch.empty(len(images), 0)
        parts, each = [], CHUNK // RESTARTS
        for i in range(0, len(images), each):
            pixels = images.take(slice(i, i + each))
            parts.append(reconstruct(self.g, self.latent, pixels, codes[i : i + each], seed))
        return Reconstruction(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def lower_bound(self, n: int = 10_000, *, seed: int = 0) -> dict[str, tuple[float, float]]:
        """L_I of each code that a head reads on n generated images: mean, standard error; nats."""
        back, latent, bounds = [r for r in self.readings if r.recovers], self.latent, {}
        if not back:
            return {}
        draw = latent.sample(n, stream(seed, "lower bound"))
        params = self._parameters(self.g(z.to(self.device)) for z in draw.vector().split(CHUNK))
        for reading in back:
            name = str(reading.recovers)
            log_q = reading.code.log_q(params[reading.name], draw.values[name]).double()
            bound = latent.codes[name].entropy + float(log_q.mean())
            bounds[name] = bound, float(log_q.std()) / n**0.5
        return bounds

    def _named(self) -> dict[str, Tensor]:
        priors = {f"prior.{name}": prior for name, prior in self.priors.items()}
        return self.networks.state_dict() | priors

    def tensors(self) -> dict[str, Tensor]:
        """Every weight and buffer, `g.…`, `d.…`, and learned prior, `prior.…`, on the CPU."""
        return {name: tensor.cpu().contiguous() for name, tensor in self._named().items()}

    def take_priors(self, tensors: Mapping[str, Tensor]) -> None:
        """Learned priors from what `tensors` gave; ValueError where they are no distributions."""
        self.priors = {name: tensors[f"prior.{name}"] for name in self.priors}
        self.config.latent.under(self.priors)

    def take(self, other: "Model") -> None:
        """The weights and learned priors of another model; RunError where they do not fit."""
        if other.shape != self.shape:
            was, now = ("{}x{}x{}".format(*model.shape) for model in (other, self))
            fault = f"the images are {now}, and the weights to begin with are for {was}"
            raise RunError(f"{fault}; make them alike by data.size and data.color")
        with parsing("the weights to begin with", "a model of these settings and images", RunError):
            self.networks.load_state_dict(other.networks.state_dict())
            self.take_priors(other.tensors())

    def save(self, path: Path | str, **more: Any) -> None:
        """Write weights, settings, image shape and class names into one file, for `load`.
        more: plain values to keep in it beside them (`file.header_of` reads them)."""
        about = {"config": self.config.tree(), "shape": self.shape, "classes": self.classes}
        file.write(Path(path), about | more, self.tensors())

    def __getstate__(self) -> dict[str, Any]:
        """Plain values and tensors on the CPU: networks under weight norm cannot be pickled."""
        kept = {"config": self.config, "shape": self.shape, "classes": self.classes}
        return kept | {"names": self.names, "tensors": self.tensors()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        type(self).__init__(self, state["config"], state["shape"], state["classes"])
        self.names = state["names"]
        self.take_priors(state["tensors"])
        self.networks.load_state_dict(state["tensors"], strict=False)  # all but the priors

    @classmethod
    def load(cls, path: Path | str, device: torch.device | str = "cpu") -> Self:
        """The model of a file that `save` wrote, or of a run folder, with the names a user gave.
        RunError when there is none, it is damaged, or its settings are not those of the folder."""
        path = Path(path)
        if path.is_file():
            model = cls._read(path)
        else:
            run = Run(path)
            config, names, stored = run.config, run.names, run.weights_file
            if not stored.is_file():
                raise RunError(f"{path}: not finished (no {stored.name}); repeat the train command")
            model = cls._read(stored)
            for part in ("latent", "networks", "objective"):
                if getattr(model.config, part) != getattr(config, part):
                    raise RunError(f"{stored}: its {part} is not that of config.json; train again")
            model.config, model.names, model.run = config, names, run
        if model.config.labels is not None:  # then classes have names of their own
            model.names = model.names.with_classes(model.classes)
        return model.to(device)

    @classmethod
    def _read(cls, path: Path) -> Self:
        with parsing(path, file.FORM, RunError), torch.device("meta"):
            about = file.header_of(path)[0]
            h, w, c = map(int, about["shape"])
            try:
                config = RunConfig.from_tree(about["config"])
                model = cls(config, (h, w, c), [str(name) for name in about["classes"]])
            except ConfigError as error:
                raise RunError(f"{path}: its settings do not hold: {error}") from None
        tensors = file.read(path, model._named())
        with parsing(path, file.FORM, RunError):
            model.take_priors(tensors)
        model.networks.load_state_dict(tensors, strict=False, assign=True)  # all but the priors
        model.networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return model
