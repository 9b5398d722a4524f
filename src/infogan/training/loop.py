"""The only training loop: d_steps updates of D, then one of G, the other player frozen.

Every draw is keyed by (seed, purpose, step): resuming, or logging more often, shifts nothing.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Adam
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from infogan import data as source
from infogan import durable, signals
from infogan.config import RunConfig
from infogan.data.augment import Changed
from infogan.data.images import Images, Order, to_float
from infogan.data.labels import reveal, write_csv
from infogan.errors import RunError, reading
from infogan.latent import Draw, Latent
from infogan.model import CHUNK, Model
from infogan.networks import Verdict
from infogan.objectives.base import Loss
from infogan.run import Run
from infogan.streams import stream
from infogan.training import checkpoint
from infogan.training.engine import Engine
from infogan.training.health import Means, check_finite, check_priors, check_tensors, suspicious
from infogan.training.player import Player, parameters_of

CALIBRATION = 8 * CHUNK
"""Images and latents behind the final statistics of batch normalisation."""
BITS = ("infogan", "torch", "processor", "device", "dtype", "threads")
"""What of the machine the last bits of the weights depend on."""
logger = logging.getLogger("infogan")
Progress = Callable[[int, dict[str, float]], None]
"""Called after each step with its number and the latest line of the log."""


class Scene:
    """What one player's step looks at (see objectives.base): each verdict is made when first asked for."""

    def __init__(self, trainer: "Trainer", batch: int, latent: Latent, draw: Draw, teaches_g: bool) -> None:
        self._trainer, self._batch, self._teaches_g = trainer, batch, teaches_g
        self.latent, self.draw = latent, draw

    @property
    def done(self) -> float:
        return self._trainer.done

    def _verdict(self, what: str, images: Tensor, tracked: bool = False) -> Verdict:
        """D on images; tracked: whether batch normalisation counts them into its running statistics."""
        config, d = self._trainer.config, self._trainer.d
        detached = frozenset[str]() if self._teaches_g else config.objective.detached
        noise = stream(config.seed, f"noise {'g' if self._teaches_g else 'd'} {what}", self._batch)
        with nullcontext() if tracked else d.untracked():
            verdict: Verdict = d(images, detached, noise)
        heads = {name: head.float() for name, head in verdict.heads.items()}
        return Verdict(verdict.features.float(), heads)

    def _take(self, rows: NDArray[np.int64]) -> Tensor:
        return to_float(self._trainer.images.take(rows)).to(self._trainer.engine.device)

    @cached_property
    def fake(self) -> Verdict:
        with torch.set_grad_enabled(self._teaches_g):
            images = self._trainer.g(self.draw.vector())
        return self._verdict("fake", images)

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        return self._trainer.order.batch(self._batch, self._trainer.config.batch)

    @cached_property
    def _images(self) -> Tensor:
        return self._take(self._rows)

    @cached_property
    def real(self) -> Verdict:
        return self._verdict("real", self._images, tracked=not self._teaches_g)

    def _changed(self, images: Tensor, what: str) -> Changed:
        """Copies changed as `augment` says; the images themselves where it says nothing."""
        trainer, change = self._trainer, self._trainer.config.augment
        if change is None:
            return Changed(images, {})
        left = trainer.left(change.fade)
        return change.faded(left)(images, stream(trainer.config.seed, what, self._batch))

    @cached_property
    def _copies(self) -> Changed:
        return self._changed(self._images, "augment")

    @cached_property
    def view(self) -> Verdict:
        return self._verdict("view", self._copies.images)

    @cached_property
    def moves(self) -> Mapping[str, Tensor]:
        return {name: move.to(self._trainer.engine.device) for name, move in self._copies.moves.items()}

    @cached_property
    def _labelled_rows(self) -> NDArray[np.int64]:
        """Rows of the labelled batch: the real batch itself where every image is labelled."""
        labelled = self._trainer.labelled
        if len(labelled) == len(self._trainer.images):
            return self._rows
        return labelled[self._trainer.labelled_order.batch(self._batch, self._trainer.config.batch)]

    @property
    def labels(self) -> Tensor | None:
        if self._trainer.config.labels is None:
            return None
        labels = self._trainer.images.labels[self._labelled_rows]
        return torch.from_numpy(labels).to(self._trainer.engine.device)

    @cached_property
    def labelled(self) -> Verdict:
        if self._labelled_rows is self._rows and self._trainer.config.augment is None:
            return self.real
        return self._verdict("labelled", self._changed(self._take(self._labelled_rows), "augment labelled").images)


class Trainer:
    """The two players, their optimizers and the step they are at.

    images: with those labels alone that the objective may see (see data.labels).
    """

    def __init__(self, config: RunConfig, images: Images) -> None:
        self.config, self.images = config, images
        self.engine = Engine.of(config)
        self.model = Model(config, images.shape, images.classes).to(self.engine.device)
        self.order = Order(len(images), config.seed)
        self.labelled = np.flatnonzero(images.labels >= 0) if config.labels is not None else np.empty(0, np.int64)
        self.labelled_order = Order(len(self.labelled), config.seed, "labelled order")
        self.model.d.prepare(to_float(images.take(self.order.batch(0, CHUNK))).to(self.engine.device))
        self.step, self.means, self._warned = 0, Means(), set[str]()
        model, optim = self.model, config.optim
        self.g, self.d = Player(model.g, self.engine.dtype), Player(model.d, self.engine.dtype)
        q_of_g = parameters_of(model.d, config.objective.g_heads)
        ids = {id(p) for p in q_of_g}
        betas, fused = (optim.beta1, optim.beta2), True
        self.d_optim = Adam([p for p in model.d.parameters() if id(p) not in ids], optim.d_lr, betas, fused=fused)
        self.g_optim = Adam([*model.g.parameters(), *q_of_g], optim.g_lr, betas, fused=fused)
        self.averages = {
            part: AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(optim.ema), use_buffers=True)
            for part, module in {"g": model.g, "d": model.d}.items()
            if optim.ema
        }

    @property
    def done(self) -> float:
        """Share of the steps that are over."""
        return self.step / self.config.steps

    def left(self, share: float) -> float:
        """Of what falls over the last `share` of the steps: 1, then linearly to 0."""
        return min(1.0, (1 - self.done) / share) if share else 1.0

    def d_step(self, batch: int) -> Loss:
        """One update of D, G frozen and without gradient."""
        scene = self._scene("d", batch, teaches_g=False)
        with self.g.frozen():
            loss = self.config.objective.d_loss(scene)
            self._update(self.d_optim, self.config.optim.d_lr, loss, "d", scene)
        self._move_priors(scene)
        return loss

    def _move_priors(self, scene: Scene) -> None:
        """Let learned priors follow what Q reads in the real batch."""
        q, learned = self.config.objective.q, self.config.latent.learned
        if learned and q:
            read, priors = scene.latent.split(scene.real.heads[q]), self.model.priors
            check_tensors(self.step, ((f"what Q reads of {name}", read[name]) for name in learned))
            self.model.priors = {name: code.moved(priors[name], read[name]) for name, code in learned.items()}

    def g_step(self, batch: int) -> Loss:
        """One update of G (and of the heads that step with it), the rest of D frozen."""
        scene = self._scene("g", batch, teaches_g=True)
        with self.d.frozen(but=self.config.objective.g_heads):
            loss = self.config.objective.g_loss(scene)
            self._update(self.g_optim, self.config.optim.g_lr, loss, "g", scene)
        return loss

    def _scene(self, player: str, batch: int, teaches_g: bool) -> Scene:
        config, latent = self.config, self.model.latent
        draw = latent.sample(config.batch, stream(config.seed, f"latent {player}", batch))
        return Scene(self, batch, latent, draw.to(self.engine.device), teaches_g)

    def _update(self, optimizer: Adam, lr: float, loss: Loss, player: str, scene: Scene) -> None:
        if not loss.terms:
            return
        check_finite(loss, player, self.step, self._suspects(scene))
        optimizer.param_groups[0]["lr"] = lr * self.left(self.config.optim.decay)
        optimizer.zero_grad()
        loss.total.backward()
        for side in (self.g, self.d):
            side.collect()
        optimizer.step()
        if player == "g":
            self.g.refresh()
        if player == "d" or self.config.objective.g_heads:
            self.d.refresh()

    def advance(self) -> tuple[Loss, Loss]:
        """One generator step with the discriminator steps before it; the last losses of D and G."""
        k = self.config.d_steps
        self.model.g.train()
        self.model.d.train()
        for i in range(k):
            d_loss = self.d_step(self.step * k + i)
        g_loss = self.g_step(self.step)
        for part, average in self.averages.items():
            average.update_parameters(getattr(self.model, part))
        if suspicious(self._sinks()):
            check_tensors(self.step, self._suspects())
        self.step += 1
        return d_loss, g_loss

    def _sinks(self) -> list[Tensor]:
        """Where a NaN or an infinity stays that the losses may never show: second moments, which remember every
        gradient, and the statistics of batch normalisation. Weights and first moments reach the next loss."""
        moments = [s["exp_avg_sq"] for optim in (self.d_optim, self.g_optim) for s in optim.state.values()]
        buffers = [*self.model.g.buffers(), *self.model.d.buffers()]
        return moments + [buffer for buffer in buffers if buffer.is_floating_point()]

    def _suspects(self, scene: Scene | None = None) -> Iterator[tuple[str, Tensor]]:
        """Every tensor that a step reads or changes, by name, in the order of cause and effect."""
        if scene is not None:
            yield "the latent vector", scene.draw.vector()
            yield "the images", scene._images
        yield from ((f"the prior of {name}", prior) for name, prior in self.model.priors.items())
        parts = {"g": self.model.g, "d": self.model.d}
        parts |= {f"average.{part}": average for part, average in self.averages.items()}
        for part, module in parts.items():
            for name, weight in module.named_parameters(prefix=part):
                yield name, weight
                if weight.grad is not None:
                    yield f"gradient of {name}", weight.grad
                for optimizer in (self.d_optim, self.g_optim):
                    for moment, tensor in optimizer.state.get(weight, {}).items():
                        yield f"{moment} of {name}", tensor
            yield from module.named_buffers(prefix=part)

    def entropies(self) -> dict[str, float]:
        """`H(c)/code` of each learned prior, in nats; a warning where one all but left the code without choice."""
        entropy = self.model.latent.entropy
        check_priors(self.model.priors, entropy, self.step, self._warned)
        return {f"H(c)/{name}": entropy[name] for name in self.model.priors}

    @property
    def size(self) -> int:
        """Bytes of a checkpoint, roughly: weights, their averages, two moments."""
        weights = sum(t.nbytes for t in self.model.tensors().values())
        return weights * (4 if self.averages else 3)

    def save(self, folder: Path) -> None:
        """Write a checkpoint from which `resume` goes on as if nothing had happened. TrainingError instead when a
        tensor is not finite."""
        check_tensors(self.step, self._suspects())
        weights = self.model.tensors()
        for part, average in self.averages.items():
            weights |= {f"average.{part}.{k}": v.detach().cpu().contiguous() for k, v in average.state_dict().items()}
        moments = checkpoint.flatten(self.d_optim, "d") | checkpoint.flatten(self.g_optim, "g")
        state = {"step": self.step, "means": self.means.tree()}
        state |= {"images": self.images.digest, "machine": self.engine.describe()}
        checkpoint.write(folder, state, weights, moments)

    def resume(self, folder: Path) -> None:
        """Take up the newest whole checkpoint in the folder, if there is one; RunError when it is of other images."""
        if not (there := checkpoint.newest(folder)):
            return
        with reading(folder, "a checkpoint of this run", RunError):
            self._restore(*there)

    def _restore(self, state: dict[str, Any], weights: dict[str, Tensor], moments: dict[str, Tensor]) -> None:
        if state["images"] != self.images.digest:
            raise RunError(
                f"{self.images.name}: the images or their labels changed since the run began; bring them back, "
                "choose another --run, or replace it with --fresh"
            )
        before, now = state["machine"], self.engine.describe()
        if differ := [f"{key} {before.get(key)} (now {now[key]})" for key in BITS if before.get(key) != now[key]]:
            logger.warning("going on, but not bit for bit as where the run began: %s", ", ".join(differ))
        self.step, self.means = state["step"], Means.from_tree(state["means"], self.engine.device)
        parts = {"g": self.model.g, "d": self.model.d}
        parts |= {f"average.{part}": average for part, average in self.averages.items()}
        for part, module in parts.items():
            prefix = f"{part}."
            module.load_state_dict({k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)})
        self.model.take_priors(weights)
        checkpoint.restore(self.d_optim, "d", moments)
        checkpoint.restore(self.g_optim, "g", moments)
        self.g.refresh()
        self.d.refresh()

    def finished(self) -> Model:
        """The model to keep: the averaged weights if they are averaged, in evaluation mode.

        Batch normalisation gets its statistics from one fixed sample: those kept while training are of the last
        few batches, and for averaged weights of other weights altogether.
        """
        for part, average in self.averages.items():
            getattr(self.model, part).load_state_dict(average.module.state_dict())
        n, config, device = CALIBRATION, self.config, self.engine.device
        latents = self.model.latent.sample(n, stream(config.seed, "calibrate")).vector()
        rows = Order(len(self.images), config.seed).batch(0, n).reshape(-1, CHUNK)
        update_bn([part.to(device) for part in latents.split(CHUNK)], self.model.g)
        update_bn((to_float(self.images.take(part)).to(device) for part in rows), self.model.d)
        return self.model.eval()


def train(
    config: RunConfig,
    run: Run | Path | str,
    *,
    images: Images | None = None,
    fresh: bool = False,
    progress: Progress = lambda step, line: None,
) -> Model:
    """Train by the settings into a run folder, or go on from its last checkpoint; the trained model.

    images: what to train on when it is not what `config.data` names. fresh: remove the run that is there, once
    images and settings have proved good. Raises DataError, RunError (the folder holds another run, another process
    has it, the disk is full) or TrainingError (something is no longer finite); what was written before stays.
    """
    if not isinstance(run, Run):
        with closing(Run(run)) as own:
            return train(config, own, images=images, fresh=fresh, progress=progress)
    images = images or source.load(config.data, "train")
    if config.labels is not None:
        images = reveal(images, config.labels, config.seed)
    trainer = Trainer(config, images)
    if fresh:
        run.clear()
    run.begin(config)
    some = images.take(slice(0, 1000))
    if (some == some[0]).all():
        logger.warning("%s: zero variance, the images are all the same: there is nothing to tell apart", images.name)
    trainer.resume(run.checkpoints)
    if trainer.step >= config.steps and (model := _kept(run)):
        return model
    if config.labels is not None:
        write_csv(images, run.labels_file)
    run.weights_file.unlink(missing_ok=True)  # of fewer steps; its checkpoint stays
    run.rewind(trainer.step)
    run.write_json(run.environment_file, trainer.engine.describe() | {"images": len(images)})
    durable.require(run.path, 2 * trainer.size)
    with durable.writing(run.path):
        _steps(trainer, run, progress)
    model = trainer.finished()
    model.save(run.weights_file)
    return model


def _kept(run: Run) -> Model | None:
    """The model of a run that has its steps; None when it has to be made again from the last checkpoint."""
    try:
        return Model.load(run.path) if run.weights_file.is_file() else None
    except RunError as error:
        logger.warning("%s; it is made again from the last checkpoint", error)
        return None


def _steps(trainer: Trainer, run: Run, progress: Progress) -> None:
    """Train to the last step, with a log and checkpoints; Stopped, after a checkpoint, when a signal asks for it."""
    config = trainer.config
    line = (run.metrics() or [{}])[-1]
    since, begun = time.perf_counter(), trainer.step
    with run.metrics_file.open("ab", buffering=0) as log:
        while trainer.step < config.steps:
            trainer.means.add(*trainer.advance())
            step, last = trainer.step, trainer.step == config.steps
            asked = signals.asked()  # once: a signal after this line waits for the next step
            if step % config.log_every == 0 or last:
                seconds = time.perf_counter() - since
                speed = {"seconds": seconds, "images_per_second": (step - begun) * config.batch / seconds}
                line = {"step": step, **trainer.means.flush(), **trainer.entropies(), **speed}
                log.write(json.dumps(line).encode() + b"\n")
                since, begun = time.perf_counter(), step
            if step % config.checkpoint_every == 0 or last or asked:
                os.fsync(log.fileno())  # first: a checkpoint never knows of lines that a power cut can take
                trainer.save(run.checkpoints)
            progress(step, line)
            if asked:
                signals.poll()
