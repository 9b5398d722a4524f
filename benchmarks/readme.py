"""Write the tables of README.md and docs/ from the result files.

python benchmarks/readme.py            writes them between their markers
python benchmarks/readme.py --check    fails if that would change one
"""

import sys
from collections.abc import Callable
from pathlib import Path

from tables import (
    categories,
    codes,
    doctor,
    explorer,
    factors,
    family,
    fidelity,
    performance,
    photos,
    quality,
    reliability,
    report,
    scaling,
    scikit_learn,
    selection,
)

ROOT = Path(__file__).parents[1]
TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "factors": ("docs/factors.md", factors.factors),
    "ahead": ("docs/quality.md", quality.ahead),
    "followed": ("docs/codes.md", codes.followed),
    "brightness": ("docs/codes.md", codes.brightness),
    "selection": ("docs/selection.md", selection.selection),
    "quality": ("README.md", quality.quality),
    "quality-zh": ("README.zh-CN.md", quality.quality_in_chinese),
    "seeds": ("docs/quality.md", quality.seeds),
    "family": ("docs/family.md", family.family),
    "speed": ("docs/performance.md", performance.speed),
    "speedrun": ("docs/performance.md", performance.speedrun),
    "shared": ("docs/scaling.md", scaling.shared),
    "scikit-learn": ("docs/scikit-learn.md", scikit_learn.scikit_learn),
    "killed": ("docs/scaling.md", scaling.killed),
    "exchanged": ("docs/scaling.md", scaling.exchanged),
    "threaded": ("docs/scaling.md", scaling.threaded),
    "explorer": ("docs/explorer.md", explorer.explorer),
    "reconstruction": ("docs/report.md", report.reconstruction),
    "sorting": ("docs/report.md", report.sorting),
    "page": ("docs/report.md", report.page),
    "doctor": ("docs/doctor.md", doctor.doctor),
    "collapse": ("docs/doctor.md", doctor.collapse),
    "collapsed": ("docs/doctor.md", doctor.collapsed),
    "away": ("docs/doctor.md", doctor.away),
    "codes": ("docs/codes.md", codes.codes),
    "spare": ("docs/categories.md", categories.spare),
    "imbalance": ("docs/categories.md", categories.imbalance),
    "folders": ("docs/photos.md", photos.folders),
    "kernels": ("docs/photos.md", photos.kernels),
    "ideas": ("docs/photos.md", photos.ideas),
    "fidelity": ("docs/fidelity.md", fidelity.fidelity),
    "ablation": ("docs/fidelity.md", fidelity.ablation),
    "ablation-fashion": (
        "docs/fidelity.md",
        lambda: fidelity.ablation("ablation_fashion", "fashion-mnist"),
    ),
    "ablation-drawings": (
        "docs/fidelity.md",
        lambda: fidelity.ablation("ablation_drawings", "drawings --data digits"),
    ),
    "reliability": ("docs/reliability.md", reliability.reliability),
}
"""Tables by the name in their markers: the file they are in, and the function that makes them."""


def main() -> None:
    """Write every table between its markers; with --check, only fail if that would change one."""
    stale = []
    for name, (file, make) in TABLES.items():
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        try:
            made = make()
        except FileNotFoundError:
            made = "Not measured yet."
        written = f"{before}{begin}\n{made}\n{end}{after}"
        if written != text:
            stale.append(file)
            if "--check" not in sys.argv:
                path.write_text(written, encoding="utf-8")
    if stale and "--check" in sys.argv:
        files = ", ".join(stale)
        sys.exit(f"{files}: tables differ from benchmarks/results; run python benchmarks/readme.py")


if __name__ == "__main__":
    main()
