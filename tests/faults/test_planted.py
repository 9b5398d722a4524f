"""Defects planted in the program on purpose: each must break the condition that is there for it.

A plant that raises anything else is an error of the test and catches nothing.
"""

from collections.abc import Callable
from pathlib import Path

import crash
import damage
import poison
import pytest
import resume
from harness import Plant, Tally, planted, script

from infogan.core import atomic
from infogan.runs import checkpoints
from infogan.runs.folder import Run
from infogan.runs.images import Training
from infogan.training import monitor, step
from infogan.training.trainer import Trainer

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.timeout(300)]


def points(root: Path) -> Tally:
    return crash.crash_points(root / "run", 2)


def files(root: Path) -> Tally:
    return crash.files(root / "run")


def starts(root: Path) -> Tally:
    return crash.start(root / "run")


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


EARLY = "atomic.rename(partial, target); partial = target\n            for"
FOR = "for name, content in files.items():"
REMOVE = "atomic.mkdir(folder); [atomic.remove(old) for old in found(folder)[:1]]"
CHECK = "check_finite(loss, step.player, self.step, self._moved, self._suspects(step))"
DEFECTS: dict[str, tuple[Plant, Callable[[Path], Tally], str]] = {
    "a file is not synced": (
        Plant(atomic, "write", "os.fsync(descriptor)", "pass"),
        points, "whole_under_its_name"),
    "names are not synced": (
        Plant(checkpoints, "write", "atomic.sync(partial)", "pass"),
        points, "whole_under_its_name"),
    "a rename is not synced": (
        Plant(atomic, "rename", "sync(new.parent)", "pass"),
        points, "saved_once_done"),
    "a file is written in place": (
        Plant(atomic, "replace", "write(partial,", "write(path, content); write(partial,"),
        files, "old_or_new"),
    "the folder gets its name too early": (
        Plant(checkpoints, "write", FOR, FOR.replace("for", EARLY)),
        points, "whole_under_its_name"),
    "old checkpoints go first": (
        Plant(checkpoints, "write", "atomic.mkdir(folder)", REMOVE),
        points, "earlier_ones_stay"),
    "a checkpoint is removed in place": (
        Plant(atomic, "remove", "os.rename(path, victim)", "victim = path"),
        points, "whole_under_its_name"),
    "the manifest is of no file": (
        Plant(checkpoints, "write", "MANIFEST, manifest(files)", "MANIFEST, manifest({})"),
        points, "whole_under_its_name"),
    "leftovers stay": (
        Plant(checkpoints, "newest", "shutil.rmtree(leftover, ignore_errors=True)", "pass"),
        points, "nothing_is_left_over"),
    "a failed save leaves its folder": (
        Plant(checkpoints, "write", "shutil.rmtree(partial, ignore_errors=True)", "pass"),
        refusals, "nothing_is_left_over"),
    "checksums are not compared": (
        Plant(checkpoints, "_contents", "if listed != manifest(files):", "if False:"),
        flips, "one_before_is_used"),
    "checksums are dropped": (
        Plant(checkpoints, "manifest", "sha256(content).hexdigest()", '""'),
        flips, "one_before_is_used"),
    "a damaged checkpoint is passed over in silence": (
        Plant(checkpoints, "newest", "logger.warning", "logger.debug"),
        flips, "warning_names_it"),
    "a fresh start instead of an error": (
        Plant(checkpoints, "newest", "if reasons:", "if False:"),
        flips, "stops"),
    "the second checkpoint is never tried": (
        Plant(checkpoints, "newest", "continue", "raise"),
        flips, "goes_on"),
    "a run is begun without its record": (
        Plant(Run, "begin", 'self.write_json(self.record_file, record.model_dump(mode="json"))',
              "pass"),
        starts, "can_be_begun_again"),
    "the list of images is not synced": (
        Plant(Training, "write", "atomic.replace(run.images_file, ",
              "run.images_file.write_bytes("),
        starts, "whole_if_it_is_a_run"),
    "moments are not restored": (
        Plant(Trainer, "restore", 'put_moments(self.g_optim, "g", moments)', "pass"),
        steps, "next_state"),
    "means start anew": (
        Plant(Trainer, "restore", 'Means.from_tree(values["means"], ', "(lambda device: Means())("),
        steps, "next_state"),
    "learned priors are not restored": (
        Plant(Trainer, "restore", "self.model.take_priors(weights)", "pass"),
        priors, "next_state"),
    "averages are not restored": (
        Plant(Trainer, "restore", "self._parts().items()", "self.model.networks.items()"),
        steps, "next_state"),
    "one stream for all": (
        Plant(step.Step, "__post_init__", "self._stream(", "stream(id({}), "),
        steps, "next_state"),
    "the log is not rewound": (
        Plant(Run, "rewind", 'if line["step"] <= step', ""),
        steps, "log"),
    "weights are not looked at before a save": (
        Plant(Trainer, "state", "check_tensors(self.step, self._moved, self._suspects())", "pass"),
        infinities, "training_stops"),
    "only NaN counts": (
        Plant(monitor, "suspicious", "not bool(torch.isfinite(", "bool(torch.isnan("),
        infinities, "within_a_step"),
    "losses are not looked at": (
        Plant(Trainer, "_update", CHECK, "pass"),
        infinities, "tensor_is_named"),
    "statistics are not looked at": (
        Plant(Trainer, "_sinks", "if buffer.is_floating_point()", "if False"),
        infinities, "within_a_step"),
}  # fmt: skip
"""The defect, the harness that must catch it, and by which of its conditions."""
IN_PROCESSES = {
    "moments are not restored": "result",
    "a stopped run ends with 0": "exit_code",
    "a signal is only seen after training": "stops_soon",
    "nothing is saved at a signal": "last_step_is_saved",
    "a plant that is misspelt": "no_traceback",
    "the folder is not locked": "second_is_refused",
}
"""The defects of children.py, and by which condition each is caught."""


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_caught(tmp_path: Path, defect: str) -> None:
    plant, harness, condition = DEFECTS[defect]
    with planted(*plant):
        tally = harness(tmp_path)
    assert condition in tally.broken, tally.failures[:3]
    with pytest.raises(AssertionError, match=condition):
        tally.verify()


@pytest.mark.slow
def test_planted_defects_are_caught_in_real_processes() -> None:
    """By `children.DEFECTS`, in one process, which imports everything once and forks the others."""
    reports = script("children.py", "--planted")
    assert {defect: report["broken"] for defect, report in reports.items()} == {
        defect: [condition] for defect, condition in IN_PROCESSES.items()
    }, reports


def test_a_misspelt_plant_catches_nothing(tmp_path: Path) -> None:
    with (
        planted(atomic, "write", "os.fsync(descriptor)", "pss"),
        pytest.raises(NameError, match="pss"),
    ):
        files(tmp_path)
    with (
        pytest.raises(AssertionError, match="plant it anew"),
        planted(atomic, "write", "os.fsink(descriptor)", "pass"),
    ):
        pass
    crash.files(tmp_path / "sound").verify()
