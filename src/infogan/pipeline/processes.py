"""One run in several processes of this machine: torch's launcher, and what to say of its end."""

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from signal import Signals
from tempfile import TemporaryDirectory

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException, Std
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from infogan.core.errors import ConfigError, RunError
from infogan.core.machine import cores

PAUSE = 0.2  # seconds between two looks at the processes


def train(words: Sequence[str], count: int, batch: int) -> int:
    """Run `infogan train` with these words in so many processes; the exit code of the first, 0 if
    all is well. It speaks for all. RunError names another process that failed."""
    if not 2 <= count <= batch:
        most = f"at least 2, at most {batch}, the images of a batch"
        raise ConfigError(f"--processes {count}: give {most}, or leave it out")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // count)))
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
    for name in ("agent.server", "multiprocessing"):  # what happened is said below
        logging.getLogger(f"torch.distributed.elastic.{name}.api").setLevel("CRITICAL")
    with TemporaryDirectory(prefix="infogan-") as logs:
        quiet = dict.fromkeys(range(1, count), Std.ALL)
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=count,
            run_id="infogan",
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            max_restarts=0,
            monitor_interval=PAUSE,
            logs_specs=DefaultLogsSpecs(log_dir=logs, redirects=quiet),
        )
        try:
            elastic_launch(config, sys.executable)("-m", "infogan", "train", *words)
        except SignalException as stop:
            return 128 + stop.sigval
        except ChildFailedError as failure:
            rank, first = failure.get_first_failure()
            if rank == 0 and first.exitcode > 0:
                return first.exitcode
            raise RunError(_why(rank, first.pid, first.exitcode, Path(logs))) from None
    return 0


def _why(rank: int, pid: int, code: int, logs: Path) -> str:
    """What became of a process, from its exit code and what it wrote."""
    if code < 0:
        ended = f"was ended by {Signals(-code).name}"
        return f"process {rank} (pid {pid}) {ended}; the same command resumes"
    said = [path.read_text(encoding="utf-8") for path in logs.rglob(f"{rank}/stderr.log")]
    lines = "".join(said).strip().removeprefix("infogan: ")
    return f"process {rank}: {lines or f'ended with code {code}'}"
