"""What is shown of training while it goes on: a bar for each seed, and messages beside it."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from infogan.core.figures import short

logger = logging.getLogger("infogan")


class Said(logging.Handler):
    """Messages on what is standard error now: a progress bar stands in its place while it runs."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")


@contextmanager
def heard() -> Iterator[None]:
    """Show every message within the block, as the command line does."""
    said, level = Said(), logger.level
    logger.addHandler(said)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(said)
        logger.setLevel(level)


@contextmanager
def progress_bars(steps: int, codes: Mapping[str, Any]) -> Iterator[Callable[..., None]]:
    """A bar for each seed that was begun, with L_I of each code, losses and speed; where there is
    no terminal, a line for each line of its log."""
    console, tasks, said = Console(stderr=True), dict[int, TaskID](), dict[int, int]()
    done = (BarColumn(bar_width=16), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    wrapped = Column()  # in a narrow terminal the words take a second line, and the rest stays
    words_now = TextColumn("{task.fields[words]}", markup=False, table_column=wrapped)
    columns = ("seed {task.description}", *done, words_now)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:

        def show(seed: int, step: int, line: dict[str, float]) -> None:
            if not console.is_terminal:
                if said.get(seed, 0) < (logged := int(line.get("step", 0))):
                    said[seed] = logged
                    words = "  ".join(_progress(line, codes))
                    logger.info(
                        "seed %d, step %s of %s  %s", seed, f"{logged:,}", f"{steps:,}", words
                    )
                return
            if seed not in tasks:
                tasks[seed] = bars.add_task(str(seed), total=steps, words="")
            bars.update(tasks[seed], completed=step, words="  ".join(_progress(line, codes)))

        yield show


def _progress(line: Mapping[str, float], codes: Mapping[str, Any]) -> Iterator[str]:
    """What a line of the log says, in a few words: of each code L_I in nats, and the share of the
    code that it recovers."""
    for name, code in codes.items():
        if (bound := line.get(f"L_I/{name}")) is not None:
            prior = line.get(f"H(c)/{name}")  # a learned prior moves
            share = bound / prior if prior else code.recovered(bound)
            yield f"{name} {short(bound)} ({max(0.0, share):.0%})"
    for player in "dg":
        if terms := [value for name, value in line.items() if name.startswith(f"{player}/")]:
            yield f"{player.upper()} {short(sum(terms))}"
    if "images_per_second" in line:
        yield f"{line['images_per_second']:.0f} img/s"
