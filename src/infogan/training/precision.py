"""A network in training: fp32 weights for the optimizer, and the copies that it computes with."""

from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

ROUNDED = nn.Linear | nn.Conv2d | nn.ConvTranspose2d  # batch normalisation stays in fp32


class Player:
    """A module that computes with rounded copies of its matrix weights, made once per optimizer
    step; with fp32 it has none. Autocast would cast every weight in every pass, and every gradient
    back: a quarter of a step on a processor."""

    def __init__(self, module: nn.Module, dtype: torch.dtype) -> None:
        self.module, self.dtype = module, dtype
        self.weights = dict(module.named_parameters())
        self.copies: dict[str, Tensor] = {}
        for prefix, layer in module.named_modules():
            if isinstance(layer, ROUNDED) and dtype is not torch.float32:
                for name, weight in layer.named_parameters(prefix=prefix):
                    copy = weight.detach().to(dtype)
                    self.copies[name] = copy.requires_grad_(weight.requires_grad)

    def __call__(self, inputs: Tensor, *rest: Any) -> Any:
        if not self.copies:
            return self.module(inputs, *rest)
        return functional_call(self.module, self.copies, (inputs.to(self.dtype), *rest))

    def untracked(self) -> AbstractContextManager[None]:
        """Have batch normalisation leave its running statistics alone. D's are of real images only:
        with generated ones among them, Q would read real images by the wrong scale later."""
        norms = [m for m in self.module.modules() if isinstance(m, _BatchNorm)]
        return _switched_off("track_running_stats", norms)

    def collect(self) -> bool:
        """Hand the copies' gradients to the weights, in the weights' own memory order (fused Adam
        walks memory). Whether there were any: those weights move next, then `refresh`."""
        moving = False
        for name, copy in self.copies.items():
            if copy.grad is not None:
                self.weights[name].grad = torch.empty_like(self.weights[name]).copy_(copy.grad)
                copy.grad, moving = None, True
        return moving

    def refresh(self) -> None:
        """Round the weights again, after they moved."""
        with torch.no_grad():
            for name, copy in self.copies.items():
                copy.copy_(self.weights[name])


@contextmanager
def _switched_off(attribute: str, holders: Sequence[object]) -> Iterator[None]:
    """An attribute of each holder is False within the block, then True again."""
    for holder in holders:
        setattr(holder, attribute, False)
    try:
        yield
    finally:
        for holder in holders:
            setattr(holder, attribute, True)


def frozen(players: Iterable[Player], but: Set[str] = frozenset()) -> AbstractContextManager[None]:
    """No gradients for weights, but for those of heads in `but`; gradients flow through them."""
    prefixes = tuple(f"heads.{head}." for head in but)
    named = [pair for p in players for part in (p.weights, p.copies) for pair in part.items()]
    held = [t for name, t in named if t.requires_grad and not name.startswith(prefixes)]
    return _switched_off("requires_grad", held)
