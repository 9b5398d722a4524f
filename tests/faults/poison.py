"""NaN and infinity at each place where they can arise: training stops within a step and names the
tensor, and no checkpoint holds one."""

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from harness import TINY, Tally, strokes
from safetensors.torch import load_file

from infogan.config.settings import RunConfig
from infogan.core.errors import TrainingError
from infogan.data.images import to_float
from infogan.objectives import InfoGAN
from infogan.objectives.base import Loss
from infogan.pipeline.run import fit
from infogan.runs.checkpoints import found
from infogan.training.trainer import Trainer

VALUES = (math.nan, math.inf, -math.inf)
Patch = Callable[[Trainer, float], Any]


def to_images(trainer: Trainer, value: float) -> Any:
    """The batch of real images."""
    original = to_float

    def spoilt(pixels: Any) -> torch.Tensor:
        images = original(pixels)
        images[0, 0, 3, 3] = value
        return images

    return mock.patch("infogan.training.step.to_float", spoilt)


def to_latent(part: str) -> Patch:
    """z or c."""

    def patch(trainer: Trainer, value: float) -> Any:
        original = trainer._look

        def spoilt(*args: Any, **named: Any) -> Any:
            scene = original(*args, **named)
            (scene.draw.noise if part == "z" else scene.draw.values["slant"])[0, 0] = value
            return scene

        return mock.patch.object(trainer, "_look", spoilt)

    return patch


def to_loss(player: str, term: str) -> Patch:
    """A term of a loss."""

    def patch(trainer: Trainer, value: float) -> Any:
        original = getattr(InfoGAN, player)

        def spoilt(self: InfoGAN, scene: Any) -> Loss:
            loss: Loss = original(self, scene)
            loss.terms[term] = loss.terms[term] + value
            return loss

        return mock.patch.object(InfoGAN, player, spoilt)

    return patch


def to_gradient(name: str) -> Patch:
    """The gradient of a weight."""

    @contextmanager
    def patch(trainer: Trainer, value: float) -> Iterator[None]:
        def spoilt(gradient: torch.Tensor) -> torch.Tensor:
            gradient = gradient.clone()
            gradient.view(-1)[0] = value
            return gradient

        hook = weight(trainer, name).register_hook(spoilt)
        yield
        hook.remove()

    return patch


def to_tensor(name: str, moment: str = "") -> Patch:
    """A weight, a buffer, or Adam's moment of a weight."""

    @contextmanager
    def patch(trainer: Trainer, value: float) -> Iterator[None]:
        tensor = weight(trainer, name)
        if moment:
            optimizer = trainer.g_optim if name.startswith("g") else trainer.d_optim
            tensor = optimizer.state[tensor][moment]
        with torch.no_grad():
            tensor.view(-1)[1] = value
        yield

    return patch


def to_average(name: str) -> Patch:
    """An averaged weight, which training never reads: only a save looks at it."""

    @contextmanager
    def patch(trainer: Trainer, value: float) -> Iterator[None]:
        with torch.no_grad():
            dict(trainer.averages["g"].module.named_parameters())[name].view(-1)[0] = value
        yield

    return patch


def weight(trainer: Trainer, name: str) -> torch.Tensor:
    """A parameter or buffer by its name in files."""
    part, _, rest = name.partition(".")
    module = getattr(trainer.model, part)
    named: dict[str, torch.Tensor] = dict(module.named_parameters()) | dict(module.named_buffers())
    return named[rest]


SITES: dict[str, tuple[Patch, str]] = {
    "images": (to_images, "the images"),
    "z": (to_latent("z"), "the latent vector"),
    "c": (to_latent("c"), "the latent vector"),
    "D's loss": (to_loss("d_loss", "real"), "real ="),
    "G's loss": (to_loss("g_loss", "adversarial"), "adversarial ="),
    "Q's loss": (to_loss("d_loss", "info/slant"), "info/slant ="),
    "G's gradient": (to_gradient("g.dense.0.weight"), "g.dense.0.weight"),
    "D's gradient": (to_gradient("d.convolutions.0.weight"), "d.convolutions.0.weight"),
    "Q's gradient": (to_gradient("d.heads.code.0.weight"), "d.heads.code.0.weight"),
    "weights": (to_tensor("d.dense.0.weight"), "d.dense.0.weight"),
    "statistics": (to_tensor("d.dense.1.running_var"), "d.dense.1.running_var"),
    "averages": (to_average("dense.0.weight"), "average.g.module.dense.0.weight"),
    "Adam's moments": (
        to_tensor("g.dense.3.weight", "exp_avg_sq"),
        "exp_avg_sq of g.dense.3.weight",
    ),
}
"""Where a value is put, and what the first sentence of the message must name."""


def injections(root: Path, steps: list[int]) -> Tally:
    """Each value at each site before each of the steps."""
    tally, images = Tally(len(SITES) * len(VALUES) * len(steps)), strokes()
    config = TINY.replace(steps=max(steps) + 3)
    kept = root / "kept"

    def keep(step: int, line: dict[str, float]) -> None:
        shutil.copytree(found(root / "good" / "checkpoints")[-1], kept / f"step-{step:08d}")

    fit(config, root / "good", images=images, progress=keep)
    for step in steps:
        for site, (patch, words) in SITES.items():
            for value in VALUES:
                run, name = root / "run", f"step-{step:08d}"
                shutil.rmtree(run, ignore_errors=True)
                (run / "checkpoints").mkdir(parents=True)
                for file in ("config.json", "run.json"):
                    shutil.copy(root / "good" / file, run)
                if step:
                    shutil.copytree(kept / name, run / "checkpoints" / name)
                # checkpoints are rare for most, so that a save does not hide what a step overlooks
                often = value is VALUES[0] or site == "averages"
                config = config.replace(checkpoint_every=1 if often else 50)
                message = injected(config, run, step, patch, value)
                at = int(message.split()[1].rstrip(":")) if message else -1  # "step 3: …"
                sentence = message.partition(". ")[0]  # the remedy after it names things, too
                holding = not_finite(run)
                case = f"{value} in {site} at step {step}"
                tally.case(
                    training_stops=not message and f"{case}: training went on",
                    within_a_step=not step <= at <= step + 1 and f"{case}: noticed at step {at}",
                    tensor_is_named=words not in sentence and f"{case}: says {message}",
                    checkpoints_are_finite=holding and f"{case}: {holding} is saved",
                )
    return tally


def injected(config: RunConfig, run: Path, step: int, patch: Patch, value: float) -> str:
    """Train with a patch during one step; the TrainingError that came of it, empty if none did."""
    original = Trainer.advance

    def advance(trainer: Trainer) -> Any:
        if trainer.step != step:
            return original(trainer)
        with patch(trainer, value):
            return original(trainer)

    try:
        with mock.patch.object(Trainer, "advance", advance):
            fit(config, run, images=strokes())
    except TrainingError as error:
        return str(error)
    return ""


def not_finite(run: Path) -> list[str]:
    """Tensors in a run's checkpoints that are not finite."""
    files = [file for path in found(run / "checkpoints") for file in path.glob("*.safetensors")]
    return [
        f"{file.parent.name}: {name}"
        for file in files
        for name, tensor in load_file(file).items()
        if not tensor.isfinite().all()
    ]
