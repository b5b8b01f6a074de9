"""The threads that sum blocks, each with a single-threaded BLAS."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> Any:
    """Return the loaded BLAS libraries, whose number of threads can be limited."""
    # Kept, because finding the libraries takes about 10 ms; a limit on known ones takes 25 us.
    return ThreadpoolController().select(user_api="blas")


class _SingleThreadedBlas:
    """Holds BLAS to one thread while one or more fits are inside.

    The limit belongs to the whole process. If two overlapping fits in two threads each restored
    the limit that they found, the second to leave would restore the limit of the first, for good.
    So only the first fit to enter sets the limit, and only the last to leave lifts it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limit: Any = None
        self._threads_outside = 1

    def threads_in_force(self) -> int:
        """Return the number of threads that BLAS may use outside of this guard."""
        with self._lock:
            return self._threads_outside if self._inside else _allowed_threads()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._threads_outside = _allowed_threads()
                self._limit = None  # of one thread: to set and lift it would take 14 us
                if self._threads_outside > 1:
                    _take_control()
                    self._limit = _controller().limit(limits=1)
            self._inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limit is not None:
                _take_control()
                self._limit.restore_original_limits()
                _take_control()


def _allowed_threads() -> int:
    """Return the most threads that a loaded BLAS library may use now."""
    return max((library.num_threads for library in _controller().lib_controllers), default=1)


def _take_control() -> None:
    """Let this thread change the limits, even if another thread set them.

    In recent versions of threadpoolctl only the thread that set OpenBLAS's limits may change them,
    until it lets go. With overlapping fits, the last thread to leave is often not the first that
    entered.
    """
    for library in _controller().lib_controllers:
        let_go = getattr(library, "clear_controlling_thread", None)
        if let_go is not None:
            let_go(force=True)


_GUARD = _SingleThreadedBlas()


def single_threaded_blas() -> AbstractContextManager[None]:
    """Return a context that holds BLAS to one thread.

    Products then do not depend on the number of threads.
    """
    return _GUARD


_allowed: ContextVar[int | None] = ContextVar("_allowed", default=None)


@contextmanager
def threads_allowed(n_threads: int | None) -> Iterator[None]:
    """Have rows that are made inside read by this many threads by default; None changes nothing.

    It is for a place where BLAS has one thread and rows have several, as a worker of a cluster.
    """
    token = _allowed.set(_allowed.get() if n_threads is None else n_threads)
    try:
        yield
    finally:
        _allowed.reset(token)


def threads_in_force() -> int:
    """Return how many threads a fit uses here by default: as many as BLAS may, or as allowed."""
    return _allowed.get() or _GUARD.threads_in_force()


def thread_pool(n_threads: int) -> ThreadPoolExecutor:
    """Return the pool of this many threads, which lives as long as the process."""
    return _thread_pool(n_threads, os.getpid())


@cache
def _thread_pool(n_threads: int, process: int) -> ThreadPoolExecutor:
    # Pools are kept, because starting two threads takes longer than one evaluation of a small
    # problem. There is one for each process, because a forked child inherits a pool without its
    # threads: a task given to that pool would wait forever.
    return ThreadPoolExecutor(n_threads, "sk_softmax", initializer=_limit_this_thread)


def _limit_this_thread() -> None:
    """Hold BLAS to one thread in this thread.

    With OpenBLAS on OpenMP each thread has a limit of its own.
    """
    for library in _controller().lib_controllers:
        if getattr(library, "threading_layer", None) == "openmp":
            library.set_num_threads(1)
