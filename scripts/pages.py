"""Build the documentation site from README.md, docs/ and the code.

    python scripts/pages.py [FOLDER]    # FOLDER/site/index.html; by default in the repository

zensical makes pages of Markdown that load nothing from elsewhere. Formulas become MathML, which
browsers draw by themselves.
"""

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import reference
from latex2mathml.converter import convert

ROOT = Path(__file__).parents[1]
HOME = {"README.md": "index.md", "LICENSE": "LICENSE.txt", "NOTICE": "NOTICE.txt"}
OUTSIDE = {path.name: path.name.lower() for path in ROOT.glob("*.md")} | HOME
"""What lies outside docs/, with its name in the site."""
FENCED = re.compile(r"(^```.*?^```$)", re.M | re.S)
TIGHT = re.compile(r"^(?!(?:> )?(?:[-\s]|\d+\.))(.+)\n(?=(> )?(?:- |1\. ))", re.M)
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.S)
RELATION = re.compile(r"(?=(?<!\\)(?:=|\\[lg]e\b))(?![^{]*\})")  # between braces, none


def moved(text: str) -> str:
    """A page with links between docs/ and what lies outside it as the site needs them."""

    def link(found: re.Match[str]) -> str:
        target, _, anchor = found[1].partition("#")
        target = target.removeprefix("../").removeprefix("docs/")
        target = OUTSIDE.get(target, target)
        return f"]({target}{'#' * bool(anchor)}{anchor})"

    return re.sub(r"\]\(([^)]+)\)", link, text)


def spaced(text: str) -> str:
    """Markdown of GitHub as Python-Markdown reads it: a list begins after an empty line, and a
    formula of its own stands between dollars."""
    parts = FENCED.split(text)
    for i, part in enumerate(parts):
        if part.startswith("```math"):
            parts[i] = "$$" + part.removeprefix("```math").removesuffix("```") + "$$"
        elif i % 2 == 0:
            parts[i] = TIGHT.sub(r"\1\n\2\n", part)
    return "".join(parts)


def drawn(page: str) -> str:
    """A page of the site with its formulas as MathML, which breaks lines before a relation."""

    def formula(found: re.Match[str]) -> str:
        tex = html.unescape(found[2]).replace("{aligned}", "{split}")
        if found[1] == "div":
            return str(convert(tex, display="block"))
        return "<wbr>".join(convert(part) for part in RELATION.split(tex) if part.strip())

    return FORMULA.sub(formula, page)


def main() -> None:
    """Write the Markdown of all pages, let zensical build them, and draw their formulas."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else ROOT
    pages, site = folder / "build" / "pages", folder / "site"
    for old in (pages, site):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(ROOT / "docs", pages)
    shutil.copytree(ROOT / "examples", pages / "examples")
    for name, page in OUTSIDE.items():
        (pages / page).write_bytes((ROOT / name).read_bytes())
    for name, write in reference.PAGES.items():
        (pages / name).write_text("\n".join(write()), encoding="utf-8")
    for path in pages.glob("*.md"):
        path.write_text(spaced(moved(path.read_text(encoding="utf-8"))), encoding="utf-8")
    if folder != ROOT:
        shutil.copy(ROOT / "zensical.toml", folder)
    build = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    ended = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(ended.stdout + ended.stderr)
    for path in site.glob("*.html"):
        page = drawn(path.read_text(encoding="utf-8"))
        if ".zh" in path.name:  # for the right shapes of characters
            page = page.replace('<html lang="en"', '<html lang="zh"')
        path.write_text(page, encoding="utf-8")
    print(site / "index.html")


if __name__ == "__main__":
    main()
