"""Where the time of a training step goes on CUDA: kernels, waits, copies, graphs (see gpu.py)."""

import linecache
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from infogan import data
from infogan.config.settings import RunConfig
from infogan.training.precision import frozen
from infogan.training.step import Step
from infogan.training.trainer import Trainer

CALLS = (
    *("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize"),
    *("cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel", "cuLaunchKernelEx"),
    *("cudaMemcpyAsync", "aten::item", "aten::_local_scalar_dense", "aten::copy_"),
)
"""Calls that are counted: waits, launches, copies, values read by Python."""


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of some work, the device's included."""
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.synchronize()
    begun = time.perf_counter()
    work()
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def trace(error: Exception) -> str:
    """An exception and where it arose, in a few lines."""
    return "".join(traceback.format_exception(error))[-1500:]


def where_time_goes(config: RunConfig, quick: bool) -> dict[str, Any]:
    """50 steps: speed, then kernels, synchronisations and operations by cost."""
    trainer, cuda = Trainer(config, data.load("digits")), config.device.startswith("cuda")
    n = 3 if quick else 50

    def steps() -> None:
        for _ in range(n):
            trainer.advance()

    for _ in range(10 if cuda else 1):
        trainer.advance()
    took = seconds(steps) / n
    found: dict[str, Any] = {"ms a step": 1e3 * took, "images_per_second": config.batch / took}
    if cuda:
        found["waits of one step, by line"] = waits(trainer)
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA][: 1 + cuda]) as profiler:
        found["ms a step, profiled"] = 1e3 * seconds(steps) / n
    table = profiler.key_averages()
    for what in ("cpu", "device")[: 1 + cuda]:
        rows = [(getattr(row, f"self_{what}_time_total"), row.count, row.key) for row in table]
        found[f"most expensive, {what}: µs and calls a step"] = {
            name[:120]: (us / n, calls / n) for us, calls, name in sorted(rows, reverse=True)[:10]
        }
    counts = {row.key: row.count / n for row in table}
    found["calls a step"] = {name: counts[name] for name in CALLS if name in counts}
    if cuda:
        found |= on_the_device(profiler, n, took)
    return found


def on_the_device(profiler: profile, n: int, took: float) -> dict[str, Any]:
    """Kernels and copies a step; the share of an unprofiled step in which the device is busy."""
    events = [event for event in profiler.events() or [] if "CUDA" in str(event.device_type)]
    moves = Counter(e.name for e in events if e.name.startswith(("Memcpy", "Memset")))
    busy, end = 0.0, float("-inf")
    for span in sorted((e.time_range.start, e.time_range.end) for e in events):
        busy += max(0.0, span[1] - max(span[0], end))  # what no earlier one covers, in µs
        end = max(end, span[1])
    return {
        "kernels a step": (len(events) - moves.total()) / n,
        "copies a step": {name: count / n for name, count in moves.items()},
        "ms a step, device busy": busy / 1e3 / n,
        "busy share": busy / 1e6 / n / took,
    }


def waits(trainer: Trainer) -> dict[str, int]:
    """How often one step waits for the device, by the line of Python that does."""
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            trainer.advance()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    lines = Counter((w.filename, w.lineno) for w in said if "synchroniz" in str(w.message))
    return {
        f"{Path(*Path(file).parts[-2:])}:{line} {linecache.getline(file, line).strip()[:70]}": n
        for (file, line), n in lines.most_common()
    }


def captured(config: RunConfig, player: str) -> dict[str, Any]:
    """Capture one player's loss and its gradients. What is drawn on the CPU is drawn, and on the
    device, before the capture begins."""
    trainer = Trainer(config, data.load("digits"))
    for _ in range(3):
        trainer.advance()
    objective, players = config.objective, trainer.players
    other, but = ("d", objective.g_heads) if player == "g" else ("g", frozenset[str]())

    def ready() -> Step:
        latent, alone = trainer.model.latent, trainer.processes
        step = Step(trainer.batches, alone, players, latent, player, 0, 0.5)
        _ = step.images, step.moves  # computes the views as well
        return step

    def work(step: Step) -> None:
        with frozen([players[other]], but):
            loss = objective.g_loss(step) if player == "g" else objective.d_loss(step)
            loss.total.backward()

    steps, stream = [ready() for _ in range(14)], torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work(steps.pop())
    torch.cuda.current_stream().wait_stream(stream)
    eager = min(seconds(lambda: work(steps.pop())) for _ in range(10))
    recorded, found = torch.cuda.CUDAGraph(), {"ms eager": 1e3 * eager}
    try:
        with torch.cuda.graph(recorded):
            work(steps.pop())
    except Exception as error:
        return found | {"captured": False, "why": trace(error)}
    replayed = min(seconds(recorded.replay) for _ in range(10))
    return found | {"captured": True, "ms replayed": 1e3 * replayed}
