"""How many rows a second are read, told while a long pass goes on."""

from __future__ import annotations

import time
from collections.abc import Callable

# Seconds after which a pass that is still going on tells how far it is.
PERIOD = 10.0


class ReadingSpeed:
    """Counts the rows that passes read.

    Attributes
    ----------
    tell : callable or None
        Is given a line about the first pass, and about every PERIOD seconds of the others.
    n_passes, n_rows : int
        Passes that have begun, and the rows that they have read together.
    """

    def __init__(self) -> None:
        self.tell: Callable[[str], object] | None = None
        self.n_passes = self.n_rows = 0
        self._begun = self._told = self._asked = time.perf_counter()
        self._before = self._until_asked = 0

    def begin_pass(self) -> None:
        """Begin the next pass."""
        self.n_passes += 1
        self._before = self.n_rows
        self._begun = self._told = time.perf_counter()

    def add(self, n_rows: int) -> None:
        """Count the rows of a chunk that has been read and has answered."""
        self.n_rows += n_rows
        now = time.perf_counter()
        if now - self._told >= PERIOD:
            self._told = now
            self._tell("so far ")

    def end_pass(self) -> None:
        """End the pass."""
        if self.n_passes == 1:
            self._tell("")

    def _tell(self, so_far: str) -> None:
        """Tell how many rows this pass has read."""
        if self.tell is not None:
            n_rows = self.n_rows - self._before
            rate = _rate(n_rows, time.perf_counter() - self._begun)
            self.tell(f"        pass {self.n_passes}: {so_far}{n_rows:,} rows, {rate}")

    def since_asked(self) -> str:
        """Return the speed since this was asked for the last time, in words; "" for no row."""
        now, n_rows = time.perf_counter(), self.n_rows - self._until_asked
        rate = f"  {_rate(n_rows, now - self._asked)}" if n_rows else ""
        self._asked, self._until_asked = now, self.n_rows
        return rate


def _rate(n_rows: int, seconds: float) -> str:
    return f"{n_rows / max(seconds, 1e-9):,.0f} rows/s"
