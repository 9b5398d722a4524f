"""Several seeds of the same settings: one `infogan train` process per core, one thread in each."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infogan.analysis.selection import Selection, ranking_code, select
from infogan.config.settings import RunConfig
from infogan.core import interrupts
from infogan.core.errors import ConfigError, RunError
from infogan.data import load as data_load
from infogan.pipeline.run import scored
from infogan.runs.folder import SELECTION, Run
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
        """What it wrote to standard error; the file is removed when there is nothing in it."""
        text = self.log.read_text(encoding="utf-8", errors="replace").strip()
        if not text:
            self.log.unlink()
        return text.removeprefix("infogan: ")


def train(
    config: RunConfig,
    words: Sequence[str],
    folder: Path,
    count: int,
    *,
    fresh: bool = False,
    progress: Progress = lambda seed, step, line: None,
) -> tuple[Selection | None, dict[int, str]]:
    """Train `count` seeds, from the settings' own on, in folder/seed-N, and rank the runs without
    labels in folder/selection.json. The same call resumes.

    words: what follows `infogan train`, without --seed, --run and --fresh. Returns the ranking,
    None of fewer than two runs, and by seed why training failed. ConfigError where there is nothing
    to rank, RunError when the folder is itself a run.
    """
    if count < 2:
        raise ConfigError(f"--seeds {count}: give at least 2; a single one is --seed N")
    if ranking_code(config) is None:
        raise ConfigError("--seeds ranks runs by a categorical code that Q reads; there is none")
    if Run(folder).exists:
        raise RunError(f"{folder}: holds a run of one seed; choose another --run for several")
    data_load(config.data, "train")  # so that images are scanned, and any fault is named, once
    runs = {seed: Run(folder / f"seed-{seed}") for seed in range(config.seed, config.seed + count)}
    failed = _train(config, words, runs, fresh, progress)
    finished = [run.path for seed, run in runs.items() if seed not in failed]
    if len(finished) < 2:
        return None, failed
    selection = select(finished)
    Run(folder).write_json(folder / SELECTION, selection.tree())
    return selection, failed


def _train(
    config: RunConfig,
    words: Sequence[str],
    runs: Mapping[int, Run],
    fresh: bool,
    progress: Progress,
) -> dict[int, str]:
    """Train all seeds that are not finished (fresh: all); by seed, why training failed.

    On a GPU one process at a time. Raises Stopped after a signal, once all processes have saved.
    """
    waiting = [s for s in runs if fresh or not _finished(runs[s], config.replace(seed=s))]
    for seed in (seed for seed in runs if seed not in waiting):
        progress(seed, config.steps, {})
    at_once = _cores() if Engine.of(config).device.type == "cpu" else 1
    failed: dict[int, str] = {}
    with _ending() as running:
        while running or (waiting and not interrupts.asked()):
            while waiting and len(running) < at_once and not interrupts.asked():
                seed = waiting.pop(0)
                own = ["--seed", str(seed), "--run", str(runs[seed].path), *["--fresh"] * fresh]
                running.append(start(seed, runs[seed], [*words, *own]))
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


def _finished(run: Run, config: RunConfig) -> bool:
    """Whether a run of these settings is trained and scored."""
    trained = run.exists and run.weights_file.is_file() and run.config == config
    return trained and scored(run, config.steps)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start(seed: int, run: Run, words: Sequence[str]) -> Child:
    """Start to train one seed, in a session of its own: Ctrl-C in a terminal reaches this process
    alone, which passes it on once."""
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
def _ending() -> Iterator[list[Child]]:
    """The running processes, none of which survives the block, however it ends."""
    running: list[Child] = []
    try:
        yield running
    finally:
        for child in running:
            child.process.terminate()
        for child in running:
            child.process.wait()
