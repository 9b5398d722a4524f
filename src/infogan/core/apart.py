"""A module run in a process of its own, for libraries that a hostile file can crash, or that change
the process in which they are imported."""

import subprocess
import sys

from infogan.core import interrupts


def run(module: str, *words: str) -> tuple[int, str]:
    """Run `python -m module words`; its exit code, below 0 after a crash, and what it said."""
    command = [sys.executable, "-m", module, *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=pipe) as child:
        interrupts.pass_on(child)
        said = child.communicate()[1].decode(errors="replace")
    return child.returncode, said.strip()
