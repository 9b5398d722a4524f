"""docs/run-folder.md describes every file of a run folder, and every key in it."""

import csv
import json
import re
import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from conftest import TINY, run
from infogan.config.presets import preset
from infogan.model import file
from infogan.pipeline.run import train
from infogan.runs import checkpoints
from infogan.runs.record import FORMAT

PAGE = (Path(__file__).parents[1] / "docs" / "run-folder.md").read_text(encoding="utf-8")
ROWS = [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in PAGE.splitlines() if "| `" in line]
FILES = [name for names in ROWS for name in names]


def documented(section: str) -> set[str]:
    """The keys that a section of the page lists."""
    body = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^- `([^`]+)`:", body, re.MULTILINE))


def fits(path: str) -> bool:
    """Whether a file is in the page's table."""
    forms = [form.replace("XXXXXXXX", "*").replace("*/", "*/*") for form in FILES]
    return any(fnmatch(path, form if not form.endswith("/") else f"{form}*") for form in forms)


@pytest.fixture(scope="module")
def runs(done: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Run folders that between them hold every kind of file and key."""
    folder = tmp_path_factory.mktemp("every")
    first = Path(shutil.copytree(done, folder / "first"))
    run("name", first, "digit.1", "one")
    run("merge", first)
    run("export", first)
    run("explore", first, "--no-open")
    settings = json.loads((first / "run.json").read_text())["images"]["source"]
    small = {"networks": TINY.networks, "data": settings, "batch": 16, "steps": 2, "log_every": 1}
    small |= {"precision": "fp32", "device": "cpu"}
    for name in ("semigan", "catgan"):
        changes = {"labels": 2, "objective": {"k": 4}} if name == "catgan" else {"labels": 2}
        train(preset(name).replace(**small | changes), run=folder / name)
    learned = {"digit": {"kind": "categorical", "k": 4, "probs": "learned"}}
    train(TINY.replace(**small | {"latent": learned}), run=folder / "learned")
    run("train", "--continue-from", first, "--run", folder / "next", "--steps", 2)
    return [first, folder / "semigan", folder / "catgan", folder / "learned", folder / "next"]


def keys(paths: list[Path], name: str) -> set[str]:
    """The keys that these runs have in a file, those of tables one level down where listed so."""
    deep = {key.partition(".")[0] for key in documented(name) if "." in key}
    found = set[str]()
    for path in paths:
        if not (path / name).is_file():
            continue
        lines = (path / name).read_text().splitlines() if name.endswith("l") else ()
        trees: list[dict[str, Any]] = [json.loads(line) for line in lines]
        for tree in trees or [json.loads((path / name).read_text())]:
            for key, value in tree.items():
                inner = isinstance(value, dict) and key in deep
                found |= {f"{key}.{below}" for below in value} if inner else {key}
                found |= {key} if inner and key in documented(name) else set()
    return found


def test_every_file_is_in_the_table(runs: list[Path]) -> None:
    there = {
        str(path.relative_to(run)) for run in runs for path in run.rglob("*") if path.is_file()
    }
    assert {path for path in there if not fits(path)} == set()
    assert {form for form in FILES if "/" not in form} <= there
    assert not fits("weights.bin")


@pytest.mark.parametrize(
    "name", ["run.json", "config.json", "environment.json", "scores.json", "names.json"]
)
def test_every_key_is_described_and_every_description_is_of_a_key(
    runs: list[Path], name: str
) -> None:
    assert keys(runs, name) - documented(name) == set()
    assert documented(name) - keys(runs, name) == set()


def test_every_key_of_the_log_is_described(runs: list[Path]) -> None:
    found = {re.sub(r"^(d|g)/.*", r"\1/TERM", key) for key in keys(runs, "metrics.jsonl")}
    found = {re.sub(r"^(L_I|J|H\(c\))/.*", r"\1/CODE", key) for key in found}
    assert found == documented("metrics.jsonl")


@pytest.mark.parametrize("name", ["images.csv", "labels.csv"])
def test_every_column_is_described(runs: list[Path], name: str) -> None:
    for path in runs:
        if (path / name).is_file():
            with (path / name).open(encoding="utf-8", newline="") as table:
                assert set(next(csv.reader(table))) == documented(name)


def test_a_checkpoint_and_a_model_are_as_described(runs: list[Path]) -> None:
    newest = checkpoints.found(runs[0] / "checkpoints")[-1]
    assert {path.name for path in newest.iterdir()} == documented("Checkpoints")
    about = file.header_of(runs[0] / "model.safetensors")[0]
    assert about.keys() == documented("model.safetensors")


def test_the_page_names_the_format() -> None:
    assert f"run format {FORMAT}." in " ".join(PAGE.split())
