"""The only source of randomness: a stream is a function of what it is for, not of what was drawn before.

Resuming, logging more often or drawing a picture in between therefore shifts nothing.
"""

import hashlib

import torch


def stream(seed: int, purpose: str, step: int = 0) -> torch.Generator:
    """CPU generator keyed by (seed, purpose, step); draw on the CPU and move the result, so devices agree.

    >>> torch.rand(1, generator=stream(0, "noise", 7)) == torch.rand(1, generator=stream(0, "noise", 7))
    tensor([True])
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{step}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
