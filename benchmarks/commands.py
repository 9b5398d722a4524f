"""Runs of a study: each is one command of `infogan train`, and its row goes into the result file as
soon as it is there."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def trained(words: Iterable[str], seed: int, run: Path) -> Row:
    """The scores of a run on one thread, which is trained where it is not there."""
    told = [
        sys.executable,
        "-m",
        "infogan",
        "train",
        *words,
        "--seed",
        str(seed),
        "--run",
        str(run),
    ]
    env = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    ended = subprocess.run(told, env=env, capture_output=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stderr.decode())
    scores: Row = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    return scores


def collect(
    row: Callable[[str, int], Row],
    tasks: Iterable[tuple[str, int]],
    runs: dict[str, list[Row]],
    processes: int | None,
    write: Callable[[], None],
) -> None:
    """Put the row of each task, a name with a seed, into `runs`, by name and in the order of seeds;
    write after each. A row of the same seed is replaced."""
    with ThreadPoolExecutor(processes) as pool:
        waiting = {pool.submit(row, *task): task for task in tasks}
        for future in as_completed(waiting):
            (name, seed), found = waiting[future], future.result()
            rows = [old for old in runs.get(name, []) if old["seed"] != seed] + [found]
            runs[name] = sorted(rows, key=lambda one: int(one["seed"]))
            write()
            print(name, found, flush=True)
