"""The README says what is true: its tables, its Python, its commands."""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import infogan as ig
from conftest import refused, run
from infogan.cli import app
from infogan.config.tree import RENAMED

ROOT = Path(__file__).parents[1]
CHINESE = "README.zh-CN.md"
DOCUMENTS = [
    "README.md",
    CHINESE,
    "CONTRIBUTING.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]
OWN = "docs/extending.md"  # has settings that it makes itself; tests/test_extending.py runs it
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_tables_are_those_of_the_result_files() -> None:
    script = [sys.executable, str(ROOT / "benchmarks" / "readme.py"), "--check"]
    ended = subprocess.run(script, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def blocks(text: str) -> list[str]:
    """The code of a page, line for line, without comments."""
    lines = re.findall(r"^(?:    \S.*|```[\s\S]*?^```$)", text, re.M)
    return [re.sub(r" *# .*$", "", line, flags=re.M) for line in lines]


def test_the_chinese_readme_says_the_same() -> None:
    """Code, order of headings, tables, lists, links, figures: all but the words."""
    chinese = (ROOT / CHINESE).read_text(encoding="utf-8")
    assert blocks(chinese) == blocks(README) and len(blocks(README)) > 25
    for pattern in (r"^#+ ", r"^- |^\| `|^!\[", r"`--[^`]+`|`[a-z-]+`"):
        assert len(re.findall(pattern, chinese, re.M)) == len(re.findall(pattern, README, re.M))
    links = [re.findall(r"\]\(([^)]+)\)", text) for text in (README, chinese)]
    assert {*links[0]} - {CHINESE} == {*links[1]} - {"README.md"}

    def table(text: str, name: str) -> list[str]:
        within = text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
        assert "|" in within
        return re.findall(r"\d[\d.,]*\d|\d", within)

    assert table(chinese, "quality-zh") == table(README, "quality")
    assert not re.search(r"[a-z]{4,} [a-z]{3,} [a-z]{3,}", chinese.split("quality-zh")[1])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_setting_has_a_former_name(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8").replace("-", "_")
    assert not [name for name in RENAMED if name in text]


@pytest.fixture(scope="module")
def coloured(tmp_path_factory: pytest.TempPathFactory, images: ig.Images) -> Path:
    """A folder of images in colour."""
    folder = tmp_path_factory.mktemp("coloured")
    for i, grey in enumerate(images.pixels[:20]):
        Image.fromarray(np.concatenate([grey, 255 - grey, grey], 2)).save(folder / f"{i}.png")
    return folder


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_are_taken(
    document: str, coloured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of a page has a name and options that there are. Settings are checked too,
    where they do not come from a run; every folder of a page is one of photos."""
    monkeypatch.chdir(tmp_path)
    page = (ROOT / document).read_text(encoding="utf-8").replace("\\\n", "")
    for line in re.findall(r"^(?:> )?    infogan (.*?)(?: +[#|] .*)?$", page, re.M):
        words = [str(coloured) if re.fullmatch(r"[a-z]+/", w) else w for w in shlex.split(line)]
        app.parse_args(words, exit_on_error=False, print_error=False)
        if words[0] == "train" and "--continue-from" not in words and document != OWN:
            run(*words, "--dry-run")


@pytest.mark.parametrize(("document", "pairs"), [("comparing.md", 4), ("theory.md", 1)])
def test_runs_to_compare_differ_in_the_information_alone(
    document: str, pairs: int, coloured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each pair of commands: an InfoGAN of L_I and the game alone, and its GAN."""
    page = (ROOT / "docs" / document).read_text(encoding="utf-8").replace("\\\n", "")
    trees = []
    for words in re.findall(r"^(?:> )?    infogan (train .*)$", page, re.M):
        capsys.readouterr()
        run(*words.replace("photos/", str(coloured)).split(), "--dry-run")
        trees.append(json.loads(capsys.readouterr().out))
    assert len(trees) == 2 * pairs
    for infogan, gan in zip(trees[::2], trees[1::2], strict=True):
        own, control = infogan.pop("objective"), gan.pop("objective")
        assert infogan == gan
        assert (own.pop("kind"), control.pop("kind")) == ("infogan", "gan")
        assert {key: own[key] for key in control} == control  # the game
        assert own["real_weight"] == own["contrast"] == own["warm_up"] == 0
        assert own["fakes"] is None  # as many as a GAN compares


def test_a_gan_of_codes_that_follow_a_property_is_told_of_the_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = refused(capsys, "train", "digits", "--objective", "gan", "--dry-run")
    assert "--latent.slant.follows none --latent.width.follows none" in message
    (page,) = re.findall(r"docs/[a-z]+\.md", message)
    assert (ROOT / page).is_file()
    assert "real-weight" not in message  # which the objective does not have
    infogan = refused(capsys, "train", "digits", "--objective.real-weight", "0", "--dry-run")
    assert "objective.real-weight above 0" in infogan and "docs/" not in infogan


def test_the_python_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: ig.RunConfig, images: ig.Images
) -> None:
    """With tiny networks and few steps in place of the presets, every line works as printed."""
    code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    small = {"networks": tiny.networks, "steps": 1, "batch": 8}
    for name in ("digits", "images"):
        settings = ig.presets.preset(name).replace(**small)
        entry = replace(ig.presets.PRESETS[name], config=settings)
        monkeypatch.setitem(ig.presets.PRESETS, name, entry)
    monkeypatch.setattr(ig.presets, "IMAGES", ig.presets.preset("images"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for i, pixels in enumerate(images.pixels[:20]):
        Image.fromarray(pixels[..., 0]).save(tmp_path / "photos" / f"{i}.png")
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)  # the README's own lines, and nothing else
    assert scope["x"].shape == (64, 28, 28, 1)  # type: ignore[attr-defined]
    assert (tmp_path / "runs" / "mine" / "scores.json").is_file()


def test_the_python_of_the_report_page_runs(trained: Path, images: ig.Images) -> None:
    (code,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "report.md").read_text("utf-8"), re.DOTALL
    )
    scope: dict[str, Any] = {"model": ig.Model.load(trained), "pixels": images.pixels[:2]}
    exec(compile(code, "docs/report.md", "exec"), scope)
    assert scope["images"].shape == images.pixels[:2].shape and scope["error"].shape == (2,)
