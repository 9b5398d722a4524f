"""A learned prior: EM on mixtures that are known, and everything that has to know where it
stands."""

import json
import logging
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from conftest import refused, run
from infogan.analysis.evaluation import evaluate
from infogan.config.settings import RunConfig
from infogan.core.errors import RunError, TrainingError
from infogan.data.images import Images
from infogan.explorer.page import described
from infogan.latent.codes import Categorical, Uniform
from infogan.latent.codes.categorical import PRIOR_FLOOR
from infogan.latent.latent import Latent
from infogan.model.model import Model
from infogan.pipeline.run import fit
from infogan.runs.folder import Run
from infogan.training import monitor
from infogan.training.trainer import Trainer

CODE = Categorical(4, probs="learned")
UNEVEN = torch.tensor([0.7, 0.1, 0.1, 0.1])


@pytest.fixture(scope="module")
def learning(tiny: RunConfig) -> RunConfig:
    return tiny.replace(latent={"digit": {"probs": "learned"}})


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory, learning: RunConfig, images: Images) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "learned"
    fit(learning, folder, images=images)
    return folder


def exactly(shares: list[float], n: int = 1000) -> Tensor:
    """[n, K] logits of a Q that is certain of its category, in these shares."""
    return 1000 * torch.eye(len(shares)).repeat_interleave(
        torch.tensor([round(n * s) for s in shares]), 0
    )


def test_it_goes_to_the_shares_that_a_certain_q_reads_but_for_the_floor() -> None:
    shares = [0.6, 0.3, 0.1, 0.0]
    prior = CODE.prior
    assert prior.tolist() == [0.25] * 4
    first = CODE.moved(prior, exactly(shares))
    for _ in range(2000):
        prior = CODE.moved(prior, exactly(shares))
    expected = [(1 - PRIOR_FLOOR) * s + PRIOR_FLOOR / 4 for s in shares]
    assert prior.tolist() == pytest.approx(expected, abs=1e-4)
    assert float(prior.sum()) == pytest.approx(1, abs=1e-5)
    assert [abs(b - a) < abs(0.25 - a) for a, b in zip(expected, first.tolist(), strict=True)] == [
        True
    ] * 4


def test_no_category_falls_below_the_floor() -> None:
    prior = CODE.prior
    for _ in range(2000):
        prior = CODE.moved(prior, exactly([1.0, 0, 0, 0]))
    assert float(prior.min()) == pytest.approx(PRIOR_FLOOR / 4, rel=1e-3)


def test_with_the_posterior_for_q_it_is_em() -> None:
    """On a mixture that overlaps, each move raises the log-likelihood with the Dirichlet term, to
    its maximum."""
    likelihood = torch.tensor(
        [[0.7, 0.2, 0.1, 0.0], [0.1, 0.6, 0.2, 0.1], [0.2, 0.2, 0.5, 0.1], [0, 0.1, 0.3, 0.6]]
    )
    counts = torch.tensor([500, 120, 300, 80])
    seen = likelihood[:, torch.arange(4).repeat_interleave(counts)].T  # [N, K] P(x|k) of each image

    def value(prior: Tensor) -> float:
        fit = (seen * prior).sum(1).log().double().mean()
        return float((1 - PRIOR_FLOOR) * fit + PRIOR_FLOOR * prior.log().double().mean())

    prior, values = CODE.prior, [value(CODE.prior)]
    for _ in range(3000):
        prior = CODE.moved(prior, (seen * prior).log())
        values.append(value(prior))
    assert np.diff(values).min() > -1e-6  # of float32
    for k in range(4):
        other = prior.clone()
        other[k] *= 1.02
        assert value(other / other.sum()) < values[-1]


def test_a_learned_prior_starts_uniform_and_then_is_a_given_one() -> None:
    latent = Latent(noise=2, digit=CODE, slant=Uniform(-1, 1))
    assert latent.entropy["digit"] == pytest.approx(math.log(4))
    assert list(latent.learned) == ["digit"]
    uneven = latent.under({"digit": UNEVEN})
    code = uneven.codes["digit"]
    assert isinstance(code, Categorical)
    assert isinstance(code.probs, tuple)
    assert code.probs == pytest.approx(UNEVEN.tolist())
    assert sum(code.probs) == pytest.approx(1, abs=1e-12)
    assert list(uneven.codes) == list(latent.codes)
    assert uneven.entropy["digit"] == pytest.approx(-float((UNEVEN * UNEVEN.log()).sum()))
    plain = Latent(noise=2, digit=Categorical(4))
    assert plain.under({}) is plain
    assert plain.learned == {}


def test_a_step_draws_by_the_prior_bounds_by_its_entropy_and_moves_it(
    learning: RunConfig, images: Images
) -> None:
    trainer = Trainer(learning, images)
    trainer.model.priors = {"digit": torch.tensor([0.994, 0.002, 0.002, 0.002])}
    scene = trainer._look("d", 0)
    assert scene.draw.values["digit"][:, 0].mean() > 0.85
    entropy = scene.latent.entropy["digit"]
    assert entropy < 0.05
    [d_loss], g_loss = trainer.advance()
    for loss in (d_loss, g_loss):
        assert (
            float(loss.watch["L_I/digit"]) < entropy
        )  # an untrained Q, measured against H(c) as it is
    assert float(trainer.model.priors["digit"][1:].min()) > 0.002
    assert trainer.entropies()["H(c)/digit"] > entropy


def test_real_information_is_measured_against_it(learning: RunConfig, images: Images) -> None:
    """J is highest, H(π), where Q uses the categories as the prior does."""
    code = CODE.under(UNEVEN)
    as_prior, evenly = exactly(UNEVEN.tolist()), exactly([0.25] * 4)
    assert float(code.real_information(as_prior, as_prior, {})) == pytest.approx(
        code.entropy, abs=1e-5
    )
    divergence = -math.log(4) - float(UNEVEN.log().mean())
    assert float(code.real_information(evenly, evenly, {})) == pytest.approx(
        code.entropy - divergence, abs=1e-5
    )


def test_the_finished_model_knows_it(learned: Path, images: Images, tmp_path: Path) -> None:
    model = Model.load(learned)
    prior = model.priors["digit"]
    assert not torch.allclose(prior, torch.full((4,), 0.25), atol=1e-4)
    assert model.latent.entropy["digit"] < math.log(4)
    logged = Run(learned).metrics()[-1]["H(c)/digit"]
    assert model.latent.entropy["digit"] == pytest.approx(logged, abs=1e-6)
    scores = evaluate(model, images)
    assert scores["prior"] == {"digit": prior.tolist()}
    assert scores["entropy"]["digit"] == model.latent.entropy["digit"]
    given = described(model, "digit", model.latent.codes["digit"])["probs"]
    assert given == pytest.approx(prior.tolist(), abs=1e-6)
    model.priors = {"digit": torch.tensor([1e-6, 1e-6, 1e-6, 1.0])}
    assert np.array_equal(model.sample(8, seed=3), model.sample(8, seed=3, digit=3))
    model.save(tmp_path / "other.safetensors")
    for name in ("config.json", "run.json"):
        (tmp_path / name).write_bytes((learned / name).read_bytes())
    (tmp_path / "other.safetensors").rename(tmp_path / "model.safetensors")
    assert torch.equal(Model.load(tmp_path).priors["digit"], model.priors["digit"])


@pytest.mark.parametrize("bad", [[0.5, 0.5, 0.0, 0.0], [0.5, 0.7, -0.1, -0.1], [0.0] * 4])
def test_a_file_whose_prior_is_none_is_refused(
    learned: Path, tmp_path: Path, bad: list[float]
) -> None:
    model = Model.load(learned)
    model.priors = {"digit": torch.tensor(bad)}
    for name in ("config.json", "run.json"):
        (tmp_path / name).write_bytes((learned / name).read_bytes())
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(RunError, match=r"model\.safetensors"):
        Model.load(tmp_path)


def test_stopped_in_the_middle_it_ends_in_the_same_bytes(
    learning: RunConfig, learned: Path, images: Images, tmp_path: Path
) -> None:
    fit(learning.replace(steps=4), tmp_path / "run", images=images)
    fit(learning, tmp_path / "run", images=images)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (
        learned / "model.safetensors"
    ).read_bytes()


def test_without_it_nothing_of_a_run_changes(trained: Path) -> None:
    model = Model.load(trained)
    assert model.latent is model.config.latent
    assert not [name for name in model.tensors() if name.startswith("prior")]
    assert not [key for line in Run(trained).metrics() for key in line if key.startswith("H(c)")]


def test_a_collapse_is_named_once(
    learning: RunConfig, images: Images, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = Trainer(learning, images)
    with caplog.at_level(logging.WARNING, "infogan"):
        trainer.model.priors = {"digit": UNEVEN}  # H = 0.94 of 1.39 nats
        trainer.entropies()
        assert not caplog.records
        trainer.model.priors = {"digit": torch.tensor([0.02, 0.9, 0.04, 0.04])}
        trainer.entropies()
        trainer.entropies()
    (record,) = caplog.records
    for number in ("digit", "0.43", "1.39 nats", "category 1", "90 %", "latent.digit.probs"):
        assert number in record.message
    assert monitor.COLLAPSED == 0.5


def test_what_no_loss_sees_does_not_reach_it(learning: RunConfig, images: Images) -> None:
    trainer = Trainer(learning.replace(objective={"q_step": "g", "real_weight": 0}), images)
    trainer.advance()
    with torch.no_grad():
        next(trainer.model.d.heads["code"].parameters())[0] = math.nan
    with pytest.raises(TrainingError, match="digit"):
        trainer.d_step(1)


def test_it_is_a_setting(capsys: pytest.CaptureFixture[str], learning: RunConfig) -> None:
    run("train", "mnist", "--latent.digit.probs", "learned", "--dry-run")
    tree = json.loads(capsys.readouterr().out)
    assert tree["latent"]["digit"]["probs"] == "learned"
    assert RunConfig.from_tree(tree).latent.learned["digit"].k == 10
    assert learning.replace(latent={"digit": {"probs": "none"}}).latent.learned == {}
    words = ("train", "digits", "--dry-run", "--latent.digit.probs")
    assert "latent.digit.probs" in refused(capsys, *words, "guessed")
    assert "latent.digit.probs" in refused(
        capsys, "train", "acgan", "--dry-run", *words[-1:], "learned"
    )


def test_the_commands_say_where_it_stands(
    learned: Path, capsys: pytest.CaptureFixture[str], photos: Path
) -> None:
    run("evaluate", learned, "--data", photos, "--split", "all")
    shown = capsys.readouterr().out
    percentages = next(
        line for line in shown.splitlines() if line.startswith("learned prior of digit")
    )
    assert sum(map(float, percentages.split(": ")[1].split())) == pytest.approx(100, abs=0.3)
