"""The notebooks run, and what is kept in them is small and of a run that ended well."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SMALL = {"quickstart": "STEPS = 2", "photos": "STEPS, PICTURES = 2, 40"}


def outputs(path: Path) -> list[dict[str, Any]]:
    """What each cell of a notebook shows, in order."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", ())]


def pictures(path: Path) -> int:
    """How many pictures a notebook shows, alone or in HTML."""
    data = [output.get("data", {}) for output in outputs(path)]
    alone = sum("image/png" in one for one in data)
    return alone + sum("".join(one.get("text/html", "")).count("<img") for one in data)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SMALL)
def test_a_notebook_runs(name: str, tmp_path: Path) -> None:
    """With few steps each of its cells runs, and shows as many pictures as those that are kept."""
    for package in ("nbclient", "nbformat", "ipykernel"):
        pytest.importorskip(package, reason="the extra `notebooks` is not installed")
    kept, new = ROOT / "examples" / f"{name}.ipynb", tmp_path / "new.ipynb"
    script = [sys.executable, str(ROOT / "scripts" / "notebooks.py"), str(kept)]
    ended = subprocess.run(
        [*script, "--set", SMALL[name], "--output", str(new)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert pictures(new) == pictures(kept) > 0
    sources = [[cell["source"] for cell in json.loads(p.read_text())["cells"]] for p in (kept, new)]
    assert sources[0] == sources[1]


@pytest.mark.parametrize("name", SMALL)
def test_what_is_kept_is_small_and_of_one_run(name: str) -> None:
    path = ROOT / "examples" / f"{name}.ipynb"
    assert path.stat().st_size < 300_000
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    counts = [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))  # from top to bottom, in one go
    assert not [output for output in outputs(path) if output["output_type"] == "error"]
