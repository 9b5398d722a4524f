"""What one player's step looks at: real images, augmented views of them, generated images, and D's verdicts."""

from collections.abc import Mapping
from contextlib import nullcontext
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infogan.config.settings import RunConfig
from infogan.core.random import stream
from infogan.data.augment import View
from infogan.data.images import Images, Order, to_float
from infogan.latent.latent import Draw, Latent
from infogan.networks import Verdict
from infogan.training.precision import Player

Rows = NDArray[np.int64]


class Batches:
    """The real images by the number of their batch, in an order that the seed decides.

    images: with those labels alone that the objective may see (see data.labels).
    """

    def __init__(self, images: Images, config: RunConfig, device: torch.device) -> None:
        self.images, self.size, self.device = images, config.batch, device
        self.labelled = np.flatnonzero(images.labels >= 0 if config.labels is not None else [])
        self._order = Order(len(images), config.seed)
        self._labelled_order = Order(len(self.labelled), config.seed, "labelled order")

    def rows(self, number: int) -> Rows:
        """[batch] rows of a batch."""
        return self._order.batch(number, self.size)

    def labelled_rows(self, number: int) -> Rows:
        """[batch] rows of a batch of labelled images; the batch itself where every image has a label."""
        if len(self.labelled) == len(self.images):
            return self.rows(number)
        return self.labelled[self._labelled_order.batch(number, self.size)]

    def take(self, rows: Rows) -> Tensor:
        """[n, C, H, W] in [-1, 1] on the device."""
        return to_float(self.images.take(rows)).to(self.device)


class Step:
    """One player's step (see objectives.base.Scene): whatever it offers is computed when it is first asked for."""

    def __init__(
        self,
        config: RunConfig,
        batches: Batches,
        players: Mapping[str, Player],
        latent: Latent,
        player: str,
        number: int,
        done: float,
    ) -> None:
        """player: whose step this is, d or g. number: of its batch. done: share of the run's steps that are over."""
        self.config, self.batches, self.players = config, batches, players
        self.latent, self.player, self.number, self.done = latent, player, number, done
        self.readings = config.objective.readings(latent, len(batches.images.classes))
        draw = latent.sample(config.batch, stream(config.seed, f"latent {player}", number))
        self.draw: Draw = draw.to(batches.device)

    @property
    def _trains_g(self) -> bool:
        return self.player == "g"

    def network(self, name: str) -> Player:
        """A further network of the objective's."""
        return self.players[name]

    def _verdict(self, what: str, images: Tensor, tracked: bool = False) -> Verdict:
        """D on images; tracked: whether batch normalisation counts them into its running statistics."""
        d = self.players["d"]
        detached = frozenset[str]() if self._trains_g else self.config.objective.detached
        noise = stream(self.config.seed, f"noise {self.player} {what}", self.number)
        with nullcontext() if tracked else d.untracked():
            verdict: Verdict = d(images, detached, noise)
        heads = {name: head.float() for name, head in verdict.heads.items()}
        return Verdict(verdict.features.float(), heads)

    @cached_property
    def fake(self) -> Verdict:
        with torch.set_grad_enabled(self._trains_g):
            images = self.players["g"](self.draw.vector())
        return self._verdict("fake", images)

    @cached_property
    def images(self) -> Tensor:
        """[N, C, H, W] the batch of real images."""
        return self.batches.take(self.batches.rows(self.number))

    @cached_property
    def real(self) -> Verdict:
        return self._verdict("real", self.images, tracked=not self._trains_g)

    def _augmented(self, images: Tensor, purpose: str) -> View:
        """A view of each image as `augment` says; the images themselves where it says nothing."""
        augment = self.config.augment
        if augment is None:
            return View(images, {})
        left = remaining(self.done, augment.anneal)
        return augment.annealed(left)(images, stream(self.config.seed, purpose, self.number))

    @cached_property
    def _view(self) -> View:
        return self._augmented(self.images, "augment")

    @cached_property
    def view(self) -> Verdict:
        return self._verdict("view", self._view.images)

    @cached_property
    def moves(self) -> Mapping[str, Tensor]:
        return {name: move.to(self.batches.device) for name, move in self._view.moves.items()}

    @cached_property
    def _labelled_rows(self) -> Rows:
        return self.batches.labelled_rows(self.number)

    @property
    def labels(self) -> Tensor | None:
        if self.config.labels is None:
            return None
        return torch.from_numpy(self.batches.images.labels[self._labelled_rows]).to(
            self.batches.device
        )

    @cached_property
    def labelled(self) -> Verdict:
        every = len(self.batches.labelled) == len(self.batches.images)
        if every and self.config.augment is None:
            return self.real
        images = self.batches.take(self._labelled_rows)
        return self._verdict("labelled", self._augmented(images, "augment labelled").images)


def remaining(done: float, share: float) -> float:
    """Of a quantity that falls linearly to 0 over the last `share` of a run, what is left after `done` of its steps."""
    return min(1.0, (1 - done) / share) if share else 1.0
