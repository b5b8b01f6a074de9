"""One way to measure: suboptimality against seconds, for anything that returns coefficients."""

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

STALLED = 1e-9
"""Relative change of the value below which more iterations are taken to change nothing."""

LEAST_BUDGET = 0.7
"""Seconds that every competitor may take, however fast ours was."""

REPEATED, QUICKLY_REPEATED, MOST_REPEATS = 0.15, 0.02, 101
"""Seconds for which short fits are repeated, with ``--quick`` too, and how often at most."""


@dataclass
class Point:
    """One fit: how long it took and the objective it reached."""

    seconds: float
    value: float


@dataclass
class Curve:
    """A competitor's fits of one problem, from the least effort to the most."""

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
        """Whether the most effort came no closer than the one before."""
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
    """Fit with growing effort until close enough to the best known value, relative to it.

    No fit is begun that is expected to take longer than the budget. Where the next would be, one
    of about the budget is the last, so that it shows what is not reached in that time. Nor is a
    solver asked again that came no closer with twice the iterations. Efforts grow in big steps,
    so between two fits of which only the second was close enough there is one more.

    Every fit starts from nothing, so its time is what a user would wait for that accuracy. Fits
    that take less than a second are repeated and their median time kept.
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
    # Iterations grow with the effort, tolerances shrink.
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
    """Try one effort after the other, and return why not all, if not for being close enough."""
    last = np.nan
    for effort in efforts:
        point = try_out(effort)
        is_count = isinstance(effort, int)
        if point.value <= best * (1 + enough):
            return ""
        if is_count and _is_equal(point.value, last):
            return f"came no closer than {point.value / best - 1:.1e}"
        if 2 * point.seconds > budget:  # about what the next fit is expected to take
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
    """Return an effort halfway between each two of which only the second came close."""
    found = set()
    for (less, before), (more, after) in pairwise(tried.items()):
        for closeness in closenesses:
            if after.value <= best * (1 + closeness) < before.value:
                middle = float(np.sqrt(less * more))
                found.add(round(middle) if isinstance(more, int) else middle)
    return [effort for effort in found if effort not in tried]


def warm_up(competitor: Competitor) -> None:
    """Fit something small: the first fit of a library may load modules and start threads."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(2000, 50)), np.arange(2000) % 5
    for dtype in (np.float32, np.float64):
        with suppress(ValueError, RuntimeError, MemoryError):  # the report says it of the fits
            competitor.fit(X.astype(dtype), y, 1.0, competitor.efforts[0])


def patient_budget(
    budget: float,
    competitor: Competitor,
    found: list[Competitor],
    curves: list[Curve],
    best: float,
    closeness: float = CLOSE[0],
) -> float:
    """Return the seconds that a fit may take, going by how fast the first competitor arrived."""
    seconds = curves[0].seconds_to(best, closeness) if curves else None
    if seconds is None:
        return budget
    share = competitor.patience / max(c.patience for c in found)
    least = min(LEAST_BUDGET, budget)
    return max(min(share * budget, competitor.patience * seconds), least)


def timed(call: Callable[[], Any], repeated: float = REPEATED) -> tuple[float, Any]:
    """Return the median seconds of a call and its result; short calls are repeated.

    On a shared machine a few milliseconds may be anybody's.
    """
    times = []
    while True:
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
        is_much = sum(times) >= repeated or len(times) >= MOST_REPEATS
        if times[0] >= 1 or (is_much and len(times) >= 3):
            return float(np.median(times)), result
