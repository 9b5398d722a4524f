"""A module run in a process of its own, for libraries that a hostile file can crash."""

import subprocess
import sys


def run(module: str, *words: str) -> tuple[int, str]:
    """Run `python -m module words`; its exit code, below 0 after a crash, and what it said."""
    command = [sys.executable, "-m", module, *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stderr.strip()
