"""Checkpoints that rot: every flip, cut and swap is noticed, and the one before is used, with a
warning."""

import logging
import random
import shutil
from pathlib import Path

from harness import TINY, Tally, strokes

from infogan.core.errors import RunError
from infogan.pipeline.run import fit
from infogan.runs import checkpoints


def spoilt(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Bytes changed in one of the ways of disks, and its name."""
    at = rng.randrange(len(content))
    kind = rng.choice(["bit", "byte", "cut", "swap", "zeros", "more"])
    before, byte, after = content[:at], content[at], content[at + 1 :]
    match kind:
        case "bit":
            return kind, before + bytes([byte ^ 1 << rng.randrange(8)]) + after
        case "byte":
            return kind, before + bytes([(byte + rng.randrange(1, 256)) % 256]) + after
        case "cut":
            return kind, before
        case "swap":
            return kind, content[at:] + before
        case "zeros":
            return kind, before + bytes(min(64, len(content) - at)) + content[at + 64 :]
    return kind, content + b"\0"


def flips(root: Path, count: int) -> Tally:
    """Damage to any file of the newest of two checkpoints; and to both, which is an error that
    names them."""
    rng, tally, folder = random.Random(0), Tally(count), root / "run" / "checkpoints"
    fit(TINY.replace(steps=2), root / "run", images=strokes())
    older, newest = checkpoints.found(folder)
    files = {
        path: path.read_bytes() for path in [*sorted(newest.iterdir()), *sorted(older.iterdir())]
    }
    said: list[str] = []
    logger = logging.getLogger("infogan")
    listener = logging.Handler()
    listener.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(listener)
    try:
        while tally.trials < count:
            path = rng.choice([path for path in files if path.parent == newest])
            kind, content = spoilt(files[path], rng)
            if content == files[path]:
                continue  # zeros over zeros
            path.write_bytes(content)
            said.clear()
            step, refused, words = 0, "", f"{kind} of {path.name}"
            try:
                if state := checkpoints.newest(folder):
                    step = state[0]["step"]
            except RunError as error:
                refused = str(error)
            tally.case(
                goes_on=refused and f"{words}: {refused}",
                one_before_is_used=step != 1 and f"{words}: went on from {step}",
                warning_names_it=str(newest) not in " ".join(said) and f"{words}: said {said}",
            )
            for left in folder.iterdir():
                if left.name.startswith("damaged"):
                    left.rename(newest)
            path.write_bytes(files[path])
        both(folder, files, tally)
    finally:
        logger.removeHandler(listener)
    return tally


def both(folder: Path, files: dict[Path, bytes], tally: Tally) -> None:
    """No whole checkpoint: an error that names both, and no fresh start."""
    for name in {path.name for path in files}:
        for path in files:
            path.write_bytes(files[path][:-1] if path.name == name else files[path])
        try:
            used, refused = checkpoints.newest(folder), ""
        except RunError as error:
            used, refused = None, str(error)
        named = all(str(path.parent) in refused for path in files)
        words = f"both without the last byte of {name}"
        tally.case(
            stops=not refused and f"{words}: {'went on' if used else 'began anew'}",
            error_names_both=not named and f"{words}: says {refused}",
        )
    shutil.rmtree(folder)
