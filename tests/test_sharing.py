"""Runs that are pushed and pulled: what goes, what stays, and what is taken from a stranger."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import infogan as ig
from conftest import refused, run
from infogan.core.errors import ConfigError, RunError
from infogan.core.tables import read_file
from infogan.runs.folder import Run
from infogan.sharing import hub
from infogan.sharing.transfer import FILES, pull, push


@pytest.fixture(scope="module")
def card(done: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a folder of photos, named and pushed into a folder."""
    folder = tmp_path_factory.mktemp("pushed")
    shutil.copytree(done, folder / "mine")
    run("name", folder / "mine", "digit.1", "one")
    push(folder / "mine", str(folder / "card"), licence="mit")
    return folder / "card"


@pytest.fixture
def theirs(card: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(card, tmp_path / "theirs"))


def test_a_pulled_run_draws_what_the_pushed_one_draws(
    done: Path, card: Path, tmp_path: Path
) -> None:
    files = pull(str(card), tmp_path / "run")
    own, theirs = ig.Model.load(done), ig.Model.load(tmp_path / "run")
    assert (theirs.sample(5, seed=1) == own.sample(5, seed=1)).all()
    assert Run(tmp_path / "run").metrics() == Run(done).metrics()
    assert json.loads((tmp_path / "run/scores.json").read_text())["nmi"] == pytest.approx(
        json.loads((done / "scores.json").read_text())["nmi"]
    )
    assert theirs.names.categories == {"digit": {1: "one"}}
    assert "samples/random.png" in files and "README.md" not in files


def test_nothing_of_the_users_images_or_of_this_machine_is_pushed(
    done: Path, photos: Path, card: Path
) -> None:
    there = [path for path in card.rglob("*") if path.is_file()]
    names = {path.relative_to(card).as_posix() for path in there}
    assert (done / "samples" / "categories.png").is_file()  # which holds real images
    assert not names & {"images.csv", "samples/categories.png", "report.html"}
    assert {path.suffix for path in there} == {".json", ".jsonl", ".safetensors", ".png", ".md"}
    for path in there:
        content = path.read_bytes()
        assert str(photos.parent).encode() not in content, path.name
        assert str(done.parent).encode() not in content, path.name
    assert json.loads((card / "run.json").read_text())["images"]["source"]["name"] == photos.name


def test_nor_is_the_place_of_a_csv_of_labels(done: Path, tmp_path: Path) -> None:
    own = shutil.copytree(done, tmp_path / "own")
    record = json.loads((own / "run.json").read_text())
    record["images"]["labels"] = str(tmp_path / "mine.csv")
    (own / "run.json").write_text(json.dumps(record))
    run("push", own, tmp_path / "card")
    assert (
        json.loads((tmp_path / "card" / "run.json").read_text())["images"]["labels"] == "mine.csv"
    )


def test_nor_are_the_names_of_what_was_chosen_of_a_folder(done: Path, tmp_path: Path) -> None:
    own = Run(shutil.copytree(done, tmp_path / "own"))
    settings, scores = read_file(own.config_file), read_file(own.scores_file)
    record = read_file(own.record_file)
    settings["data"]["only"] = record["images"]["source"]["only"] = ["alice.png", "bob.png"]
    scores["data"] = f"{record['images']['source']['name']}/alice.png and 1 more"
    for file, tree in (
        (own.config_file, settings),
        (own.scores_file, scores),
        (own.record_file, record),
    ):
        own.write_json(file, tree)
    model = ig.Model.load(own.path)
    model.config = model.config.from_tree(settings)
    model.save(own.weights_file)
    push(own.path, str(tmp_path / "card"))
    for path in [path for path in (tmp_path / "card").rglob("*") if path.is_file()]:
        assert not re.search(rb"alice|bob", path.read_bytes()), path.name


def test_the_card_says_what_the_run_is(done: Path, card: Path) -> None:
    text = (card / "README.md").read_text(encoding="utf-8")
    front = text.split("---\n")[1]
    assert 'license: "mit"' in front and front.count('"infogan"') == 1
    config = Run(done).config
    facts = ("seed | 7", f"steps, batch | {config.steps}, {config.batch}", "NMI", "1606.03657")
    for fact in (*facts, "infogan pull", "fitted on the labels", "No label was used"):
        assert fact in text, fact
    for picture in re.findall(r"\]\(([^)]+\.png)\)", text):
        assert (card / picture).is_file()
    findings = json.loads((card / "scores.json").read_text())["findings"]
    assert findings and all(finding["name"] in text for finding in findings)


def test_of_a_folder_at_the_root_the_slash_alone_goes(done: Path, tmp_path: Path) -> None:
    own = Run(shutil.copytree(done, tmp_path / "own"))
    record = json.loads(own.record_file.read_text())
    record["images"]["source"]["name"] = "/photos"
    own.write_json(own.record_file, record)
    own.write_json(own.scores_file, json.loads(own.scores_file.read_text()) | {"note": "1/2"})
    push(own.path, str(tmp_path / "card"))
    there = json.loads((tmp_path / "card/run.json").read_text())
    assert there["images"]["source"]["name"] == "photos"
    assert json.loads((tmp_path / "card/scores.json").read_text())["note"] == "1/2"


@pytest.mark.parametrize("name", ["seed-0", "seed-1"])
def test_the_card_of_the_selected_run_alone_says_that_it_was_chosen(
    name: str, done: Path, tmp_path: Path
) -> None:
    shutil.copytree(done, tmp_path / name)
    runs = [{"run": f"runs/seed-{seed}"} for seed in range(3)]
    selection = {"selected": "runs/seed-1", "runs": runs}
    (tmp_path / "selection.json").write_text(json.dumps(selection))
    push(tmp_path / name, str(tmp_path / "card"))
    text = (tmp_path / "card/README.md").read_text(encoding="utf-8")
    assert ("chosen without labels from 3 runs" in text) == (name == "seed-1")


def test_the_commands_of_the_card_are_taken(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(card, tmp_path / "card")
    monkeypatch.chdir(tmp_path)
    text = (card / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^infogan ((?:pull|sample) .*)$", text, re.M)
    assert len(commands) == 2
    for command in commands:
        run(*command.split())
    assert (tmp_path / "samples.png").is_file()


def test_a_push_goes_into_no_folder_with_something_in_it(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert "new or empty" in refused(capsys, "push", done, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert "new or empty" in refused(capsys, "pull", tmp_path, "--run", tmp_path)


def damage_settings(folder: Path) -> None:
    (folder / "config.json").write_text('{"latent": {"noise": -1}}')


def damage_shape(folder: Path) -> None:
    tree = json.loads((folder / "run.json").read_text())
    tree["images"]["shape"] = [64, 64, 3]
    (folder / "run.json").write_text(json.dumps(tree))


def damage_weights(folder: Path) -> None:
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)


def damage_scores(folder: Path) -> None:
    (folder / "scores.json").write_text('{"information": 3, "recovered": []}')


def damage_log(folder: Path) -> None:
    (folder / "metrics.jsonl").write_text('{"step": 1, "d/real": "<b>"}\n')


def damage_picture(folder: Path) -> None:
    (folder / "samples" / "random.png").write_bytes(b"<svg onload=...>")


def damage_size(folder: Path) -> None:
    os.truncate(folder / "samples" / "random.png", 1 << 26)


def damage_link(folder: Path) -> None:
    outside = (folder / "names.json").rename(folder.parent / "names.json")
    (folder / "names.json").symlink_to(outside)  # a file that would do


def damage_text(folder: Path) -> None:
    tree = json.loads((folder / "config.json").read_text())
    tree["data"]["name"] = "\x1b]0;mine\x07"  # the title of a terminal
    (folder / "config.json").write_text(json.dumps(tree))


def test_a_tab_in_a_name_goes_both_ways(theirs: Path, tmp_path: Path) -> None:
    tree = read_file(theirs / "config.json")
    tree["data"]["name"] = "my\tphotos"
    (theirs / "config.json").write_text(json.dumps(tree))
    assert "config.json" in pull(str(theirs), tmp_path / "run")


def damage_missing(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize(
    "damage",
    [
        damage_settings,
        damage_shape,
        damage_weights,
        damage_scores,
        damage_log,
        damage_picture,
        damage_size,
        damage_link,
        damage_text,
        damage_missing,
    ],
)
def test_a_run_that_is_not_right_is_not_taken_at_all(
    damage: Any, theirs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(theirs)
    before = sorted(tmp_path.iterdir())
    assert str(theirs) in refused(capsys, "pull", theirs, "--run", tmp_path / "run")
    assert sorted(tmp_path.iterdir()) == before


def test_files_of_other_names_are_left(theirs: Path, tmp_path: Path) -> None:
    (theirs / "model.pkl").write_bytes(b"cos\nsystem\n")
    (theirs / "samples" / "run me.png.sh").write_text("rm -r ~")
    (theirs / "samples" / ".hidden.png").write_text("")
    taken = pull(str(theirs), tmp_path / "run")
    new = tmp_path / "run"
    there = {path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()}
    assert there == set(taken) and "samples/random.png" in taken
    assert {name for name in taken if not name.endswith(".png")} <= {*FILES}
    assert "samples/.hidden.png" not in taken


def test_what_is_neither_a_folder_nor_a_name_is_refused() -> None:
    assert hub.is_folder("./card") and hub.is_folder("/tmp/x") and hub.is_folder("~/x")
    assert hub.is_folder("card/") and not hub.is_folder("owner/name-1.0")
    for target in ("card", "a/b/c", "owner/na me", "https://x.y/a"):
        with pytest.raises(ConfigError, match="owner/name"):
            hub.is_folder(target)


def test_without_the_library_the_hub_says_what_to_install(
    done: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infogan.sharing.hub.find_spec", lambda _: None)
    assert "pip install huggingface_hub" in refused(capsys, "push", done, "owner/name")
    assert "pip install huggingface_hub" in refused(capsys, "pull", "owner/name")


class Api:
    """The Hub in memory."""

    def __init__(self, **_: object) -> None: ...

    uploaded: dict[str, bytes] = {}  # noqa: RUF012
    deleted: list[str] = []  # noqa: RUF012
    fault: Exception | None = None

    def create_repo(self, target: str, private: bool | None, exist_ok: bool) -> str:
        if self.fault:
            raise self.fault
        assert exist_ok
        return f"https://hub/{target} private={private}"

    def upload_folder(
        self, *, repo_id: str, folder_path: Path, commit_message: str, delete_patterns: list[str]
    ) -> None:
        Api.deleted = delete_patterns
        Api.uploaded = {
            path.relative_to(folder_path).as_posix(): path.read_bytes()
            for path in folder_path.rglob("*")
            if path.is_file()
        }

    def model_info(self, target: str, files_metadata: bool) -> Any:
        if self.fault:
            raise self.fault
        sizes = {name: len(content) for name, content in self.uploaded.items()}
        siblings = [SimpleNamespace(rfilename=name, size=size) for name, size in sizes.items()]
        return SimpleNamespace(siblings=siblings)


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[Api]:
    """The library, with a Hub in memory behind it."""
    library = pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")

    def snapshot(target: str, allow_patterns: list[str]) -> str:
        folder = tmp_path / "cache" / "snapshots" / "main"
        for name, content in Api.uploaded.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return str(folder)

    monkeypatch.setattr(library, "HfApi", Api)
    monkeypatch.setattr(library, "snapshot_download", snapshot)
    monkeypatch.setattr(library, "get_token", lambda: "token")
    monkeypatch.setattr("infogan.sharing.hub.unreachable", lambda: "")
    monkeypatch.setattr(Api, "fault", None)
    return Api


def test_a_run_goes_to_the_hub_and_comes_back(
    online: type[Api], done: Path, tmp_path: Path
) -> None:
    place, files = push(done, "owner/name", private=True)
    assert place == "https://hub/owner/name private=True"
    assert set(online.uploaded) == set(files) and "model.safetensors" in online.deleted
    assert b"infogan pull owner/name --run runs/name" in online.uploaded["README.md"]
    pull("owner/name", tmp_path / "run")
    theirs = ig.Model.load(tmp_path / "run").sample(3, seed=0)
    assert (theirs == ig.Model.load(done).sample(3, seed=0)).all()


def test_the_hubs_errors_are_one_line(
    online: type[Api], done: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for code, said in ((401, "HF_TOKEN"), (403, "owner"), (404, "none of that name")):
        fault = RuntimeError("a page\nof words")
        fault.response = SimpleNamespace(status_code=code)  # type: ignore[attr-defined]
        monkeypatch.setattr(Api, "fault", fault)
        for ask in (lambda: push(done, "owner/name"), lambda: pull("owner/name", tmp_path / "r")):
            with pytest.raises(RunError, match=said):
                ask()
    monkeypatch.setattr(Api, "fault", RuntimeError("a page\nof words"))
    with pytest.raises(RunError, match="the Hub says: a page of words"):
        pull("owner/name", tmp_path / "r")
    monkeypatch.setattr(Api, "fault", None)
    monkeypatch.setattr(Api, "uploaded", {"model.safetensors": range(1 << 40)})
    with pytest.raises(RunError, match="announces"):
        pull("owner/name", tmp_path / "r")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(RunError, match="hf auth login"):
        push(done, "owner/name")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: "token")
    monkeypatch.setattr("infogan.sharing.hub.unreachable", lambda: "it cannot be reached")
    with pytest.raises(RunError, match="cannot be reached; push to a folder"):
        push(done, "owner/name")


def test_offline_the_librarys_cache_is_read(card: Path, tmp_path: Path) -> None:
    """HF_HUB_OFFLINE, in a process of its own: the library reads it when it is imported."""
    pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")
    home = tmp_path / "hub" / "models--owner--name"
    blobs, snapshot = home / "blobs", home / "snapshots" / ("a" * 40)
    for path in (*blobs.parents[:1], blobs, snapshot, home / "refs"):
        path.mkdir(parents=True, exist_ok=True)
    (home / "refs" / "main").write_text("a" * 40)
    for i, path in enumerate(p for p in card.rglob("*") if p.is_file()):
        shutil.copy(path, blobs / str(i))
        link = snapshot / path.relative_to(card)
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(blobs / str(i))
    env = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path / "hub")}

    def pulled(name: str) -> tuple[int, str]:
        run = str(tmp_path / name.partition("/")[2])
        words = [sys.executable, "-m", "infogan", "pull", name, "--run", run]
        ended = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        return ended.returncode, ended.stderr

    assert pulled("owner/name") == (0, "")
    assert ig.Model.load(tmp_path / "name").sample(1, seed=0).shape[0] == 1
    code, said = pulled("owner/other")
    assert code == 2 and "HF_HUB_OFFLINE is set" in said and said.count("\n") == 1
