"""The documentation site has every page, leads somewhere, and loads nothing from elsewhere."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

import infogan
from infogan import information, sklearn
from infogan.cli import COMMANDS
from infogan.config.presets import PRESETS
from infogan.config.settings import RunConfig

ROOT = Path(__file__).parents[1]


class Page(HTMLParser):
    """What a page links to, what it loads, its anchors and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.loads, self.anchors = set[str](), set[str](), {""}
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        found = {given[name] for name in ("href", "src", "srcset", "poster") if name in given}
        if tag == "a":
            self.links |= found
        else:
            self.loads |= found

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built anew."""
    pytest.importorskip("zensical", reason="the docs extra is not installed")
    folder = tmp_path_factory.mktemp("docs")
    script = [sys.executable, str(ROOT / "scripts" / "pages.py"), str(folder)]
    ended = subprocess.run(script, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> Mapping[str, Page]:
    """Its pages by name; the page of a server that finds none has links from its root."""
    return {path.name: Page(path) for path in site.glob("*.html") if path.name != "404.html"}


def test_the_navigation_has_every_page() -> None:
    config = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    listed = re.findall(r"'([\w.-]+\.md)'", str(config["project"]["nav"]))
    assert len(listed) == len(set(listed))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} < set(listed)


def test_links_and_images_lead_somewhere(site: Path, pages: Mapping[str, Page]) -> None:
    assert len(pages) > 25
    for name, page in pages.items():
        for target in page.links | page.loads:
            if target.startswith(("https://", "data:", "mailto:")):
                continue
            file, _, anchor = unquote(target).partition("#")
            assert (site / (file or name)).is_file(), f"{name}: {target}"
            aim = pages.get(Path(file or name).name)
            assert aim is None or anchor in aim.anchors | {"__skip"}, f"{name}: {target}"


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: Mapping[str, Page]) -> None:
    for name, page in pages.items():
        assert not [target for target in page.loads if "//" in target], name
        assert not re.search(
            r"@import|url\(\s*[\"']?(https?:)?//", (site / name).read_text("utf-8")
        )
    for path in site.rglob("*.css"):
        assert not re.search(r"@import|url\(\s*[\"']?(https?:)?//", path.read_text("utf-8")), path


def test_formulas_are_drawn(site: Path, pages: Mapping[str, Page]) -> None:
    for name in ("theory.html", "theory.zh.html"):
        text = (site / name).read_text("utf-8")
        source = (ROOT / "docs" / name.replace(".html", ".md")).read_text("utf-8")
        assert text.count('display="block"') == source.count("```math") > 5
        assert text.count("<math") > 60
        assert f'<html lang="{"zh" if ".zh" in name else "en"}"' in text
    for name, page in pages.items():
        assert not re.search(r"\\[(\[]|\\ln|\$\$", page.text), name
        assert "©" not in page.text, name  # of (c), the code


def test_the_reference_has_every_name(pages: Mapping[str, Page]) -> None:
    python, settings, commands = (
        pages[f"{name}.html"].text for name in ("python", "settings", "commands")
    )
    assert not [name for name in infogan.__all__ if f"ig.{name}" not in python]
    assert not [name for name in sklearn.__all__ if f"{name}(" not in python]
    told = pages["information.html"].text
    assert not [name for name in information.__all__ if f"{name}(" not in told]
    assert not [name for name in PRESETS if name not in settings]
    described = RunConfig.model_json_schema()
    sections = {"": described} | described["$defs"]
    for section in sections.values():
        for name, field in section["properties"].items():
            words = field.get("description", "").split("\n")[0].partition("`")[0]
            assert name == "kind" or words in " ".join(settings.split()), name
    for function in (command for group in COMMANDS.values() for command in group):
        assert f"infogan {function.__name__}" in commands
        first = (function.__doc__ or "").partition("`")[0].split(":")[0].split("\n")[0]
        assert first in " ".join(commands.split()), first


def test_the_home_page_is_the_readme(pages: Mapping[str, Page]) -> None:
    home = " ".join(pages["index.html"].text.split())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", readme, re.M)
    assert titles and all(title in home for title in titles)
    assert "images/categories.png" in pages["index.html"].loads
