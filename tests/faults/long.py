"""The fault harnesses at full count: python tests/faults/long.py [PART ...], results to
benchmarks/results.

A part that was run alone replaces its own figures in the file, and so does a format of the
mutations (mutations:x.npy,x.npz).
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import crash
import damage
import poison
import resume
import saving
import torch
from harness import TINY, Tally, script, strokes

from infogan.training.trainer import Trainer

RESULT = Path(__file__).parents[2] / "benchmarks" / "results" / "reliability.json"


def here(*harnesses: Callable[[Path], Tally]) -> dict[str, Any]:
    """Harnesses of this process, counted together."""
    torch.set_num_threads(1)
    both = Tally(0)
    for harness in harnesses:
        with tempfile.TemporaryDirectory() as root:
            tally = harness(Path(root) / "x")
            both.planned += tally.planned
            both.trials += tally.trials
            both.failures += tally.failures
            both.broken |= tally.broken
    return both.report()


PARTS: dict[str, Callable[[], Any]] = {
    "resume": lambda: here(
        lambda root: resume.every_step(root, 60),
        *(
            lambda root, v=variant: resume.every_step(root, 20, v)
            for variant in list(resume.VARIANTS)[1:]
        ),
        lambda root: resume.chain(root, 60, 10),
    ),
    "crash points": lambda: here(
        *(lambda root, n=earlier: crash.crash_points(root, n) for earlier in (0, 1, 2)),
        *(crash.files, crash.start),
    ),
    "refused writes": lambda: here(crash.refusals),
    "damage": lambda: here(lambda root: damage.flips(root, 10_000)),
    "not finite": lambda: here(lambda root: poison.injections(root, list(range(1, 21)))),
    "SIGKILL": lambda: script("children.py", "kills", "--count", "200"),
    "signals": lambda: script("children.py", "stops", "--count", "100"),
    "two processes": lambda: script("children.py", "locks", "--count", "20"),
    "full disk": saving.full_disk,
    "saving": saving.cost,
    "mutations": lambda: script("mutations.py", "--count", "100000"),
}


def main() -> None:
    """Run the parts and write the file; fail when a case failed or fewer were run than planned."""
    bad = []
    for word in sys.argv[1:] or PARTS:
        begun = time.perf_counter()
        part, _, formats = word.partition(":")
        found = (
            script("mutations.py", *formats.split(","), "--count", "100000")
            if formats
            else PARTS[part]()
        )
        report = (
            json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {"parts": {}}
        )
        report["command"] = "make faults"
        report["machine"] = Trainer(TINY, strokes()).engine.describe()
        report["parts"][part] = report["parts"].get(part, {}) | found if formats else found
        report["parts"] = {name: report["parts"][name] for name in PARTS if name in report["parts"]}
        RESULT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        print(f"{part}: {time.perf_counter() - begun:.0f} s", flush=True)
        tallies = found.values() if part == "mutations" else [found]
        bad += [
            part for t in tallies if t.get("failures") or t.get("trials", 0) < t.get("planned", 0)
        ]
    if bad:
        sys.exit(f"failed: {', '.join(bad)}; see {RESULT}")


if __name__ == "__main__":
    main()
