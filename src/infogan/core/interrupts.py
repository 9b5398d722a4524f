"""Cooperative interruption: SIGTERM and Ctrl-C set a flag, polled between steps, files, chunks."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen
from types import FrameType

_asked: list[int] = []
_children: list[Popen[bytes]] = []


class Stopped(KeyboardInterrupt):
    """The process was asked to stop, and what it had is saved."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


@contextmanager
def handled() -> Iterator[None]:
    """Keep the first signal for `poll`; a second one ends the process at once.
    Only the main thread can enter the block. At its end, Stopped is raised if nothing polled."""
    before = {number: signal.signal(number, _handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
        poll()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _asked.clear()
        _children.clear()


@contextmanager
def noticed() -> Iterator[None]:
    """Keep the first Ctrl-C for `asked` and `poll` until the block ends: for Python, which goes on
    afterwards. A second one raises KeyboardInterrupt as ever. Where something else answers Ctrl-C,
    or in another thread, which gets no signals, nothing changes."""
    usual = signal.default_int_handler
    on_main = threading.current_thread() is threading.main_thread()
    if not on_main or signal.getsignal(signal.SIGINT) is not usual:
        yield
        return

    def once(number: int, frame: FrameType | None) -> None:
        signal.signal(number, usual)
        _asked.append(number)

    signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        _asked.clear()


def _handle(number: int, frame: FrameType | None) -> None:
    if _asked:
        os._exit(128 + number)
    _asked.append(number)
    for child in _children:
        child.terminate()


def pass_on(child: Popen[bytes]) -> None:
    """Pass a signal on to a child at once: a second one would end this process before it polls."""
    _children.append(child)
    if _asked:
        child.terminate()


def asked() -> bool:
    """Whether the process is to stop."""
    return bool(_asked)


def poll() -> None:
    """Raise Stopped when the process is to stop. Call it where nothing is lost by that."""
    if _asked:
        raise Stopped(_asked[0])
