"""The page of several runs: what is on it, where its links lead, and what it leaves out."""

import base64
import hashlib
import io
import json
import os
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest
from PIL import Image

from conftest import refused, run
from infogan.core.random import stream
from infogan.model.model import Model
from infogan.runs.folder import below

EVIL = "<b>& 'a' #1 \udcff"  # also a part of an address
SHOWN = EVIL.replace("\udcff", r"\udcff")


@pytest.fixture(scope="module")
def runs(done: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scored run with an explorer, an unscored one deeper down, and one that is not finished."""
    folder = tmp_path_factory.mktemp("many")
    shutil.copytree(done, folder / EVIL)
    (folder / EVIL / "explorer.html").write_text("an explorer")
    shutil.copytree(trained, folder / "deeper" / "plain")
    (folder / "half").mkdir()
    for name in ("config.json", "run.json"):
        shutil.copy(done / name, folder / "half")
    return folder


@pytest.fixture(scope="module")
def page(runs: Path) -> str:
    run("gallery", runs)
    return (runs / "gallery.html").read_text(encoding="utf-8")


def address(link: str) -> str:
    """The path that a browser takes from a link: up to a #, and without escapes."""
    return os.fsdecode(unquote_to_bytes(unescape(link).partition("#")[0]))


def cards(page: str) -> list[str]:
    return re.findall(r"<section class=\"card.*?</section>", page, re.DOTALL)


def test_every_run_below_has_a_card(page: str) -> None:
    titles = [unescape(title) for title in re.findall(r"<h2><bdi>(.*?)</bdi></h2>", page)]
    assert titles == [SHOWN, "deeper/plain"]
    assert "<b>" not in page


def test_scores_are_those_of_the_run(page: str, runs: Path) -> None:
    scored, plain = cards(page)
    scores = json.loads((runs / EVIL / "scores.json").read_text())
    figures = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", scored))
    n = scores["n"]
    assert figures[f"clustering accuracy on {n} images"] in (
        f"{100 * scores['cluster_accuracy']:.1f} %",
        f"{100 * scores['cluster_accuracy']:.0f} %",
    )
    assert "time for 4 steps" in figures
    for finding in scores["findings"]:
        assert finding["name"] in scored
    assert "Not scored yet" in plain and "<dt>" not in plain


def test_pictures_are_what_the_run_draws_largest_category_first(page: str, runs: Path) -> None:
    (written,) = re.findall(r'<img src="data:image/png;base64,(.*?)"', cards(page)[0])
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(written))))
    model = Model.load(runs / EVIL)
    shares = json.loads((runs / EVIL / "scores.json").read_text())["shares"]
    largest = int(np.argmax(shares))
    draw = model.latent.grid("digit", [largest], 8, stream(model.config.seed, "gallery"))
    row = model.generate(draw.vector())[..., 0]  # [8, 16, 16]
    assert shown.shape == (4 * 18 - 2, 8 * 18 - 2)
    assert (shown[:16, :16] == row[0]).all() and (shown[:16, 7 * 18 :] == row[7]).all()


def test_links_lead_to_pages_that_are_there(page: str, runs: Path) -> None:
    scored, plain = cards(page)
    addresses = [address(a) for a in re.findall(r'href="(.*?)"', scored)]
    assert addresses == [f"{EVIL}/report.html", f"{EVIL}/explorer.html"]
    assert all((runs / place).is_file() for place in addresses)
    assert "infogan report" in plain and "href" not in plain


def test_what_is_left_out_is_named(
    page: str, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = f"{runs / 'half'}: not finished (no model.safetensors); repeat the train command"
    assert said in unescape(page).partition("Left out")[2]
    capsys.readouterr()
    run("gallery", runs)
    shown = capsys.readouterr()
    assert shown.out.strip() == str(runs / "gallery.html")
    assert shown.err.strip() == f"infogan: left out: {said}"


def test_it_loads_and_runs_nothing(page: str) -> None:
    policy = re.findall(r'content="(default-src [^"]*)"', page)[0]
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)[0]
    sha256 = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; img-src data:")
    assert f"style-src 'sha256-{sha256}'" in policy and "script" not in policy
    assert ".cards" in style and "--paper" in style and "<script" not in page


def test_one_run_and_another_place(done: Path, tmp_path: Path) -> None:
    alone = shutil.copytree(done, tmp_path / "runs" / "alone")
    run("gallery", alone)
    page = (tmp_path / "runs" / "gallery.html").read_text(encoding="utf-8")
    assert re.findall(r'href="(.*?)"', page) == ["alone/report.html"]
    (tmp_path / "pages").mkdir()
    run("gallery", alone, "-o", tmp_path / "pages" / "g.html")
    page = (tmp_path / "pages" / "g.html").read_text(encoding="utf-8")
    assert re.findall(r'href="(.*?)"', page) == ["../runs/alone/report.html"]


def test_a_finding_of_two_codes_is_named_once(done: Path, tmp_path: Path) -> None:
    own = shutil.copytree(done, tmp_path / "own")
    finding = {"name": "code ignored", "seen": "it is not read", "remedy": "more steps"}
    scores = json.loads((own / "scores.json").read_text()) | {"findings": [finding, finding]}
    (own / "scores.json").write_text(json.dumps(scores))
    run("gallery", own)
    assert "The doctor found: code ignored.<" in (tmp_path / "gallery.html").read_text("utf-8")


def test_runs_are_found_at_any_depth(runs: Path) -> None:
    assert below(runs) == [runs / EVIL, runs / "deeper" / "plain", runs / "half"]
    assert below(runs / "half") == [runs / "half"]


def test_a_folder_without_a_finished_run_is_refused(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "holds no run" in refused(capsys, "gallery", tmp_path)
    assert "no such folder" in refused(capsys, "gallery", tmp_path / "none")
    assert "not finished" in refused(capsys, "gallery", runs / "half")
    assert not (runs / "half" / "gallery.html").exists()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_anyone_can_use_it(browser: Any, page: str, runs: Path, scheme: str, width: int) -> None:
    """axe-core finds nothing, nothing sticks out at the side, and a link leads to the report."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="the browser extra is not installed"
    )
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    shown = context.new_page()
    shown.goto((runs / "gallery.html").as_uri())
    found = axe.Axe().run(shown)
    assert found.violations_count == 0, found.generate_report()
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    shown.get_by_role("link", name="Report").first.click()
    assert address(shown.url).endswith(f"{EVIL}/report.html")
    assert shown.get_by_role("heading", name="Categories").is_visible()
    context.close()
