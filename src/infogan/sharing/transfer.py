"""Push a run and pull one: only weights, JSON and pictures, without paths of this machine."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from infogan.analysis.evaluation import shown
from infogan.core import atomic
from infogan.core.errors import ConfigError, InfoganError, RunError, parsing
from infogan.core.limits import TEXT
from infogan.core.tables import as_json, read_file
from infogan.model.model import Model
from infogan.runs.folder import SELECTION, Run
from infogan.runs.names import control
from infogan.sharing import hub
from infogan.sharing.card import card

CARD = "README.md"
NEEDED = ("config.json", "run.json", "model.safetensors")
TEXTS = (*NEEDED[:2], "environment.json", "scores.json", "names.json")
LOG = "metrics.jsonl"
PICTURES = ("information.png", "losses.png", "samples/*.png", "traversals/*.png")
FILES = (*NEEDED, *TEXTS[2:], LOG)
PICTURE = re.compile(r"((samples|traversals)/)?[\w ()+,=-][\w .()+,=-]*\.png")
PNG = b"\x89PNG\r\n\x1a\n"
LIMITS = {"model.safetensors": 4 << 30, LOG: 1 << 28} | dict.fromkeys(TEXTS, TEXT)
"""Bytes that a pulled file may have."""
MOST_PICTURES, PICTURE_LIMIT = 200, 1 << 25


def push(
    run: Path | str, target: str, *, private: bool = False, licence: str | None = None
) -> tuple[str, list[str]]:
    """Send a finished run with its model card to `owner/name` on the Hub, or write it into a new or
    empty folder (`./card`); where it is now, and its files. RunError, ConfigError say what to do.

    Files of the user stay here: images.csv, labels.csv, pictures and pages that hold real images,
    and the names of what was chosen of a folder. Of paths of this machine the last part is left.
    private: make the repository a private one. licence: of the weights, as the Hub writes it
    (cc-by-4.0).
    """
    folder = hub.is_folder(target)
    with tempfile.TemporaryDirectory(prefix="infogan-") as name:
        made = Path(name)
        _fill(made, Run(run), f"./{Path(target).name}" if folder else target, licence)
        files = sorted(p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file())
        if not folder:
            return hub.upload(made, target, private, [*FILES, *PICTURES]), files
        there = _new(Path(target).expanduser())
        with atomic.writing(there):
            shutil.copytree(made, there, dirs_exist_ok=True)
    return str(there), files


def pull(target: str, run: Path | str) -> list[str]:
    """Take a run that was pushed to `owner/name` on the Hub, or to a folder, into the new or empty
    folder `run`; its files. RunError, with nothing left, where it is no run that can be read here.

    Nothing is taken but files of the names that a push has, of their sizes. Their settings, weights
    and scores are read before the folder has its name.
    """
    there = _new(Path(run))
    if hub.is_folder(target):
        source = home = Path(target).expanduser()
        if not source.is_dir():
            raise RunError(f"{target}: no such folder; give one that push wrote, or owner/name")
    else:
        source = hub.download(target, [*FILES, *PICTURES], sum(LIMITS.values()))
        home = source.parent.parent  # the files are links into the cache's folder of this model
    taken = dict(_taken(source, home.resolve(), target))
    there.parent.mkdir(parents=True, exist_ok=True)
    atomic.require(there.parent, sum(file.stat().st_size for file in taken.values()))
    with atomic.writing(there), tempfile.TemporaryDirectory(dir=there.parent, prefix=".pull-") as t:
        new = Path(t) / "run"
        for name, file in taken.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, new / name)
        _check(new, target)
        if there.is_dir():
            there.rmdir()
        atomic.rename(new, there)
    return sorted(taken)


def _fill(made: Path, run: Run, target: str, licence: str | None) -> None:
    """Write what is pushed of a run."""
    model, drawn = Model.load(run.path), run.drawn
    record = run.record.model_dump(mode="json")
    places = _places(model, record)
    files = [run.environment_file, run.names_file]
    trees = {file.name: read_file(file) for file in files if file.is_file()}
    if scores := run.scores:
        trees[run.scores_file.name] = scores
    trees |= {"run.json": record, "config.json": run.config.tree()}
    trees = {name: _bare(tree, places) for name, tree in trees.items()}
    trees["run.json"]["images"]["source"]["only"] = trees["config.json"]["data"]["only"] = []
    if model.config.data.only and scores:  # which name the first of them
        trees[run.scores_file.name]["data"] = trees["config.json"]["data"]["name"]
    for name, tree in trees.items():
        (made / name).write_text(as_json(tree, indent=2) + "\n", encoding="utf-8")
    model.config = model.config.from_tree(trees["config.json"])
    model.save(made / run.weights_file.name)
    lines = "".join(f"{json.dumps(line)}\n" for line in run.metrics())
    (made / LOG).write_text(lines, encoding="utf-8")
    pictures = [path.relative_to(run.path).as_posix() for path in drawn]
    for name in pictures:
        (made / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(run.path / name, made / name)
    facts = {"images": trees["run.json"]["images"], "scores": trees.get("scores.json", {})}
    facts["environment"] = trees.get("environment.json", {})
    text = card(model, facts, pictures, target, licence, _candidates(run))
    (made / CARD).write_text(text, encoding="utf-8")


def _candidates(run: Run) -> int:
    """From how many runs, itself one of them, this one was selected; 0 if it was not."""
    path = run.path.resolve()
    with suppress(ConfigError):
        tree = read_file(path.parent / SELECTION)
        if Path(str(tree.get("selected"))).name == path.name:
            return len(tree.get("runs", ()))
    return 0


def _places(model: Model, record: dict[str, Any]) -> dict[str, str]:
    """The paths of this machine that a run names, longest first, and the last part of each."""
    origin = record["continued_from"] or {}
    data, source, given = model.config.data, record["images"]["source"], record["images"]["labels"]
    named = [data.name, data.dir, source["name"], source["dir"], origin.get("run"), given]
    named.append(model.config.labels if isinstance(model.config.labels, str) else None)
    paths = {name for name in named if name and not name.startswith("hf:")}
    paths |= {str(Path(path)) for path in paths}
    last = {path: Path(path).name for path in sorted(paths, key=len, reverse=True)}
    return {path: name for path, name in last.items() if name}  # `/` and `.` have none


def _bare(tree: Any, places: Mapping[str, str]) -> Any:
    """Plain values with the last part alone of each of these paths."""
    if isinstance(tree, dict):
        return {key: _bare(value, places) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_bare(value, places) for value in tree]
    for path, last in places.items() if isinstance(tree, str) else ():
        tree = tree.replace(path, last)
    return tree


def _strings(tree: Any) -> Iterator[str]:
    """Every piece of text in plain values, between tabs and ends of lines."""
    if isinstance(tree, dict):
        tree = [*tree, *tree.values()]
    if isinstance(tree, str):
        yield from tree.replace("\t", "\n").split("\n")
    for value in tree if isinstance(tree, list | tuple) else ():
        yield from _strings(value)


def _new(folder: Path) -> Path:
    """A folder that can be written; RunError if there is something in it."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise RunError(f"{folder}: is there already; give a folder that is new or empty")
    return folder


def _taken(source: Path, home: Path, target: str) -> Iterator[tuple[str, Path]]:
    """The files to take, by name; RunError where one is missing, too large or leads elsewhere."""
    pictures = [path for pattern in PICTURES for path in sorted(source.glob(pattern))]
    names = [path.relative_to(source).as_posix() for path in pictures]
    names = [name for name in names if PICTURE.fullmatch(name)][:MOST_PICTURES]
    for name in (*FILES, *names):
        path = source / name
        if not path.is_file():
            if name in NEEDED:
                raise RunError(f"{target}: has no {name}, so it is no run that infogan pushed")
            continue
        if not path.resolve().is_relative_to(home):
            raise RunError(f"{target}: {name} leads out of its folder; nothing was taken")
        size, limit = path.stat().st_size, LIMITS.get(name, PICTURE_LIMIT)
        if size > limit:
            raise RunError(f"{target}: {name} has {size:,} bytes, more than {limit:,}; refused")
        yield name, path.resolve()


def _check(folder: Path, target: str) -> None:
    """RunError unless a folder is a run whose every file can be read."""
    try:
        with parsing(target, "a run", RunError):
            _read_all(folder)
    except InfoganError as error:
        raise RunError(f"{target}: not taken: {error}".replace(f"{folder}/", "")) from None


def _read_all(folder: Path) -> None:
    """Read every file of a run; any exception where one is not right."""
    run, model = Run(folder), Model.load(folder)
    if tuple(run.record.images.shape) != tuple(model.shape):
        raise RunError("run.json and model.safetensors are of different images")
    told = [read_file(folder / name) for name in TEXTS if (folder / name).is_file()]
    texts = _strings([*told, model.config.tree(), *model.classes])
    if bad := next(filter(None, map(control, texts)), None):
        raise RunError(f"its texts hold the character {bad}, which may do anything to a terminal")
    if scores := run.scores:
        shown(scores, run.names.codes)
    if not all(isinstance(value, int | float) for line in run.metrics() for value in line.values()):
        raise RunError(f"{LOG} holds what is no number")
    for path in folder.rglob("*.png"):
        with path.open("rb") as picture:
            if picture.read(len(PNG)) != PNG:
                raise RunError(f"{path.relative_to(folder)} is no PNG file")
