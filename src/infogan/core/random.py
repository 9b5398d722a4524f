"""The only source of randomness: a stream depends on its purpose, not on earlier draws.
Resuming, logging more often or drawing a picture in between therefore changes no other draw."""

import hashlib

import torch


def stream(seed: int, purpose: str, step: int = 0) -> torch.Generator:
    """Return the CPU generator of (seed, purpose, step); move draws, not it: devices then agree."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{step}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
