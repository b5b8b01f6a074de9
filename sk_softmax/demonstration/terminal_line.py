"""A line on the terminal that says what is being done, and how far it is."""

from __future__ import annotations

import sys
import threading
import time
from typing import TextIO

WIDTH = 79


EVERY = 1.0
"""Seconds after which the line is written anew, while nothing else happens."""


class Progress:
    """Shows what is being done on the last line of a terminal; anywhere else it shows nothing.

    Parameters
    ----------
    stream : file, optional
        Where to write, by default standard error, so that results can be kept without it.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._is_shown = self._stream.isatty()
        self._what, self._total, self._done, self._start = "", 0, 0, 0.0
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._clock: threading.Thread | None = None

    def begin(self, what: str, total: int = 1) -> None:
        """Begin a piece of work of so many fits; if it is the same again, anew."""
        self._what, self._total, self._done = what, total, 0
        self._start = time.perf_counter()
        self._show()
        if self._is_shown and self._clock is None:
            self._is_over.clear()
            self._clock = threading.Thread(target=self._tick, daemon=True)
            self._clock.start()

    def step(self) -> None:
        """One more fit is done."""
        self._done += 1
        self._show()

    def end(self) -> None:
        """Remove the line, so that a result can take its place."""
        if self._clock is not None:
            self._is_over.set()
            self._clock.join()
            self._clock = None
        self._write("", "\r")

    def _tick(self) -> None:
        while not self._is_over.wait(EVERY):
            self._show()

    def _show(self) -> None:
        number = min(self._done + 1, self._total)
        which = f", fit {number} of {self._total}" if self._total > 1 else ""
        seconds = time.perf_counter() - self._start
        self._write(f"{seconds:.0f} s{which}: {self._what}")

    def _write(self, line: str, end: str = "") -> None:
        if self._is_shown:
            with self._lock:
                self._stream.write(f"\r{line[:WIDTH]:<{WIDTH}}{end}")
                self._stream.flush()
