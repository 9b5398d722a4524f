"""What saving costs a run at its default interval, and what happens on a disk that is full."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from harness import Tally, difference, result

from infogan import data as source
from infogan.config.presets import DIGITS
from infogan.runs import checkpoints
from infogan.training.monitor import suspicious
from infogan.training.trainer import Trainer


def cost() -> dict[str, Any]:
    """Seconds of a step and of a save of the `digits` preset, and the shares that saving and
    watching take."""
    torch.set_num_threads(1)
    trainer = Trainer(DIGITS, source.load("digits"))
    for _ in range(3):
        trainer.advance()
    steps, saves, checks = [], [], []
    with tempfile.TemporaryDirectory() as root:
        for _ in range(15):
            begun = time.perf_counter()
            trainer.advance()
            steps.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            checkpoints.write(Path(root) / "checkpoints", *trainer.state())
            saves.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            suspicious(trainer._sinks())
            checks.append(time.perf_counter() - begun)
    step, save, check = (sorted(times)[len(times) // 2] for times in (steps, saves, checks))
    return {
        "preset": "digits",
        "seconds a step": step,
        "seconds a save": save,
        "bytes": trainer.size,
        "steps between saves": DIGITS.checkpoint_every,
        "share of time": save / (save + step * DIGITS.checkpoint_every),
        "share of the check of each step": check / step,
    }


def full_disk() -> dict[str, Any]:
    """Train onto a small tmpfs that fills up, free it, and train on; or say that mounting is not
    allowed."""
    with tempfile.TemporaryDirectory() as name:
        root, disk = Path(name), Path(name) / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(disk)]
        if os.geteuid() or subprocess.run(mount, check=False).returncode:
            return Tally(0, notes={"note": "mounting a tmpfs is not allowed here"}).report()
        try:
            return filled(root, disk).report()
        finally:
            subprocess.run(["umount", "-l", disk], check=True)


def filled(root: Path, disk: Path) -> Tally:
    """Several free sizes, from too small to begin to too small to go on."""
    config = DIGITS.replace(
        steps=8, checkpoint_every=1, batch=4, networks={"features": 16, "channels": [4, 8]}
    )
    (root / "tiny.json").write_text(json.dumps(config.tree()))
    command = [sys.executable, "-m", "infogan", "train", "digits"]
    command += ["-c", str(root / "tiny.json"), "--run"]
    subprocess.run([*command, str(root / "unbroken")], check=True, capture_output=True)
    tally, size = Tally(6), Trainer(config, source.load("digits")).size
    for number, free in enumerate([size // 2, 2 * size, 3 * size, 4 * size, 5 * size, 6 * size]):
        run, ballast = disk / f"run-{number}", disk / "ballast"
        room = shutil.disk_usage(disk).free
        ballast.write_bytes(bytes(room - free))
        first = subprocess.run([*command, str(run)], check=False, capture_output=True, text=True)
        ballast.unlink()
        again = subprocess.run([*command, str(run)], check=False, capture_output=True, text=True)
        words, code, said = f"{free} bytes free", first.returncode, first.stderr
        tally.case(
            no_traceback="Traceback" in said and f"{words}: {said[-200:]}",
            exit_code=code not in (0, 2) and f"{words}: {code}",
            error_names_the_disk=code == 2 and str(disk) not in said and f"{words}: says {said}",
            starts_again=again.returncode and f"{words}: {again.stderr[-200:]}",
            result=difference(run, result(root / "unbroken")),
        )
        tally.notes[words] = said.strip().replace(f"{root}/", "") or "fits"
        shutil.rmtree(run)
    return tally
