"""Images per second of one training step on the paper's MNIST networks, against a textbook loop.

    python benchmarks/speed.py [--json]        (make bench-speed)

Three loops take turns in one run, so that a drifting machine slows all alike: (a) the loop of the
tutorials (fp32, torch.optim.Adam, binary cross entropy, NCHW memory), (b) ours in fp32, (c) ours as
the default chooses. The peak is that of a 2048x2048 matrix product in the same dtype, measured
between the turns. The recipes `digits` and `mnist` take their turns too, on networks of their own:
of these the utilisation can be compared, not the images. Writes benchmarks/results/speed.json."""

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from infogan import data
from infogan.config.presets import DIGITS, MNIST, PAPER
from infogan.config.settings import RunConfig
from infogan.data.images import to_float
from infogan.networks.dcgan import Dcgan, Discriminator, Generator
from infogan.training.device import Engine
from infogan.training.trainer import Trainer

KINDS = {
    "convolutions": ("convolution",),
    "matrix products": ("aten::mm", "addmm", "bmm"),
    "batch normalisation": ("batch_norm",),
    "leaky ReLU": ("leaky_relu",),
}
"""What a step's time is counted by: parts of the names of operations."""
TARGET = Path(__file__).parent / "results" / "speed.json"


def textbook(images: Tensor, batch: int) -> Callable[[], None]:
    """InfoGAN as tutorials write it, on the same networks; returns one training step."""
    shape = (28, 28, 1)
    g = Generator(Dcgan(), 74, shape).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    d = Discriminator(Dcgan(), shape, {"real": 1, "code": 14}).to(
        memory_format=torch.contiguous_format
    )  # type: ignore[call-overload]
    d_optim = torch.optim.Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999))
    g_optim = torch.optim.Adam(g.parameters(), lr=1e-3, betas=(0.5, 0.999))
    bce, ones, zeros = nn.BCEWithLogitsLoss(), torch.ones(batch, 1), torch.zeros(batch, 1)

    def draw() -> tuple[Tensor, Tensor, Tensor]:
        digit, continuous = torch.randint(0, 10, (batch,)), torch.rand(batch, 2) * 2 - 1
        return (
            torch.cat([torch.randn(batch, 62), F.one_hot(digit, 10).float(), continuous], 1),
            digit,
            continuous,
        )

    def information(out: Tensor, digit: Tensor, continuous: Tensor) -> Tensor:
        loss = F.cross_entropy(out[:, :10], digit)
        return loss + 0.1 * F.gaussian_nll_loss(out[:, 10:12], continuous, out[:, 12:].exp())

    def step() -> None:
        real = images[torch.randint(0, len(images), (batch,))]
        z, digit, continuous = draw()
        d_optim.zero_grad()
        fake = d(g(z).detach())
        loss = bce(d(real).heads["real"], ones) + bce(fake.heads["real"], zeros)
        (loss + information(fake.heads["code"], digit, continuous)).backward()
        d_optim.step()
        z, digit, continuous = draw()
        g_optim.zero_grad()
        fake = d(g(z))
        (
            bce(fake.heads["real"], ones) + information(fake.heads["code"], digit, continuous)
        ).backward()
        g_optim.step()

    return step


def peak(dtype: torch.dtype) -> float:
    """GFLOP/s of a 2048x2048 matrix product."""
    a, b = (torch.randn(2048, 2048).to(dtype) for _ in range(2))
    return max(2 * 2048**3 / timed(lambda: a @ b) / 1e9 for _ in range(5))


def work(step: Callable[[], Any], batch: int) -> float:
    """MFLOP of one step an image: convolutions and matrix products, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        step()
    flops: int = counter.get_total_flops()
    return flops / batch / 1e6


def shares(step: Callable[[], Any]) -> dict[str, float]:
    """Shares of the CPU time of ten steps by kind of operation."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(10):
            step()
    events = profile.key_averages()
    whole = sum(event.self_cpu_time_total for event in events)
    return {
        kind: sum(e.self_cpu_time_total for e in events if any(n in e.key for n in names)) / whole
        for kind, names in KINDS.items()
    }


def timed(step: Callable[[], Any]) -> float:
    """Seconds of one call."""
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


def phases(trainer: Trainer, repeats: int) -> dict[str, float]:
    """Median milliseconds of D's and of G's update."""
    k = trainer.config.d_steps
    d = [timed(partial(trainer.d_step, k * trainer.step + i)) for i in range(repeats)]
    g = [timed(partial(trainer.g_step, trainer.step + i)) for i in range(repeats)]
    return {"d_step_ms": 1e3 * statistics.median(d), "g_step_ms": 1e3 * statistics.median(g)}


def main() -> None:
    """Measure, print the table, write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=5, help="steps of each loop in a round")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    arguments = parser.parse_args()
    digits = data.load("digits")
    configs: dict[str, RunConfig] = {
        "ours fp32": PAPER.replace(precision="fp32"),
        "ours default": PAPER,
        "digits": DIGITS,
        "mnist": MNIST.replace(data=DIGITS.data),
    }
    trainers = {name: Trainer(config, digits) for name, config in configs.items()}
    loops: dict[str, Callable[[], Any]] = {
        "textbook fp32": textbook(to_float(digits.pixels).contiguous(), PAPER.batch)
    }
    loops |= {name: trainer.advance for name, trainer in trainers.items()}
    dtypes = {"textbook fp32": torch.float32} | {
        name: t.engine.dtype for name, t in trainers.items()
    }
    batches = {name: configs.get(name, PAPER).batch for name in loops}
    for step in loops.values():
        for _ in range(3):
            step()
    mflop = {name: work(step, batches[name]) for name, step in loops.items()}
    speeds: dict[str, list[float]] = {name: [] for name in loops}
    peaks: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(arguments.rounds):
        for name, step in loops.items():
            seconds = statistics.median(timed(step) for _ in range(arguments.steps))
            speeds[name].append(batches[name] / seconds)
            peaks[name].append(peak(dtypes[name]))
    rows: dict[str, dict[str, Any]] = {}
    for name in loops:
        speed, top = statistics.median(speeds[name]), statistics.median(peaks[name])
        ratios = [
            ours / theirs
            for ours, theirs in zip(speeds[name], speeds["textbook fp32"], strict=True)
        ]
        rows[name] = {
            "dtype": str(dtypes[name]).removeprefix("torch."),
            "images_per_second": speed,
            "batch": batches[name],
            "mflop_per_image": mflop[name],
            "gflops": speed * mflop[name] / 1e3,
            "peak_gflops": top,
            "utilisation": speed * mflop[name] / 1e3 / top,
        }
        if configs.get(name, PAPER).networks == PAPER.networks:
            rows[name]["times_textbook"] = statistics.median(ratios)
        if name in trainers:
            rows[name] |= phases(trainers[name], arguments.steps)
            rows[name]["shares"] = shares(trainers[name].advance)
        if not arguments.json:
            shown = (
                f"{key} {round(v, 3) if isinstance(v, int | float) else v}"
                for key, v in rows[name].items()
            )
            print(f"{name:<14} {'  '.join(shown)}")
    report = {
        "speedup": rows["ours default"]["times_textbook"],
        "utilisation": rows["ours default"]["utilisation"],
        "images_per_second": {name: row["images_per_second"] for name, row in rows.items()},
        "peak_gflops": {row["dtype"]: row["peak_gflops"] for row in rows.values()},
        "command": "python benchmarks/speed.py "
        f"--rounds {arguments.rounds} --steps {arguments.steps}",
        "machine": Engine.of(PAPER).describe(),
        "batch": PAPER.batch,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "loops": rows,
    }
    text = json.dumps(report, indent=2)
    TARGET.write_text(text + "\n", encoding="utf-8")
    if arguments.json:
        print(text)


if __name__ == "__main__":
    main()
