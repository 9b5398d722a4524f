"""The pictures of pages and of digits in docs/images, taken anew of a finished run of `digits`.

    python benchmarks/pictures.py runs/quality/digits-0 runs/folders/hands-default-10 runs/folders/…

Needs the browser extra and Chromium. It is copied; its categories are named after their digits. The
further runs are shown beside it in the gallery.
"""

import argparse
import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from infogan import data
from infogan.cli import main as infogan
from infogan.core.tables import read_file

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 1000}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5}
FIVE = 2
"""Which of the held-out fives is read in the explorer."""


def copy(run: Path, to: Path, named: list[int], category_of: dict[str, int]) -> Path:
    """A copy of the run with names for some digits."""
    shutil.copytree(run, to)
    for digit in named:
        infogan(["name", str(to), f"digit.{category_of[str(digit)]}", WORDS[digit]])
    return to


def report(browser: Any, run: Path, category_of: dict[str, int]) -> None:
    """The report, in both schemes and on a phone."""
    infogan(["report", str(run)])
    scenes = [
        ("report-light-desktop", DESKTOP, "light", ""),
        ("report-dark-desktop", DESKTOP, "dark", "#codes"),
        ("report-dark-phone", PHONE, "dark", ""),
        ("report-light-phone", PHONE, "light", "#training"),
        ("report-names", PHONE, "light", f"#c{category_of['5']}"),
    ]
    for name, size, scheme, place in scenes:
        page = browser.new_page(color_scheme=scheme, **size)
        page.goto((run / "report.html").resolve().as_uri())
        if name == "report-names":
            for digit in (5, 6):
                page.get_by_label(f"Name of category {category_of[str(digit)]}").fill(WORDS[digit])
        if place:
            page.locator(place).evaluate("part => part.scrollIntoView({ behavior: 'instant' })")
        page.wait_for_timeout(1000)
        page.screenshot(path=IMAGES / f"{name}.png")
        page.close()


def explorer(browser: Any, run: Path, category_of: dict[str, int]) -> None:
    """The explorer: a point beside its grid, and an image that is read."""
    infogan(["explore", str(run), "--no-open"])
    sizes: dict[str, Any] = {
        "desktop": {"viewport": {"width": 1280, "height": 800}},
        "phone": PHONE | {"device_scale_factor": 2},
    }
    for scheme, reads, each in (
        ("light", False, "desktop"),
        ("dark", True, "desktop"),
        ("dark", False, "phone"),
        ("light", True, "phone"),
    ):
        page = browser.new_page(color_scheme=scheme, **sizes[each])
        page.goto((run / "explorer.html").resolve().as_uri())
        page.locator("html[data-ready]").wait_for(timeout=60_000)
        if reads:
            page.locator("#tab-read").click()
            page.locator("#read input[type=file]").set_input_files("photo.png")
            page.get_by_text("The nearest of").wait_for(timeout=60_000)
            page.get_by_role("button", name="Use codes").click()
        else:
            page.locator("#seed").fill("3")
            page.locator("label.chip").nth(category_of["7"]).click()
            for i, value in enumerate(("1.4" if each == "phone" else "0.4", "-0.3")):
                page.locator("#codes input[type=number]").nth(i).fill(value)
                page.locator("#codes input[type=number]").nth(i).press("Enter")
                page.locator("#codes input[type=number]").nth(i).blur()
        page.wait_for_timeout(2000)
        page.screenshot(path=IMAGES / f"explorer-{scheme}-{each}.png")
        page.close()


def gallery(browser: Any, runs: list[Path]) -> None:
    """One page of copies of several runs."""
    for run in runs:
        shutil.copytree(run, Path("gallery/runs") / run.name)
    infogan(["gallery", "gallery/runs"])
    page = browser.new_page(color_scheme="light", viewport={"width": 1280, "height": 1000})
    page.goto(Path("gallery/runs/gallery.html").resolve().as_uri())
    page.screenshot(path=IMAGES / "gallery.png")
    page.close()
    Image.open(IMAGES / "gallery.png").quantize(128).save(IMAGES / "gallery.png", optimize=True)


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("others", type=Path, nargs="*")
    given = parser.parse_args()
    run, others = given.run.resolve(), [path.resolve() for path in given.others]
    category_of = read_file(run / "scores.json")["category_of"]
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if chromium is None:
        parser.error("there is no Chromium here; install it")
    held_out = data.load("digits", "validation")
    five = [i for i in range(len(held_out)) if held_out.labels[i] == 5][FIVE]
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        sync_playwright() as started,
    ):
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        Image.fromarray(held_out.pixels[five, ..., 0]).save("photo.png")
        report(browser, copy(run, Path("runs/digits"), [0, 1, 4], category_of), category_of)
        explorer(browser, copy(run, Path("runs/demo"), list(range(10)), category_of), category_of)
        gallery(browser, [run, *others])
        browser.close()
    shutil.copy(run / "samples" / "categories.png", IMAGES)
    reconstructed = IMAGES / "reconstructed.png"
    infogan(["reconstruct", str(run), "digits", "--split", "validation", "-o", str(reconstructed)])


if __name__ == "__main__":
    main()
