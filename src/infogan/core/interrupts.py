"""SIGTERM and Ctrl-C as a wish: whoever works looks here at every step, and ends where nothing is lost."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen
from types import FrameType

_asked: list[int] = []
_children: list["Popen[bytes]"] = []


class Stopped(KeyboardInterrupt):
    """The process was asked to stop, and what it had is saved."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


@contextmanager
def handled() -> Iterator[None]:
    """Within the block (of the main thread) the first signal is kept for `poll`; a second one ends the process at
    once. Raises Stopped at the end of the block when nobody polled."""
    before = {number: signal.signal(number, _handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
        poll()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _asked.clear()
        _children.clear()


def _handle(number: int, frame: FrameType | None) -> None:
    if _asked:
        os._exit(128 + number)
    _asked.append(number)
    for child in _children:
        child.terminate()


def pass_on(child: "Popen[bytes]") -> None:
    """Have a process that this one started asked to stop as well, by the handler itself: a second signal ends this
    process before it could look around."""
    _children.append(child)
    if _asked:
        child.terminate()


def asked() -> bool:
    """Whether the process is to stop."""
    return bool(_asked)


def poll() -> None:
    """Raise Stopped when the process is to stop. To be called where nothing is lost by it."""
    if _asked:
        raise Stopped(_asked[0])
