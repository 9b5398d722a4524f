"""The fault harnesses at short count; `make faults` runs them at full count."""

from pathlib import Path
from typing import Any

import crash
import damage
import poison
import pytest
import resume
from harness import Tally, script

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.timeout(300)]
READERS = {
    "a foreign error": "our_errors",
    "code that runs": "nothing_forbidden",
    "a process": "nothing_forbidden",
    "memory": "bounded_memory",
    "a loop": "in_time",
    "a crash": "survives",
    "a file written": "nothing_forbidden",
}
"""Readers with a planted defect, and the one condition that each breaks."""


def proven(report: dict[str, Any]) -> bool:
    """Whether all that was planned was tried and nothing failed."""
    return bool(report["trials"] >= report["planned"] > 0 == report["failures"])


@pytest.mark.parametrize("earlier", [0, 1, 2])
def test_a_crash_at_any_call_leaves_a_whole_checkpoint(tmp_path: Path, earlier: int) -> None:
    crash.crash_points(tmp_path / "run", earlier).verify()


def test_a_crash_at_any_call_of_a_start_leaves_a_run_or_none(tmp_path: Path) -> None:
    crash.start(tmp_path / "run").verify()


def test_a_crash_at_any_call_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    crash.files(tmp_path / "run").verify()


def test_a_disk_that_refuses_any_call_loses_nothing(tmp_path: Path) -> None:
    crash.refusals(tmp_path / "run").verify()


@pytest.mark.slow
def test_every_step_of_three_epochs_leads_to_the_next(tmp_path: Path) -> None:
    resume.every_step(tmp_path, 60).verify()


@pytest.mark.slow
@pytest.mark.parametrize("variant", list(resume.VARIANTS)[1:])
def test_whatever_is_trained_resumes(tmp_path: Path, variant: str) -> None:
    resume.every_step(tmp_path, 4, variant).verify()


def test_ten_stops_in_a_row(tmp_path: Path) -> None:
    resume.chain(tmp_path, 22, 10).verify()


def test_damage_is_noticed_and_the_checkpoint_before_is_used(tmp_path: Path) -> None:
    damage.flips(tmp_path, 150).verify()


@pytest.mark.slow
def test_nan_and_infinity_stop_training_and_are_named(tmp_path: Path) -> None:
    poison.injections(tmp_path, [3]).verify()


@pytest.mark.slow
def test_kills_lose_nothing() -> None:
    report = script("children.py", "kills", "--count", "20")
    assert proven(report), report


@pytest.mark.slow
def test_signals_in_each_phase_save_and_say_how_to_go_on() -> None:
    report = script("children.py", "stops", "--count", "8")
    assert proven(report), report


@pytest.mark.slow
def test_a_second_process_is_refused() -> None:
    report = script("children.py", "locks", "--count", "1")
    assert proven(report), report


@pytest.mark.slow
def test_mutated_files_raise_only_our_errors() -> None:
    reports = script("mutations.py", "--count", "1000")
    assert len(reports) >= 16
    assert all(proven(report) for report in reports.values()), reports


@pytest.mark.slow
def test_readers_with_a_defect_are_caught() -> None:
    reports = script("mutations.py", "--planted", "--count", "8")
    assert {name: report["broken"] for name, report in reports.items()} == {
        name: [condition] for name, condition in READERS.items()
    }, reports


def test_a_count_that_is_not_reached_fails() -> None:
    short = Tally(planned=2)
    short.case()
    with pytest.raises(AssertionError, match="1 of 2"):
        short.verify()


def test_the_first_broken_condition_of_a_case_counts() -> None:
    tally = Tally(planned=1)
    tally.case(sound="", broken="by this", follows="from it")
    assert tally.broken == {"broken"}
    with pytest.raises(AssertionError, match="broken: by this"):
        tally.verify()
