"""How everything is measured: suboptimality against seconds, from the coefficients of fits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.competitors.competitor import Competitor
from sk_softmax.objective import PenaltyForm, RegressionObjective
from sk_softmax.rows import rows_of

CLOSE = (1e-3, 1e-6)
"""Relative suboptimalities whose times are reported."""

ENOUGH = 1e-7
"""Relative suboptimality at which no more effort is tried."""

STALLED = 1e-9
"""Relative change of the objective below which more iterations count as changing nothing."""

LEAST_BUDGET = 0.7
"""Seconds that every competitor may take for a fit, however fast this package was."""

REPEATED, QUICKLY_REPEATED, MOST_REPEATS = 0.15, 0.02, 101
"""Seconds for which short fits are repeated, the same with ``--quick``, and most repeats."""


@dataclass
class Point:
    """One fit: its seconds and the objective that it reached."""

    seconds: float
    value: float


@dataclass
class Curve:
    """A competitor's fits of one problem in one width, from the least effort to the most."""

    problem: str
    dtype: str
    competitor: str
    points: list[Point] = field(default_factory=list)
    note: str = ""

    def seconds_to(self, best: float, closeness: float) -> float | None:
        """Return the least time of a fit within this relative distance of the best value."""
        limit = best * (1 + closeness)
        return min((p.seconds for p in self.points if p.value <= limit), default=None)

    @property
    def has_stalled(self) -> bool:
        """Whether the last fit came no closer than the one before it."""
        return len(self.points) > 1 and _is_equal(self.points[-1].value, self.points[-2].value)


def value_at(
    X: Any, y: np.ndarray, C: float, form: PenaltyForm | None = None
) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return a function from coefficients and intercepts to the objective, in float64."""
    n_classes = int(y.max()) + 1
    rows = rows_of(X.astype(np.float64), n_classes, has_intercept=True, n_threads=1)
    form = PenaltyForm() if form is None else form
    objective = RegressionObjective(rows, y, n_classes, C, None, form)

    def value(coef: np.ndarray, intercept: np.ndarray) -> float:
        params = np.column_stack([coef, intercept]).astype(np.float64)
        # The same probabilities with the least penalty: no solver is blamed for a shift.
        return objective.value(objective.penalty.balanced(params))

    return value


def measure(
    competitor: Competitor,
    X: Any,
    y: np.ndarray,
    C: float,
    *,
    best: float,
    budget: float,
    labels: tuple[str, str],
    value: Callable[[np.ndarray, np.ndarray], float],
    enough: float = ENOUGH,
    closenesses: Sequence[float] = CLOSE,
    repeated: float = REPEATED,
) -> Curve:
    """Fit with growing effort until the value is close enough to the best known one.

    - A fit that is expected to take longer than the budget is not begun. In its place there is a
      last fit of about the budget, which shows what cannot be reached in that time.
    - A solver that comes no closer with twice the iterations is not tried again.
    - Efforts grow in big steps. So between two fits of which only the second reaches a closeness,
      one more fit is made.

    Every fit is a cold start, so its time is what a user waits for that accuracy. Fits that take
    less than a second are repeated, and their median time is kept.
    """
    curve = Curve(*labels, competitor.name)
    tried: dict[Any, Point] = {}

    def try_out(effort: Any) -> Point:
        seconds, (coef, intercept) = timed(partial(competitor.fit, X, y, C, effort), repeated)
        tried[effort] = Point(seconds, value(coef, intercept))
        return tried[effort]

    try:
        curve.note = _try_with_growing_effort(try_out, competitor.efforts, best, budget, enough)
        for effort in _efforts_between(tried, best, closenesses):
            try_out(effort)
    except (ValueError, RuntimeError, MemoryError) as error:
        curve.note = str(error).splitlines()[0][:100]
    # More effort is a larger number of iterations, but a smaller tolerance.
    falling = next(iter(tried), 0) > competitor.efforts[-1]
    curve.points = [tried[effort] for effort in sorted(tried, reverse=falling)]
    return curve


def _try_with_growing_effort(
    try_out: Callable[[Any], Point],
    efforts: Sequence[Any],
    best: float,
    budget: float,
    enough: float,
) -> str:
    """Try one effort after the other.

    Return the reason to stop, empty if the last value was close enough or all efforts were tried.
    """
    last = np.nan
    for effort in efforts:
        point = try_out(effort)
        is_count = isinstance(effort, int)
        if point.value <= best * (1 + enough):
            return ""
        if is_count and _is_equal(point.value, last):
            return f"came no closer than {point.value / best - 1:.1e}"
        if 2 * point.seconds > budget:  # the next fit has about twice the iterations
            if is_count and budget > 1.2 * point.seconds:
                point = try_out(round(effort * budget / point.seconds))
            return f"stopped after a fit of {point.seconds:.0f} s"
        last = point.value
    return ""


def _is_equal(value: float, last: float) -> bool:
    return abs(value - last) <= STALLED * last


def _efforts_between(
    tried: dict[Any, Point], best: float, closenesses: Sequence[float]
) -> list[Any]:
    """Return the geometric mean of each two efforts of which only the second came close."""
    found = set()
    for (less, before), (more, after) in pairwise(tried.items()):
        for closeness in closenesses:
            if after.value <= best * (1 + closeness) < before.value:
                middle = float(np.sqrt(less * more))
                found.add(round(middle) if isinstance(more, int) else middle)
    return [effort for effort in found if effort not in tried]


def warm_up(competitor: Competitor) -> None:
    """Fit something small, since a library's first fit may load modules and start threads."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(2000, 50)), np.arange(2000) % 5
    for dtype in (np.float32, np.float64):
        with suppress(ValueError, RuntimeError, MemoryError):  # measured fits report theirs
            competitor.fit(X.astype(dtype), y, 1.0, competitor.efforts[0])


def patient_budget(
    budget: float,
    competitor: Competitor,
    found: list[Competitor],
    curves: list[Curve],
    best: float,
    closeness: float = CLOSE[0],
) -> float:
    """Return the seconds that a fit may take, from the time of the first competitor.

    It is the competitor's patience times that time to ``closeness``, at most its share of the
    budget (in proportion to its patience), and at least ``LEAST_BUDGET``.
    """
    seconds = curves[0].seconds_to(best, closeness) if curves else None
    if seconds is None:
        return budget
    share = competitor.patience / max(c.patience for c in found)
    least = min(LEAST_BUDGET, budget)
    return max(min(share * budget, competitor.patience * seconds), least)


def timed(call: Callable[[], Any], repeated: float = REPEATED) -> tuple[float, Any]:
    """Return the median seconds of a call and its result; short calls are repeated.

    On a shared machine a single time of a few milliseconds may be that of other programs.
    """
    times = []
    while True:
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
        is_much = sum(times) >= repeated or len(times) >= MOST_REPEATS
        if times[0] >= 1 or (is_much and len(times) >= 3):
            return float(np.median(times)), result
