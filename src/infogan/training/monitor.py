"""Signs that training goes wrong, and the means that the log shows."""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from infogan.core.errors import TrainingError
from infogan.objectives.base import Loss

COLLAPSED = 0.5
"""Share of ln K below which a learned prior's H(c) is worth a warning."""
logger = logging.getLogger("infogan")
Named = Iterable[tuple[str, Tensor]]


def not_finite(tensors: Named) -> Iterator[str]:
    """Names of the tensors that hold a NaN or an infinity."""
    return (name for name, tensor in tensors if not bool(torch.isfinite(tensor).all()))


def check_finite(loss: Loss, player: str, step: int, suspects: Named = ()) -> None:
    """TrainingError that names the player, the step, the terms and the tensors when a loss is not finite."""
    if bool(torch.isfinite(loss.total)):
        return
    bad = {name: term.item() for name, term in loss.terms.items() if not bool(torch.isfinite(term))}
    shown = ", ".join(
        f"{name} = {value}" for name, value in (bad or {"total": loss.total.item()}).items()
    )
    tensors = _some(not_finite(suspects))
    raise TrainingError(
        f"step {step}: the loss of {player.upper()} is not finite ({shown}){tensors and f', nor is {tensors}'}. "
        f"Lower optim.{player}-lr or check the images; the last checkpoint is kept."
    )


def check_tensors(step: int, suspects: Named) -> None:
    """TrainingError that names the first tensors that are not finite, if there are any."""
    if tensors := _some(not_finite(suspects)):
        raise TrainingError(
            f"step {step}: not finite: {tensors}. Lower the rates; the last checkpoint is kept."
        )


def check_priors(
    priors: Mapping[str, Tensor], entropy: Mapping[str, float], step: int, warned: set[str]
) -> None:
    """A warning for each code whose learned prior [K] collapses to few categories, once: `warned` remembers."""
    for name, prior in priors.items():
        if entropy[name] < COLLAPSED * math.log(len(prior)) and name not in warned:
            warned.add(name)
            logger.warning(
                "step %d: the learned prior of %s collapses: H(c) is %.2f of ln %d = %.2f nats, category %d has "
                "%.0f %%. Unless the images are that uneven, raise objective.real-weight or set latent.%s.probs none.",
                step,
                name,
                entropy[name],
                len(prior),
                math.log(len(prior)),
                int(prior.argmax()),
                100 * float(prior.max()),
                name,
            )


def suspicious(tensors: list[Tensor]) -> bool:
    """Whether any of the tensors may not be finite, from one pass over them: their norm is not."""
    return not bool(torch.isfinite(get_total_norm(tensors)))


def _some(names: Iterator[str], most: int = 4) -> str:
    """The first few names."""
    first = [name for name, _ in zip(names, range(most + 1), strict=False)]
    return ", ".join(first[:most]) + (", …" if len(first) > most else "")


class Means:
    """Running means of both players' terms and watched quantities; nothing leaves the device until flushed."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._steps = 0

    def add(self, d: Loss, g: Loss) -> None:
        """Count one step. Where both players watch a quantity, G's draw is the one that counts. A step of other terms
        than those before, as when the game begins, starts the means anew."""
        values = {f"d/{name}": term.detach() for name, term in d.terms.items()}
        values |= {f"g/{name}": term.detach() for name, term in g.terms.items()}
        values |= d.watch | g.watch
        if values.keys() != self._sums.keys():
            self._sums, self._steps = {}, 0
        for name, value in values.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value
        self._steps += 1

    def tree(self) -> dict[str, Any]:
        """As plain values, for a checkpoint."""
        return {
            "steps": self._steps,
            "sums": {name: value.item() for name, value in self._sums.items()},
        }

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any], device: torch.device) -> "Means":
        """The inverse of `tree`."""
        means = cls()
        means._steps = int(tree["steps"])
        means._sums = {
            name: torch.tensor(value, device=device) for name, value in tree["sums"].items()
        }
        return means

    def flush(self) -> dict[str, float]:
        """The means since the last flush."""
        means = {name: float(value) / self._steps for name, value in self._sums.items()}
        self._sums, self._steps = {}, 0
        return means
