"""How quick the explorer is: time of a frame, time until it is ready, size of the page.

    python benchmarks/explorer.py runs/demo runs/paper runs/shapes

Each run's page is written into its folder and opened several times in headless Chromium without a
GPU. A frame is timed from the slider's move to the painted canvas, while one slider is dragged
through its range. Writes benchmarks/results/explorer.json.
"""

import argparse
import json
import shutil
import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from infogan.explorer.page import explorer
from infogan.model.model import Model
from infogan.runs.folder import Run
from infogan.training.device import Engine

TARGET = Path(__file__).parent / "results" / "explorer.json"
DRAG = """async (slider) => {
  for (let i = 0; i <= 300; i++) {
    slider.value = Number(slider.min) + (slider.max - slider.min) * (i / 300);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise(requestAnimationFrame);
  }
  return [...frames].slice(-300);
}"""


def opened(browser: Browser, path: Path) -> tuple[float, list[float]]:
    """Milliseconds until a page is ready, and those of its frames."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(path.resolve().as_uri())
    page.locator("html[data-ready]").wait_for()
    ready = float(page.locator("html").get_attribute("data-ready") or "nan")
    page.wait_for_timeout(2000)  # until the small images are drawn
    frames: list[float] = page.locator("#codes input[type=range]").first.evaluate(DRAG)
    page.close()
    return ready, frames


def measured(browser: Browser, run: Path, times: int) -> dict[str, Any]:
    """The figures of one run."""
    model = Model.load(run)
    path, size = explorer(model, Run(run))
    starts, frames = zip(*(opened(browser, path) for _ in range(times)), strict=True)
    every = sorted(ms for part in frames for ms in part)
    return {
        "shape": model.shape,
        "data": Path(model.config.data.name).name,
        "parameters": {
            part: sum(p.numel() for p in getattr(model, part).parameters()) for part in ("g", "d")
        },
        "page_bytes": size,
        "ready_ms": {"median": statistics.median(starts), "worst": max(starts)},
        "frame_ms": {
            "median": statistics.median(every),
            "p95": every[int(0.95 * len(every))],
            "frames": len(every),
        },
    }


def main() -> None:
    """Measure each run, print and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--times", type=int, default=5, help="how often each page is opened")
    arguments = parser.parse_args()
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        report = {
            "command": "python benchmarks/explorer.py "
            + " ".join(str(run) for run in arguments.runs),
            "machine": Engine.of(Run(arguments.runs[0]).config).describe(),
            "browser": f"Chromium {browser.version}",
            "times": arguments.times,
            "runs": {run.name: measured(browser, run, arguments.times) for run in arguments.runs},
        }
        browser.close()
    print(json.dumps(report["runs"], indent=2))
    TARGET.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
