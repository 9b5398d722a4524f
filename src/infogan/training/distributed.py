"""Several processes that train one model (torchrun): the only place that knows of them.

Each draws the whole batch's random numbers and computes on its own part of the rows. D's verdicts
are gathered, so that an objective sees the whole batch; batch normalisation takes its statistics
over it; and gradients are summed. The result is that of one process but for rounding.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]
from torch.nn.modules.batchnorm import _BatchNorm

from infogan.core.errors import ConfigError, RunError
from infogan.core.random import Part
from infogan.networks import Verdict
from infogan.training.heartbeats import Heartbeats

START = timedelta(minutes=5)  # for all to be there
WITHIN = timedelta(seconds=15)  # for an answer in a collective operation, to which all come at once
_JOINED = count()  # times that this process has joined others


def launched() -> bool:
    """Whether torchrun started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


def rank() -> int:
    """The number of this process, from 0, among all that train the model."""
    return int(os.environ["RANK"]) if launched() else 0


class Processes:
    """This process among those that train the model; alone, every method returns at once."""

    def __init__(self) -> None:
        self.rank, self.size = 0, 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def part(self, n: int, rank: int | None = None) -> Part:
        """Which rows of a batch of n this process computes, or the one of that number."""
        at = self.rank if rank is None else rank
        return Part(at * n // self.size, (at + 1) * n // self.size, n)

    def whole(self, own: Tensor, n: int) -> Tensor:
        """[n, ...] the rows of all processes, from this one's. Only its own carry gradient: each
        process computes the loss of the whole batch, and sums gradients with the others'."""
        return own

    def verdict(self, own: Verdict, n: int) -> Verdict:
        """D's verdict on the whole batch of n images, from that on this process's rows."""
        return own

    def network(self, module: nn.Module) -> nn.Module:
        """The module as it trains: with batch statistics over the whole batch."""
        return module

    def sum_gradients(self, weights: Sequence[Tensor]) -> None:
        """Sum each weight's gradient over the processes, in one operation."""

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return flag

    def meet(self) -> None:
        """Wait for all processes, however long one of them works, as long as it lives."""

    def share(self, value: Any) -> Any:
        """What the first process has, in each; waits for it."""
        return value

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """A block that the first process of each machine ends before the others begin, as to leave
        images in a cache that all read."""
        yield

    def require_same(self, value: object, what: str) -> None:
        """RunError unless all processes have the same value."""

    def leave(self) -> None:
        """Need the others no longer, once all are here."""


class Group(Processes):
    """A process of several. RunError where another one ends or does not answer."""

    def __init__(self, device: torch.device) -> None:
        if device.type not in ("cpu", "cuda"):
            raise ConfigError(f"device {device.type}: several processes train on cpu or cuda")
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        try:
            if not dist.is_initialized():
                dist.init_process_group(backend, timeout=START, **_place())
            self.rank, self.size = dist.get_rank(), dist.get_world_size()
            name = [uuid4().hex]
            dist.broadcast_object_list(name)
            self._beats = Heartbeats(name[0], self.rank, self.size)
            self._group = dist.new_group(backend=backend, timeout=WITHIN)
        except RuntimeError as error:
            said = str(error).splitlines()[0]
            raise RunError(f"the processes do not reach each other: {said}") from None

    def whole(self, own: Tensor, n: int) -> Tensor:
        return self._with_own(own, self._gathered(own, n), n)

    def verdict(self, own: Verdict, n: int) -> Verdict:
        outputs = [own.features, *own.heads.values()]
        gathered = self._gathered(torch.cat(outputs, 1), n)
        columns = gathered.split([output.shape[1] for output in outputs], 1)
        # Each by itself, so that an output that no loss reads has no gradient, rather than zeros,
        # which Adam would count as a step.
        pairs = zip(outputs, columns, strict=True)
        features, *heads = [self._with_own(output, rows, n) for output, rows in pairs]
        return Verdict(features, dict(zip(own.heads, heads, strict=True)))

    def _gathered(self, own: Tensor, n: int) -> Tensor:
        """[n, ...] the rows of all processes, without gradient."""
        parts = [self.part(n, rank) for rank in range(self.size)]
        most = max(part.stop - part.start for part in parts)
        padded = own.new_zeros(most, *own.shape[1:])  # parts may differ by a row
        padded[: len(own)] = own.detach()
        found = [torch.empty_like(padded) for _ in parts]
        self._do(dist.all_gather, found, padded)
        pairs = zip(found, parts, strict=True)
        return torch.cat([rows[: part.stop - part.start] for rows, part in pairs])

    def _with_own(self, own: Tensor, rows: Tensor, n: int) -> Tensor:
        start, stop, _ = self.part(n)
        return torch.cat([rows[:start], own, rows[stop:]])

    def network(self, module: nn.Module) -> nn.Module:
        tensors = [*module.parameters(), *module.buffers()]
        copy = deepcopy(module, {id(tensor): tensor for tensor in tensors})  # of the layers alone
        for parent in list(copy.modules()):
            for name, layer in parent.named_children():
                if isinstance(layer, _BatchNorm):
                    setattr(parent, name, BatchNorm(layer, self))
        return copy.train()

    def sum_gradients(self, weights: Sequence[Tensor]) -> None:
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if gradients:
            flat = torch.cat([gradient.flatten() for gradient in gradients])
            self._do(dist.all_reduce, flat)
            sizes = [gradient.numel() for gradient in gradients]
            for gradient, total in zip(gradients, flat.split(sizes), strict=True):
                gradient.copy_(total.view(gradient.shape))

    def sum(self, values: Tensor) -> Tensor:
        """The sum over the processes; its gradient is summed as well."""
        total: Tensor = _Sum.apply(values, self)  # type: ignore[no-untyped-call]
        return total

    def total(self, values: Tensor) -> Tensor:
        """The sum over the processes."""
        total = values.detach().clone(memory_format=torch.contiguous_format)
        self._do(dist.all_reduce, total)
        return total

    def any(self, flag: bool) -> bool:
        return bool(self.total(torch.tensor(int(flag))))

    def meet(self) -> None:
        with self._answering():
            self._beats.meet()

    def share(self, value: Any) -> Any:
        self.meet()
        values = [value]
        self._do(dist.broadcast_object_list, values)
        return values[0]

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        first = int(os.environ.get("LOCAL_RANK", "0")) == 0
        if not first:
            self.meet()
        yield
        if first:
            self.meet()

    def require_same(self, value: object, what: str) -> None:
        self.meet()
        found = [None] * self.size
        self._do(dist.all_gather_object, found, value)
        for rank, other in enumerate(found):
            if other != found[0]:
                raise RunError(
                    f"process {rank} has other {what} than process 0; give each the same"
                )

    def leave(self) -> None:
        self.meet()
        self._beats.end()
        dist.destroy_process_group()

    def _do(self, operation: Callable[..., Any], *values: Any) -> None:
        """Run a collective operation, to which all processes come at once."""
        with self._answering():
            operation(*values, group=self._group)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """RunError where torch says that the processes lost each other."""
        try:
            yield
        except RuntimeError as error:
            raise RunError(f"{self._lost(str(error))}; the same command resumes") from None

    def _lost(self, said: str) -> str:
        """Which process is lost, as far as those that are left can tell."""
        if re.search("closed|reset", said):
            return self._beats.lost() or "another process ended"
        if words := self._beats.missed():
            return words
        if "imed out" in said:
            return f"another process took more than {WITHIN.seconds} seconds for a part of a step"
        return f"the processes lost each other: {said.splitlines()[0]}"


def _place() -> dict[str, Any]:
    """Where the processes of this machine find each other: apart from those before a restart, whose
    addresses torchrun's store still has. On several machines torch's own rules hold."""
    if os.environ.get("GROUP_WORLD_SIZE") != "1":
        return {}
    place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    name = f"infogan/{os.environ['TORCHELASTIC_RESTART_COUNT']}/{next(_JOINED)}"
    store = PrefixStore(name, TCPStore(*place, is_master=False))
    return {"store": store, "rank": rank(), "world_size": int(os.environ["WORLD_SIZE"])}


class _Sum(torch.autograd.Function):
    """The sum over the processes; backwards, of what each process's loss says of it."""

    @staticmethod
    def forward(context: Any, values: Tensor, group: Group) -> Tensor:
        context.group = group
        return group.total(values)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return context.group.total(gradients[0]), None


class BatchNorm(_BatchNorm):
    """A layer of batch normalisation, with its weights and buffers, whose mean and variance are of
    the rows of all processes (torch's SyncBatchNorm is for GPUs alone)."""

    def __init__(self, layer: _BatchNorm, group: Group) -> None:
        super().__init__(layer.num_features, layer.eps, layer.momentum, device="meta")
        self._parameters, self._buffers = layer._parameters, layer._buffers
        self.group = group

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs [n, C] or [n, C, H, W], normalised."""
        values, axes = inputs.float(), [0, *range(2, inputs.ndim)]
        shape = [1, -1] + [1] * (inputs.ndim - 2)
        n = values.numel() // values.shape[1]
        own_mean = values.sum(axes) / max(n, 1)
        own_squares = (values - own_mean.view(shape)).square().sum(axes)
        table = values.new_zeros(self.group.size, 1 + 2 * values.shape[1])
        row = torch.cat([own_mean.new_full((1,), n), own_mean, own_squares])
        mine = torch.arange(self.group.size, device=table.device) == self.group.rank
        table = self.group.sum(torch.where(mine[:, None], row, table))
        counts, means, squares = table.split([1, *[values.shape[1]] * 2], 1)
        counts = counts.detach()
        mean = (counts * means).sum(0) / counts.sum()
        variance = (squares.sum(0) + (counts * (means - mean).square()).sum(0)) / counts.sum()
        if self.track_running_stats:
            self._follow(mean.detach(), variance.detach(), float(counts.sum()))
        scale = (variance + self.eps).rsqrt()
        outputs: Tensor = (values - mean.view(shape)) * scale.view(shape)
        if self.weight is not None:
            outputs = outputs * self.weight.view(shape) + self.bias.view(shape)
        return outputs.to(inputs.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, n: float) -> None:
        """Move the running statistics, as torch does: with the unbiased variance."""
        assert self.momentum and self.num_batches_tracked is not None
        assert self.running_mean is not None and self.running_var is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * n / (n - 1), self.momentum)


def join(device: torch.device) -> Processes:
    """This process among those that torchrun started, or alone. On GPUs each has its own."""
    if not launched():
        return Processes()
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    return Group(device)
