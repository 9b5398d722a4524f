"""What is installed by choice: every extra is described, and a part needs only a part."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from infogan.tracking import TRACKERS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = {"pillow": "PIL", "scikit-learn": "sklearn"}
WATCH = """
import sys
from infogan.cli import main
main(sys.argv[2:])
print([name for name in sys.argv[1].split() if name in sys.modules], file=sys.stderr)
"""


def packages(requirements: list[str]) -> set[str]:
    """The packages of requirements, as they are written."""
    return {re.split(r"[<>=;]", requirement)[0] for requirement in requirements}


def test_every_extra_is_in_the_table_with_its_packages() -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| `")]
    told = {name: row[3] for row in rows for name in re.findall(r"`(\w+)`", row[1])}
    extras = PROJECT["optional-dependencies"]
    assert told.keys() == extras.keys()
    for name, words in told.items():
        if words.strip():
            assert {word.strip() for word in words.split(",")} == packages(extras[name])


def test_every_tracker_has_an_extra() -> None:
    assert TRACKERS.keys() <= PROJECT["optional-dependencies"].keys()


def test_what_a_part_needs_is_told_and_nothing_else_is_loaded(
    done: Path, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "joint.csv").write_text("9,1\n1,9\n")
    ordinary = packages(PROJECT["dependencies"]) - {"jinja2"}  # which torch needs itself
    commands: list[list[object]] = [
        ["information", tmp_path / "joint.csv"],
        ["encode", done, photos, "-o", tmp_path / "codes.csv"],
    ]
    told = re.findall(r"pip install ([\w ]+) && pip install --no-deps", PAGE)
    assert len(told) == len(commands)
    for words, enough in zip(commands, told, strict=True):
        spare = [MODULES.get(name, name) for name in ordinary - {*enough.split()}]
        command = [sys.executable, "-c", WATCH, " ".join(spare), *map(str, words)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        assert ended.stderr.splitlines()[-1] == "[]", words


def test_the_dockerfile_copies_what_is_there() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("COPY")] == ["COPY . /infogan"]
    assert 'ENTRYPOINT ["infogan"]' in lines and "infogan" in PROJECT["scripts"]
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    assert {".git", ".venv", "runs"} <= {*(ROOT / ".dockerignore").read_text().split()}
