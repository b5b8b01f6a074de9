"""How everything is measured: suboptimality against seconds, from the coefficients of fits.

1. Each contender fits with growing effort on one thread, until it is close enough or its time is
   up; then the least effort that comes close enough is searched for.
2. The fits with those efforts are timed on one thread and on all, again and again in turn, so that
   a change in the machine's speed meets all contenders alike. The least time counts: that is the
   one which other programs on the machine disturbed least.

Every fit is a cold start, so its time is what a user waits for that accuracy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from benchmarks.competitors.competitor import Contender, Task
from benchmarks.limited import FAILURES, Stopped
from sk_softmax.objective import PenaltyForm, RegressionObjective
from sk_softmax.rows import rows_of

CLOSE = (1e-3, 1e-6)
"""Relative suboptimalities whose times are reported."""

AIMS = {closeness: f"to 1e{round(np.log10(closeness))}" for closeness in CLOSE}
"""What these are called in the report."""

ENOUGH = 3e-7
"""Relative suboptimality at which no more effort is tried."""

STALLED = 1e-9
"""Relative change of the objective below which more iterations count as changing nothing."""

LEAST_LIMIT = 0.2
"""Seconds that every contender may take for a fit, however fast this package was."""

LEAST_RATIO = 2.5
"""Times as long as ours that every contender may take, however slow this package was."""

REPEATED, MOST_REPEATS, SLOW = 0.25, 60, 2.0
"""Seconds for which fits are repeated, most repeats, and seconds from which none is repeated."""

CALLED, MOST_CALLS = 3.0, 9
"""Seconds for which calls are repeated that are not searched for the least effort, and how often
at the most."""

ALL = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Threads of this machine."""

Key = TypeVar("Key")

Timed = Callable[[int], float]
"""From a number of threads to seconds."""


@dataclass
class Times:
    """Seconds of the same thing on one thread and on all; None if not measured."""

    one: float | None
    all: float | None

    @property
    def better(self) -> float:
        """The smaller of both."""
        return min(t for t in (self.one, self.all) if t is not None)


@dataclass
class Point(Times):
    """One fit: its seconds and the objective that it reached."""

    value: float


@dataclass
class Curve:
    """A contender's fits of one problem in one width, from the least effort to the most."""

    problem: str
    dtype: str
    contender: str
    points: list[Point] = field(default_factory=list)
    note: str = ""
    given: float = 0.0
    """Seconds that it was given: no fit on one thread that takes less was left out."""

    def times_to(self, best: float, closeness: float) -> Times | None:
        """Return the least times of fits within this relative distance of the best value."""
        there = [p for p in self.points if p.value <= best * (1 + closeness)]
        if not there:
            return None
        one = [p.one for p in there if p.one is not None]
        together = [p.all for p in there if p.all is not None]
        return Times(min(one, default=None), min(together, default=None))

    @property
    def has_stalled(self) -> bool:
        """Whether the last fit came no closer than the one before it."""
        return len(self.points) > 1 and _is_equal(self.points[-1].value, self.points[-2].value)


@dataclass(frozen=True)
class Patience:
    """How long fits of others may take."""

    ratio: float = 50.0
    """Times as long as ours."""

    seconds: float = 3.0
    """But no longer than this, unless that would be less than ``LEAST_RATIO`` times ours."""

    def limit(self, ours: float | None) -> float:
        """Return the most seconds of a fit on one thread, given ours to the larger closeness."""
        if ours is None:
            return self.seconds
        return max(LEAST_LIMIT, min(self.ratio * ours, max(self.seconds, LEAST_RATIO * ours)))


Value = Callable[[np.ndarray, np.ndarray], float]
"""From coefficients and intercepts to the objective."""


def value_at(task: Task) -> Value:
    """Return a function from coefficients and intercepts to the objective, in float64."""
    X = task.X.astype(np.float64)
    rows = rows_of(X, task.n_classes, has_intercept=True, n_threads=1)
    form = PenaltyForm(task.l1_ratio)
    objective = RegressionObjective(rows, task.y, task.n_classes, task.C, None, form)

    def value(coef: np.ndarray, intercept: np.ndarray) -> float:
        params = np.column_stack([coef, intercept]).astype(np.float64)
        # The same probabilities with the least penalty: no solver is blamed for a shift.
        return float(objective.value(objective.penalty.balanced(params)))

    return value


@dataclass
class Search:
    """The fits that one contender was tried with on one task, by effort."""

    contender: Contender
    task: Task
    value: Value
    best: float
    tried: dict[Any, Point] = field(default_factory=dict)
    note: str = ""
    given: float = 0.0
    """See :attr:`Curve.given`."""

    def run(self, limit: float, closenesses: Sequence[float]) -> None:
        """Try growing efforts; a fit expected to take longer than ``limit`` is not begun.

        In its place there is a last fit of about the limit, which shows what cannot be reached in
        that time. A solver that comes no closer with twice the iterations is not tried again, nor
        is one that did not return from a fit.
        """
        try:
            self.note = self._grow(limit)
            for closeness in closenesses:
                self._narrow(self.best * (1 + closeness))
        except Stopped as error:
            self.note, self.given = str(error), limit
        except FAILURES as error:
            self.note = (str(error).splitlines() or [type(error).__name__])[0][:100]

    def seconds_to(self, closeness: float) -> float | None:
        """Return the seconds on one thread of the least effort that came this close."""
        effort = self.effort_to(closeness)
        return None if effort is None else self.tried[effort].one

    def effort_to(self, closeness: float) -> Any | None:
        """Return the least effort that came this close."""
        limit = self.best * (1 + closeness)
        return next((e for e in self.efforts() if self.tried[e].value <= limit), None)

    def efforts(self) -> list[Any]:
        """Return the efforts tried: more iterations, or a smaller tolerance, is more effort."""
        return sorted(self.tried, key=lambda effort: effort if _is_count(effort) else -effort)

    def _try(self, effort: Any) -> Point:
        if effort not in self.tried:
            run = self.contender.run(self.task, effort, 1)
            self.tried[effort] = Point(run.seconds, None, self.value(run.coef, run.intercept))
        return self.tried[effort]

    def _grow(self, limit: float) -> str:
        """Return the reason to stop, empty if the last value was close enough."""
        last = np.nan
        for effort in self.contender.efforts:
            point = self._try(effort)
            assert point.one is not None
            if point.value <= self.best * (1 + ENOUGH):
                return ""
            if _is_count(effort) and _is_equal(point.value, last):
                return f"came no closer than {point.value / self.best - 1:.1e}"
            if 2 * point.one > limit:  # the next fit has about twice the iterations
                if _is_count(effort) and limit > 1.3 * point.one:
                    point = self._try(round(effort * limit / point.one))
                self.given = min(limit, point.one or 0.0)
                return f"stopped after a fit of {point.one:.2g} s"
            last = point.value
        return ""

    def _narrow(self, limit: float) -> None:
        """Search for the least effort that reaches a value.

        A number of iterations is found exactly below 10 and to a tenth above, or to a quarter if
        fits are slow; for tolerances, which are apart by factors of ten, one between the last two
        is tried.
        """
        while True:
            efforts = self.efforts()
            n_below = next((n for n, e in enumerate(efforts) if self.tried[e].value <= limit), 0)
            if n_below == 0:
                return
            less, more = efforts[n_below - 1], efforts[n_below]
            if not _is_count(more):
                if less < 5 * more:
                    return
                self._try(float(np.sqrt(less * more)))
            elif more - less <= max(1, more // (4 if self._is_slow(more) else 10)):
                return
            else:
                self._try((less + more) // 2)

    def _is_slow(self, effort: Any) -> bool:
        seconds = self.tried[effort].one
        return seconds is not None and seconds > SLOW


def _is_count(effort: Any) -> bool:
    return isinstance(effort, int)


def _is_equal(value: float, last: float) -> bool:
    return abs(value - last) <= STALLED * last


def time_in_turn(
    searches: Iterable[Search], closenesses: Sequence[float], repeated: float = REPEATED
) -> None:
    """Time the least efforts that came close enough on one thread and on all, in turn."""
    jobs = [
        (search, effort, n_threads)
        for search in searches
        for effort in dict.fromkeys(search.effort_to(c) for c in closenesses)
        if effort is not None
        for n_threads in dict.fromkeys((1, ALL))
    ]
    spent = [0.0] * len(jobs)
    for number in range(MOST_REPEATS):
        due = [n for n in range(len(jobs)) if number < 2 or spent[n] < repeated]
        for n in due:
            search, effort, n_threads = jobs[n]
            point = search.tried[effort]
            known = point.one if n_threads == 1 else point.all
            is_slow = known is not None and known > SLOW
            if is_slow:
                spent[n] = np.inf
                continue
            try:
                seconds = search.contender.run(search.task, effort, n_threads).seconds
            except Stopped:  # on many threads a library may be far slower than on one
                spent[n] = np.inf
                continue
            spent[n] += seconds
            if n_threads == 1:
                point.one = min(seconds, np.inf if point.one is None else point.one)
            if n_threads == ALL:
                point.all = min(seconds, np.inf if point.all is None else point.all)


def least_in_turn(calls: Mapping[Key, Timed]) -> dict[tuple[Key, int], float]:
    """Return the least seconds of calls on one thread and on all, made again and again in turn.

    A call is a function from a number of threads to seconds.
    """
    least: dict[tuple[Key, int], float] = {}
    spent: dict[tuple[Key, int], float] = {}
    for _ in range(MOST_CALLS):
        for what, call in calls.items():
            for n_threads in dict.fromkeys((1, ALL)):
                case = (what, n_threads)
                if spent.get(case, 0.0) < CALLED:
                    seconds = call(n_threads)
                    least[case] = min(seconds, least.get(case, np.inf))
                    spent[case] = spent.get(case, 0.0) + seconds
    return least
