"""Which of several processes live: each counts aloud in a store that all read, so that one that is
slow, as when it writes a large state, is told from one that is lost."""

import atexit
import os
import time
from contextlib import suppress
from threading import Event, Thread

from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

from infogan.core.errors import RunError

BEAT = 1.0  # seconds between two beats
SILENT = 10  # own beats without one of another process, and that one is lost
LOOK = 0.02  # seconds between two looks at the others
ENDED = -(1 << 40)  # added to the count of a process that ends, which is below 0 from then on


class Heartbeats:
    """The beats of this process, and what it hears of the others.

    name: the same in all of them, and of them alone. Silence is counted in own beats, so that a
    machine that sleeps misses nobody.
    """

    def __init__(self, name: str, rank: int, size: int) -> None:
        place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        # A connection of its own, so that no beat waits for what else is asked of the store.
        self._store = PrefixStore(name, TCPStore(*place, is_master=False))
        self._rank, self._size, self._meetings = rank, size, 0
        self._heard = dict.fromkeys(set(range(size)) - {rank}, 0)  # the count of each
        self._silence = dict(self._heard)  # own beats since it changed
        self._over = Event()
        self._thread = Thread(target=self._go_on, daemon=True)
        self._thread.start()
        atexit.register(self.end)

    def _go_on(self) -> None:
        with suppress(RuntimeError):  # the store is gone, which the next operation meets as well
            while not self._over.wait(BEAT):
                self._store.add(str(self._rank), 1)
                for other, before in self._heard.items():
                    now = self._store.add(str(other), 0)
                    self._silence[other] = self._silence[other] + 1 if now == before else 0
                    self._heard[other] = now

    def lost(self) -> str:
        """Which other processes are lost, in words; empty if none is."""
        if ended := [str(other) for other, count in self._heard.items() if count < 0]:
            return f"process {', '.join(ended)} ended"
        if silent := [str(other) for other, beats in self._silence.items() if beats >= SILENT]:
            return f"process {', '.join(silent)} does not answer"
        return ""

    def missed(self) -> str:
        """The same where one may have been lost just now: waits for as long as that may take."""
        until = time.monotonic() + (SILENT + 2) * BEAT
        while self._thread.is_alive() and not self.lost() and time.monotonic() < until:
            time.sleep(LOOK)
        return self.lost()

    def meet(self) -> None:
        """Wait until all processes are here, for as long as they live; RunError names one that is
        lost."""
        self._meetings += 1
        there = self._store.add("here", 1)
        while there < self._meetings * self._size:
            time.sleep(LOOK)
            words = self.lost()  # before the count, since one that was here may end
            there = self._store.add("here", 0)
            if words and there < self._meetings * self._size:
                raise RunError(f"{words}; the same command resumes")

    def end(self) -> None:
        """Tell the others that this process ends, or needs them no longer."""
        atexit.unregister(self.end)
        self._over.set()
        self._thread.join()
        with suppress(RuntimeError):
            self._store.add(str(self._rank), ENDED)
