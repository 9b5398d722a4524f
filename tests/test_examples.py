"""The examples run, and the one from scratch computes what the package computes."""

import gzip
import json
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import infogan as ig
from conftest import refused
from infogan.objectives import OBJECTIVES
from infogan.objectives.base import Loss
from infogan.training.step import Step
from infogan.training.trainer import Trainer

EXAMPLES = Path(__file__).parents[1] / "examples"
TERMS = {"info/digit": "digit", "info/slant": "factor 0", "info/width": "factor 1"}
PARTS = {"heads.real": "real", "heads.code": "q"}
"""What the file from scratch calls otherwise."""


def example(name: str) -> ModuleType:
    """An example as a module."""
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scratch() -> ModuleType:
    return example("infogan_from_scratch")


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """A network's weights as the file from scratch names them."""
    found = dict(network.named_parameters())
    for own, other in PARTS.items():
        found = {name.replace(own, other): weight for name, weight in found.items()}
    return {name: weight.detach() for name, weight in found.items()}


def same_terms(ours: Loss, theirs: dict[str, Tensor]) -> None:
    named = {TERMS.get(name, name): term for name, term in ours.terms.items()}
    assert named.keys() == theirs.keys()
    for name, term in named.items():
        assert torch.equal(term, theirs[name]), name


def test_from_scratch_is_the_paper_bit_for_bit(scratch: ModuleType) -> None:
    """On the same weights, images and draws: each term of either loss, and the weights after each
    of three steps of D and G."""
    config = ig.presets.PAPER.replace(batch=16, steps=3, precision="fp32", device="cpu")
    trainer = Trainer(config, ig.data.load("digits").subset(range(200)))
    g, d = (scratch.initialise(kind()) for kind in (scratch.Generator, scratch.Discriminator))
    for own, other in ((g, trainer.model.g), (d, trainer.model.d)):
        own.load_state_dict(weights_of(other), strict=False)
    of_d, of_g = scratch.adam(d, config.optim.d_lr), scratch.adam(g, config.optim.g_lr)
    for number in range(3):
        looks = [
            Step(trainer.batches, trainer.processes, {}, config.latent, player, number, 0.0)
            for player in "dg"
        ]
        for_d, for_g = (look.draw.vector() for look in looks)
        [d_ours], g_ours = trainer.advance()
        d_theirs = scratch.d_loss(g, d, looks[0].images, for_d)
        same_terms(d_ours, d_theirs)
        scratch.update(of_d, d_theirs)
        g_theirs = scratch.g_loss(g, d, for_g)
        same_terms(g_ours, g_theirs)
        scratch.update(of_g, g_theirs)
        for own, other in ((g, trainer.model.g), (d, trainer.model.d)):
            ours = weights_of(other)
            for name, weight in own.named_parameters():
                assert torch.equal(weight, ours[name]), f"{name} after step {number + 1}"


def alone(*words: object, before: str = "", after: str = "") -> str:
    """What an example prints in a process of its own, between two pieces of Python."""
    path, *rest = map(str, words)
    run = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], {}, '__main__')"
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{before}\n{run}\n{after}", EXAMPLES / path, *rest],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_from_scratch_runs_without_the_package(tmp_path: Path) -> None:
    """On MNIST's files as they are published: the digits of their first images are read right."""
    held = ig.data.load("digits").subset(range(100))
    for what, array in (("images-idx3", held.pixels[..., 0]), ("labels-idx1", held.labels)):
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
        file = tmp_path / f"train-{what}-ubyte.gz"
        file.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))
    picture = tmp_path / "categories.png"
    words = ["--mnist", tmp_path, "--steps", 2, "--batch", 8, "--output", picture]
    forbidden = "import sys; sys.modules['infogan'] = None"
    said = alone("infogan_from_scratch.py", *words, before=forbidden)
    assert re.search(r"step 2: adversarial \S+, digit \S+, .*; purity \d+\.\d%", said)
    with Image.open(picture) as written:
        assert written.size == (280, 280)


def test_from_scratch_reads_what_the_package_reads(scratch: ModuleType, tmp_path: Path) -> None:
    images, labels = scratch.load(None)
    assert images.shape == (1797, 1, 28, 28) and labels.bincount().min() > 170
    assert (images.min(), images.max()) == (-1, 1)
    drawn = scratch.draw(2000)
    noise, category, factors = drawn.split([62, 10, 2], 1)
    assert torch.equal(category.sum(1), torch.ones(2000)) and category.amax() == 1
    for uniform in (noise, factors):
        assert uniform.std().item() == pytest.approx(3**-0.5, abs=0.02)
        assert uniform.abs().max() <= 1


@pytest.mark.slow
def test_own_objective_is_the_command_line_with_one_more(
    tmp_path: Path, images: ig.Images, capsys: pytest.CaptureFixture[str]
) -> None:
    """It trains with its settings as options; the run is read again, but not by infogan alone."""
    run, data = tmp_path / "run", tmp_path / "strokes.npz"
    np.savez(data, images=images.pixels, labels=images.labels)
    own = ["--objective", "hinge", "--objective.margin", 0.5, "--objective.real-weight", 3]
    own += ["--augment", "affine", "--latent.slant", "uniform"]
    small = ["--networks", "dcgan", "--networks.channels", "[8]", "--steps", 2, "--batch", 8]
    read = f"from infogan.cli import main; main(['evaluate', {str(run)!r}, '--json'])"
    words = ["train", data, "--run", run, "--log-every", 1, *own, *small]
    said = alone("own_objective.py", *words, after=read)
    assert json.loads(said.splitlines()[-1])["n"] == 6
    line = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    assert line["d/real"] + line["d/fake"] == pytest.approx(1, abs=0.1)  # D says 0 at first
    assert {"d/real info/group", "g/adversarial", "L_I/slant"} <= line.keys()
    assert "'hinge'" in refused(capsys, "evaluate", run)


def test_no_objective_takes_the_place_of_one_that_is_there() -> None:
    before = dict(OBJECTIVES)
    with pytest.raises(ig.InfoganError, match="infogan's own"):
        ig.RunConfig.register(ig.GAN)
    assert before == OBJECTIVES


def test_the_comparison_of_clusterers_scores_all_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ig.data.load("digits").subset(range(300))
    monkeypatch.setattr(ig.data, "load", lambda *_: few)
    output = tmp_path / "scores.json"
    example("scikit_learn").main(["--steps", "2", "--output", str(output)])
    rows = {row["method"]: row for row in json.loads(output.read_text())["rows"]}
    assert rows.keys() == {"KMeans", "PCA + GaussianMixture", "InfoGANClusterer"}
    assert (
        0.2 < rows["KMeans"]["AMI"] < 0.8
        and f"{rows['KMeans']['AMI']:.3f}" in capsys.readouterr().out
    )
