"""The only trainer: d_steps updates of D, then one of G, the other player frozen.

Every draw is keyed by (seed, purpose, step): resuming, or logging more often, shifts nothing.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from infogan.config.settings import RunConfig
from infogan.core.errors import RunError
from infogan.core.random import stream
from infogan.data.images import Images, Order
from infogan.model.model import CHUNK, Model
from infogan.objectives.base import Loss, parameters
from infogan.training.device import Engine
from infogan.training.monitor import Means, check_finite, check_priors, check_tensors, suspicious
from infogan.training.precision import Player, parameters_of
from infogan.training.recorder import Line, NullRecorder, Recorder
from infogan.training.step import Batches, Step, remaining

CALIBRATION = 8 * CHUNK
"""Images and latents behind the final statistics of batch normalisation."""
BITS = ("infogan", "torch", "processor", "device", "dtype", "threads")
"""What of the machine decides whether a resumed run is bit-exact."""
logger = logging.getLogger("infogan")
Progress = Callable[[int, Line], None]
"""Called after each step with its number and the latest line of the log."""


class Trainer:
    """The players, their optimizers and the step they are at.

    images: with those labels alone that the objective may see (see data.labels).
    """

    def __init__(self, config: RunConfig, images: Images) -> None:
        self.config, self.images = config, images
        self.engine = Engine.of(config)
        self.model = Model(config, images.shape, images.classes).to(self.engine.device)
        self.batches = Batches(images, config, self.engine.device)
        some = Order(len(images), config.seed).batch(0, CHUNK)
        self.model.d.prepare(self.batches.take(some))
        self.step, self.means, self._warned = 0, Means(), set[str]()
        networks, optim = self.model.networks, config.optim
        self.players = {
            name: Player(network, self.engine.dtype) for name, network in networks.items()
        }
        self.g, self.d = self.players["g"], self.players["d"]
        with_g = [
            p for name, network in networks.items() if name != "d" for p in network.parameters()
        ]
        with_g += parameters_of(self.model.d, config.objective.g_heads)
        ids = {id(p) for p in with_g}
        with_d = [p for p in self.model.d.parameters() if id(p) not in ids]
        betas, fused = (optim.beta1, optim.beta2), True
        self.d_optim = Adam(with_d, optim.d_lr, betas, fused=fused)
        self.g_optim = Adam(with_g, optim.g_lr, betas, fused=fused)
        self.averages = {
            name: AveragedModel(
                network, multi_avg_fn=get_ema_multi_avg_fn(optim.ema), use_buffers=True
            )
            for name, network in networks.items()
            if optim.ema
        }

    @property
    def done(self) -> float:
        """Share of the steps that are over."""
        return self.step / self.config.steps

    def d_step(self, batch: int) -> Loss:
        """One update of D, all other networks frozen."""
        step = self._look("d", batch)
        with self._frozen(*self.players.keys() - {"d"}):
            loss = self.config.objective.d_loss(step)
            self._update(self.d_optim, self.config.optim.d_lr, loss, step)
        self._move_priors(step)
        return loss

    def _move_priors(self, step: Step) -> None:
        """Let learned priors follow what Q reads in the real batch."""
        learned = self.config.latent.learned
        if learned:
            read, priors = parameters(step.readings, step.real.heads), self.model.priors
            check_tensors(self.step, ((f"what Q reads of {name}", read[name]) for name in learned))
            self.model.priors = {
                name: code.moved(priors[name], read[name]) for name, code in learned.items()
            }

    def g_step(self, batch: int) -> Loss:
        """One update of G and of what steps with it, the rest of D frozen."""
        step = self._look("g", batch)
        with self._frozen("d", but=self.config.objective.g_heads):
            loss = self.config.objective.g_loss(step)
            self._update(self.g_optim, self.config.optim.g_lr, loss, step)
        return loss

    @contextmanager
    def _frozen(self, *names: str, but: Set[str] = frozenset()) -> Iterator[None]:
        """No gradient for the weights of these networks, except of the heads named in `but`."""
        with ExitStack() as stack:
            for name in names:
                stack.enter_context(self.players[name].frozen(but))
            yield

    def _look(self, player: str, batch: int) -> Step:
        return Step(
            self.config, self.batches, self.players, self.model.latent, player, batch, self.done
        )

    def _update(self, optimizer: Adam, lr: float, loss: Loss, step: Step) -> None:
        if not loss.terms:
            return
        check_finite(loss, step.player, self.step, self._suspects(step))
        optimizer.param_groups[0]["lr"] = lr * remaining(self.done, self.config.optim.lr_decay)
        optimizer.zero_grad()
        loss.total.backward()
        for player in self.players.values():
            player.collect()
        optimizer.step()
        for name, player in self.players.items():
            if (step.player == "d" and name == "d") or (
                step.player == "g" and (name != "d" or self.config.objective.g_heads)
            ):
                player.refresh()

    def advance(self) -> tuple[Loss, Loss]:
        """One generator step with the discriminator steps before it; the last losses of D and G."""
        k = self.config.d_steps
        for network in self.model.networks.values():
            network.train()
        for i in range(k):
            d_loss = self.d_step(self.step * k + i)
        g_loss = self.g_step(self.step)
        for name, average in self.averages.items():
            average.update_parameters(self.model.networks[name])
        if suspicious(self._sinks()):
            check_tensors(self.step, self._suspects())
        self.step += 1
        return d_loss, g_loss

    def _sinks(self) -> list[Tensor]:
        """Where a NaN or an infinity stays that the losses may never show: second moments, which remember every
        gradient, and the statistics of batch normalisation. Weights and first moments reach the next loss."""
        moments = [
            s["exp_avg_sq"] for optim in (self.d_optim, self.g_optim) for s in optim.state.values()
        ]
        buffers = chain.from_iterable(network.buffers() for network in self.model.networks.values())
        return moments + [buffer for buffer in buffers if buffer.is_floating_point()]

    def _parts(self) -> dict[str, torch.nn.Module]:
        """Every module of a state, by the prefix of its tensors' names."""
        return self.model.networks | {
            f"average.{name}": average for name, average in self.averages.items()
        }

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

    def entropies(self) -> dict[str, float]:
        """`H(c)/code` of each learned prior, in nats; a warning where one all but left the code without choice."""
        entropy = self.model.latent.entropy
        check_priors(self.model.priors, entropy, self.step, self._warned)
        return {f"H(c)/{name}": entropy[name] for name in self.model.priors}

    @property
    def size(self) -> int:
        """Bytes of a saved state, roughly: weights, their averages, two moments."""
        weights = sum(t.nbytes for t in self.model.tensors().values())
        return weights * (4 if self.averages else 3)

    def state(self) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, Tensor]]:
        """Plain values, weights and moments from which `restore` goes on as if nothing had happened. TrainingError
        when a tensor is not finite."""
        check_tensors(self.step, self._suspects())
        weights = self.model.tensors()
        for name, average in self.averages.items():
            weights |= {
                f"average.{name}.{k}": v.detach().cpu().contiguous()
                for k, v in average.state_dict().items()
            }
        values = {"step": self.step, "means": self.means.tree()}
        values |= {"images": self.images.digest, "machine": self.engine.describe()}
        return values, weights, moments_of(self.d_optim, "d") | moments_of(self.g_optim, "g")

    def restore(
        self, values: dict[str, Any], weights: dict[str, Tensor], moments: dict[str, Tensor]
    ) -> None:
        """Take up a state; RunError when it is of other images."""
        if values["images"] != self.images.digest:
            raise RunError(
                f"{self.images.name}: the images or their labels changed since the run began; bring them back, "
                "choose another --run, or replace it with --fresh"
            )
        before, now = values["machine"], self.engine.describe()
        if differ := [
            f"{key} {before.get(key)} (now {now[key]})"
            for key in BITS
            if before.get(key) != now[key]
        ]:
            logger.warning(
                "going on, but not bit for bit as where the run began: %s", ", ".join(differ)
            )
        self.step, self.means = values["step"], Means.from_tree(values["means"], self.engine.device)
        for part, module in self._parts().items():
            prefix = f"{part}."
            module.load_state_dict(
                {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
            )
        self.model.take_priors(weights)
        put_moments(self.d_optim, "d", moments)
        put_moments(self.g_optim, "g", moments)
        for player in self.players.values():
            player.refresh()

    def finished(self) -> Model:
        """The model to keep: the averaged weights if they are averaged, in evaluation mode.

        Batch normalisation gets its statistics from one fixed sample: those kept while training are of the last
        few batches, and for averaged weights of other weights altogether.
        """
        for name, average in self.averages.items():
            self.model.networks[name].load_state_dict(average.module.state_dict())
        n, config, device = CALIBRATION, self.config, self.engine.device
        latents = self.model.latent.sample(n, stream(config.seed, "calibrate")).vector()
        rows = Order(len(self.images), config.seed).batch(0, n).reshape(-1, CHUNK)
        update_bn([part.to(device) for part in latents.split(CHUNK)], self.model.g)
        update_bn((self.batches.take(part) for part in rows), self.model.d)
        return self.model.eval()


def train(
    trainer: Trainer, recorder: Recorder | None = None, progress: Progress = lambda step, line: None
) -> Model | None:
    """Take a trainer to its last step, with lines and states for the recorder; the finished model.

    None when the recorder had it stop before, once a state is saved. TrainingError when something is not finite.
    """
    config, recorder = trainer.config, recorder or NullRecorder()
    since, begun, stopping = time.perf_counter(), trainer.step, False
    while trainer.step < config.steps and not stopping:
        trainer.means.add(*trainer.advance())
        step, last = trainer.step, trainer.step == config.steps
        stopping = (
            recorder.stop_requested()
        )  # once: a request after this line waits for the next step
        if step % config.log_every == 0 or last:
            seconds = time.perf_counter() - since
            speed = {
                "seconds": seconds,
                "images_per_second": (step - begun) * config.batch / seconds,
            }
            recorder.write({"step": step, **trainer.means.flush(), **trainer.entropies(), **speed})
            since, begun = time.perf_counter(), step
        if step % config.checkpoint_every == 0 or last or stopping:
            recorder.save(*trainer.state())
        progress(step, recorder.line)
    return None if stopping else trainer.finished()


def moments_of(optimizer: Optimizer, name: str) -> dict[str, Tensor]:
    """An optimizer's moments as named tensors: `name.parameter.moment`."""
    return {
        f"{name}.{parameter}.{moment}": tensor.detach().cpu().contiguous()
        for parameter, moments in optimizer.state_dict()["state"].items()
        for moment, tensor in moments.items()
    }


def put_moments(optimizer: Optimizer, name: str, tensors: Mapping[str, Tensor]) -> None:
    """Put the moments back that `moments_of` named, in the memory order of their parameters (fused Adam walks both
    in memory order: a moment in another one would meet the wrong weights)."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        owner, number, moment = key.split(".")
        if owner == name:
            like = parameters[int(number)]
            kept = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
            state.setdefault(int(number), {})[moment] = kept
    optimizer.load_state_dict(
        {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    )
