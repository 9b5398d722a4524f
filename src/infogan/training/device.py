"""The machine that a run happens on: its device, arithmetic and threads."""

import ctypes
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import infogan
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError


@dataclass(frozen=True)
class Engine:
    """Where tensors live and in which arithmetic the networks run."""

    device: torch.device
    dtype: torch.dtype

    @classmethod
    def of(cls, config: RunConfig) -> "Engine":
        """What the settings ask for; ConfigError when the machine lacks it."""
        name = config.device
        if name == "auto":
            mps = torch.backends.mps.is_available()
            name = "cuda" if torch.cuda.is_available() else "mps" if mps else "cpu"
        try:
            probe = torch.zeros(1, device=name)
            probe.item()  # torch's "meta" has no values
        except (RuntimeError, AssertionError):
            raise ConfigError(f"device: this machine has no {name!r}; take cpu, or auto") from None
        device = probe.device
        bf16 = config.precision == "bf16"
        if config.precision == "auto":
            units = {"avx512_bf16", "amx_bf16"}  # without them bf16 is slower than fp32
            on_cpu = device.type == "cpu" and not units.isdisjoint(_cpuinfo("flags").split())
            bf16 = on_cpu
            if device.type == "cuda":
                bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        keep_freed_memory()
        return cls(device, torch.bfloat16 if bf16 else torch.float32)

    def describe(self) -> dict[str, Any]:
        """What a bit-exact result depends on, for the run folder."""
        gpu = self.device.type == "cuda"
        return {
            "infogan": infogan.__version__,
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
            "processor": _cpuinfo("model name") or platform.processor(),
            "device": torch.cuda.get_device_name() if gpu else self.device.type,
            "dtype": str(self.dtype).removeprefix("torch."),
            "threads": torch.get_num_threads(),
            "cores": os.cpu_count(),
        }


def keep_freed_memory() -> None:
    """Have glibc, where there is one, keep freed blocks for the next step. By default it returns
    large ones, and getting them again takes a tenth of a step of the paper's networks."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if platform.system() == "Linux" else None
    if mallopt is not None:
        mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
        mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD


def _cpuinfo(key: str) -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
