"""docs/run-folder.md describes every file of a run folder and every key in it, and every key and
column that commands print or write elsewhere."""

import csv
import json
import re
import shutil
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import strokes

from conftest import TINY, run
from infogan.config.presets import preset
from infogan.model import file
from infogan.pipeline.run import train
from infogan.runs import checkpoints
from infogan.runs.folder import Run
from infogan.runs.record import FORMAT
from infogan.tracking.base import Backend, Tracker

PAGE = (Path(__file__).parents[1] / "docs" / "run-folder.md").read_text(encoding="utf-8")
ROWS = [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in PAGE.splitlines() if "| `" in line]
FILES = [name for names in ROWS for name in names]
BY_NAME = {
    *("information", "information_error", "entropy", "prior", "continuous", "sweeps", "real"),
    *("real_overall", "recall", "category_of", "recall_of"),
    *("jumps", "recovered", "finished", "spacings", "left_out", "factors"),
}
"""Keys of tables whose own keys are names of codes, classes, categories, factors, properties or
losses."""
CODE = r"(L_I|J|H\(c\)|info|real info|balance|class)/.*", r"\1/CODE"


def documented(section: str) -> set[str]:
    """The keys that a section of the page lists."""
    body = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^- `([^`]+)`:", body, re.MULTILINE))


def named(section: str) -> set[str]:
    """All that stands between backticks in a section of the page."""
    return set(re.findall(r"`([^`]+)`", PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]))


def inner(tree: Any, at: str = "") -> set[str]:
    """The keys of a tree at any depth, but for names of codes, classes, factors and properties."""
    if isinstance(tree, list):
        return set[str]().union(*(inner(value, at) for value in tree))
    if not isinstance(tree, dict):
        return set()
    below = set[str]().union(*(inner(value, key) for key, value in tree.items()))
    return below if at in BY_NAME else below | tree.keys()


def fits(path: str) -> bool:
    """Whether a file is in the page's table."""
    forms = [form.replace("XXXXXXXX", "*").replace("*/", "*/*") for form in FILES]
    return any(fnmatch(path, form if not form.endswith("/") else f"{form}*") for form in forms)


class Quiet(Backend):
    """A tracker that shows nothing."""

    def __init__(self, run: Run, known: str) -> None: ...

    def log(self, *given: object) -> None: ...

    def finish(self, *given: object) -> None: ...

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def runs(done: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Run folders that between them hold every kind of file and key."""
    folder = tmp_path_factory.mktemp("every")
    first = Path(shutil.copytree(done, folder / "first"))
    run("name", first, "digit.1", "one")
    run("merge", first, "--into", 2)
    run("export", first)
    run("explore", first, "--no-open")
    tracker = Tracker("quiet", Quiet, Run(first))
    tracker.begin()
    tracker.close()
    source = json.loads((first / "run.json").read_text())["images"]["source"]
    small = {"networks": TINY.networks, "data": source, "batch": 16, "steps": 2, "log_every": 1}
    small |= {"precision": "fp32", "device": "cpu"}
    changes: dict[str, dict[str, Any]] = {
        "semigan": {"labels": 2},
        "catgan": {"labels": 2, "objective": {"k": 4}},
        "improvedgan": {"labels": 2},
        "acgan": {"latent": {"digit": {"k": 4}}},
        "images": {"objective": {"fakes": "none"}, "steps": 3},
    }
    for name, settings in changes.items():
        train(preset(name).replace(**small | settings), run=folder / name)
    learned = {"digit": {"kind": "categorical", "k": 4, "probs": "learned"}}
    train(TINY.replace(**small | {"latent": learned}), run=folder / "learned")
    pairs = {"latent": {"digit": "none", "width": "uniform"}, "objective": {"cr": 1, "cr_from": 0}}
    train(TINY.replace(**small | pairs), run=folder / "pairs")
    known = np.stack([np.arange(64) % 3, np.arange(64) // 3 % 2, np.arange(64)], 1)
    images = replace(strokes(64), factors=known, factor_names=("shape", "size", "number"))
    train(TINY.replace(**small), run=folder / "factors", data=images)
    run("train", "--continue-from", first, "--run", folder / "next", "--steps", 2)
    return [first, *(folder / name for name in (*changes, "learned", "pairs", "factors", "next"))]


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


def test_every_key_of_the_trackers_is_described(runs: list[Path]) -> None:
    tree = json.loads((runs[0] / "tracking.json").read_text())
    assert tree["quiet"].keys() == documented("tracking.json")


def test_every_key_of_the_log_is_described(runs: list[Path]) -> None:
    found = {re.sub(r"^(d|g)/.*", r"\1/TERM", key) for key in keys(runs, "metrics.jsonl")}
    assert {re.sub(*CODE, key) for key in found} == documented("metrics.jsonl")


def test_every_term_of_a_loss_is_described(runs: list[Path]) -> None:
    terms = {key[2:] for key in keys(runs, "metrics.jsonl") if key.startswith(("d/", "g/"))}
    assert {re.sub(*CODE, term) for term in terms} == documented("Terms of the losses")


def test_every_key_at_any_depth_is_named(runs: list[Path]) -> None:
    found = inner([json.loads((run / "scores.json").read_text()) for run in runs])
    assert {"sweeps", "looks_like", "fd", "kept", "remedy"} <= found
    assert found - named("scores.json") == set()


def test_what_commands_print_is_described(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed(*words: object) -> Any:
        capsys.readouterr()
        run(*words, "--json")
        return json.loads(capsys.readouterr().out)

    (tmp_path / "joint.csv").write_text("9,1\n1,9\n")
    several = Path(shutil.copytree(runs[0], tmp_path / "again"))
    found: dict[str, Any] = {
        "compare --json": printed("compare", *runs[:2]),
        "selection.json": printed("select", runs[0], several),
        "doctor --json": printed("doctor", runs[0]),
        "merge --json": printed("merge", several),
        "information --json": printed("information", tmp_path / "joint.csv"),
    }
    for section, tree in found.items():
        assert inner(tree) - {"L_I/digit", "L_I/slant"} - named(section) == set(), section
        rows = tree if isinstance(tree, list) else [tree]
        own = {re.sub(*CODE, key) for row in rows for key in row}
        assert own == documented(section), section
    own_scores = json.loads((runs[0] / "scores.json").read_text()).keys()
    only_in_training = {"steps", "seconds", "images_per_second", "findings"}
    scores = printed("evaluate", runs[0]).keys()
    assert scores - documented("scores.json") == set()
    assert own_scores - scores == only_in_training


def test_the_columns_that_commands_write_are_described(
    runs: list[Path], photos: Path, tmp_path: Path
) -> None:
    written = {"encode": set[str](), "sort": set[str](), "reconstruct": set[str]()}
    for i, path in enumerate(runs[:2]):  # the first reads codes, with names; the other classes
        run("encode", path, photos, "-o", tmp_path / f"encode{i}.csv")
        run("sort", path, photos, "-o", tmp_path / f"{i}")
        picture, errors = tmp_path / f"{i}.png", tmp_path / f"reconstruct{i}.csv"
        run("reconstruct", path, photos, "-n", 1, "-o", picture, "--csv", errors)
        shutil.copy(tmp_path / f"{i}" / "codes.csv", tmp_path / f"sort{i}.csv")
        for command, columns in written.items():
            with (tmp_path / f"{command}{i}.csv").open(encoding="utf-8", newline="") as table:
                columns |= {
                    re.sub("^(digit|slant)", "CODE", name) for name in next(csv.reader(table))
                }
    of_encode = {re.sub(r"^p\(.*\)$", "p(CLASS)", name) for name in written["encode"]}
    assert of_encode == documented("Columns of encode")
    of_both = documented("Columns of encode") - {"p(CLASS)"} | {"class_name"}
    assert written["sort"] == documented("codes.csv") | of_both
    assert written["reconstruct"] == documented("reconstruct --csv")


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
