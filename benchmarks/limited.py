"""Competitors with a limit on each fit: they run in another process, which can be ended.

A library that does not return from a fit cannot be stopped in this process: no exception reaches
it while it computes.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from benchmarks.competitors.competitor import Competitor, Run, Task

MOST_TIMES, LEAST_SECONDS = 5.0, 10.0
"""A fit is stopped after so many times the seconds in which one should end, but not before
``LEAST_SECONDS``."""

WARM_UP = 60.0
"""Seconds after which a small fit is stopped: the first may compile."""

FAILURES = (ValueError, RuntimeError, MemoryError, np.linalg.LinAlgError)
"""What a library raises of which the report tells; anything else ends its process."""


class Stopped(RuntimeError):
    """A call did not return in time; the message is a note for the report."""


class OtherProcess:
    """Calls functions of a task in another process, and ends it if a call takes too long.

    It begins with the first call, and anew with the next one after it was ended.
    """

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._process: Any = None
        self._held: Task | None = None
        self.warm: set[str] = set()
        """Names of the libraries that have run since it began."""

    def call(
        self,
        function: Callable[..., Any],
        task: Task,
        *arguments: Any,
        limit: float = np.inf,
    ) -> Any:
        """Return ``function(task, *arguments)``, which takes at most ``limit`` seconds.

        Raises
        ------
        Stopped
            If it did not return in time.
        RuntimeError
            If it raised one of ``FAILURES``, or its process ended.
        """
        connection = self._connection or self._begin()
        try:
            if self._held is not task:
                connection.send(task)
                self._held = task
            connection.send((function, arguments))
            if not connection.poll(None if np.isinf(limit) else limit):
                raise Stopped(f"stopped after {limit:.3g} s within one fit")
            answer = connection.recv()
        except (EOFError, OSError, Stopped) as error:
            self.close()
            if isinstance(error, Stopped):
                raise
            raise RuntimeError("its process ended") from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _begin(self) -> Connection:
        # Spawned, not forked: OpenMP's threads do not survive a fork.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_answer, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        return self._connection

    def close(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
        self._connection, self._held = None, None
        self.warm.clear()


def _answer(connection: Connection) -> None:
    """Answer questions about the task that was sent last until there are no more."""
    held: Any = None
    while True:
        try:
            question = connection.recv()
        except EOFError:
            return
        if isinstance(question, Task):
            held = question
            continue
        function, arguments = question
        try:
            answer = function(held, *arguments)
        except FAILURES as error:
            answer = RuntimeError(str(error) or type(error).__name__)
        connection.send(answer)


class Limited:
    """A competitor whose fits are stopped after some seconds.

    Parameters
    ----------
    competitor : Competitor
        What fits.
    process : OtherProcess
        Where it fits.
    expected : float
        Seconds in which its fits on one thread should end.
    """

    def __init__(self, competitor: Competitor, process: OtherProcess, expected: float) -> None:
        self.name, self.efforts = competitor.name, competitor.efforts
        self.limit = most_seconds(expected)
        self._competitor, self._process = competitor, process

    def can_fit(self, task: Task) -> bool:
        return self._competitor.can_fit(task)

    def run(self, task: Task, effort: Any, n_threads: int) -> Run:
        if self.name not in self._process.warm:
            self._warm_up()
        run: Run = self._process.call(
            self._competitor.run, task, effort, n_threads, limit=self.limit
        )
        return run

    def _warm_up(self) -> None:
        """Fit something small, since a library's first fit may load modules and compile."""
        random = np.random.default_rng(0)
        X = random.normal(size=(500, 10))
        logits = X[:, :3] + random.gumbel(size=(500, 3))
        effort = self.efforts[2]
        for n_classes in (2, 3):
            for C, l1_ratio in ((1.0, 0.0), (1.0, 1.0), (np.inf, 0.0)):
                task = Task(X, logits[:, :n_classes].argmax(axis=1), C, l1_ratio)
                if self.can_fit(task):
                    with suppress(RuntimeError):  # measured fits report theirs
                        self._process.call(self._competitor.run, task, effort, 1, limit=WARM_UP)
        self._process.warm.add(self.name)


def most_seconds(expected: float) -> float:
    """Return the seconds after which a fit is stopped that should end in this many."""
    return max(MOST_TIMES * expected, LEAST_SECONDS)
