"""The README says what is true: its tables, its Python, its commands."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import infogan as ig
from infogan.config.tree import RENAMED

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_tables_are_those_of_the_result_files() -> None:
    script = [sys.executable, str(ROOT / "benchmarks" / "readme.py"), "--check"]
    ended = subprocess.run(script, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_setting_has_a_former_name(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8").replace("-", "_")
    assert not [name for name in RENAMED if name in text]


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
    from PIL import Image

    for i, pixels in enumerate(images.pixels[:20]):
        Image.fromarray(pixels[..., 0]).save(tmp_path / "photos" / f"{i}.png")
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)  # the README's own lines, and nothing else
    assert scope["x"].shape == (64, 28, 28, 1)  # type: ignore[attr-defined]
    assert (tmp_path / "runs" / "mine" / "scores.json").is_file()
