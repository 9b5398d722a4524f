"""The groups that Q begins with: found by normalised cuts, and held while Q is a probe."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from infogan.config.settings import RunConfig
from infogan.core.errors import TrainingError
from infogan.core.random import stream
from infogan.data.images import Images
from infogan.networks import Photo
from infogan.objectives.base import STANDING_OUT
from infogan.training import grouping
from infogan.training.grouping import groups, standing_out
from infogan.training.step import Step
from infogan.training.trainer import Trainer

SIZES = (500, 300, 140, 60)


def blobs() -> tuple[Tensor, Tensor]:
    """Projections around four directions, one much more often than another, and which each is."""
    draws, truth = stream(0, "blobs"), torch.arange(4).repeat_interleave(torch.tensor(SIZES))
    places = torch.randn(4, 16, generator=draws)[truth]
    places += 0.3 * torch.randn(len(truth), 16, generator=draws)
    order = torch.randperm(len(truth), generator=draws)
    return places[order], truth[order]


def same(found: Tensor, truth: Tensor) -> bool:
    """Whether two groupings are one under other numbers."""
    pairs = len(set(zip(found.tolist(), truth.tolist(), strict=True)))
    return pairs == len(found.unique()) == len(truth.unique())


@pytest.mark.parametrize("most", [grouping.MOST, 300])
def test_groups_of_any_size_are_found(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    places, truth = blobs()
    monkeypatch.setattr(grouping, "MOST", most)
    monkeypatch.setattr(grouping, "CHUNK", 97)
    found, stand_out = groups(places, 4, 0)
    assert same(found, truth)
    assert stand_out == 4
    lengths = torch.rand(len(places), 1, generator=stream(0, "lengths")) + 0.1
    assert torch.equal(
        groups(places * lengths, 4, 0)[0], found
    )  # as InfoNCE, it compares directions


def test_with_no_more_images_than_groups_each_has_its_own() -> None:
    places = torch.eye(8)
    assert sorted(groups(places[:3], 3, 0)[0].tolist()) == [0, 1, 2]
    assert len(groups(places[:3], 5, 0)[0].unique()) == 3
    assert len(groups(places, 7, 0)[0]) == 8


@pytest.mark.parametrize("place", [0.0, 1.0])
def test_images_that_are_all_the_same_are_one_group(place: float) -> None:
    found, stand_out = groups(torch.full((50, 8), place), 4, 0)
    assert (len(found.unique()), stand_out) == (1, 0)


@pytest.mark.parametrize("blocks", [5, 12])
def test_how_many_groups_stand_out(blocks: int) -> None:
    """Of a graph of equal blocks as many as there are; of one without blocks, and of a few nodes,
    no number."""
    n, near = 20 * blocks, 0.02
    weights = np.full((n, n), near, np.float32)
    for i in range(blocks):
        weights[20 * i : 20 * i + 20, 20 * i : 20 * i + 20] = 1
    assert standing_out(weights) == blocks
    assert standing_out(np.full((n, n), near, np.float32)) == 0
    assert standing_out(weights[:3, :3]) == 0


@pytest.fixture
def contrasting(tiny: RunConfig) -> RunConfig:
    """Twenty steps: ten of warm-up, in the last two of which Q is a probe."""
    objective = {"contrast": 1.0, "real_weight": 1.0, "warm_up": 0.5, "q_step": "d-head"}
    photo = Photo(width=4, channels=4, hidden=16)
    return tiny.replace(objective=objective, networks=photo, steps=20)


def test_groups_last_as_long_as_q_is_a_probe(contrasting: RunConfig, images: Images) -> None:
    trainer, held = Trainer(contrasting, images), dict[int, Tensor]()
    while trainer.step < 12:
        trainer.advance()
        if trainer.batches.groups is not None:
            held[trainer.step - 1] = trainer.batches.groups.clone()
    assert list(held) == [8, 9]
    assert torch.equal(held[8], held[9])
    seen = {int(row) for number in held for row in trainer.batches.rows(number)}
    assert {int(row) for row in (held[8] >= 0).nonzero()} == seen
    assert int(held[8].max()) < 4


def test_images_are_not_grouped_in_the_order_of_their_files(
    contrasting: RunConfig, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder is in the order of its classes, and batch normalisation would hide a class of its
    own batch."""
    asked, projections = list[NDArray[np.int64]](), Step.projections

    def watched(step: Step, rows: NDArray[np.int64]) -> Tensor:
        asked.append(rows)
        return projections(step, rows)

    monkeypatch.setattr(Step, "projections", watched)
    trainer = Trainer(contrasting, images)
    for _ in range(9):
        trainer.advance()
    rows = np.concatenate(asked)
    assert len(rows) == len(set(rows.tolist()))
    assert not np.array_equal(rows, np.sort(rows))


def test_projections_that_are_not_finite_are_named(contrasting: RunConfig, images: Images) -> None:
    trainer = Trainer(contrasting, images)
    while trainer.step < 8:
        trainer.advance()
    with torch.no_grad():
        next(trainer.model.d.parameters()).fill_(torch.nan)  # of its trunk
    for player in trainer.players.values():
        player.refresh()
    with pytest.raises(TrainingError, match="step 8: not finite: the projections of real images"):
        trainer.advance()


def test_a_learned_prior_waits_for_a_q_that_learns(contrasting: RunConfig, images: Images) -> None:
    config = contrasting.replace(
        latent={"digit": {"probs": "learned"}}, objective={"real_every": 3}
    )
    trainer, moved = Trainer(config, images), list[int]()
    for step in range(config.steps):
        before = trainer.model.priors["digit"].clone()
        trainer.advance()
        if not torch.equal(before, trainer.model.priors["digit"]):
            moved.append(step)
    assert moved == [8, 9, 12, 15, 18]  # the last two steps of the warm-up, then every third


def test_a_run_goes_on_from_amid_its_groups(contrasting: RunConfig, images: Images) -> None:
    through, broken = Trainer(contrasting, images), Trainer(contrasting, images)
    for _ in range(12):
        through.advance()
    for _ in range(9):
        broken.advance()
    resumed = Trainer(contrasting, images)
    resumed.restore(*broken.state())
    assert resumed.seen == through.seen
    assert broken.seen.keys() == {STANDING_OUT}
    assert Trainer(contrasting, images).seen == {}
    for _ in range(3):
        resumed.advance()
    ours, theirs = resumed.state()[1], through.state()[1]
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def test_no_label_is_looked_at(contrasting: RunConfig, images: Images) -> None:
    blind = replace(images, labels=torch.full((len(images),), -1).numpy())
    weights = []
    for given in (images, blind):
        trainer = Trainer(contrasting, given)
        for _ in range(10):
            trainer.advance()
        weights.append(trainer.model.tensors())
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
