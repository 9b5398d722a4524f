"""ModelCentrality: what one model generates and another one reads, without images or labels."""

from collections.abc import Sequence, Set
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from conftest import refused, run
from infogan.analysis import centrality as module
from infogan.analysis.centrality import LEVELS, centrality, cross_scores, levels
from infogan.analysis.selection import ranking_codes, select
from infogan.config.settings import RunConfig
from infogan.data.images import Images
from infogan.latent.latent import Latent
from infogan.model.model import Model
from infogan.networks import Verdict
from infogan.networks.base import NONE
from infogan.pipeline.run import fit

SHAPE = (16, 16, 1)
NAMES = ("a", "b", "c")
CODES = {name: {"kind": "uniform", "sigma": 1} for name in NAMES}
CONFIG = RunConfig().replace(latent={"category": "none", "noise": 2, **CODES})


class Draws(nn.Module):
    """A generator whose first pixels are a mixture of the codes, in [-1, 1]."""

    def __init__(self, mixture: Tensor) -> None:
        super().__init__()
        self.mixture = nn.Parameter(mixture)

    def forward(self, latent: Tensor) -> Tensor:
        pixels = torch.zeros(len(latent), 256)
        pixels[:, : len(self.mixture)] = latent[:, 2:] @ self.mixture.T
        return pixels.reshape(-1, 1, 16, 16)


class Reads(nn.Module):
    """A Q that reads the codes as mixtures of the first pixels."""

    def __init__(self, mixture: Tensor) -> None:
        super().__init__()
        self.mixture = nn.Parameter(mixture)

    def forward(self, images: Tensor, without: Set[str] = NONE) -> Verdict:
        pixels = images.flatten(1)[:, : self.mixture.shape[1]]
        return Verdict(pixels, {"code": pixels @ self.mixture.T})


def model(mixture: Tensor) -> Model:
    """A model that draws a mixture of its codes and reads them back without error."""
    made = Model(CONFIG, SHAPE)
    made.g, made.d = Draws(mixture), Reads(torch.linalg.inv(mixture))  # type: ignore[assignment]
    return made


ORDERED = model(torch.eye(3))
PERMUTED = model(torch.tensor([[0.0, -1, 0], [0, 0, 0.5], [1, 0, 0]]))
ROTATION = torch.tensor([[0.5, 0.5, 0], [-0.5, 0.5, 0], [0, 0, 1]])
MIXED = model(ROTATION)


def test_levels_are_equal_shares_in_order() -> None:
    values = np.random.default_rng(0).normal(size=400)
    found = levels(values)
    assert np.bincount(found).tolist() == [400 // LEVELS] * LEVELS
    assert (np.diff(found[np.argsort(values)]) >= 0).all()


def test_models_that_tell_the_same_factors_apart_agree() -> None:
    table = cross_scores([ORDERED, PERMUTED, MIXED], NAMES)
    assert table[0, 1] == table[1, 0] == 1  # up to order, sign and scale
    assert table.diagonal().tolist() == [1, 1, 1]
    # A mixture of two codes is fixed by neither: one of three factors is told, two are a guess.
    assert table[[0, 2], [2, 0]] == pytest.approx([2 / 3] * 2, abs=0.1)
    assert cross_scores([MIXED, PERMUTED, ORDERED], NAMES)[2, 0] == table[0, 2]  # in any order
    scores = centrality(table)
    assert scores[0] == pytest.approx(scores[1], abs=0.05)
    assert scores.argmin() == 2


def test_a_reader_that_says_nothing_is_at_chance() -> None:
    blind = model(torch.eye(3))
    with torch.no_grad():
        blind.d.mixture.zero_()  # type: ignore[operator]
    table = cross_scores([ORDERED, blind], NAMES)
    assert table[0, 1] == pytest.approx(1 / 3)  # its Q, on images of the first
    assert table[1, 0] == 1  # the first's Q, on its images


def test_what_runs_are_ranked_by(tiny: RunConfig) -> None:
    assert ranking_codes(tiny) == ("digit",)
    assert ranking_codes(CONFIG) == NAMES
    assert ranking_codes(tiny.replace(latent={"digit": "none"})) == ()
    two = tiny.replace(latent={"digit": "none", "turn": "angle"})
    assert ranking_codes(two) == ("slant", "turn")
    assert ranking_codes(tiny.replace(objective="semigan", labels=2, latent=UNREAD)) == ()


UNREAD = {"digit": "none", "slant": "none"}


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, tiny: RunConfig, images: Images
) -> Sequence[Path]:
    """Two tiny runs of continuous codes, one of them an angle."""
    folder = tmp_path_factory.mktemp("central")
    config = tiny.replace(latent={"digit": "none", "turn": "angle"}, steps=2)
    for seed in range(2):
        fit(config.replace(seed=seed), folder / f"seed-{seed}", images=images)
    return [folder / f"seed-{seed}" for seed in range(2)]


def test_select_takes_the_most_central_run(
    runs: Sequence[Path], images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = select(runs)
    assert (found.n, found.images) == (module.SAMPLES, "each run's generator")
    assert {tuple(one.scores) for one in found.candidates} == {("centrality", "L_I")}
    alike = {one.scores["centrality"] for one in found.candidates}
    assert len(alike) == 1  # of two runs each is as central as the other
    assert 0.5 - 0.1 < alike.pop() <= 1
    again = select(runs[::-1])
    assert {one.run: one.scores for one in again.candidates} == {
        one.run: one.scores for one in found.candidates
    }
    monkeypatch.setattr("infogan.analysis.selection.centrality", lambda table: np.array([0.2, 0.7]))
    ranked = select(runs)
    assert [one.seed for one in ranked.candidates] == [1, 0]
    assert ranked.tree()["runs"][0]["centrality"] == 0.7


def test_the_command_says_what_it_looked_at(
    runs: Sequence[Path], photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("select", *runs)
    shown = capsys.readouterr().out
    assert "centrality" in shown and "L_I (nats)" in shown and "agreement" not in shown
    assert f"on {module.SAMPLES} images of each run's generator" in shown
    assert shown.strip().splitlines()[-1].split()[0] == "use"
    assert "leave --data out" in refused(capsys, "select", *runs, "--data", photos)


def test_the_latent_names_its_continuous_codes() -> None:
    latent = Latent(noise=1, digit="categorical:3", turn="angle", a="uniform")
    assert latent.continuous == ("turn", "a")
