"""Several seeds of the same settings: `infogan train` once for each, a process a core, one thread in each."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infogan.config.settings import RunConfig
from infogan.core import interrupts
from infogan.core.errors import RunError
from infogan.pipeline.run import scored
from infogan.runs.folder import Run
from infogan.training.device import Engine

PAUSE = 0.2
"""Seconds between two looks at the processes."""
logger = logging.getLogger("infogan")
Progress = Callable[[int, int, dict[str, float]], None]
"""Called now and then with a seed, its step and the latest line of its log."""


@dataclass(frozen=True)
class Child:
    """The process that trains one seed."""

    seed: int
    run: Run
    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self) -> str:
        """What it wrote to standard error; the file goes when there is nothing in it."""
        text = self.log.read_text(encoding="utf-8", errors="replace").strip()
        if not text:
            self.log.unlink()
        return text.removeprefix("infogan: ")


def runs_in(folder: Path, config: RunConfig, count: int) -> dict[int, Run]:
    """The run of each seed, from the settings' own seed on; RunError where the folder is itself a run."""
    if Run(folder).exists:
        raise RunError(f"{folder}: holds a run of one seed; choose another --run for several")
    return {seed: Run(folder / f"seed-{seed}") for seed in range(config.seed, config.seed + count)}


def train(
    config: RunConfig,
    words: Sequence[str],
    runs: dict[int, Run],
    *,
    fresh: bool = False,
    progress: Progress = lambda seed, step, line: None,
) -> dict[int, str]:
    """Train the seeds that are not finished yet (fresh: all of them); by seed, what went wrong where something did.

    words: what follows `infogan train`, but for --seed, --run and --fresh. One process at a time on a GPU. Stopped,
    once every process has saved and ended, when a signal asks for it.
    """
    waiting = [
        seed for seed, run in runs.items() if fresh or not finished(run, config.replace(seed=seed))
    ]
    for seed in (seed for seed in runs if seed not in waiting):
        progress(seed, config.steps, {})
    at_once = cores() if Engine.of(config).device.type == "cpu" else 1
    failed: dict[int, str] = {}
    with ending() as running:
        while running or (waiting and not interrupts.asked()):
            while waiting and len(running) < at_once and not interrupts.asked():
                seed = waiting.pop(0)
                own = [
                    *words,
                    "--seed",
                    str(seed),
                    "--run",
                    str(runs[seed].path),
                    *(["--fresh"] if fresh else []),
                ]
                running.append(start(seed, runs[seed], own))
            time.sleep(PAUSE)
            for child in [*running]:
                code = child.process.poll()
                line = (child.run.metrics() or [{}])[-1]
                progress(child.seed, line.get("step", 0), line)
                if code is not None:
                    running.remove(child)
                    said = child.said()
                    if code and not interrupts.asked():
                        failed[child.seed] = said or f"its process ended with code {code}"
                    elif said and not code:
                        logger.warning("seed %d: %s", child.seed, said)
    interrupts.poll()
    return failed


def finished(run: Run, config: RunConfig) -> bool:
    """Whether there is nothing left to do for these settings."""
    return (
        run.exists
        and run.weights_file.is_file()
        and run.config == config
        and scored(run, config.steps)
    )


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start(seed: int, run: Run, words: Sequence[str]) -> Child:
    """Begin to train one seed. The process is of a session of its own: Ctrl-C in a terminal reaches this one alone,
    which passes it on once."""
    run.path.parent.mkdir(parents=True, exist_ok=True)
    path = run.path.with_name(f"{run.path.name}.log")
    with path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "infogan", "train", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            start_new_session=True,
        )
    interrupts.pass_on(process)
    return Child(seed, run, process, path)


@contextmanager
def ending() -> Iterator[list[Child]]:
    """The processes that run; none is left after the block, however it ends."""
    running: list[Child] = []
    try:
        yield running
    finally:
        for child in running:
            child.process.terminate()
        for child in running:
            child.process.wait()
