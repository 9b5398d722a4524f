"""Several seeds of the same settings: one `infogan train` process per core, one thread in each."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from infogan.analysis.selection import Selection, ranking_codes, select
from infogan.config.settings import RunConfig
from infogan.core import interrupts
from infogan.core.errors import ConfigError, RunError
from infogan.core.machine import cores
from infogan.data import load as data_load
from infogan.pipeline.run import finished
from infogan.runs.folder import SELECTION, Run
from infogan.training.device import Engine

PAUSE = 0.2  # seconds between two looks at the processes
logger = logging.getLogger("infogan")
Progress = Callable[[int, int, dict[str, float]], None]
"""Called now and then with a seed, its step and the latest line of its log."""


def train(
    config: RunConfig,
    words: Sequence[str],
    folder: Path,
    count: int,
    fresh: bool,
    show: Progress,
    processes: int | None = None,
) -> tuple[Selection | None, dict[int, str]]:
    """Train `count` seeds, from the settings' own on, in folder/seed-N, on a GPU one at a time, and
    rank them without labels in folder/selection.json. The same call resumes.

    words: what follows `infogan train`, without --seed, --run and --fresh. processes: how many at
    once (None: one a core, or one on a GPU). Returns the ranking,
    None of fewer than two runs, and by seed why training failed. ConfigError where there is nothing
    to rank, RunError when the folder is itself a run.
    """
    if count < 2:
        raise ConfigError(f"--seeds {count}: give at least 2; a single one is --seed N")
    if not ranking_codes(config):
        what = "by a categorical code that Q reads, or by two continuous ones"
        raise ConfigError(f"--seeds ranks runs {what}; there are none")
    if Run(folder).exists:
        raise RunError(f"{folder}: holds a run of one seed; choose another --run for several")
    data_load(config.data, "train")  # so that images are scanned, and any fault is named, once
    runs = {seed: Run(folder / f"seed-{seed}") for seed in range(config.seed, config.seed + count)}
    done = {s for s in runs if not fresh and finished(runs[s], config.replace(seed=s))}
    for seed in sorted(done):
        show(seed, config.steps, {})
    waiting = {seed: run for seed, run in runs.items() if seed not in done}
    at_once = processes or (cores() if Engine.of(config).device.type == "cpu" else 1)
    if waiting:
        what = f"{len(waiting)} seeds of {config.steps:,} steps, up to {at_once} at once"
        logger.info("%s, into %s; Ctrl-C stops, and the same command goes on", what, folder)
    failed = _train([*words, *["--fresh"] * fresh], waiting, config.steps, at_once, show)
    trained = [run.path for seed, run in runs.items() if seed not in failed]
    if len(trained) < 2:
        return None, failed
    selection = select(trained)
    Run(folder).write_json(folder / SELECTION, selection.tree())
    return selection, failed


def _train(
    words: list[str], runs: dict[int, Run], steps: int, at_once: int, show: Progress
) -> dict[int, str]:
    """Train these seeds; by seed, why training failed. Stopped after a signal, once all saved."""
    logs = {seed: Path(f"{run.path}.log") for seed, run in runs.items()}
    running: dict[int, subprocess.Popen[bytes]] = {}
    failed: dict[int, str] = {}
    waiting, trained = list(runs), set[int]()
    try:
        while running or (waiting and not interrupts.asked()):
            while waiting and len(running) < at_once and not interrupts.asked():
                seed = waiting.pop(0)
                where = str(runs[seed].path)
                running[seed] = start([*words, f"--seed={seed}", "--run", where], logs[seed])
            time.sleep(PAUSE)
            for seed, process in [*running.items()]:
                code, line = process.poll(), (runs[seed].metrics() or [{}])[-1]
                show(seed, line.get("step", 0), line)
                if code is None and line.get("step") == steps and seed not in trained:
                    trained.add(seed)
                    logger.info("seed %d: scoring, drawing, writing the report", seed)
                if code is not None:
                    del running[seed]
                    said = _said(logs[seed])
                    if code and not interrupts.asked():
                        failed[seed] = said or f"its process ended with code {code}"
                    elif said and not code:
                        logger.warning("seed %d: %s", seed, said)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()
    interrupts.poll()
    return failed


def _said(log: Path) -> str:
    """What a process wrote there; the file is removed when it is empty."""
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    if not text:
        log.unlink()
    return text.removeprefix("infogan: ")


def start(words: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    """Start `infogan train`, in a session of its own: Ctrl-C in a terminal reaches this process
    alone, which passes it on once."""
    log.parent.mkdir(parents=True, exist_ok=True)
    command, nothing = [sys.executable, "-m", "infogan", "train", *words], subprocess.DEVNULL
    one = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    env = os.environ | one | {"INFOGAN_LOG": "warning"}  # what the images are was said once
    with log.open("wb") as err:
        process = subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=err, env=env, start_new_session=True
        )
    interrupts.pass_on(process)
    return process
