"""The only trainer: d_steps updates of D, then one of G. Every draw is keyed by (seed, purpose,
step), so that resuming, or logging more often, shifts nothing."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from infogan.config.settings import RunConfig
from infogan.core.errors import RunError
from infogan.core.random import stream
from infogan.data.images import Images
from infogan.model.model import CHUNK, Model
from infogan.objectives.base import STANDING_OUT, Loss, parameters
from infogan.training.device import Engine
from infogan.training.distributed import Processes
from infogan.training.grouping import groups
from infogan.training.monitor import Means, check_finite, check_priors, check_tensors, suspicious
from infogan.training.precision import Player, frozen
from infogan.training.recorder import Line, NullRecorder, Recorder, Tensors
from infogan.training.step import Batches, Step, remaining

BITS = ("infogan", "torch", "processor", "device", "dtype", "threads", "processes")
"""What has to be as it was when the run began, for it to go on bit for bit."""
Progress = Callable[[int, Line], None]  # called after each step: its number, the log's last line
logger = logging.getLogger("infogan")


class Trainer:
    """The players, optimizers and the step.

    images: with only the labels of the budget. start: a model of the same codes, networks and
    objective, whose weights to begin with. processes: those that share the batches.
    """

    def __init__(
        self,
        config: RunConfig,
        images: Images,
        start: Model | None = None,
        processes: Processes | None = None,
    ) -> None:
        self.processes = processes or Processes()
        self.config, self.images, self.engine = config, images, Engine.of(config)
        self.step, self.means, self._warned = 0, Means(), set[str]()
        self.standing_out: int | None = None  # groups of images that do; 0: no number; none: yet
        self.model = Model(config, images.shape, images.classes).to(self.engine.device)
        self.batches = Batches(images, config, self.engine.device)
        self.model.d.prepare(self.batches.take(self.batches.order.batch(0, CHUNK)))
        if start is not None:
            self.model.take(start)
        networks, heads, optim = self.model.networks, self.model.d.heads, config.optim
        own = {name: self.processes.network(network) for name, network in networks.items()}
        self.players = {name: Player(network, self.engine.dtype) for name, network in own.items()}
        with_g = [network for name, network in networks.items() if name != "d"]
        with_g += [head for name, head in heads.items() if name in config.objective.g_heads]
        g_params = [p for module in with_g for p in module.parameters()]
        taken, betas = set(g_params), (optim.beta1, optim.beta2)
        d_params = [p for p in self.model.d.parameters() if p not in taken]
        self._moved = {"d": d_params, "g": g_params}
        self.d_optim = Adam(d_params, optim.d_lr, betas, fused=True)
        self.g_optim = Adam(g_params, optim.g_lr, betas, fused=True)
        averaged = networks.items() if optim.ema else ()
        ema: Any = {"multi_avg_fn": get_ema_multi_avg_fn(optim.ema), "use_buffers": True}
        self.averages = {name: AveragedModel(network, **ema) for name, network in averaged}

    @property
    def done(self) -> float:
        """Share of the steps that are over."""
        return self.step / self.config.steps

    def advance(self) -> tuple[list[Loss], Loss]:
        """One generator step with the discriminator steps before it; D's losses and that of G."""
        k = self.config.d_steps
        self.model.networks.train()
        self._group()
        d_losses = [self.d_step(self.step * k + i) for i in range(k)]
        g_loss = self.g_step(self.step)
        for name, average in self.averages.items():
            average.update_parameters(self.model.networks[name])
        if suspicious(self._sinks()):
            check_tensors(self.step, self._moved, self._suspects())
        self.step += 1
        return d_losses, g_loss

    def d_step(self, number: int) -> Loss:
        """One update of D with all other networks frozen, then of learned priors."""
        step = self._look("d", number)
        with frozen(player for name, player in self.players.items() if name != "d"):
            loss = self.config.objective.d_loss(step)
            self._update(self.d_optim, self.config.optim.d_lr, loss, step)
        self._move_priors(step)
        return loss

    def g_step(self, number: int) -> Loss:
        """One update of G and of what steps with it, with the rest of D frozen."""
        step = self._look("g", number)
        with frozen([self.players["d"]], but=self.config.objective.g_heads):
            loss = self.config.objective.g_loss(step)
            self._update(self.g_optim, self.config.optim.g_lr, loss, step)
        return loss

    def _group(self) -> None:
        """Group the real images of the batches in which the objective looks at groups, as the
        first of them begins; forget the groups after the last."""
        objective, latent, k = self.config.objective, self.model.latent, self.config.d_steps
        if latent.categorical is None or not objective.groups(self.done):
            self.batches.groups = None
        elif self.batches.groups is None:
            steps = self.config.steps
            there = [i for i in range(self.step, steps) if objective.groups(i / steps)]
            numbers = [i * k + j for i in there for j in range(k)]
            drawn = np.concatenate([self.batches.rows(number) for number in numbers])
            # As first drawn: batches of one class, as files lie, would be normalised as one
            rows = drawn[np.sort(np.unique(drawn, return_index=True)[1])]
            parts = np.array_split(rows, max(1, len(rows) // CHUNK))
            look = self._look("g", numbers[0])  # as G looks: running statistics stay as they are
            with torch.no_grad():
                projections = torch.cat([look.projections(part) for part in parts]).cpu()
            where = [("the projections of real images", projections), *self._suspects()]
            check_tensors(self.step, self._moved, where)
            found = torch.full((len(self.images),), -1)
            categories = latent.codes[latent.categorical].categories
            first, seed = self.processes.first, self.config.seed
            own = groups(projections, categories, seed) if first else None
            found[rows], self.standing_out = self.processes.share(own)
            self.batches.groups = found

    def _look(self, player: str, number: int) -> Step:
        latent = self.model.latent
        return Step(self.batches, self.processes, self.players, latent, player, number, self.done)

    def _update(self, optimizer: Adam, lr: float, loss: Loss, step: Step) -> None:
        if not loss.terms:
            return
        check_finite(loss, step.player, self.step, self._moved, self._suspects(step))
        optimizer.param_groups[0]["lr"] = lr * remaining(self.done, self.config.optim.lr_decay)
        optimizer.zero_grad()
        loss.total.backward()
        moving = [player for player in self.players.values() if player.collect()]
        self.processes.sum_gradients(optimizer.param_groups[0]["params"])
        optimizer.step()
        for player in moving:
            player.refresh()

    def _move_priors(self, step: Step) -> None:
        """Let learned priors follow what Q reads in the real batch."""
        learned = self.config.latent.learned
        if learned and self.config.objective.learns(step):
            read, priors = parameters(step.readings, step.seen.heads), self.model.priors
            suspects = ((f"what Q reads of {name}", read[name]) for name in learned)
            check_tensors(self.step, self._moved, suspects)
            self.model.priors = {n: code.moved(priors[n], read[n]) for n, code in learned.items()}

    def entropies(self) -> dict[str, float]:
        """`H(c)/code` of each learned prior, in nats; a warning where one has collapsed."""
        entropy = self.model.latent.entropy
        check_priors(self.model.priors.items(), entropy, self.step, self._warned)
        return {f"H(c)/{name}": entropy[name] for name in self.model.priors}

    @property
    def seen(self) -> Line:
        """How many groups of images stand out, for the log, once that is known."""
        return {} if self.standing_out is None else {STANDING_OUT: self.standing_out}

    def _sinks(self) -> list[Tensor]:
        """Where a NaN or an infinity may stay that no loss shows (weights and first moments reach
        the next): second moments, with every gradient, and batch normalisation's statistics."""
        states = [*self.d_optim.state.values(), *self.g_optim.state.values()]
        buffers = [buffer for buffer in self.model.networks.buffers() if buffer.is_floating_point()]
        return [state["exp_avg_sq"] for state in states] + buffers

    def _parts(self) -> dict[str, nn.Module]:
        """Every module of a state, by the prefix of its tensors' names."""
        averages = {f"average.{name}": average for name, average in self.averages.items()}
        return {**self.model.networks, **averages}

    def _suspects(self, step: Step | None = None) -> Iterator[tuple[str, Tensor]]:
        """Every tensor that a step reads or changes, by name, in the order of cause and effect."""
        if step is not None:
            yield "the latent vector", step.draw.vector()
            yield "the images", step.images
        yield from ((f"the prior of {name}", prior) for name, prior in self.model.priors.items())
        for part, module in self._parts().items():
            for name, weight in module.named_parameters(prefix=part):
                yield name, weight
                if weight.grad is not None:
                    yield f"gradient of {name}", weight.grad
                for optimizer in (self.d_optim, self.g_optim):
                    for moment, tensor in optimizer.state.get(weight, {}).items():
                        yield f"{moment} of {name}", tensor
            yield from module.named_buffers(prefix=part)

    @property
    def size(self) -> int:
        """Bytes of a saved state, roughly: weights, their averages, two moments."""
        return sum(t.nbytes for t in self.model.tensors().values()) * (4 if self.averages else 3)

    def state(self) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, Tensor]]:
        """Plain values, weights and moments for `restore`; TrainingError if one is not finite."""
        check_tensors(self.step, self._moved, self._suspects())
        weights = self.model.tensors()
        for name, average in self.averages.items():
            weights |= on_cpu(average.state_dict(prefix=f"average.{name}."))
        values = {"step": self.step, "means": self.means.tree(), "images": self.images.digest}
        values |= {"machine": self.machine, "standing out": self.standing_out}
        if self.batches.groups is not None:
            weights["groups"] = self.batches.groups
        return values, weights, moments_of(self.d_optim, "d") | moments_of(self.g_optim, "g")

    def restore(self, values: dict[str, Any], weights: Tensors, moments: Tensors) -> None:
        """Go on from a state as if nothing had happened; RunError when it is of other images, or of
        networks as an earlier version built them."""
        if values["images"] != self.images.digest:
            remedy = "bring them back, choose another --run, or replace it with --fresh"
            raise RunError(f"{self.images.name}: the images or their labels changed; {remedy}")
        parts = {f"{part}.": module for part, module in self._parts().items()}
        wanted = {p + k: t.shape for p, own in parts.items() for k, t in own.state_dict().items()}
        if wanted != {k: t.shape for k, t in weights.items() if k.startswith(tuple(parts))}:
            remedy = "choose another --run, or train it again with --fresh"
            raise RunError(f"the checkpoint's tensors are not those of its settings; {remedy}")
        before, now = {"processes": 1} | values["machine"], self.machine
        differ = [f"{k} {before.get(k)} (now {now[k]})" for k in BITS if before.get(k) != now[k]]
        if differ:
            logger.warning("going on, but not bit for bit as the run began: %s", ", ".join(differ))
        self.step, self.means = values["step"], Means.from_tree(values["means"], self.engine.device)
        for prefix, module in parts.items():
            own = {k.removeprefix(prefix): t for k, t in weights.items() if k.startswith(prefix)}
            module.load_state_dict(own)
        self.model.take_priors(weights)
        self.batches.groups, self.standing_out = weights.get("groups"), values.get("standing out")
        put_moments(self.d_optim, "d", moments)
        put_moments(self.g_optim, "g", moments)
        for player in self.players.values():
            player.refresh()

    @property
    def machine(self) -> dict[str, Any]:
        """What a bit-exact result depends on."""
        return self.engine.describe() | {"processes": self.processes.size}

    def align(self) -> None:
        """Have every process go on from where the first one is."""
        if self.processes.size > 1:
            begun = self.processes.first and self.step > 0
            state = self.processes.share(self.state() if begun else None)
            if state and not self.processes.first:
                self.restore(*state)

    def finished(self) -> Model:
        """The model to keep, with averaged weights if any, in evaluation mode. Its batch statistics
        are of one fixed sample: those of training are of a few batches, and not of averages."""
        for name, average in self.averages.items():
            self.model.networks[name].load_state_dict(average.module.state_dict())
        n, generator = 8 * CHUNK, stream(self.config.seed, "calibrate")
        latents = self.model.latent.sample(n, generator).to(self.engine.device).vector()
        update_bn(latents.split(CHUNK), self.model.g)
        rows = self.batches.order.batch(0, n).reshape(-1, CHUNK)
        update_bn((self.batches.take(part) for part in rows), self.model.d)
        return self.model.eval()


def train(
    trainer: Trainer, recorder: Recorder | None = None, progress: Progress = lambda step, line: None
) -> Model | None:
    """Take a trainer to its last step, with lines and states for the recorder; the finished model,
    or None if it asked to stop, with a state saved. TrainingError if a tensor is not finite."""
    config, recorder = trainer.config, recorder or NullRecorder()
    since, begun, stopping = time.perf_counter(), trainer.step, False
    while trainer.step < config.steps and not stopping:
        trainer.means.add(*trainer.advance())
        step, last = trainer.step, trainer.step == config.steps
        # Once: a later request waits for the next step.
        stopping = trainer.processes.any(recorder.stop_requested())
        if step % config.log_every == 0 or last:
            seconds = time.perf_counter() - since
            seen = (step - begun) * config.d_steps * config.batch
            speed = {"seconds": seconds, "images_per_second": seen / seconds}
            line = {"step": step, **trainer.means.flush(), **trainer.entropies(), **trainer.seen}
            recorder.write(line | speed)
            since, begun = time.perf_counter(), step
        if step % config.checkpoint_every == 0 or last or stopping:
            recorder.save(*trainer.state())
            trainer.processes.meet()
        progress(step, recorder.line)
    return None if stopping else trainer.finished()


def on_cpu(tensors: Tensors) -> dict[str, Tensor]:
    """The tensors as files hold them."""
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def moments_of(optimizer: Optimizer, name: str) -> dict[str, Tensor]:
    """An optimizer's moments as named tensors: `name.parameter.moment`."""
    states = optimizer.state_dict()["state"].items()
    return on_cpu({f"{name}.{i}.{moment}": t for i, state in states for moment, t in state.items()})


def put_moments(optimizer: Optimizer, name: str, tensors: Tensors) -> None:
    """Put the moments back that `moments_of` named, in the memory order of their parameters: fused
    Adam walks both in it, and a moment in another order would meet the wrong weights."""
    parameters, tree = optimizer.param_groups[0]["params"], optimizer.state_dict() | {"state": {}}
    for key, tensor in tensors.items():
        owner, number, moment = key.split(".")
        if owner == name:
            like = parameters[int(number)]
            kept = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
            tree["state"].setdefault(int(number), {})[moment] = kept
    optimizer.load_state_dict(tree)
