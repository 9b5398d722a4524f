"""The run folder: who holds it, what may change when a run is resumed, what is written and read."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import torch

from conftest import begin, write_record
from infogan.config.presets import PAPER
from infogan.core import atomic, interrupts
from infogan.core.errors import RunError
from infogan.core.limits import TEXT
from infogan.data.augment import Affine
from infogan.objectives import InfoGAN
from infogan.runs import checkpoints
from infogan.runs.folder import SELECTION, Run
from infogan.runs.recorder import recording


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    run = Run(tmp_path / "x")
    begin(run, PAPER)
    other = f"from infogan.runs.folder import Run; Run({str(run.path)!r}).clear()"
    ended = subprocess.run(
        [sys.executable, "-c", other], capture_output=True, text=True, check=False
    )
    assert f"process {os.getpid()} on " in ended.stderr
    with pytest.raises(RunError, match=rf"process {os.getpid()} on "):
        begin(Run(run.path), PAPER)
    run.close()
    with closing(Run(run.path)) as later:
        begin(later, PAPER)


def test_a_folder_belongs_to_one_run(tmp_path: Path) -> None:
    run = Run(tmp_path / "x")
    begin(run, PAPER)
    begin(run, PAPER.replace(steps=7))  # may go on for longer
    with pytest.raises(RunError, match=r"latent.noise 62 \(now 3\).*--fresh"):
        begin(run, PAPER.replace(latent={"noise": 3}))
    run.close()
    assert run.config == PAPER.replace(steps=7)


def test_clear_removes_a_run_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run, precious = Run(tmp_path / "x"), tmp_path / "precious"
    precious.mkdir()
    (precious / "letters.txt").write_text("dear to somebody")
    run.clear()  # of nothing
    begin(run, PAPER)
    (run.path / "samples").mkdir()
    (run.path / "samples" / "random.png").touch()
    (run.path / "link").symlink_to(precious)
    for name in ("names.json", "model.safetensors", "letters.txt"):
        (run.path / name).write_text("dear to somebody")
    run.clear()
    kept = {".lock", "config.json", "run.json", "names.json", "letters.txt", "link"}
    assert {item.name for item in run.path.iterdir()} == kept
    assert "removes the run that is there (model.safetensors, samples)" in caplog.text
    assert "letters.txt, link, names.json stay" in caplog.text
    assert (precious / "letters.txt").exists()
    run.close()
    run.config_file.unlink()
    for act in (run.clear, lambda: begin(run, PAPER)):
        with pytest.raises(RunError, match="no run"):
            act()
    assert (run.path / "letters.txt").exists()


@pytest.mark.parametrize(
    "left", [[], [".lock"], [".lock", "run.json", ".config.json.partial"], [".run.json.partial"]]
)
def test_a_start_that_was_cut_off_can_be_repeated(tmp_path: Path, left: list[str]) -> None:
    for name in left:
        (tmp_path / name).touch()
    run = Run(tmp_path)
    begin(run, PAPER)
    run.close()
    assert run.config == PAPER


def test_what_may_differ_when_a_run_is_resumed(tmp_path: Path) -> None:
    run = Run(tmp_path / "x")
    begin(run, PAPER)
    begin(run, PAPER.replace(log_every=7, checkpoint_every=9))
    timed = {
        "optim.lr-decay": PAPER.replace(optim={"lr_decay": 0.5}),
        "augment.anneal": PAPER.replace(augment=Affine(anneal=0.5)),
        "objective.warm-up": PAPER.replace(
            augment="affine", objective=InfoGAN(real_weight=1, warm_up=0.5)
        ),
    }
    for name, config in timed.items():
        other = Run(tmp_path / name)
        begin(other, config)
        with pytest.raises(RunError) as caught:  # its schedule depends on the steps to come
            begin(other, config.replace(steps=6000))
        reason = f"steps 5000 (now 6000); the schedule of {name} is for that many steps; choose"
        assert reason in str(caught.value)
        assert "--continue-from" not in str(caught.value)  # it has no weights yet
        other.weights_file.touch()
        with pytest.raises(RunError, match=f"--continue-from {re.escape(str(other.path))} begins"):
            begin(other, config.replace(steps=6000))
        with pytest.raises(RunError, match="seed 0") as caught:
            begin(other, config.replace(seed=1))
        assert "schedule" not in str(caught.value)
        with pytest.raises(RunError, match=r"has networks dcgan \(now mlp\), steps 50") as caught:
            begin(other, config.replace(networks="mlp", steps=6000))
        assert "--continue-from" not in str(caught.value)  # weights of other networks are of no use
        many = {"latent": {"noise": 1}, "batch": 2, "d_steps": 2, "seed": 1, "precision": "fp32"}
        with pytest.raises(RunError, match=r"has latent\.noise .* and 1 more; choose another"):
            begin(other, config.replace(**many))
        other.close()
    for change in ({"seed": 1}, {"batch": 64}, {"d_steps": 2}, {"precision": "bf16"}):
        with pytest.raises(RunError, match=next(iter(change))):
            begin(run, PAPER.replace(**change))
    run.close()


def test_what_a_killed_process_left_in_a_run_goes_with_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path / "x")
    begin(run, PAPER)
    run.close()
    left = run.path / ".scores.json.99.partial"
    left.touch()
    for age, there in ((atomic.ABANDONED, True), (-1, False)):
        monkeypatch.setattr(atomic, "ABANDONED", age)
        with closing(Run(run.path)) as again:
            again.hold()
        assert left.exists() is there


def test_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"config\.json"):
        _ = Run(tmp_path).config
    (tmp_path / SELECTION).write_text("{}")
    with pytest.raises(RunError, match=SELECTION):
        _ = Run(tmp_path).config
    (tmp_path / "config.json").write_text('{"steps": -1}')
    write_record(tmp_path)
    with pytest.raises(RunError, match=r"config\.json: steps: "):
        _ = Run(tmp_path).config


def test_a_log_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.metrics() == []
    run.metrics_file.write_text('{"step": 2}\n{"step": 4}\n{"st')
    assert [line["step"] for line in run.metrics()] == [2, 4]
    run.rewind(2)
    assert run.metrics_file.read_text() == '{"step": 2}\n'


@pytest.mark.parametrize("bad", ['{"step": 4}', '{"step": 3}', "[1]", '{"step": "9"}', "\udcff"])
def test_lines_count_as_long_as_steps_rise(tmp_path: Path, bad: str) -> None:
    text = f'{{"step": 2}}\n{{"step": 4}}\n{bad}\n{{"step": 8}}\n'
    run = Run(tmp_path)
    run.metrics_file.write_text(text, errors="surrogateescape")
    assert [line["step"] for line in run.metrics()] == [2, 4]


def test_json_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_path)
    run.write_json(run.scores_file, {"a": 1})

    def full(*words: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RunError, match="No space left"):
        run.write_json(run.scores_file, {"a": 2})
    assert json.loads(run.scores_file.read_text()) == {"a": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["scores.json"]


def test_scores_of_many_classes_and_categories_are_read_again(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.scores == {}
    scores = {"steps": 3, "confusion": [[i + j for j in range(400)] for i in range(400)]}
    run.write_json(run.scores_file, scores)
    assert run.scores_file.stat().st_size > TEXT
    assert run.scores == scores


def test_the_recorder_appends_lines_and_saves_states(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.metrics_file.write_text('{"step": 2}\n')
    weights = {"g.weight": torch.arange(6.0)}
    with recording(run) as recorder:
        assert recorder.line == {"step": 2}
        recorder.write({"step": 4, "d/real": 0.5})
        assert run.metrics()[-1] == recorder.line == {"step": 4, "d/real": 0.5}  # at once
        recorder.save({"step": 4}, weights, {})
        assert not recorder.stop_requested()
        with pytest.raises(interrupts.Stopped), interrupts.handled():
            os.kill(os.getpid(), signal.SIGTERM)
            assert recorder.stop_requested()
    state, saved, moments = checkpoints.newest(run.checkpoints) or ({}, {}, {})
    assert (state, moments) == ({"step": 4}, {})
    assert torch.equal(saved["g.weight"], weights["g.weight"])


def save(folder: Path, step: int, value: float = 1.0) -> Path:
    checkpoints.write(folder, {"step": step}, {"w": torch.full((3,), value)}, {})
    return folder / f"step-{step:08d}"


def test_the_newest_checkpoints_are_kept(tmp_path: Path) -> None:
    assert checkpoints.newest(tmp_path) is None
    paths = [save(tmp_path, step) for step in (1, 20, 300)]
    assert checkpoints.found(tmp_path) == paths[-checkpoints.KEEP :]
    state, *_ = checkpoints.newest(tmp_path) or ({},)
    assert state == {"step": 300}


def test_a_whole_checkpoint_is_not_written_again_and_a_damaged_one_is(tmp_path: Path) -> None:
    path = save(tmp_path, 1, 1.0)
    save(tmp_path, 1, 2.0)
    assert checkpoints.read(path)[1]["w"].tolist() == [1, 1, 1]
    (path / "state.json").write_text('{"step":  1}')
    save(tmp_path, 1, 2.0)
    assert checkpoints.read(path)[1]["w"].tolist() == [2, 2, 2]


def test_a_damaged_checkpoint_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    older, newest = save(tmp_path, 1), save(tmp_path, 2)
    content = (newest / "model.safetensors").read_bytes()
    (newest / "model.safetensors").write_bytes(content[:-1] + b"\1")
    assert "model.safetensors" in checkpoints.fault(newest)
    assert not checkpoints.fault(older)
    state, *_ = checkpoints.newest(tmp_path) or ({},)
    assert state == {"step": 1}
    assert str(newest) in caplog.text
    assert (tmp_path / f"damaged-{newest.name}").is_dir()
    (older / "manifest.json").unlink()
    with pytest.raises(RunError, match=rf"{older.name}: manifest\.json.*--fresh"):
        checkpoints.newest(tmp_path)


def test_a_checkpoint_of_another_step_is_damaged(tmp_path: Path) -> None:
    path = save(tmp_path, 2)
    path.rename(tmp_path / "step-00000009")
    with pytest.raises(RunError, match="step 2"):
        checkpoints.read(tmp_path / "step-00000009")
