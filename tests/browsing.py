"""Looking at an explorer page in a real browser, as several test modules do it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from infogan.data.images import Pixels

Opened = Callable[..., Any]
WATCHED = """
navigator.clipboard.writeText = async (text) => (window.copied = text);
window.shift = 0;
const moved = (list) => list.getEntries().forEach((entry) => (window.shift += entry.value));
new PerformanceObserver(moved).observe({ type: "layout-shift", buffered: true });
"""
"""What the page copies and how far its layout jumps, kept in the window."""


@contextmanager
def explorers(browser: Any, run: Path) -> Iterator[Opened]:
    """Open a run's page and wait until it is ready; at the end nothing may have failed or left."""
    contexts, wrong = [], []

    def note(kind: str) -> Callable[[Any], None]:
        return lambda event: wrong.append((kind, str(getattr(event, "text", event))))

    def seen(request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")) or request.url.endswith("/x"):
            wrong.append(("request", request.url))

    def go(
        path: Path = run, hash: str = "", script: str = "", ready: bool = True, **options: Any
    ) -> Any:
        contexts.append(
            browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        )
        page = contexts[-1].new_page()
        page.on("pageerror", note("error"))
        page.on("console", note("console"))
        page.on("request", seen)
        page.add_init_script(WATCHED + script)
        page.goto((path / "explorer.html").as_uri() + hash)
        if ready:
            page.locator("html[data-ready]").wait_for(timeout=60_000)
        return page

    yield go
    for context in contexts:
        context.close()
    assert not wrong


def pixels(canvas: Any) -> Pixels:
    """[H, W, 3] of what a canvas holds, read from a copy."""
    values, h, w = canvas.evaluate(
        """c => {
          const copy = new OffscreenCanvas(c.width, c.height);
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(c, 0, 0);
          return [[...context.getImageData(0, 0, c.width, c.height).data], c.height, c.width];
        }"""
    )
    return np.array(values, np.uint8).reshape(h, w, 4)[..., :3]


def shown(page: Any, words: str) -> Pixels:
    """The pixels of the large image, once it is that of a point in these words."""
    from playwright.sync_api import expect

    expect(page.locator("#image")).to_have_attribute("aria-label", re.compile(words))
    return pixels(page.locator("#image"))


def near(found: Pixels, expected: Pixels) -> bool:
    """Equal to one grey level."""
    return int(np.abs(found.astype(int) - expected.astype(int)).max()) <= 1


def drop(page: Any, content: bytes, name: str) -> None:
    """Drop a file on the page."""
    transfer = page.evaluate_handle(
        """([bytes, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
          return transfer;
        }""",
        [list(content), name],
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
