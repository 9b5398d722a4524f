"""Signs that training goes wrong, and the means that the log shows."""

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from infogan.core.errors import TrainingError
from infogan.objectives.base import Loss

COLLAPSED = 0.5  # share of ln K below which a learned prior's H(c) is worth a warning
logger = logging.getLogger("infogan")
RAN_AWAY = 100.0  # a player's weights ran away when the largest is so many times the other's
Named = Iterable[tuple[str, Tensor]]
Weights = Mapping[str, Sequence[Tensor]]  # what each player, d and g, moves


def check_finite(
    loss: Loss, player: str, step: int, weights: Weights, suspects: Named = ()
) -> None:
    """TrainingError naming step, terms, tensors and the player at fault when a loss is not finite.
    player: whose loss it is. weights: of each player, to find the one whose rate is too high."""
    if not bool(torch.isfinite(loss.total)):
        terms = {**loss.terms, "total": loss.total}
        bad = [f"{name} = {term.item()}" for name, term in terms.items() if not term.isfinite()]
        what = [f"the loss of {player.upper()} ({', '.join(bad)})", *_not_finite(suspects)]
        raise _error(step, what, weights, f"optim.{player}-lr")


def check_tensors(step: int, weights: Weights, suspects: Named) -> None:
    """TrainingError naming the first tensors that are not finite, if there are any."""
    if names := _not_finite(suspects):
        raise _error(step, names, weights, "optim.d-lr and optim.g-lr")


def _not_finite(tensors: Named) -> list[str]:
    """The names of the first four tensors that hold a NaN or an infinity."""
    return list(islice((name for name, t in tensors if not bool(torch.isfinite(t).all())), 4))


def _error(step: int, what: list[str], weights: Weights, rates: str) -> TrainingError:
    remedy = f"Lower {rates} or check the images"
    # A value breaks where it is first used: in the loss of G, as a rule, when D's weights ran away.
    largest = {player: _largest(tensors) for player, tensors in weights.items()}
    for player, size in largest.items():
        if size > RAN_AWAY * min(largest.values()):
            what = [*what, f"after the updates of {player.upper()} took its weights to {size:.1e}"]
            remedy = f"Lower optim.{player}-lr"
    return TrainingError(
        f"step {step}: not finite: {', '.join(what)}. {remedy}; what was saved before is kept."
    )


def _largest(weights: Sequence[Tensor]) -> float:
    """The largest finite absolute value: what is not finite may come from the other player."""
    kept = (w.detach().abs().nan_to_num(0, posinf=0) for w in weights)
    return max((float(w.max()) for w in kept), default=0.0)


def suspicious(tensors: list[Tensor]) -> bool:
    """Whether any of the tensors may not be finite, from one pass over them: their norm is not."""
    return not bool(torch.isfinite(get_total_norm(tensors)))


def check_priors(priors: Named, entropy: Mapping[str, float], step: int, warned: set[str]) -> None:
    """Warn of each learned prior [K] that collapses to few categories, once: `warned` remembers."""
    for name, prior in priors:
        most = math.log(len(prior))
        if entropy[name] < COLLAPSED * most and name not in warned:
            warned.add(name)
            share = f"category {int(prior.argmax())} has {100 * float(prior.max()):.0f} %"
            seen = f"H(c) is {entropy[name]:.2f} of ln {len(prior)} = {most:.2f} nats, {share}"
            what = f"step {step}: the learned prior of {name} collapses: {seen}. Unless the images"
            remedy = f"raise objective.real-weight or set latent.{name}.probs none"
            logger.warning(f"{what} are as uneven, {remedy}.")


class Means:
    """Running means of both players' terms and watched quantities, on the device until flushed;
    each over the steps that had it."""

    def __init__(
        self, steps: Mapping[str, int] | None = None, sums: Mapping[str, Tensor] | None = None
    ) -> None:
        self._steps, self._sums = dict(steps or {}), dict(sums or {})

    def add(self, d: Sequence[Loss], g: Loss) -> None:
        """Count one step, in which D had these losses, one after the other, and G that one. Where
        both players watch a quantity, G's draw is kept."""
        for loss in d:
            watch = {name: value for name, value in loss.watch.items() if name not in g.watch}
            self._count({f"d/{name}": term.detach() for name, term in loss.terms.items()} | watch)
        self._count({f"g/{name}": term.detach() for name, term in g.terms.items()} | g.watch)

    def _count(self, values: Mapping[str, Tensor]) -> None:
        for name, value in values.items():
            self._steps[name] = self._steps.get(name, 0) + 1
            self._sums[name] = self._sums[name] + value if name in self._sums else value

    def flush(self) -> dict[str, float]:
        """The means since the last flush."""
        means = {name: float(value) / self._steps[name] for name, value in self._sums.items()}
        self._steps, self._sums = {}, {}
        return means

    def tree(self) -> dict[str, Any]:
        """As plain values, for a saved state."""
        sums = {name: float(value) for name, value in self._sums.items()}
        return {"steps": self._steps, "sums": sums}

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any], device: torch.device) -> "Means":
        sums = {name: torch.tensor(v, device=device) for name, v in tree["sums"].items()}
        steps = tree["steps"]
        if isinstance(steps, int):  # as it once was: of all alike
            steps = dict.fromkeys(sums, steps)
        return cls(steps, sums)
