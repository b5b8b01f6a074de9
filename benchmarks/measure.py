"""One way to measure: suboptimality against seconds, for anything that returns coefficients."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from benchmarks.competitors.competitor import Competitor
from sk_softmax.objective import ElasticNet, RegressionObjective
from sk_softmax.rows import rows_of

CLOSE = (1e-3, 1e-6)
"""Relative suboptimalities whose times are reported."""

ENOUGH = 1e-7

LEAST_BUDGET = 0.7
"""Seconds that every competitor may take, however fast ours was."""

REPEATED, MOST_REPEATS = 0.15, 101
"""Seconds for which short fits are repeated, and how often the shortest are."""


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


def value_at(
    X: Any, y: np.ndarray, C: float, penalty: ElasticNet | None = None
) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return a function from coefficients and intercepts to the objective, in float64."""
    n_classes = int(y.max()) + 1
    rows = rows_of(X.astype(np.float64), n_classes, has_intercept=True, n_threads=1)
    penalty = ElasticNet() if penalty is None else penalty
    objective = RegressionObjective(rows, y, n_classes, C, None, penalty)

    def value(coef: np.ndarray, intercept: np.ndarray) -> float:
        params = np.column_stack([coef, intercept]).astype(np.float64)
        if len(params) > 1 and penalty.l1_ratio == 0:
            # The same probabilities with the least penalty: no solver is blamed for a shift. With
            # L1 the mean is not the best shift, and would leave no coefficient at zero.
            params -= params.mean(axis=0)
        return objective.value(params)

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
) -> Curve:
    """Fit with growing effort until close enough to the best known value, relative to it.

    No fit is begun that is expected to take longer than the budget. Where the next would be, one
    of about the budget is the last, so that it shows what is not reached in that time.

    Every fit starts from nothing, so its time is what a user would wait for that accuracy. Fits
    that take less than a second are repeated and their median time kept.
    """
    curve = Curve(*labels, competitor.name)
    efforts = list(competitor.efforts)
    while efforts:
        effort = efforts.pop(0)
        try:
            fit = partial(competitor.fit, X, y, C, effort)
            seconds, (coef, intercept) = timed(fit)
        except (ValueError, RuntimeError, MemoryError) as error:
            curve.note = str(error).splitlines()[0][:100]
            break
        point = Point(seconds, value(coef, intercept))
        curve.points.append(point)
        if point.value <= best * (1 + enough):
            break
        if 2 * seconds > budget:  # about what the next fit is expected to take
            curve.note = f"stopped after a fit of {seconds:.0f} s"
            is_worth_it = isinstance(effort, int) and budget > 1.2 * seconds
            efforts = [round(effort * budget / seconds)] if is_worth_it else []
    return curve


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


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the median seconds of a call and its result; short calls are repeated.

    On a shared machine a few milliseconds may be anybody's.
    """
    times = []
    while True:
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
        is_much = sum(times) >= REPEATED or len(times) >= MOST_REPEATS
        if times[0] >= 1 or (is_much and len(times) >= 3):
            return float(np.median(times)), result
