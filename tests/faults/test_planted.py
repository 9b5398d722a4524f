"""Defects planted in the program on purpose: each must be caught by the harness that is there for it."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import crash
import damage
import poison
import pytest
import resume
from harness import Tally, planted
from test_faults import script

from infogan.core import atomic
from infogan.runs import checkpoints
from infogan.runs.folder import Run
from infogan.training import monitor, step, trainer
from infogan.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")


def points(root: Path) -> Tally:
    return crash.crash_points(root / "run", 2)


def files(root: Path) -> Tally:
    return crash.files(root / "run")


def refusals(root: Path) -> Tally:
    return crash.refusals(root / "run")


def steps(root: Path) -> Tally:
    return resume.every_step(root, 5)


def priors(root: Path) -> Tally:
    return resume.every_step(root, 5, "learned prior")


def flips(root: Path) -> Tally:
    return damage.flips(root, 60)


def infinities(root: Path) -> Tally:
    return poison.injections(root, [2])


DEFECTS: list[tuple[str, Any, str, str, str, Callable[[Path], Tally]]] = [
    ("a file is not synced", atomic, "write", "os.fsync(descriptor)", "pass", points),
    ("names are not synced", checkpoints, "write", "atomic.sync(partial)", "pass", points),
    ("a rename is not synced", atomic, "rename", "sync(new.parent)", "pass", points),
    ("a file is written in place", atomic, "replace", "write(partial, content)",
     "write(path, content); write(partial, content)", files),
    ("the folder gets its name too early", checkpoints, "write", "for name, content in files.items():",
     "atomic.rename(partial, target); partial = target\n            for name, content in files.items():", points),
    ("old checkpoints go first", checkpoints, "write", "atomic.mkdir(folder)",
     "atomic.mkdir(folder); [atomic.remove(old) for old in found(folder)[:1]]", points),
    ("a checkpoint is removed in place", atomic, "remove", "os.rename(path, victim)", "victim = path", points),
    ("the manifest comes first", checkpoints, "write", "atomic.write(partial / MANIFEST, manifest(files))",
     "atomic.write(partial / MANIFEST, manifest({}))", points),
    ("leftovers stay", checkpoints, "newest", "shutil.rmtree(leftover, ignore_errors=True)", "pass", points),
    ("a failed save leaves its folder", checkpoints, "write", "shutil.rmtree(partial, ignore_errors=True)", "pass",
     refusals),
    ("checksums are not compared", checkpoints, "_contents", "if listed != manifest(files):", "if False:", flips),
    ("checksums are dropped", checkpoints, "manifest", "sha256(content).hexdigest()", '""', flips),
    ("a damaged checkpoint is passed over in silence", checkpoints, "newest", "logger.warning", "str.format", flips),
    ("a fresh start instead of an error", checkpoints, "newest", "if reasons:", "if False:", flips),
    ("the second checkpoint is never tried", checkpoints, "newest", "continue", "raise", flips),
    ("moments are not restored", Trainer, "restore", 'put_moments(self.g_optim, "g", moments)', "pass",
     steps),
    ("means start anew", Trainer, "restore", 'Means.from_tree(values["means"], self.engine.device)', "Means()",
     steps),
    ("learned priors are not restored", Trainer, "restore", "self.model.take_priors(weights)", "pass", priors),
    ("averages are not restored", Trainer, "restore", "self._parts().items()",
     "self.model.networks.items()", steps),
    ("one stream for all", step.Step, "__init__", 'f"latent {player}", number', 'f"latent {player}", id(object())',
     steps),
    ("the log is not rewound", Run, "rewind", 'if line["step"] <= step', "", steps),
    ("weights are not looked at before a save", Trainer, "state", "check_tensors(self.step, self._suspects())",
     "pass", infinities),
    ("only NaN counts", monitor, "suspicious", "not bool(torch.isfinite(get_total_norm(tensors)))",
     "bool(torch.isnan(get_total_norm(tensors)))", infinities),
    ("losses are not looked at", Trainer, "_update",
     "check_finite(loss, step.player, self.step, self._suspects(step))", "pass", infinities),
    ("statistics are not looked at", Trainer, "_sinks", "if buffer.is_floating_point()", "if False", infinities),
]  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect[0])
def test_a_planted_defect_is_caught(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    defect: tuple[str, Any, str, str, str, Callable[[Path], Tally]],
) -> None:
    _, holder, name, old, new, harness = defect
    with planted(holder, name, old, new):
        monkeypatch.setattr(
            trainer, "suspicious", monitor.suspicious
        )  # which the trainer holds by name
        tally = Tally(1)
        with contextlib.suppress(Exception):  # a harness that breaks on it has caught it as well
            tally = harness(tmp_path)
    with pytest.raises(AssertionError):
        tally.verify()


@pytest.mark.parametrize(
    ("harness", "defect", "count"),
    [
        ("kills", "moments are not restored", 1),
        ("stops", "a stopped run ends with 0", 2),
        ("stops", "a signal is only seen after training", 2),
        ("stops", "nothing is saved at a signal", 2),
        ("locks", "the folder is not locked", 1),
    ],
)
def test_a_planted_defect_is_caught_in_real_processes(
    harness: str, defect: str, count: int
) -> None:
    report = script("children.py", harness, "--count", str(count), "--defect", defect)
    assert report["failures"], report
