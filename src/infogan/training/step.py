"""What one player's step looks at: images, augmented views, generated images, D's verdicts."""

from collections.abc import Mapping, Set
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infogan.config.settings import RunConfig
from infogan.core.random import Draws, Part, stream
from infogan.data.augment import View
from infogan.data.images import Images, Order, to_float
from infogan.latent.latent import CLASS, CODE, Draw, Latent
from infogan.networks import Verdict
from infogan.networks.base import CLOSE, JUDGES, NONE, PROJECTION
from infogan.objectives.terms import NOISE
from infogan.training.distributed import Processes
from infogan.training.precision import Player

Rows = NDArray[np.int64]
READERS = frozenset({CODE, CLOSE, CLASS, PROJECTION})  # heads that read images


class Batches:
    """The real images by number of batch, in the seed's order, with only the budget's labels."""

    def __init__(self, images: Images, config: RunConfig, device: torch.device) -> None:
        self.images, self.config, self.device = images, config, device
        self.labelled = np.flatnonzero(images.labels >= 0 if config.labels is not None else [])
        self.all_labelled = len(self.labelled) == len(images)
        self.order = Order(len(images), config.seed)
        self._labelled_order = Order(len(self.labelled), config.seed, "labelled order")
        self.groups: Tensor | None = None  # [images] int64, while the objective looks at them

    def rows(self, number: int) -> Rows:
        """[batch] rows of a batch."""
        return self.order.batch(number, self.config.batch)

    def labelled_rows(self, number: int) -> Rows:
        """[batch] rows of a labelled batch; the batch itself where every image has a label."""
        if self.all_labelled:
            return self.rows(number)
        return self.labelled[self._labelled_order.batch(number, self.config.batch)]

    def take(self, rows: Rows) -> Tensor:
        """[n, C, H, W] in [-1, 1] on the device."""
        return to_float(self.images.take(rows)).to(self.device)


@dataclass
class Step:
    """The Scene (objectives.base) of one player's step; its parts are computed when asked for.

    Of several processes each computes the images and verdicts of its own rows; what the objective
    sees is of the whole batch."""

    batches: Batches
    processes: Processes
    players: Mapping[str, Player]
    latent: Latent
    player: str  # d or g, whose step it is
    number: int  # of its batch
    done: float  # share of the run's steps that are over

    def __post_init__(self) -> None:
        self.config, classes = self.batches.config, len(self.batches.images.classes)
        self.readings = self.config.objective.readings(self.latent, classes)
        batch, compared = self.config.batch, self.config.objective.compared
        self.fakes = min(batch, compared or batch)
        self._sampled = self.latent.sample(self.fakes, self._stream(f"latent {self.player}"))
        self.draw = self._sampled.to(self.batches.device)  # of the whole batch
        self.own, self.own_fakes = self.processes.part(batch), self.processes.part(self.fakes)

    def network(self, name: str) -> Player:
        return self.players[name]

    def _stream(self, purpose: str) -> torch.Generator:
        return stream(self.config.seed, purpose, self.number)

    def _verdict(
        self,
        name: str,
        images: Tensor,
        part: Part,
        without: Set[str] = NONE,
        probes: Set[str] = NONE,
        again: bool = False,
    ) -> Verdict:
        """D on a batch, of which these images are a part. In D's own step heads in `probes` teach
        the trunk nothing, and only real images count into D's running statistics. `again`: a
        further look at those images, which counts no more and is under the same noise of D's."""
        d, own = self.players["d"], self.player == "d"
        detached = self.config.objective.detached(self.done) | probes if own else NONE
        noise = Draws(self._stream(f"noise {self.player} {name}"), part)
        with nullcontext() if own and name == "real" and not again else d.untracked():
            verdict: Verdict = d(images, detached, noise, without)
        heads = {head: outputs.float() for head, outputs in verdict.heads.items()}
        return self.processes.verdict(Verdict(verdict.features.float(), heads), part.n)

    def _augmented(self, images: Tensor, purpose: str, part: Part) -> View:
        """A view of each image as `augment` says; the images themselves where it says nothing."""
        augment = self.config.augment
        if augment is None or not len(images):  # of few fakes a process may have none
            return View(images, {})
        changes = augment.annealed(remaining(self.done, augment.anneal))
        return changes(images, self._stream(purpose), part)

    def _compared(self, images: Tensor, name: str) -> Tensor:
        """Images as D compares them: under `game_augment`, real and generated ones alike."""
        augment = self.config.game_augment
        if augment is None or not len(images):  # as above
            return images
        changes = augment.annealed(remaining(self.done, augment.anneal))
        draws = self._stream(f"game augment {self.player} {name}")
        return changes(images.float(), draws, self.own_fakes).images

    @property
    def _of_views(self) -> Set[str]:
        """Heads that a comparison leaves out, because views are all that they learn from."""
        return READERS if self.config.objective.contrasts else NONE

    @cached_property
    def _drawn(self) -> Tensor:
        """[n, C, H, W] G's images."""
        with torch.set_grad_enabled(self.player == "g"):
            return self._images(self.draw)

    def _images(self, draw: Draw) -> Tensor:
        """[n, C, H, W] G's images of this process's rows of a draw."""
        start, stop, _ = self.own_fakes
        vectors = draw.vector()[start:stop].to(self.batches.device)
        return self.players["g"](vectors)  # type: ignore[no-any-return]

    @cached_property
    def _fakes(self) -> Tensor:
        """[n, C, H, W] G's images, as D compares them."""
        with torch.set_grad_enabled(self.player == "g"):
            return self._compared(self._drawn, "fake")

    @cached_property
    def _reals(self) -> Tensor:
        """[n, C, H, W] the real images, as D compares them."""
        first = self.batches.rows(self.number)[: self.fakes]
        images = self.images if self.own == self.own_fakes else self._taken(first, self.own_fakes)
        return self._compared(images, "real")

    @cached_property
    def fake(self) -> Verdict:
        objective, part = self.config.objective, self.own_fakes
        # What G cannot draw yet is to teach a trunk that learns from real images nothing.
        probes = READERS if objective.shielded else NONE
        if not (objective.contrasts and objective.shielded):
            return self._verdict("fake", self._fakes, part, frozenset({PROJECTION}), probes)
        # Q learns from views, so it is to read generated images as views, which faint patterns do
        # not survive.
        with torch.set_grad_enabled(self.player == "g"):
            purpose = f"augment fake {self.player}"
            seen = self._augmented(self._drawn.float(), purpose, part).images
        judged = self._verdict("fake", self._fakes, part, READERS)
        read = self._verdict("fake view", seen, part, JUDGES | {PROJECTION}, probes)
        return Verdict(read.features, {**judged.heads, **read.heads})

    def pairs(self, network: str, gap: float) -> tuple[Verdict, Tensor]:
        """What one of the objective's networks says of as many pairs of G's images as there are
        fakes, and which code each pair shares. Without a gap the fakes are the first images."""
        one, other, shared = self.latent.pairs(self._sampled, gap, self._stream("pairs"))
        first = None if gap else self._drawn
        with self.players["g"].untracked():  # a gap makes other images than those G is used for
            pair = self._images(one) if first is None else first, self._images(other)
        said: Verdict = self.players[network](torch.cat(pair, 1))
        heads = {head: outputs.float() for head, outputs in said.heads.items()}
        own = Verdict(said.features.float(), heads)
        return self.processes.verdict(own, self.fakes), shared.to(self.batches.device)

    def disturbed(self, name: str) -> Verdict:
        images = self._reals if name == "real" else self._fakes
        draws = Draws(self._stream(f"disturb {name}"), self.own_fakes)
        there = images + NOISE * draws.normal(*images.shape).to(images)
        return self._verdict(name, there, self.own_fakes, self._of_views, again=True)

    @cached_property
    def images(self) -> Tensor:
        """[n, C, H, W] the batch of real images."""
        return self._taken(self.batches.rows(self.number), self.own)

    def _taken(self, rows: Rows, part: Part) -> Tensor:
        return self.batches.take(rows[part.start : part.stop])

    @cached_property
    def real(self) -> Verdict:
        with torch.set_grad_enabled(self.player == "d"):
            return self._verdict("real", self._reals, self.own_fakes, self._of_views)

    @cached_property
    def _view(self) -> View:
        return self._augmented(self.images, "augment", self.own)

    @cached_property
    def view(self) -> Verdict:
        return self._verdict("view", self._view.images, self.own, JUDGES)

    @cached_property
    def _other(self) -> View:
        return self._augmented(self.images, "augment other", self.own)

    @cached_property
    def other(self) -> Verdict:
        return self._verdict("other", self._other.images, self.own, JUDGES)

    def projections(self, rows: Rows) -> Tensor:
        """[N, F] what the contrast's head says of some real images as they are."""
        part = self.processes.part(len(rows))
        plain = self._verdict("plain", self._taken(rows, part), part, JUDGES)
        return plain.heads[PROJECTION]

    @cached_property
    def seen(self) -> Verdict:
        """What Q's heads read of all real images: never under `game_augment`, which moves them."""
        if self.config.objective.contrasts:
            return self.view
        if self.config.game_augment is None and self.own == self.own_fakes:
            return self.real
        return self._verdict("plain", self.images, self.own, JUDGES)

    @cached_property
    def moves(self) -> Mapping[str, Tensor]:
        moves, n = self._view.moves, self.config.batch
        if self.config.objective.contrasts:  # from one view to another, and not from the image
            moves = {k: self._other.moves[k] - move for k, move in moves.items()}
        return {k: self.processes.whole(m.to(self.batches.device), n) for k, m in moves.items()}

    @property
    def groups(self) -> Tensor | None:
        if (found := self.batches.groups) is None:
            return None
        return found[self.batches.rows(self.number)].to(self.batches.device)

    @property
    def labels(self) -> Tensor | None:
        if self.config.labels is None:
            return None
        labels = self.batches.images.labels[self.batches.labelled_rows(self.number)]
        return torch.from_numpy(labels).to(self.batches.device)

    @cached_property
    def labelled(self) -> Verdict:
        plain = self.config.augment is None and self.config.game_augment is None
        if self.batches.all_labelled and plain:
            return self.real
        images = self._taken(self.batches.labelled_rows(self.number), self.own)
        view = self._augmented(images, "augment labelled", self.own)
        return self._verdict("labelled", view.images, self.own)


def remaining(done: float, share: float) -> float:
    """What remains at `done` of 1 if it falls linearly to 0 over the last `share` of a run."""
    return min(1.0, (1 - done) / share) if share else 1.0
