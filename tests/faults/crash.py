"""Every point at which writing can be cut off: afterwards there is a whole checkpoint, and no
damaged one."""

import errno
import logging
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from unittest import mock

import torch
from disk import Node, Tape, states
from harness import TINY, Tally, strokes

from infogan.core import atomic
from infogan.core.errors import InfoganError
from infogan.data import Source
from infogan.runs import checkpoints
from infogan.runs.folder import Run
from infogan.runs.images import Listed, Training, read_listing


def save(folder: Path, step: int) -> None:
    """A checkpoint of two small tensors."""
    tensor = {"weight": torch.full((20,), float(step))}
    checkpoints.write(folder, {"step": step}, tensor, tensor)


def traced(action: Callable[[], None], tape: Tape) -> None:
    """Run an action with the tape in place of the disk's calls."""
    with (
        mock.patch.object(atomic, "os", tape),
        mock.patch.object(atomic, "shutil", tape),
        mock.patch.object(checkpoints, "shutil", tape),
    ):
        action()


def crash_points(root: Path, earlier: int) -> Tally:
    """Crash points of the save that follows `earlier` others, rotation included."""
    folder = root / "checkpoints"
    root.mkdir()
    for step in range(1, earlier + 1):
        save(folder, step)
    before, tape, tally = Node.of(root), Tape(), Tally(planned=100)
    traced(lambda: save(folder, earlier + 1), tape)
    scratch, kept = root.with_name(f"{root.name}-crashed"), min(earlier, checkpoints.KEEP)
    for words, done in states(before, tape.calls, root, scratch):
        there = checkpoints.found(scratch / "checkpoints")
        steps = [int(path.name.removeprefix("step-")) for path in there]
        damaged = [path.name for path in there if checkpoints.fault(path)]
        newest = max(steps, default=0)
        try:
            content, refused = checkpoints.newest(scratch / "checkpoints"), ""
        except InfoganError as error:
            content, refused = None, str(error)
        taken = content[0]["step"] if content else 0
        left = [path.name for path in scratch.glob("checkpoints/.*")]
        tally.case(
            whole_under_its_name=damaged and f"{words}: {damaged}",
            earlier_ones_stay=len(steps) < kept and f"{words}: only {steps} left",
            saved_once_done=newest < earlier + done and f"{words}: {newest} is the newest",
            starts_again=refused and f"{words}: {refused}",
            newest_is_taken=taken != newest and f"{words}: {taken} is taken, not {newest}",
            nothing_is_left_over=left and f"{words}: {left}",
        )
    return tally


def files(root: Path) -> Tally:
    """Crash points of a file that is replaced: settings, log, model."""
    root.mkdir()
    path, old, new = root / "config.json", b"old" * 20, b"new" * 30
    atomic.replace(path, old)
    before, tape, tally = Node.of(root), Tape(), Tally(planned=30)
    traced(lambda: atomic.replace(path, new), tape)
    scratch = root.with_name(f"{root.name}-crashed")
    for words, done in states(before, tape.calls, root, scratch):
        file = scratch / path.name
        content = file.read_bytes() if file.exists() else b"no file"
        good = [new] if done else [old, new]
        tally.case(old_or_new=content not in good and f"{words}: {content[:9]!r}")
    return tally


def start(root: Path) -> Tally:
    """Crash points of what the start of a run writes: settings, record, list of images. What is
    left can be begun again; if it is a run, its record and list are whole."""
    root.mkdir()
    listing = {f"{i}.png": Listed(str(i), "train") for i in range(5)}
    images = Training.of(strokes(), Source(name="photos"), listing)

    def begin() -> None:
        images.write(Run(root))
        Run(root).begin(TINY, images.record(None, TINY))

    before, tape, tally = Node.of(root), Tape(), Tally(planned=60)
    traced(begin, tape)
    scratch = root.with_name(f"{root.name}-crashed")
    for words, done in states(before, tape.calls, root, scratch):
        run, fault, whole = Run(scratch), "", False
        try:
            with closing(run):
                run.hold()
            if run.exists:
                whole = run.config == TINY and run.record == images.record(None, TINY)
                whole = whole and read_listing(run) == listing
        except InfoganError as error:
            fault = str(error)
        tally.case(
            can_be_begun_again=fault and f"{words}: {fault}",
            whole_if_it_is_a_run=run.exists and not whole and f"{words}: not whole",
            there_once_done=done and not run.exists and f"{words}: no run",
        )
    return tally


def refusals(root: Path) -> Tally:
    """The disk refuses each call of a save in turn: a clear error, nothing lost, nothing left over,
    and the next save works."""
    folder = root / "checkpoints"
    root.mkdir()
    for step in (1, 2):
        save(folder, step)
    tape, tally = Tape(), Tally(planned=30)
    spare = root.with_name("spare")
    shutil.copytree(root, spare)
    traced(lambda: save(folder, 3), tape)
    for number, (kind, _, _) in enumerate(tape.calls):
        for code in (errno.ENOSPC, errno.EIO, errno.EROFS):
            shutil.rmtree(root)
            shutil.copytree(spare, root)
            error = ""
            try:
                traced(lambda n=number, c=code: save(folder, 3), Tape(number, code))  # type: ignore[misc]
            except InfoganError as caught:
                error = str(caught)
            except OSError as caught:
                error = "" if kind in ("rename", "delete", "fsync") else repr(caught)
            there = checkpoints.found(folder)
            whole = [path for path in there if not checkpoints.fault(path)]
            silent = kind == "write" and not ("bytes" in error and "step-" in error)
            tally.case(
                earlier_ones_stay=len(whole) < 2 and f"{number}: {whole} of {there} are whole",
                error_names_file_and_bytes=silent and f"{number}: says {error!r}",
                nothing_is_left_over=[*folder.glob(".tmp-*")] and f"{number}: leftovers",
                saves_again=saves_again(folder),
            )
    return tally


def saves_again(folder: Path) -> str:
    """What is wrong with the save after a failure, if anything."""
    logging.disable(logging.WARNING)
    checkpoints.newest(folder)
    save(folder, 3)
    logging.disable(logging.NOTSET)
    newest = checkpoints.newest(folder)
    good = newest and newest[0]["step"] == 3 and not [*folder.glob(".*")]
    return "" if good else "the next save fails"
