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

from infogan import durable
from infogan.run import Run
from infogan.training import checkpoint, health, loop

pytestmark = pytest.mark.usefixtures("one_thread")


def points(root: Path) -> Tally:
    return crash.checkpoints(root / "run", 2)


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
    ("a file is not synced", durable, "write", "os.fsync(descriptor)", "pass", points),
    ("names are not synced", checkpoint, "write", "durable.sync(partial)", "pass", points),
    ("a rename is not synced", durable, "rename", "sync(new.parent)", "pass", points),
    ("a file is written in place", durable, "replace", "write(partial, content)",
     "write(path, content); write(partial, content)", files),
    ("the folder gets its name too early", checkpoint, "write", "for name, content in files.items():",
     "durable.rename(partial, target); partial = target\n            for name, content in files.items():", points),
    ("old checkpoints go first", checkpoint, "write", "durable.mkdir(folder)",
     "durable.mkdir(folder); [durable.remove(old) for old in found(folder)[:1]]", points),
    ("a checkpoint is removed in place", durable, "remove", "os.rename(path, victim)", "victim = path", points),
    ("the manifest comes first", checkpoint, "write", "durable.write(partial / MANIFEST, manifest(files))",
     "durable.write(partial / MANIFEST, manifest({}))", points),
    ("leftovers stay", checkpoint, "newest", "shutil.rmtree(leftover, ignore_errors=True)", "pass", points),
    ("a failed save leaves its folder", checkpoint, "write", "shutil.rmtree(partial, ignore_errors=True)", "pass",
     refusals),
    ("checksums are not compared", checkpoint, "_contents", "if listed != manifest(files):", "if False:", flips),
    ("checksums are dropped", checkpoint, "manifest", "sha256(content).hexdigest()", '""', flips),
    ("a damaged checkpoint is passed over in silence", checkpoint, "newest", "logger.warning", "str.format", flips),
    ("a fresh start instead of an error", checkpoint, "newest", "if reasons:", "if False:", flips),
    ("the second checkpoint is never tried", checkpoint, "newest", "continue", "raise", flips),
    ("moments are not restored", loop.Trainer, "_restore", 'checkpoint.restore(self.g_optim, "g", moments)', "pass",
     steps),
    ("means start anew", loop.Trainer, "_restore", 'Means.from_tree(state["means"], self.engine.device)', "Means()",
     steps),
    ("learned priors are not restored", loop.Trainer, "_restore", "self.model.take_priors(weights)", "pass", priors),
    ("averages are not restored", loop.Trainer, "_restore", "for part, average in self.averages.items()",
     "for part, average in ()", steps),
    ("one stream for all", loop.Trainer, "_scene", 'f"latent {player}", batch', 'f"latent {player}", id(object())',
     steps),
    ("the log is not rewound", Run, "rewind", 'if line["step"] <= step', "", steps),
    ("weights are not looked at before a save", loop.Trainer, "save", "check_tensors(self.step, self._suspects())",
     "pass", infinities),
    ("only NaN counts", health, "suspicious", "not bool(torch.isfinite(get_total_norm(tensors)))",
     "bool(torch.isnan(get_total_norm(tensors)))", infinities),
    ("losses are not looked at", loop.Trainer, "_update",
     "check_finite(loss, player, self.step, self._suspects(scene))", "pass", infinities),
    ("statistics are not looked at", loop.Trainer, "_sinks", "if buffer.is_floating_point()", "if False", infinities),
]  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect[0])
def test_a_planted_defect_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, defect: tuple[str, Any, str, str, str, Callable[[Path], Tally]]
) -> None:
    _, holder, name, old, new, harness = defect
    with planted(holder, name, old, new):
        monkeypatch.setattr(loop, "suspicious", health.suspicious)  # which the loop holds by name
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
def test_a_planted_defect_is_caught_in_real_processes(harness: str, defect: str, count: int) -> None:
    report = script("children.py", harness, "--count", str(count), "--defect", defect)
    assert report["failures"], report
