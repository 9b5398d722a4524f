"""Error of mutual information estimates on Gaussian pairs, over the number of samples and the
correlation.

    python benchmarks/estimators.py          measures; writes results/estimators.json and the table
    python benchmarks/estimators.py --docs   writes the table of docs/theory*.md alone

A few seconds on one thread.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import torch
from numpy.typing import NDArray

from infogan.information import (
    gaussian_mutual_information,
    histogram_mutual_information,
    ksg_mutual_information,
)

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "estimators.json"
PAGES = (ROOT / "docs" / "theory.md", ROOT / "docs" / "theory.zh.md")
BEGIN, END = "<!-- estimators: begin -->", "<!-- estimators: end -->"

SEEDS = list(range(20))
SAMPLES = [100, 1_000, 10_000]
CORRELATIONS = [0.0, 0.5, 0.9, 0.99, 0.9999]
ESTIMATORS: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], float]] = {
    "KSG k=3": partial(ksg_mutual_information, k=3),
    "histogram 16x16, plug-in": partial(histogram_mutual_information, bins=16, miller_madow=False),
    "histogram 16x16, Miller-Madow": partial(histogram_mutual_information, bins=16),
}


def pair(n: int, rho: float, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """n samples of two standard Gaussians with correlation rho."""
    x, noise = np.random.default_rng(seed).standard_normal((2, n))
    return x, rho * x + np.sqrt(1 - rho**2) * noise


def measure() -> dict[str, Any]:
    """Estimate minus truth in nats: mean and standard deviation over the seeds, for every
    setting."""
    start = time.perf_counter()
    rows: list[dict[str, Any]] = []
    for rho in CORRELATIONS:
        truth = gaussian_mutual_information(rho)
        for n in SAMPLES:
            samples = [pair(n, rho, seed) for seed in SEEDS]
            for name, estimate in ESTIMATORS.items():
                errors = [float(estimate(x, y)) - truth for x, y in samples]
                row = {"rho": rho, "information": truth, "n": n, "estimator": name}
                mean, std = float(np.mean(errors)), float(np.std(errors, ddof=1))
                rows.append(row | {"mean_error": round(mean, 6), "std_error": round(std, 6)})
    return {
        "what": "estimate minus true mutual information of Gaussian pairs, nats; "
        "mean and std over seeds",
        "command": "python benchmarks/estimators.py",
        "seeds": SEEDS,
        "machine": {
            "processor": _processor(),
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
        },
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "torch": torch.__version__,
        },
        "seconds": round(time.perf_counter() - start, 1),
        "rows": rows,
    }


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table: mean ± std of the error, a line a setting, a column an
    estimator."""
    names = list(dict.fromkeys(row["estimator"] for row in result["rows"]))
    lines = [
        "| rho | I (nats) | N | " + " | ".join(names) + " |",
        "|---:|---:|---:|" + "---:|" * len(names),
    ]
    cells: dict[tuple[float, float, int], list[str]] = {}
    for row in result["rows"]:
        setting = (row["rho"], row["information"], row["n"])
        cells.setdefault(setting, []).append(f"{row['mean_error']:+.3f} ± {row['std_error']:.3f}")
    for (rho, truth, n), errors in cells.items():
        lines.append(f"| {rho:g} | {truth:.3f} | {n} | " + " | ".join(errors) + " |")
    return "\n".join(lines)


def filled(page: str, result: dict[str, Any]) -> str:
    """The page with the table between its markers."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}\n{table(result)}\n{END}{rest.split(END)[1]}"


def _processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--docs", action="store_true", help="write the table alone")
    if not parser.parse_args().docs:
        torch.set_num_threads(1)
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(measure(), indent=1) + "\n")
    result = json.loads(RESULT.read_text())
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8"), result), encoding="utf-8")
    print(table(result))


if __name__ == "__main__":
    main()
