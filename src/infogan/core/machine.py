"""What the machine has for this process."""

import os


def cores() -> int:
    """Cores that this process may use, which are fewer than there are in many containers."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
