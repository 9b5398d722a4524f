"""What a user holds after training: sample, encode, traverse, measure, save, load."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from infogan.config.settings import RunConfig
from infogan.core import interrupts
from infogan.core.errors import ConfigError, DataError, RunError, parsing
from infogan.core.random import stream
from infogan.data.images import Images, Pixels, to_float, to_pixels
from infogan.latent.latent import CLASS, Latent
from infogan.latent.posterior import Posterior
from infogan.model import file
from infogan.model.inversion import RESTARTS, Reconstruction, reconstruct
from infogan.networks import Shape
from infogan.networks.base import Discriminator
from infogan.objectives.base import Reading, parameters
from infogan.runs.folder import Run
from infogan.runs.names import Names

CHUNK = 500
"""Images that go through a network at once."""


class Model:
    """Networks with the settings, the image shape and the classes that they were trained for, in evaluation mode."""

    def __init__(self, config: RunConfig, shape: Shape, classes: Sequence[str] = ()) -> None:
        """classes: names of the data's classes; they matter to objectives that have a head for them."""
        self.config, self.shape, self.classes = config, shape, tuple(classes)
        self.priors = {name: code.prior for name, code in config.latent.learned.items()}
        """[K] each learned prior as it is now, by its code; on the CPU, where draws are made."""
        self.names = Names()
        """What the user calls codes and categories; a run folder attaches its own."""
        objective, families = config.objective, config.networks
        heads = objective.heads(config.latent, len(classes))
        self.networks: dict[str, nn.Module] = {
            "g": families.generator(config.latent.width, shape, config.seed),
            "d": families.discriminator(shape, heads, config.seed),
            **objective.networks(config.latent, shape, config.seed),
        }
        """G, D (with Q) and what the objective brings, by the prefix of their tensors' names."""
        self.eval()

    @property
    def g(self) -> nn.Module:
        """The generator."""
        return self.networks["g"]

    @property
    def d(self) -> Discriminator:
        """The discriminator, with Q."""
        return cast(Discriminator, self.networks["d"])

    def eval(self) -> Self:
        """All networks in evaluation mode."""
        for network in self.networks.values():
            network.eval()
        return self

    def to(self, device: torch.device | str) -> Self:
        """The same model with its weights on another device."""
        for network in self.networks.values():
            network.to(device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.g.parameters()).device

    @property
    def latent(self) -> Latent:
        """What G is given, under the priors as they are now."""
        return self.config.latent.under(self.priors)

    # What is read from images

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
        return None if self.categories is None else self.categories.name

    @property
    def drawn(self) -> str | None:
        """The code by which G draws the categories that are read; None where it cannot be told them."""
        if not self.config.objective.generates:
            return None
        return self.categories.recovers if self.categories else self.latent.categorical

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of what a head for classes tells apart: classes, or numbers where there were no labels."""
        if self.config.labels is not None:
            return self.classes
        return tuple(
            str(k)
            for reading in self.readings
            for k in range(reading.code.width)
            if reading.name == CLASS
        )

    @property
    def class_code(self) -> str:
        """The code that gives G the class; ConfigError where no objective trained it to."""
        told = self.categories
        if told is None or told.name != CLASS or told.recovers is None:
            raise ConfigError(
                f"objective {self.config.objective.kind} gives G no class; give --code NAME=NUMBER"
            )
        return told.recovers

    def class_index(self, name: str) -> int:
        """Index of a class by its name; ConfigError listing the names when there is none."""
        if name not in self.classes:
            raise ConfigError(
                f"unknown class {name!r}; this model knows {', '.join(self.classes[:20])}"
            )
        return self.classes.index(name)

    # Images out

    def generate(self, vectors: Tensor) -> Pixels:
        """uint8 [N, H, W, C] from latent vectors [N, width] (see Draw.vector).

        ConfigError where the objective has no generator.
        """
        if not self.config.objective.generates:
            raise ConfigError(
                f"objective {self.config.objective.kind} has no generator, so there is nothing to draw"
            )
        images = []
        with torch.inference_mode():
            for part in vectors.split(CHUNK):
                interrupts.poll()
                images.append(to_pixels(self.g(part.to(self.device))))
        return np.concatenate(images)

    def sample(self, n: int, *, seed: int = 0, **codes: float) -> Pixels:
        """n images, uint8 [n, H, W, C]; codes named are fixed, the rest drawn from their prior.

        ConfigError on an unknown code, or a value that it does not have.
        """
        return self.generate(self.latent.sample(n, stream(seed, "sample"), **codes).vector())

    def traverse(
        self, name: str, *, rows: int = 10, steps: int = 11, seed: int = 0
    ) -> tuple[Pixels, list[float]]:
        """One code through its sweep: uint8 [rows, values, H, W, C] and the values; a row keeps all else."""
        draw, sweep = self.latent.traverse(name, rows, steps, stream(seed, "traverse"))
        return self.generate(draw.vector()).reshape(rows, len(sweep), *self.shape), sweep

    # Images in

    def _heads(self, images: Images | Pixels) -> Iterator[Mapping[str, Tensor]]:
        """D's heads on images, chunk by chunk, on the CPU."""
        if isinstance(images, np.ndarray):
            images = Images(images)
        if images.shape != self.shape:
            raise DataError(
                f"{images.name}: images are {'x'.join(map(str, images.shape))}, the model was trained on "
                f"{'x'.join(map(str, self.shape))} (height x width x channels)"
            )
        with torch.inference_mode():
            for at in range(0, len(images), CHUNK):
                interrupts.poll()
                batch = to_float(images.take(slice(at, at + CHUNK)))
                heads = self.d(batch.to(self.device)).heads
                yield {name: head.float().cpu() for name, head in heads.items()}

    def encode(self, images: Images | Pixels) -> dict[str, Posterior]:
        """What D and Q read from uint8 images [N, H, W, C]: each code by its name, and `class` (the index of one
        of `class_names`) where the objective has a head for it."""
        chunks = list(self._heads(images))
        params = parameters(
            self.readings,
            {name: torch.cat([chunk[name] for chunk in chunks]) for name in chunks[0]},
        )
        return {
            reading.name: reading.code.posterior(params[reading.name]) for reading in self.readings
        }

    def recovered(self, read: Mapping[str, Posterior]) -> dict[str, Posterior]:
        """Of what `encode` read, what it says of each code of the latent, by the code's name."""
        return {
            reading.recovers: read[reading.name] for reading in self.readings if reading.recovers
        }

    def reconstruct(self, images: Images | Pixels, *, seed: int = 0) -> Reconstruction:
        """uint8 images [N, H, W, C] → Q's codes → the z that comes nearest → G: images, and the error of each.

        See `infogan.model.inversion`; about 0.2 s an image on one core for the networks of `digits`.
        """
        images = images if isinstance(images, Images) else Images(images)
        objective = self.config.objective
        read = self.recovered(self.encode(images)) if self.latent.codes else {}
        if not objective.generates or read.keys() != self.latent.codes.keys():
            raise ConfigError(
                f"objective {objective.kind} reads no codes from images, so none can be reconstructed"
            )
        codes = self.latent.read(read) if read else torch.empty(len(images), 0)
        each = CHUNK // RESTARTS
        parts = [
            reconstruct(
                self.g, self.latent, images.take(slice(at, at + each)), codes[at : at + each], seed
            )
            for at in range(0, len(images), each)
        ]
        return Reconstruction(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def lower_bound(self, n: int = 10_000, *, seed: int = 0) -> dict[str, tuple[float, float]]:
        """L_I of each code on n generated images: mean and standard error, in nats; beside latent.entropy.
        Empty where no head reads codes."""
        back = [reading for reading in self.readings if reading.recovers]
        if not back:
            return {}
        draw = self.latent.sample(n, stream(seed, "lower bound"))
        with torch.inference_mode():
            parts = [
                parameters(back, self.d(self.g(part.to(self.device))).heads)
                for part in draw.vector().split(CHUNK)
            ]
        result = {}
        for reading in back:
            name, code = str(reading.recovers), self.latent.codes[str(reading.recovers)]
            params = torch.cat([part[reading.name].float().cpu() for part in parts])
            log_q = reading.code.log_q(params, draw.values[name]).double()
            result[name] = (code.entropy + float(log_q.mean()), float(log_q.std()) / n**0.5)
        return result

    # Files

    def _named(self) -> dict[str, Tensor]:
        named = {
            f"{part}.{name}": t
            for part, net in self.networks.items()
            for name, t in net.state_dict().items()
        }
        return named | {f"prior.{name}": prior for name, prior in self.priors.items()}

    def tensors(self) -> dict[str, Tensor]:
        """Every weight and buffer, named `g.…`, `d.…`, and learned priors, `prior.…`, on the CPU."""
        return {name: tensor.detach().cpu().contiguous() for name, tensor in self._named().items()}

    def take_priors(self, tensors: Mapping[str, Tensor]) -> None:
        """Learned priors from what `tensors` gave; ValueError where they are none."""
        self.priors = {name: tensors[f"prior.{name}"] for name in self.priors}
        self.config.latent.under(self.priors)

    def save(self, path: Path | str) -> None:
        """Write weights, settings, image shape and class names into one file, which `load` reads by itself."""
        about = {"config": self.config.tree(), "shape": self.shape, "classes": self.classes}
        file.write(Path(path), about, self.tensors())

    @classmethod
    def load(cls, path: Path | str, device: torch.device | str = "cpu") -> Self:
        """The model of a file that `save` wrote, or of a run folder, with the user's names; RunError when it holds
        none."""
        path = Path(path)
        if path.is_file():
            return cls._read(path).to(device)
        run = Run(path)
        config = run.config
        if not run.weights_file.is_file():
            raise RunError(
                f"{run.path}: is not finished (no {run.weights_file.name}); the same train command goes on"
            )
        model = cls._read(run.weights_file)
        for part in ("latent", "networks", "objective"):
            if getattr(model.config, part) != getattr(config, part):
                raise RunError(
                    f"{run.weights_file}: its {part} is not that of {run.config_file.name}; train it again"
                )
        model.config, model.names = config, run.names
        if config.labels is not None:  # its classes have names of their own
            model.names = model.names.with_classes(model.classes)
        return model.to(device)

    @classmethod
    def _read(cls, path: Path) -> Self:
        built: list[Self] = []

        def expected(about: file.About) -> Mapping[str, Tensor]:
            h, w, c = about["shape"]
            with torch.device("meta"):
                config = RunConfig.from_tree(about["config"])
                built.append(
                    cls(config, (int(h), int(w), int(c)), [str(name) for name in about["classes"]])
                )
            return built[0]._named()

        tensors = file.read(path, expected)
        model = built[0]
        for part, network in model.networks.items():
            prefix = f"{part}."
            own = {
                name.removeprefix(prefix): t
                for name, t in tensors.items()
                if name.startswith(prefix)
            }
            network.load_state_dict(own, assign=True)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        with parsing(path, "a model of infogan's", RunError):
            model.take_priors(tensors)
        return model
