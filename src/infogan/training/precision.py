"""A network in training: fp32 weights that the optimizer steps, and the copies that it computes with."""

from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

ROUNDED = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
"""Layers that compute in bf16; batch normalisation keeps fp32 weights and statistics."""


class Player:
    """A module that computes with rounded copies of its matrix weights.

    The copies are made once per optimizer step. Autocast would cast every weight in every pass, and every gradient
    back: a quarter of a step on a processor. With fp32 there are no copies and the module computes by itself.
    """

    def __init__(self, module: nn.Module, dtype: torch.dtype) -> None:
        self.module, self.dtype = module, dtype
        self._weights = dict(module.named_parameters())
        self._copies: dict[str, Tensor] = {}
        if dtype is not torch.float32:
            names = (
                f"{prefix}.{name}"
                for prefix, layer in module.named_modules()
                if isinstance(layer, ROUNDED)
                for name, _ in layer.named_parameters()
            )
            for name in names:
                weight = self._weights[name]
                self._copies[name] = weight.detach().to(dtype).requires_grad_(weight.requires_grad)

    def __call__(self, inputs: Tensor, *rest: Any) -> Any:
        if not self._copies:
            return self.module(inputs, *rest)
        return functional_call(self.module, self._copies, (inputs.to(self.dtype), *rest))

    @contextmanager
    def frozen(self, but: Set[str] = frozenset()) -> Iterator[None]:
        """No gradient for the weights (except of the heads named in `but`), while gradients flow through."""
        prefixes = tuple(f"heads.{head}." for head in but)
        held = [
            tensor
            for tensors in (self._weights, self._copies)
            for name, tensor in tensors.items()
            if tensor.requires_grad and not name.startswith(prefixes)
        ]
        for tensor in held:
            tensor.requires_grad_(False)
        try:
            yield
        finally:
            for tensor in held:
                tensor.requires_grad_(True)

    @contextmanager
    def untracked(self) -> Iterator[None]:
        """Batch normalisation normalises by the batch and leaves its running statistics alone.

        D's running statistics are those of real images only: on a mixture of real and generated ones Q would read
        real images by the wrong scale once training is over.
        """
        norms = [m for m in self.module.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
        for norm in norms:
            norm.track_running_stats = False
        try:
            yield
        finally:
            for norm in norms:
                norm.track_running_stats = True

    def collect(self) -> None:
        """Hand the copies' gradients to the weights, in the weights' own memory order (fused Adam walks memory)."""
        for name, copy in self._copies.items():
            if copy.grad is not None:
                weight = self._weights[name]
                weight.grad = torch.empty_like(weight).copy_(copy.grad)
                copy.grad = None

    def refresh(self) -> None:
        """Round the weights again, after they moved."""
        with torch.no_grad():
            for name, copy in self._copies.items():
                copy.copy_(self._weights[name])


def parameters_of(module: nn.Module, heads: Iterable[str]) -> list[nn.Parameter]:
    """The parameters of some of D's heads."""
    return [p for head in heads for p in module.get_submodule(f"heads.{head}").parameters()]
