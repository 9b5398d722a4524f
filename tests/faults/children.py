"""Real processes that are killed and signalled. Run as a script, so that a small process that has
imported everything and never used a second thread can fork them:
python children.py kills|stops|locks --count N, or --planted.

A child writes each phase it enters and leaves into a pipe, which outlives it: the proof of where it
was hit.
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
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import torch._dynamo  # an optimizer imports it, for a second: here once, not in every child
from harness import TINY, Plant, Tally, difference, planted, result, strokes
from PIL import Image

from infogan import cli
from infogan.data import conversion
from infogan.pipeline import run as pipeline_run
from infogan.pipeline.run import fit
from infogan.runs import checkpoints
from infogan.runs.folder import Run
from infogan.training import trainer as training
from infogan.training.trainer import Trainer


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
        except BaseException:
            traceback.print_exc()
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
        ("F", conversion, "convert"),
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
    """SIGKILL at random moments, most of them aimed into a save; each run is killed up to four
    times, then finished."""
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
        done = 0
        for _ in range(4 if run_number % 3 else 1):
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
        code, words = finished.end(), f"run {run_number}, killed {done} times"
        lost = difference(run, expected)
        for _ in range(done or bool(code)):  # one that fails unkilled counts as well
            tally.case(
                starts_again=code and f"{words}: {code}, {(root / 'log').read_text()[-300:]}",
                result=lost and f"{words}: {lost}",
            )
        often += done >= 3
        shutil.rmtree(run)
    tally.notes = {"inside a save": inside, "runs killed three times or more": often}
    if inside < count // 2:
        tally.fail("aim", f"only {inside} of {tally.trials} kills were inside a save")
    return tally


def arguments(root: Path, run: Path) -> list[str]:
    """The command that trains into a run folder on a folder of images."""
    photos = root / "photos"
    if not photos.exists():
        for i, (pixels, label) in enumerate(zip(strokes().pixels, strokes().labels, strict=True)):
            path = photos / "abcd"[label] / f"{i:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[..., 0]).save(path)
        config = {"checkpoint_every": 7, "steps": 20, "data": {"name": str(photos)}}
        (root / "tiny.json").write_text(json.dumps(TINY.tree() | config))
    options = ["-c", str(root / "tiny.json"), "--run", str(run), "--data.max-bad", "0"]
    return ["train", str(photos), *options]


def undrawn() -> Any:
    """Within the block, runs draw no figures."""
    return mock.patch("infogan.pipeline.run.plots.run_figures")


def stops(root: Path, count: int) -> Tally:
    """SIGTERM and SIGINT in each phase of the command, and twice in quick succession; then the same
    command again."""
    rng, tally = random.Random(0), Tally(count)
    Child(partial(cli.main, arguments(root, root / "unbroken")), root / "log").end()
    expected = result(root / "unbroken")
    seen = dict.fromkeys("FTSE", 0)
    while tally.trials < count:
        number, phase = tally.trials, "FTSE"[tally.trials % 4]
        which, twice = (signal.SIGTERM, signal.SIGINT)[number // 4 % 2], number % 16 >= 12
        run, log = root / f"run-{number}", root / f"log-{number}"
        os.environ["INFOGAN_CACHE"] = str(root / f"cache-{number}")  # images are scanned anew
        command = arguments(root, run)
        with undrawn() if phase != "E" else contextlib.nullcontext():
            child = Child(partial(cli.main, command), log)
        child.until(phase, {"T": rng.randint(1, 12), "S": rng.randint(1, 3)}.get(phase, 1))
        time.sleep(rng.uniform(0, 0.01))
        child.listen(0)
        begun = child.phases.count("T")
        for _ in range(1 + twice):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, which)
        code, said = child.end(), log.read_text()
        seen[phase] += 1
        steps, longer = child.phases.count("t"), child.phases.count("T") > begun + 3
        there = checkpoints.found(run / "checkpoints")
        saved = max((int(path.name.removeprefix("step-")) for path in there), default=0)
        log.unlink()
        with undrawn():
            over = Child(partial(cli.main, command), log).end()
        again = "infogan train" in said and str(run) in said
        tally.case(
            no_traceback="Traceback" in said and f"{phase}: {said[-600:]}",
            exit_code=code != 128 + which and f"{phase}: {which.name} ended with {code}: {said}",
            stops_soon=longer and f"{phase}: went on for {child.phases[-40:]}",
            says_how_to_go_on=not twice and not again and f"{phase}: said {said}",
            last_step_is_saved=not twice
            and saved != steps
            and f"{phase}: {saved} saved after step {steps}",
            starts_again=over and f"{phase}: {over}, {log.read_text()[-300:]}",
            result=difference(run, expected),
            scores=not (run / "scores.json").is_file() and f"{phase}: never scored",
        )
        shutil.rmtree(run)
    tally.notes = {"in scan, training, save, scoring": list(seen.values())}
    return tally


def locks(root: Path, count: int) -> Tally:
    """A second process on a run folder is refused, and the next one after a kill is not."""
    tally = Tally(count)
    while tally.trials < count:
        command = arguments(root, root / f"run-{tally.trials}")
        first = Child(partial(cli.main, command), root / "first")
        first.until("T")
        os.kill(first.pid, signal.SIGSTOP)
        second = Child(partial(cli.main, command), root / "second")
        code, said = second.end(), (root / "second").read_text()
        os.kill(first.pid, signal.SIGKILL)
        first.end()
        third = Child(partial(cli.main, command), root / "third").end()
        tally.case(
            no_traceback="Traceback" in said and said[-600:],
            second_is_refused=code != 2 and f"{code}, {said[-200:]}",
            first_is_named=str(first.pid) not in said and said[-200:],
            third_is_let_in=third and f"{third}, {(root / 'third').read_text()[-200:]}",
        )
    return tally


LOCKING = "fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)"
DEFECTS = {
    "moments are not restored": (
        Plant(Trainer, "restore", 'put_moments(self.d_optim, "d", moments)', "pass"),
        kills, 1),
    "a stopped run ends with 0": (
        Plant(cli, "main", "sys.exit(stop.code)", "sys.exit(0)"),
        stops, 2),
    "a signal is only seen after training": (
        Plant(training, "train", "and not stopping", ""),
        stops, 2),
    "nothing is saved at a signal": (
        Plant(training, "train", "or last or stopping", "or last"),
        stops, 2),
    "a plant that is misspelt": (
        Plant(cli, "main", "sys.exit(stop.code)", "sys.exit(stpo.code)"),
        stops, 1),
    "the folder is not locked": (
        Plant(Run, "_lock_folder", LOCKING, "pass"),
        locks, 1),
}  # fmt: skip
"""The defect, the harness that must catch it, and how many cases it takes."""


def report(harness: Callable[[Path, int], Tally], count: int) -> dict[str, Any]:
    """What a harness finds, in a folder of its own."""
    with tempfile.TemporaryDirectory() as root:
        os.environ["INFOGAN_CACHE"] = str(Path(root) / "cache")
        return harness(Path(root), count).report()


def main() -> None:
    """Print the tally of a harness as JSON, or those of all DEFECTS, planted one after another."""
    parser = argparse.ArgumentParser()
    harnesses = {"kills": kills, "stops": stops, "locks": locks}
    parser.add_argument("harness", choices=list(harnesses), nargs="?")
    parser.add_argument("--count", type=int)
    parser.add_argument("--planted", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if not asked.planted:
        print(json.dumps(report(harnesses[asked.harness], asked.count)))
        return
    reports = {}
    for defect, (plant, harness, count) in DEFECTS.items():
        with planted(*plant):
            reports[defect] = report(harness, count)
    print(json.dumps(reports))


if __name__ == "__main__":
    main()
