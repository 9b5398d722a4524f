"""What the tests share, the fault harnesses above all: images, a run small enough to be repeated
hundreds of times, a count of what was tried, and a way to plant a defect in the program."""

import inspect
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from infogan.config.settings import RunConfig
from infogan.data.images import Images
from infogan.runs.checkpoints import found
from infogan.runs.folder import Run

TINY = RunConfig().replace(
    latent={"category": "none", "digit": "categorical:4", "slant": "uniform:-1:1", "noise": 4},
    networks={"channels": [4, 8], "features": 16, "q_hidden": 8},
    objective={"kind": "infogan", "real_weight": 1.0},
    augment="affine",
    optim={"ema": 0.9},
    batch=8,
    steps=60,
    log_every=4,
    checkpoint_every=1,
    precision="fp32",
    device="cpu",
)
"""60 steps are three epochs of `strokes`."""


def strokes(n: int = 160, seed: int = 0) -> Images:
    """n grey 16x16 images of a bright bar in one of four places, with its place as the label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, n)
    pixels = rng.integers(0, 60, (n, 16, 16, 1)).astype(np.uint8)
    for image, label in zip(pixels, labels, strict=True):
        image[4 * label : 4 * label + 3] = 220
    return Images(pixels, labels, tuple("abcd"), "strokes")


@dataclass
class Tally:
    """How many cases were planned and tried, which conditions they broke, and how."""

    planned: int
    trials: int = 0
    failures: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    notes: dict[str, Any] = field(default_factory=dict)

    def case(self, **conditions: object) -> None:
        """Count one case. Each condition has a name; a non-empty string says how it was broken. The
        first that was broken counts: those after it may only follow from it."""
        self.trials += 1
        for name, fault in conditions.items():
            if isinstance(fault, str) and fault:
                self.fail(name, fault)
                return

    def fail(self, name: str, fault: str) -> None:
        """Note a broken condition."""
        self.broken.add(name)
        self.failures.append(f"{name}: {fault}")

    def report(self) -> dict[str, Any]:
        """Plain values; upper_bound: of the failure rate at 95 % confidence, if nothing failed."""
        bound = 3 / self.trials if self.trials and not self.failures else None
        return {
            "planned": self.planned,
            "trials": self.trials,
            "failures": len(self.failures),
            "upper_bound": bound,
            **self.notes,
            "broken": sorted(self.broken),
            "first failures": self.failures[:3],
        }

    def verify(self) -> None:
        """AssertionError when a case failed, or fewer were run than planned."""
        assert not self.failures, (
            f"{len(self.failures)} of {self.trials} failed ({', '.join(sorted(self.broken))}): "
            f"{self.failures[:3]}"
        )
        assert self.trials >= self.planned > 0, f"{self.trials} of {self.planned} cases were run"


def timeless(run: Path) -> list[dict[str, float]]:
    """The log but for its wall times."""
    times = ("seconds", "images_per_second")
    return [{k: v for k, v in line.items() if k not in times} for line in Run(run).metrics()]


def result(run: Path) -> dict[str, Any]:
    """What must be the same however often a run was stopped: model, last checkpoint, log."""
    last = found(run / "checkpoints")[-1]
    files = {path.name: path.read_bytes() for path in sorted(last.iterdir())}
    return {
        "model": (run / "model.safetensors").read_bytes(),
        "log": json.dumps(timeless(run)),
        last.name: files,
    }


def difference(run: Path, expected: dict[str, Any]) -> str:
    """What of the result is not as expected; empty when all is."""
    try:
        actual = result(run)
    except (OSError, IndexError) as error:
        return f"no result: {error}"
    return ", ".join(key for key in expected if actual.get(key) != expected[key])


class Plant(NamedTuple):
    """A defect: in the source of `holder`'s function `name`, `new` stands where `old` stood."""

    holder: Any
    name: str
    old: str
    new: str


@contextmanager
def planted(holder: Any, name: str, old: str, new: str) -> Iterator[None]:
    """The program with a Plant, wherever the function was imported to."""
    function: Any = inspect.unwrap(getattr(holder, name))
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{name} holds {old!r} {source.count(old)} times: plant it anew"
    scope: dict[str, Any] = {}
    code = compile(source.replace(old, new), f"<{name} with a defect>", "exec")
    exec(code, function.__globals__, scope)
    original, function.__code__ = function.__code__, inspect.unwrap(scope[name]).__code__
    try:
        yield
    finally:
        function.__code__ = original


def script(name: str, *words: str) -> Any:
    """What a harness prints that forks, and therefore runs in a small process of its own."""
    command = [sys.executable, str(Path(__file__).with_name(name)), *words]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout.splitlines()[-1])
