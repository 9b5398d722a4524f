"""What CUDA makes of training: right numbers, exact resume, speed, and where the time goes.

    python benchmarks/gpu.py [--mnist FOLDER] [--output FILE] [--seconds 285]   (make bench-gpu)
    python benchmarks/gpu.py --device cpu --quick --output /tmp/quick.json      (tries the script)

Each part is written to the file as soon as it ends; a part that fails, as the text of its
exception. Parts for which the seconds no longer suffice are left out.
"""

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gpu_profile
import numpy as np
import torch
from gpu_profile import seconds, trace
from torch import Tensor

from infogan import data
from infogan.analysis.evaluation import evaluate
from infogan.config.presets import DIGITS, MNIST, PRESETS
from infogan.config.settings import RunConfig
from infogan.core import atomic
from infogan.data.images import Images
from infogan.data.labels import reveal
from infogan.model.model import Model
from infogan.training.recorder import Line, NullRecorder
from infogan.training.trainer import Trainer, train

ROOT = Path(__file__).parents[1]
FIRST, ANY = 1e-3, 1e-1
"""How far losses may be apart, relative to max(1, |loss|): at the first step, at any of the 20.
Rounding differs, and Adam's first steps are little more than signs of gradients, so it grows: one
and two threads of the same processor were 1e-4 and 4e-2 apart."""
GREY, PROBABILITY = 2, 0.02
"""How far one model's images (grey levels) and readings may be apart on two devices."""
PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "pydantic", "pillow", "onnx", "pytest")
TESTS = ("training", "model", "networks", "latent", "codes", "objectives")
"""Test files that need no browser and reach a device."""
State = tuple[dict[str, Any], dict[str, Tensor], dict[str, Tensor]]
Found = dict[str, Any]
"""What a part finds, as plain values."""


@dataclass(frozen=True)
class Bench:
    """The device, the sizes and the time that were asked for."""

    device: str
    quick: bool
    mnist: Path | None
    deadline: float

    @property
    def cuda(self) -> bool:
        """Whether there are kernels to count."""
        return self.device.startswith("cuda")

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.deadline - time.monotonic()

    def config(self, base: RunConfig, **changes: Any) -> RunConfig:
        """A preset on the device; the quick form has few steps and small batches."""
        changes = {"device": self.device, "steps": base.steps, **changes}
        if self.quick:
            changes |= {"steps": min(changes["steps"], 6), "batch": 32}
        return base.replace(**changes)


class Kept(NullRecorder):
    """Keeps every line and the latest state; asks to stop after a number of steps, or at a time."""

    def __init__(self, stop_at: int | None = None, deadline: float = float("inf")) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.state: State | None = None
        self._steps, self._stop_at, self._deadline = 0, stop_at, deadline

    def write(self, line: Line) -> None:
        """Remember every line."""
        super().write(line)
        self.lines.append(line)

    def save(self, *state: Any) -> None:
        """Remember the state, as it is now."""
        values, weights, moments = state
        self.state = values, copied(weights), copied(moments)

    def stop_requested(self) -> bool:
        """Whether that step, or that time, is reached."""
        self._steps += 1
        return self._steps == self._stop_at or time.monotonic() > self._deadline


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same values in memory of their own."""
    return {name: tensor.clone() for name, tensor in tensors.items()}


def machine(bench: Bench) -> Found:
    """Hardware and versions."""
    trainer = Trainer(bench.config(DIGITS), data.load("digits"))
    found = trainer.engine.describe()
    found["packages"] = {name: importlib.metadata.version(name) for name in PACKAGES}
    if bench.cuda:
        command = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        found["nvidia-smi"] = ended.stdout.splitlines()[-1:]
        found |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    return found


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Whether fp32 convolutions and products may be rounded to TF32; torch lets convolutions."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def losses(bench: Bench) -> Found:
    """Logged losses of 20 steps in fp32 from the same seed, on the CPU and on the device; beside
    them, for comparison, those of one thread of the CPU."""
    images, lines = data.load("digits"), dict[str, list[Line]]()
    threads, own = torch.get_num_threads(), bench.device
    runs = {"cpu": ("cpu", False), "device": (own, False), "TF32": (own, True)}
    for name, (device, rounded) in {**runs, "one thread": ("cpu", False)}.items():
        config = bench.config(DIGITS, steps=20, precision="fp32", log_every=1, device=device)
        recorder = Kept()
        torch.set_num_threads(1 if name == "one thread" else threads)
        with tf32(rounded):
            train(Trainer(config, images), recorder)
        lines[name] = recorder.lines
    torch.set_num_threads(threads)
    found: Found = {"tolerance": {"first step": FIRST, "any step": ANY}}
    for name in ("device", "TF32", "one thread"):
        steps = [apart(*pair) for pair in zip(lines["cpu"], lines[name], strict=True)]
        worst = [max(step.values()) for step in steps]
        found[name] = {"agrees": worst[0] <= FIRST and max(worst) <= ANY, "by step": worst}
        found[name] |= {"first step": steps[0], "last step": steps[-1]}
    return found | {"last line, cpu": lines["cpu"][-1]}


def apart(a: Line, b: Line) -> dict[str, float]:
    """How far the values of two lines are apart, relative to max(1, |value|)."""
    names = a.keys() - {"step", "seconds", "images_per_second"}
    return {name: abs(a[name] - b[name]) / max(1, abs(a[name])) for name in sorted(names)}


def whole_run(config: RunConfig, images: Images, held_out: Images, limit: float) -> Found:
    """A run: speed, scores, its file, and what the CPU makes of the same weights. It is stopped
    after `limit` seconds."""
    recorder = Kept(deadline=time.monotonic() + limit)
    trainer, models = Trainer(config, images), list[Model | None]()
    took = seconds(lambda: models.append(train(trainer, recorder)))
    found: Found = {"steps": trainer.step, "of": config.steps, "batch": config.batch}
    found |= {"seconds": took, "images_per_second": config.batch * trainer.step / took}
    found["last line"] = recorder.line
    if torch.cuda.is_available():
        found["peak memory, MiB"] = torch.cuda.max_memory_allocated() / 2**20
    if (model := models[0]) is None:
        return found | {"note": "stopped by the time limit, so there are no scores"}
    scores = evaluate(model, held_out)
    kept = ("n", "cluster_accuracy", "nmi", "information", "entropy", "effective")
    found["scores"] = {name: scores[name] for name in kept if name in scores}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        model.save(path)
        loaded, back = Model.load(path), Model.load(path, model.device)
    found["its file holds the weights"] = difference(model.tensors(), back.tensors())
    return found | {"on the CPU": alike(loaded, model, held_out)}


def alike(cpu: Model, device: Model, images: Images) -> Found:
    """Readings and images of one model on two devices."""
    found: Found = {"tolerance": {"grey levels": GREY, "readings": PROBABILITY}}
    there, worst = device.encode(images), 0.0
    for name, here in cpu.encode(images).items():
        a, b = (p.probs if p.probs.size else p.mean for p in (here, there[name]))
        worst = max(worst, most := float(np.abs(a - b).max()))
        found[name] = {"most": most}
        if here.probs.size:
            found[name]["same category"] = float((here.value == there[name].value).mean())
    a, b = (model.sample(200, seed=0).astype(int) for model in (cpu, device))
    found["grey levels"] = int(np.abs(a - b).max())
    return found | {"agrees": found["grey levels"] <= GREY and worst <= PROBABILITY}


def digits(bench: Bench) -> Found:
    """`digits`: 800 steps of 256."""
    config = bench.config(DIGITS, precision="bf16")
    return whole_run(config, data.load("digits"), data.load("digits", "validation"), 90)


def mnist(bench: Bench) -> Found:
    """`mnist`: 1,400 steps of 512, where its files are given."""
    if bench.mnist is None:
        return {"note": "no --mnist"}
    config, folder = bench.config(MNIST, precision="bf16"), str(bench.mnist)
    images = data.load("mnist", dir=folder)
    held_out = data.load("mnist", "validation", dir=folder)
    return whole_run(config, images, held_out, bench.left - 75)


@contextmanager
def deterministic() -> Iterator[None]:
    """Only algorithms whose sums have a fixed order, where torch knows of one."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def resume(bench: Bench) -> Found:
    """200 steps twice, and once stopped in the middle by the recorder and taken up again."""
    images, found = data.load("digits"), Found()
    config = bench.config(DIGITS, steps=200, precision="bf16")

    def end(stop: int | None = None) -> dict[str, Tensor]:
        trainer, recorder = Trainer(config, images), Kept(stop)
        train(trainer, recorder)
        if stop:
            assert recorder.state is not None
            assert trainer.step == stop
            trainer = Trainer(config, images)
            trainer.restore(*recorder.state)
            train(trainer)
        return copied(trainer.model.tensors())

    for name, way in (("as it is", nullcontext()), ("deterministic", deterministic())):
        with warnings.catch_warnings(record=True) as said, way:
            begun, first = time.perf_counter(), end()
            took = time.perf_counter() - begun
            second, resumed = end(), end(config.steps // 2)
        found[name] = {"two unbroken runs": difference(first, second), "seconds a run": took}
        found[name] |= {"unbroken and resumed": difference(first, resumed)}
        found[name] |= {"warnings": sorted({str(warning.message)[:200] for warning in said})}
        if found[name]["unbroken and resumed"]["bit-exact"]:
            break
    return found


def difference(a: dict[str, Tensor], b: dict[str, Tensor]) -> Found:
    """Whether two sets of weights are the same bits, and how far they are apart."""
    differ = [name for name in a if not torch.equal(a[name], b[name])]
    most = max((float((a[name] - b[name]).abs().max()) for name in differ), default=0.0)
    return {"bit-exact": not differ, "tensors that differ": len(differ), "most": most}


def time_of_a_step(bench: Bench) -> Found:
    """Where the time of a step of `digits` in bf16 goes."""
    return gpu_profile.where_time_goes(bench.config(DIGITS, precision="bf16"), bench.quick)


def graph(bench: Bench) -> Found:
    """Whether forward and backward of each player's step can be captured as a CUDA graph."""
    if not bench.cuda:
        return {"note": "only CUDA has graphs"}
    config = bench.config(DIGITS, precision="bf16")
    return {player: gpu_profile.captured(config, player) for player in ("g", "d")}


def presets(bench: Bench) -> Found:
    """Three steps of every preset and of a learned prior, then what a finished model does."""
    learned = DIGITS.replace(latent={"digit": {"probs": "learned"}})
    found: Found = {}
    bases = {name: preset.config for name, preset in PRESETS.items()}
    for name, base in {**bases, "digits, learned prior": learned}.items():
        config = bench.config(base, steps=3, batch=100, precision="bf16")
        try:
            images = data.load("digits")
            if config.labels is not None:
                images = reveal(images, config.labels, config.seed)
            model = train(Trainer(config, images))
            assert model is not None
            read, bounds = model.encode(images.take(slice(0, 200))), model.lower_bound(500)
            made = len(model.sample(9)) if config.objective.generates else 0
            found[name] = f"{made} images, reads {[*read]}, bounds {[*bounds]}"
        except Exception as error:
            found[name] = trace(error)
    return found


def tests(bench: Bench) -> Found:
    """The tests that reach a device, in a process of their own."""
    files = [str(p) for name in TESTS if (p := ROOT / "tests" / f"test_{name}.py").exists()]
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-W", "default", *files]
    command += ["--collect-only"] if bench.quick else []
    limit, code = bench.left - 5, "stopped by the time limit"
    with tempfile.TemporaryFile("w+") as log:
        with suppress(subprocess.TimeoutExpired):
            ended = subprocess.run(command, cwd=ROOT, stdout=log, timeout=limit, check=False)
            code = str(ended.returncode)
        log.seek(0)
        return {"files": files, "exit code": code, "end": log.read()[-30_000:]}


PARTS: dict[str, tuple[Callable[[Bench], Found], float]] = {
    "machine": (machine, 0),
    "losses": (losses, 0),
    "digits": (digits, 0),
    "profile": (time_of_a_step, 30),
    "resume": (resume, 30),
    "presets": (presets, 20),
    "mnist": (mnist, 100),
    "graph": (graph, 15),
    "tests": (tests, 20),
}
"""Each part, and the seconds below which it is not begun."""


def main() -> None:
    """Run the parts; print and write what they find."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "gpu.json")
    parser.add_argument("--mnist", type=Path, help="a folder of MNIST's IDX files")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=285)
    parser.add_argument("--quick", action="store_true", help="few steps, to try the script")
    parser.add_argument("--parts", nargs="*", choices=list(PARTS), default=list(PARTS))
    asked = parser.parse_args()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # for sums of a fixed order
    bench = Bench(asked.device, asked.quick, asked.mnist, time.monotonic() + asked.seconds)
    report: Found = {"command": f"python {' '.join(sys.argv)}"}
    for name in asked.parts:
        part, needed = PARTS[name]
        begun, report[name] = bench.left, {"note": f"left out: only {bench.left:.0f} s were left"}
        if begun >= needed:
            try:
                report[name] = part(bench)
            except Exception as error:
                report[name] = {"failed": trace(error)}
        report[name]["seconds of the part"] = begun - bench.left
        print(f"{name}: …{json.dumps(report[name], ensure_ascii=False)[-1200:]}", flush=True)
        atomic.replace(asked.output, (json.dumps(report, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
