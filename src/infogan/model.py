"""What a user holds after training: sample, encode, traverse, measure, save, load."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from infogan import durable, signals
from infogan.config import RunConfig
from infogan.data.images import Images, Pixels, to_float, to_pixels
from infogan.errors import ConfigError, DataError, RunError, reading
from infogan.latent import CLASS, Latent
from infogan.names import Names
from infogan.networks import Shape
from infogan.posterior import Posterior, categories
from infogan.reconstruct import RESTARTS, Reconstruction, reconstruct
from infogan.run import Run
from infogan.streams import stream

CHUNK = 500
"""Images that go through a network at once."""
MAX_HEADER = 1 << 20
"""Bytes of a safetensors header; ours have a few thousand."""


class Model:
    """G, D and Q with the latent that they were trained for, in evaluation mode."""

    def __init__(self, config: RunConfig, shape: Shape, classes: Sequence[str] = ()) -> None:
        """classes: names of the data's classes; they matter to objectives that have a head for them."""
        self.config, self.shape, self.classes = config, shape, tuple(classes)
        self.priors = {name: code.prior for name, code in config.latent.learned.items()}
        """[K] each learned prior as it is now, by its code; on the CPU, where draws are made."""
        self.names = Names()
        heads = config.objective.heads(config.latent, len(classes))
        self.g = config.networks.generator(config.latent.width, shape, config.seed)
        self.d = config.networks.discriminator(shape, heads, config.seed)
        self.eval()

    def eval(self) -> "Model":
        """Both networks in evaluation mode."""
        self.g.eval()
        self.d.eval()
        return self

    @property
    def latent(self) -> Latent:
        """What G is given, under the priors as they are now."""
        return self.config.latent.under(self.priors)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.g.parameters()).device

    def to(self, device: torch.device | str) -> "Model":
        """The same model with its weights on another device."""
        self.g.to(device)
        self.d.to(device)
        return self

    # Images out

    def generate(self, vectors: Tensor) -> Pixels:
        """uint8 [N, H, W, C] from latent vectors [N, width] (see Draw.vector).

        ConfigError where the objective has no generator.
        """
        if not self.config.objective.generates:
            raise ConfigError(f"objective {self.config.objective.kind} has no generator, so there is nothing to draw")
        images = []
        with torch.inference_mode():
            for part in vectors.split(CHUNK):
                signals.poll()
                images.append(to_pixels(self.g(part.to(self.device))))
        return np.concatenate(images)

    def sample(self, n: int, *, seed: int = 0, **codes: float) -> Pixels:
        """n images, uint8 [n, H, W, C]; codes named are fixed, the rest drawn from their prior.

        ConfigError on an unknown code, or a value that it does not have.
        """
        return self.generate(self.latent.sample(n, stream(seed, "sample"), **codes).vector())

    def traverse(self, name: str, *, rows: int = 10, steps: int = 11, seed: int = 0) -> tuple[Pixels, list[float]]:
        """One code through its sweep: uint8 [rows, values, H, W, C] and the values; a row keeps all else."""
        draw, sweep = self.latent.traverse(name, rows, steps, stream(seed, "traverse"))
        return self.generate(draw.vector()).reshape(rows, len(sweep), *self.shape), sweep

    @property
    def class_code(self) -> str:
        """The code that tells G the class; ConfigError where no objective taught it one."""
        name = self.latent.categorical
        if name is None or self.config.objective.q != CLASS:
            raise ConfigError(f"objective {self.config.objective.kind} tells G no class; give --code NAME=NUMBER")
        return name

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of what the class head tells apart: classes, or numbers where there were no labels."""
        if self.config.labels is not None:
            return self.classes
        return tuple(str(i) for i in range(self.config.objective.heads(self.latent, len(self.classes))[CLASS]))

    def class_index(self, name: str) -> int:
        """Index of a class by its name; ConfigError listing the names when there is none."""
        if name not in self.classes:
            raise ConfigError(f"unknown class {name!r}; this model knows {', '.join(self.classes[:20])}")
        return self.classes.index(name)

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
                signals.poll()
                batch = to_float(images.take(slice(at, at + CHUNK)))
                heads = self.d(batch.to(self.device)).heads
                yield {name: head.float().cpu() for name, head in heads.items()}

    @property
    def categorical(self) -> str | None:
        """The name under which `encode` says which category or class an image is of; None where nothing does."""
        if CLASS in self.d.heads:
            return CLASS
        return self.latent.categorical if self.config.objective.q else None

    def encode(self, images: Images | Pixels) -> dict[str, Posterior]:
        """What D and Q read from uint8 images [N, H, W, C]: each code by its name, and `class` (the index of one
        of `classes`) where the objective has a head for it."""
        objective = self.config.objective
        chunks = list(self._heads(images))
        heads = {name: torch.cat([chunk[name] for chunk in chunks]) for name in chunks[0]}
        read = self.latent.posteriors(heads["code"]) if "code" in heads else {}
        logits = objective.class_logits(heads)
        return read if logits is None else read | {CLASS: categories(logits)}

    def read_codes(self, images: Images | Pixels) -> dict[str, Posterior]:
        """What the head that reads codes back says of each; empty where an objective has none."""
        q = self.config.objective.q
        if q is None or not self.latent.codes:
            return {}
        read = self.encode(images)
        return {self.class_code: read[CLASS]} if q == CLASS else read

    def reconstruct(self, images: Images | Pixels, *, seed: int = 0) -> Reconstruction:
        """uint8 images [N, H, W, C] → Q's codes → the z that comes nearest → G: images, and the error of each.

        See `infogan.reconstruct`; about 0.2 s an image on one core for the networks of `digits`.
        """
        images = images if isinstance(images, Images) else Images(images)
        objective = self.config.objective
        if not objective.generates or (self.latent.codes and objective.q is None):
            raise ConfigError(f"objective {objective.kind} reads no codes from images, so none can be reconstructed")
        read = self.read_codes(images)
        codes = self.latent.read(read) if read else torch.empty(len(images), 0)
        each = CHUNK // RESTARTS
        parts = [
            reconstruct(self.g, self.latent, images.take(slice(at, at + each)), codes[at : at + each], seed)
            for at in range(0, len(images), each)
        ]
        return Reconstruction(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def lower_bound(self, n: int = 10_000, *, seed: int = 0) -> dict[str, tuple[float, float]]:
        """L_I of each code on n generated images: mean and standard error, in nats; beside latent.entropy.
        Empty where no head reads codes."""
        q = self.config.objective.q
        if q is None or not self.latent.codes:
            return {}
        draw = self.latent.sample(n, stream(seed, "lower bound"))
        with torch.inference_mode():
            parts = (part.to(self.device) for part in draw.vector().split(CHUNK))
            params = torch.cat([self.d(self.g(part)).heads[q].float().cpu() for part in parts])
        split = self.latent.split(params)
        result = {}
        for name, code in self.latent.codes.items():
            log_q = code.log_q(split[name], draw.values[name]).double()
            result[name] = (code.entropy + float(log_q.mean()), float(log_q.std()) / n**0.5)
        return result

    # Files

    def tensors(self) -> dict[str, Tensor]:
        """Every weight and buffer of G and D, named `g.…` and `d.…`, and learned priors, `prior.…`, on the CPU."""
        return {name: tensor.detach().cpu().contiguous() for name, tensor in self._named().items()}

    def _named(self) -> dict[str, Tensor]:
        parts = {"g": self.g, "d": self.d}
        named = {f"{part}.{name}": t for part, module in parts.items() for name, t in module.state_dict().items()}
        return named | {f"prior.{name}": prior for name, prior in self.priors.items()}

    def take_priors(self, tensors: Mapping[str, Tensor]) -> None:
        """Learned priors from what `tensors` gave; ValueError where they are none."""
        self.priors = {name: tensors[f"prior.{name}"] for name in self.priors}
        self.config.latent.under(self.priors)

    def save(self, path: Path | str) -> None:
        """Write weights, image shape, class names and a sha256 of all to a safetensors file."""
        tensors = self.tensors()
        about: dict[str, object] = {"shape": self.shape, "classes": self.classes}
        about["sha256"] = digest(tensors, json.dumps(about))
        metadata = {"infogan": json.dumps(about)}  # one key: safetensors writes several in any order
        durable.replace(Path(path), save(tensors, metadata=metadata))

    @classmethod
    def load(cls, run: Path | str, device: torch.device | str = "cpu") -> "Model":
        """The model of a run folder; RunError when the folder holds none or another one."""
        folder = Run(run)
        config, path = folder.config, folder.weights_file
        if not path.is_file():
            raise RunError(f"{folder.path}: is not finished (no {path.name}); the same train command goes on")
        with reading(path, "a model of infogan's", RunError), path.open("rb") as file:
            model = cls._read(config, file, path.stat().st_size)
        model.names = folder.names
        if config.labels is not None:  # its classes have names of their own
            model.names = model.names.with_classes(model.classes)
        return model.to(device)

    @classmethod
    def _read(cls, config: RunConfig, file: BinaryIO, size: int) -> "Model":
        """From a safetensors file of that size. Nothing is allocated before names, shapes and types are those of the
        settings, and the size that of such a file."""
        length = int.from_bytes(file.read(8), "little")
        if length > MAX_HEADER:
            raise ValueError(f"its header has {length} bytes")
        header = json.loads(file.read(length).decode())
        about = json.loads(header.pop("__metadata__")["infogan"])
        sha, (h, w, c) = about.pop("sha256"), about["shape"]
        with torch.device("meta"):
            model = cls(config, (int(h), int(w), int(c)), [str(name) for name in about["classes"]])
        expected = model._named()
        shapes = {name: list(tensor.shape) for name, tensor in expected.items()}
        if shapes != {name: entry["shape"] for name, entry in header.items()}:
            raise RunError(f"{file.name}: its tensors are not those of config.json; train it again")
        if size != 8 + length + sum(tensor.nbytes for tensor in expected.values()):
            raise ValueError("its size is not that of its tensors")
        file.seek(0)
        tensors = load(file.read())
        if digest(tensors, json.dumps(about)) != sha:
            raise RunError(f"{file.name}: changed after it was written; the same train command makes it again")
        if bad := [name for name, t in tensors.items() if t.dtype != expected[name].dtype or not t.isfinite().all()]:
            raise RunError(f"{file.name}: {bad[0]} is not finite or of another type; train it again")
        for part, module in (("g.", model.g), ("d.", model.d)):
            own = {name.removeprefix(part): t for name, t in tensors.items() if name.startswith(part)}
            module.load_state_dict(own, assign=True)
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        model.take_priors(tensors)
        return model


def digest(tensors: Mapping[str, Tensor], about: str) -> str:
    """sha256 of names, types, shapes and values, and of what stands beside them: finds damage, proves no author."""
    found = sha256(about.encode())
    for name in sorted(tensors):
        found.update(f" {name} {tensors[name].dtype} {list(tensors[name].shape)} ".encode())
        found.update(tensors[name].numpy().tobytes())
    return found.hexdigest()
