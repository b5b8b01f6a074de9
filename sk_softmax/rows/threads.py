"""Who computes: a few threads, each with a single-threaded BLAS."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> Any:
    # Finding the loaded BLAS libraries takes about 10 ms, a limit on the found ones 25 us.
    return ThreadpoolController().select(user_api="blas")


class _SingleThreadedBlas:
    """Hold BLAS to one thread while anyone is inside, however many fits overlap.

    BLAS limits are global to the process: of two overlapping fits in two threads, each restoring
    what it found, the second to leave would restore the first one's limit for good. So only the
    first to enter sets the limit and only the last to leave lifts it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limit: Any = None
        self._threads_outside = 1

    def threads_in_force(self) -> int:
        """Return the number of BLAS threads allowed outside of this guard."""
        with self._lock:
            return self._threads_outside if self._inside else _allowed_threads()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._threads_outside = _allowed_threads()
                _take_control()
                self._limit = _controller().limit(limits=1)
            self._inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _take_control()
                self._limit.restore_original_limits()
                _take_control()


def _allowed_threads() -> int:
    return max((library.num_threads for library in _controller().lib_controllers), default=1)


def _take_control() -> None:
    """Let this thread change the limits, whichever thread did so before.

    Recent versions of threadpoolctl let only one thread change OpenBLAS's limits until it lets
    go; with overlapping fits the last to leave is often not the one that entered first.
    """
    for library in _controller().lib_controllers:
        let_go = getattr(library, "clear_controlling_thread", None)
        if let_go is not None:
            let_go(force=True)


_GUARD = _SingleThreadedBlas()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Hold BLAS to one thread, so that a product does not depend on how many there are."""
    with _GUARD:
        yield


def threads_in_force() -> int:
    """Return how many threads BLAS may use here, which is how many a fit uses by default."""
    return _GUARD.threads_in_force()


def thread_pool(n_threads: int) -> ThreadPoolExecutor:
    """Return the pool of this many threads, which lives as long as the process."""
    return _thread_pool(n_threads, os.getpid())


@cache
def _thread_pool(n_threads: int, process: int) -> ThreadPoolExecutor:
    # Kept, because starting two threads takes longer than one evaluation of a small problem. By
    # process, because a forked child inherits the pool without its threads and would wait forever.
    return ThreadPoolExecutor(n_threads, "sk_softmax", initializer=_limit_this_thread)


def _limit_this_thread() -> None:
    """Hold BLAS to one thread here, where the limit is each thread's own (OpenBLAS on OpenMP)."""
    for library in _controller().lib_controllers:
        if getattr(library, "threading_layer", None) == "openmp":
            library.set_num_threads(1)
