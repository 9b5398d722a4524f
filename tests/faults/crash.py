"""Every point at which writing can be cut off: a whole checkpoint is there afterwards, and no damaged one."""

import errno
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import torch
from disk import Node, Tape, states
from harness import Tally

from infogan.core import atomic
from infogan.core.errors import InfoganError
from infogan.runs import checkpoints


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
        tally.case(
            damaged and f"{words}: {damaged} under its own name",
            len(steps) < kept and f"{words}: only {steps} left",
            newest < earlier + done and f"{words}: {newest} is the newest",
            after(scratch, newest, words),
        )
    return tally


def after(root: Path, newest: int, words: str) -> str:
    """What is wrong with the next start, if anything."""
    try:
        content = checkpoints.newest(root / "checkpoints")
    except InfoganError as error:
        return f"{words}: {error}"
    if (content[0]["step"] if content else 0) != newest:
        return f"{words}: another checkpoint was taken"
    left = (
        [path.name for path in (root / "checkpoints").glob(".*")]
        if (root / "checkpoints").exists()
        else []
    )
    return f"{words}: {left} stays" if left else ""


def files(root: Path) -> Tally:
    """Crash points of a file that is replaced: settings, log, model."""
    root.mkdir()
    path, old, new = root / "config.json", b"old" * 20, b"new" * 30
    atomic.replace(path, old)
    before, tape, tally = Node.of(root), Tape(), Tally(planned=30)
    traced(lambda: atomic.replace(path, new), tape)
    scratch = root.with_name(f"{root.name}-crashed")
    for words, done in states(before, tape.calls, root, scratch):
        content = (
            (scratch / path.name).read_bytes() if (scratch / path.name).exists() else b"no file"
        )
        tally.case(content not in ([new] if done else [old, new]) and f"{words}: {content[:9]!r}")
    return tally


def refusals(root: Path) -> Tally:
    """The disk refuses each call of a save in turn: a clear error, nothing lost, nothing left, and the next works."""
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
            there = [path.name for path in checkpoints.found(folder)]
            tally.case(
                len([p for p in checkpoints.found(folder) if not checkpoints.fault(p)]) < 2
                and f"{number}: {there}",
                kind == "write"
                and not ("bytes" in error and "step-" in error)
                and f"{number}: says {error!r}",
                bool([*folder.glob(".tmp-*")]) and f"{number}: leftovers",
                saves_again(folder),
            )
    return tally


def saves_again(folder: Path) -> str:
    """What is wrong with the save after a failure, if anything."""
    logging.disable(logging.WARNING)
    checkpoints.newest(folder)
    save(folder, 3)
    logging.disable(logging.NOTSET)
    newest = checkpoints.newest(folder)
    return (
        ""
        if newest and newest[0]["step"] == 3 and not [*folder.glob(".*")]
        else "the next save fails"
    )
