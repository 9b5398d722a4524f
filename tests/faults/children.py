"""Real processes that are killed and signalled. Run as a script, so that a small process that has imported everything
and never used a second thread can fork them: python children.py kills|signals|locks --count N [--defect NAME].

A child writes each phase it enters and leaves into a pipe, which outlives it: the proof of where it was hit.
"""

import argparse
import contextlib
import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from harness import TINY, Tally, difference, planted, result, strokes
from PIL import Image

from infogan import cli
from infogan.data import folder as data_folder
from infogan.pipeline import run as pipeline_run
from infogan.pipeline.run import fit
from infogan.runs import checkpoints
from infogan.runs.folder import Run
from infogan.training import trainer as training
from infogan.training.trainer import Trainer

DEFECTS: dict[str, tuple[Any, str, str, str]] = {
    "moments are not restored": (
        Trainer,
        "restore",
        'put_moments(self.d_optim, "d", moments)',
        "pass",
    ),
    "the folder is not locked": (
        Run,
        "_hold",
        "fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
    ),
    "a stopped run ends with 0": (cli, "main", "sys.exit(stop.code)", "sys.exit(0)"),
    "a signal is only seen after training": (training, "train", "and not stopping", ""),
    "nothing is saved at a signal": (training, "train", "or last or stopping", "or last"),
}


class Child:
    """A forked process and the phases that it told of."""

    def __init__(self, work: Callable[[], Any], log: Path) -> None:
        self.phases, self._pipe = "", os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(self._pipe[1])
            return
        code = 1
        try:
            out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            tell(self._pipe[1])
            work()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        finally:
            sys.stderr.flush()
            os._exit(code)

    def listen(self, seconds: float) -> bool:
        """Read what was told within that time; False at the end of the child."""
        if select.select([self._pipe[0]], [], [], seconds)[0]:
            news = os.read(self._pipe[0], 1 << 16).decode()
            self.phases += news
            return bool(news)
        return True

    def until(self, phase: str, times: int = 1) -> bool:
        """Wait until a phase was entered that many times; False when the child ended before."""
        while self.phases.count(phase) < times:
            if not self.listen(60):
                return False
        return True

    def end(self) -> int:
        """Wait for its end; the exit code, or minus the signal."""
        while self.listen(60):
            pass
        os.close(self._pipe[0])
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def tell(pipe: int) -> None:
    """Have the phases of a run write a letter each: capital when entered, small when left."""
    for letter, holder, name in (
        ("F", data_folder, "convert"),
        ("T", Trainer, "advance"),
        ("S", checkpoints, "write"),
        ("E", pipeline_run, "record"),
    ):
        original = getattr(holder, name)

        def spied(*args: Any, letter: str = letter, original: Any = original, **named: Any) -> Any:
            os.write(pipe, letter.encode())
            value = original(*args, **named)
            os.write(pipe, letter.lower().encode())
            return value

        setattr(holder, name, spied)


def kills(root: Path, count: int) -> Tally:
    """SIGKILL at random moments, half of them aimed into a save; each run is killed up to four times, then finished."""
    rng, tally, config = random.Random(0), Tally(count), TINY.replace(steps=24, checkpoint_every=2)
    images, inside, often, run_number = strokes(), 0, 0, 0
    fit(config, root / "unbroken", images=images)
    expected = result(root / "unbroken")
    begun = time.perf_counter()
    fit(config, root / "timed", images=images)
    seconds = time.perf_counter() - begun
    trainer = Trainer(config, images)
    begun = time.perf_counter()
    for i in range(5):
        checkpoints.write(root / f"probe-{i}", *trainer.state())
    a_save = (time.perf_counter() - begun) / 5
    while tally.trials < count:
        run_number += 1
        run = root / f"run-{run_number}"
        wanted, done, lost = (4 if run_number % 3 else 1), 0, ""
        for _ in range(wanted):
            child = Child(partial(fit, config, run, images=images), root / "log")
            aimed = rng.random() < 0.65
            if aimed:
                child.until("S", rng.randint(1, 3))
            time.sleep(rng.uniform(0, a_save if aimed else seconds / 2))
            os.kill(child.pid, signal.SIGKILL)
            if child.end() != -signal.SIGKILL:
                break  # it was faster
            done += 1
            within = child.phases.count("S") > child.phases.count("s")
            inside += within
        finished = Child(partial(fit, config, run, images=images), root / "log")
        code = finished.end()
        lost = (
            f"ended with {code}: {(root / 'log').read_text()[-300:]}"
            if code
            else difference(run, expected)
        )
        for _ in range(done):
            tally.case(lost and f"run {run_number}, killed {done} times: {lost}")
        often += done >= 3
        shutil.rmtree(run)
    tally.notes = {"inside a save": inside, "runs killed three times or more": often}
    if inside < count // 2:
        tally.failures.append(f"only {inside} of {tally.trials} kills were inside a save")
    return tally


def arguments(root: Path, run: Path) -> list[str]:
    """The command that trains into a run folder on a folder of images."""
    photos = root / "photos"
    if not photos.exists():
        for i, (pixels, label) in enumerate(zip(strokes().pixels, strokes().labels, strict=True)):
            path = photos / "abcd"[label] / f"{i:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[..., 0]).save(path)
        (root / "tiny.json").write_text(
            json.dumps(
                TINY.tree() | {"checkpoint_every": 5, "steps": 20, "data": {"name": str(photos)}}
            )
        )
    return [
        "train",
        str(photos),
        "-c",
        str(root / "tiny.json"),
        "--run",
        str(run),
        "--data.max-bad",
        "0",
    ]


def stops(root: Path, count: int) -> Tally:
    """SIGTERM and SIGINT in each phase of the command, and twice in quick succession; then the same command again."""
    rng, tally = random.Random(0), Tally(count)
    command = arguments(root, root / "unbroken")
    Child(partial(cli.main, command), root / "log").end()
    expected = result(root / "unbroken")
    seen = dict.fromkeys("FTSE", 0)
    while tally.trials < count:
        number, phase = tally.trials, "FTSE"[tally.trials % 4]
        which, twice = (signal.SIGTERM, signal.SIGINT)[number // 4 % 2], number % 16 >= 12
        run, log = root / f"run-{number}", root / f"log-{number}"
        os.environ["INFOGAN_CACHE"] = str(root / f"cache-{number}")  # images are scanned anew
        words = arguments(root, run)
        with (
            mock.patch("infogan.pipeline.run.plots.run_figures")
            if phase != "E"
            else contextlib.nullcontext()
        ):
            child = Child(partial(cli.main, words), log)
        child.until(
            phase, rng.randint(1, 12) if phase == "T" else rng.randint(1, 3) if phase == "S" else 1
        )
        time.sleep(rng.uniform(0, 0.01))
        child.listen(0)
        begun = child.phases.count("T")
        for _ in range(1 + twice):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, which)
        code, said = child.end(), log.read_text()
        seen[phase] += 1
        steps, saved = (
            child.phases.count("t"),
            [int(p.name[5:]) for p in checkpoints.found(run / "checkpoints")],
        )
        log.unlink()
        with mock.patch("infogan.pipeline.run.plots.run_figures"):
            over = Child(partial(cli.main, words), log).end()
        tally.case(
            code != 128 + which and f"{phase}: {which.name} ended with {code}: {said[-300:]}",
            child.phases.count("T") > begun + 3 and f"{phase}: went on for {child.phases[-40:]}",
            not twice
            and "resume with\n  infogan train" not in said
            and f"{phase}: said {said[-300:]!r}",
            not twice
            and steps
            and max(saved, default=0) != steps
            and f"{phase}: {saved} saved after step {steps}",
            over and f"{phase}: taken up again, ended with {over}: {log.read_text()[-300:]}",
            difference(run, expected),
            not (run / "scores.json").is_file() and f"{phase}: never scored",
        )
        shutil.rmtree(run)
    tally.notes = {"in scan, training, save, scoring": list(seen.values())}
    return tally


def locks(root: Path, count: int) -> Tally:
    """A second process on a run folder is refused, and the next one after a kill is not."""
    tally = Tally(count)
    while tally.trials < count:
        run = root / f"run-{tally.trials}"
        words = arguments(root, run)
        first = Child(partial(cli.main, words), root / "first")
        first.until("T")
        os.kill(first.pid, signal.SIGSTOP)
        second = Child(partial(cli.main, words), root / "second")
        code, said = second.end(), (root / "second").read_text()
        os.kill(first.pid, signal.SIGKILL)
        first.end()
        third = Child(partial(cli.main, words), root / "third").end()
        tally.case(
            (code != 2 or f"in use by process {first.pid} on" not in said)
            and f"second: {code}, {said[-200:]}",
            third and f"third: {(root / 'third').read_text()[-200:]}",
        )
    return tally


@contextlib.contextmanager
def defect(name: str | None) -> Iterator[None]:
    """The program with one of DEFECTS, or as it is."""
    with planted(*DEFECTS[name]) if name else contextlib.nullcontext():
        yield


def main() -> None:
    """Print the tally as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("harness", choices=["kills", "stops", "locks"])
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--defect", choices=list(DEFECTS))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as root, defect(asked.defect):
        os.environ["INFOGAN_CACHE"] = str(Path(root) / "cache")
        tally = {"kills": kills, "stops": stops, "locks": locks}[asked.harness](
            Path(root), asked.count
        )
    print(json.dumps({**tally.report(), "first failures": tally.failures[:3]}))


if __name__ == "__main__":
    main()
