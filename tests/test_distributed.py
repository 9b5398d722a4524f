"""Several processes that train one model: the same result as one, and together or not at all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from safetensors.torch import load_file

from conftest import refused
from infogan.core.random import Draws, Part, stream
from infogan.data.augment import Affine, Photo
from infogan.model.model import Model
from infogan.runs import checkpoints

pytestmark = pytest.mark.timeout(400)  # several processes, beside other jobs on as many cores
ROOT = Path(__file__).parents[1]
WORKER = ROOT / "benchmarks" / "distributed.py"
ENV = os.environ | {"OMP_NUM_THREADS": "1"}
TORCHRUN = ["-m", "torch.distributed.run", "--standalone"]
# What a batch gives: p̄ and the moves of followed codes; negatives of a contrast, few fakes, views
# of them; features that are matched, noise in layers, labels; a prior that learns; pairs of fakes.
OBJECTIVES = ["digits", "images", "improvedgan", "learned prior", "contrastive regulariser"]
OBJECTIVES += ["fewer fakes", "sprites"]  # without a contrast; close-ups


def test_a_part_of_the_rows_draws_what_it_has_in_the_whole_batch() -> None:
    for name in ("uniform", "normal"):
        whole = getattr(Draws(stream(0, "x")), name)(7, 2)
        parts = [Part(0, 3, 7), Part(3, 3, 7), Part(3, 7, 7)]
        own = [
            getattr(Draws(stream(0, "x"), part), name)(part.stop - part.start, 2) for part in parts
        ]
        assert torch.equal(torch.cat(own), whole)


@pytest.mark.parametrize("augment", [Affine(bend=0.1, thicken=0.5, patch=0.2), Photo()])
def test_a_part_of_the_rows_is_augmented_as_in_the_whole_batch(augment: Affine) -> None:
    images = torch.rand(6, 3, 16, 16, generator=stream(0, "images")) * 2 - 1
    whole = augment(images, stream(0, "x"))
    part = augment(images[2:5], stream(0, "x"), Part(2, 5, 6))
    assert torch.allclose(part.images, whole.images[2:5], atol=1e-6)
    for name, move in part.moves.items():
        assert torch.equal(move, whole.moves[name][2:5])


def trained(out: Path, processes: int) -> dict[str, dict[str, torch.Tensor]]:
    """The weights after 20 steps of small networks in float64, by objective."""
    out.mkdir()
    start = [*TORCHRUN, f"--nproc-per-node={processes}"] if processes > 1 else []
    words = ["worker", *OBJECTIVES, f"--out={out}", "--steps=20"]
    command = [sys.executable, *start, str(WORKER), *words]
    subprocess.run(command, env=ENV, check=True, capture_output=True, timeout=300)
    return {name: load_file(out / f"{name}.safetensors") for name in OBJECTIVES}


def test_several_processes_train_the_weights_of_one(tmp_path: Path) -> None:
    one, several = trained(tmp_path / "one", 1), trained(tmp_path / "several", 2)
    for objective, weights in one.items():
        for name, weight in weights.items():
            there = several[objective][name]
            assert torch.allclose(there, weight, rtol=0, atol=1e-6), f"{objective}: {name}"


def command(photos: Path, run: Path, *words: str) -> list[str]:
    base = ["train", "digits", "--data", str(photos), "--run", str(run), "--batch", "16"]
    base += ["--networks.channels", "[8,16]", "--networks.features", "16"]
    base += ["--checkpoint-every", "5", "--log-every", "5"]
    return [sys.executable, "-m", "infogan", *base, *words]


def begun(process: "subprocess.Popen[str]") -> list[int]:
    """The processes that train, once they do."""
    assert process.stderr
    for line in process.stderr:
        if line.startswith("seed 0, step 5 "):
            break
    own = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True)
    return [int(pid) for pid in own.stdout.split()]


def in_fp32(
    photos: Path, run: Path, processes: int, steps: int
) -> "subprocess.CompletedProcess[str]":
    """Train so many steps, of which none depends on how many there are."""
    words = command(photos, run, "--processes", str(processes), "--steps", str(steps))
    words += ["--optim.lr-decay", "0", "--precision", "fp32"]
    return subprocess.run(words, env=ENV, capture_output=True, text=True, timeout=110)


class Whole(NamedTuple):
    """A run of six steps in two processes."""

    run: Path
    ended: "subprocess.CompletedProcess[str]"


@pytest.fixture(scope="module")
def whole(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    run = tmp_path_factory.mktemp("whole") / "run"
    return Whole(run, in_fp32(photos, run, 2, 6))


def test_the_command_trains_one_run_in_several_processes(photos: Path, whole: Whole) -> None:
    run, ended = whole
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("clustering accuracy") == 1
    assert ended.stderr.count("step 5 of 6") == 1
    assert Model.load(run).config.steps == 6
    assert json.loads((run / "scores.json").read_text())["steps"] == 6
    again = in_fp32(photos, run, 2, 6)
    assert "is finished" in again.stdout
    assert again.returncode == 0, again.stderr


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_others_and_the_command_goes_on(
    photos: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = command(photos, run, "--processes", "2", "--steps", "100")
    with subprocess.Popen(words, env=ENV, stderr=subprocess.PIPE, text=True) as process:
        pids, at = begun(process), time.monotonic()
        assert process.stderr
        os.kill(pids[1], signal.SIGKILL)
        said = process.stderr.read()
        assert process.wait(30) == 2
    assert time.monotonic() - at < 30
    assert f"process 1 (pid {pids[1]})" in said
    assert "SIGKILL" in said
    assert not (run / "model.safetensors").exists()
    subprocess.run(words, env=ENV, check=True, capture_output=True, timeout=300)
    assert Model.load(run).config.steps == 100


@pytest.mark.slow
def test_a_run_of_two_processes_goes_on_in_one_and_in_two(
    photos: Path, whole: Whole, tmp_path: Path
) -> None:
    weights = load_file(whole.run / "model.safetensors")
    in_fp32(photos, tmp_path / "in-1", 2, 4).check_returncode()
    shutil.copytree(tmp_path / "in-1", tmp_path / "in-2")
    for later in (1, 2):
        run = tmp_path / f"in-{later}"
        assert checkpoints.found(run / "checkpoints")[-1].name == "step-00000004"
        in_fp32(photos, run, later, 6).check_returncode()
        resumed = load_file(run / "model.safetensors")
        apart = {
            name: float((weight - resumed[name]).abs().max()) for name, weight in weights.items()
        }
        if later == 2:
            assert max(apart.values()) == 0
        # A bias before batch normalisation has no gradient but rounding, which Adam enlarges.
        assert max(value for name, value in apart.items() if "weight" in name) < 1e-5


@pytest.mark.slow
def test_a_process_that_stops_answering_ends_the_others(photos: Path, tmp_path: Path) -> None:
    rank = 0  # the one that the others ask who is missing
    words = command(photos, tmp_path / "run", "--processes", "2", "--steps", "100000")
    with subprocess.Popen(words, env=ENV, stderr=subprocess.PIPE, text=True) as process:
        pids, at = begun(process), time.monotonic()
        os.kill(pids[rank], signal.SIGSTOP)
        while Path(f"/proc/{pids[1 - rank]}/exe").exists():
            time.sleep(0.1)
        assert time.monotonic() - at < 30
        time.sleep(2)  # for the launcher to see it, before it sees what we do now
        os.kill(pids[rank], signal.SIGKILL)
        said = process.communicate(timeout=60)[1]
    assert f"process {rank} does not answer" in said


SLOW_TO_SAVE = """
import time
from datetime import timedelta

from infogan.cli import main
from infogan.runs import checkpoints
from infogan.training import distributed

distributed.WITHIN = timedelta(seconds=3)
write = checkpoints.write


def slow(*values):
    time.sleep(5)
    write(*values)


checkpoints.write = slow
main()
"""


@pytest.mark.slow
def test_a_first_process_that_takes_long_to_save_is_not_lost(photos: Path, tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SLOW_TO_SAVE)
    words = command(photos, tmp_path / "run", "--steps", "6")[3:]
    start = [sys.executable, *TORCHRUN, "--nproc-per-node=2", str(script), "--"]
    ended = subprocess.run([*start, *words], env=ENV, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert Model.load(tmp_path / "run").config.steps == 6


@pytest.mark.slow
def test_a_signal_to_one_process_stops_all_with_a_state_saved(photos: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = command(photos, run, "--processes", "2", "--steps", "100000")
    with subprocess.Popen(words, env=ENV, stderr=subprocess.PIPE, text=True) as process:
        os.kill(begun(process)[1], signal.SIGTERM)
        assert process.stderr
        said = process.stderr.read()
        assert process.wait(60) != 0
    assert "resume" in said
    assert any((run / "checkpoints").iterdir())


@pytest.mark.slow
def test_what_is_not_finite_stops_all_and_is_said_once(photos: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = command(photos, run, "--processes", "2", "--steps", "50", "--optim.d-lr", "1e30")
    ended = subprocess.run(words, env=ENV, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert ended.stderr.count("not finite") == 1


def test_another_number_of_processes_than_torchrun_started_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "3")
    message = refused(capsys, "train", "digits", "--processes", "2", "--run", tmp_path / "r")
    assert "torchrun started 3" in message


def test_more_processes_than_images_of_a_batch_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "digits", "--batch", "2", "--processes", "3", "--run", str(tmp_path / "r")]
    assert "--processes 3: give at least 2, at most 2, the images" in refused(capsys, *words)
    assert not (tmp_path / "r").exists()
