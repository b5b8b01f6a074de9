"""How the time of a default fit grows with rows, features and classes, and falls with threads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.data import made_up
from benchmarks.measure import ALL, Times
from sk_softmax import SoftmaxRegression

REPEATED, MOST_REPEATS = 1.0, 15
"""Seconds for which a fit is repeated, and most repeats; the least time counts."""

# Per axis its sizes and the shape (rows, features, classes) at each. Of the axes for features and
# classes, the rows suffice for all parameters, so that the problem stays of one kind.
AXES: dict[str, list[tuple[int, tuple[int, int, int]]]] = {
    "rows": [(n, (n, 10, 3)) for n in (1000, 10_000, 100_000, 1_000_000)],
    "features": [(p, (10_000, p, 5)) for p in (8, 32, 128, 512)],
    "classes": [(K, (20_000, 20, K)) for K in (4, 16, 64, 256)],
}
OTHERS = {
    "rows": "10 features, 3 classes",
    "features": "10,000 rows, 5 classes",
    "classes": "20,000 rows, 20 features",
}
THREADS = "threads"
SHAPES = [(1_000_000, 10, 3), (200_000, 54, 7), (20_000, 784, 10), (20_000, 16, 26)]
"""Shapes that are fitted on every number of threads."""


@dataclass
class Growth(Times):
    """Seconds of a default fit at one size; of threads, ``one`` is that on ``size`` of them."""

    axis: str
    size: int
    other: str
    """The other sizes."""


def measurements(axes: dict[str, list[tuple[int, tuple[int, int, int]]]]) -> Iterator[Growth]:
    """Yield the seconds at each size of each axis."""
    for axis, points in axes.items():
        for size, shape in points:
            X, y = made_up(*shape, spread=2.0)
            least = _least(X, y, [1, ALL])
            yield Growth(least[1], least[ALL], axis, size, OTHERS[axis])
            print(f"{axis} {size:,}: {least}", flush=True)


def on_threads(shapes: list[tuple[int, int, int]]) -> Iterator[Growth]:
    """Yield the seconds of each shape on 1, 2, 4, ... threads, up to all of the machine."""
    numbers = [2**k for k in range(10) if 2**k < ALL] + [ALL]
    for n_rows, n_features, n_classes in shapes:
        X, y = made_up(n_rows, n_features, n_classes, spread=2.0)
        what = f"{n_rows:,} x {n_features}, {n_classes} classes"
        least = _least(X, y, numbers)
        yield from (Growth(least[n], None, THREADS, n, what) for n in numbers)
        print(f"{what}: {least}", flush=True)


def _least(X: np.ndarray, y: np.ndarray, numbers: list[int]) -> dict[int, float]:
    """Return the least seconds of a default fit on each number of threads, measured in turn."""
    least = dict.fromkeys(numbers, np.inf)
    spent = 0.0
    for _ in range(MOST_REPEATS):
        for n_threads in least:
            with threadpool_limits(n_threads):
                start = time.perf_counter()
                SoftmaxRegression().fit(X, y)
                seconds = time.perf_counter() - start
            least[n_threads] = min(least[n_threads], seconds)
            spent += seconds
        if spent > REPEATED * len(least):
            break
    return least


def slope(sizes: list[int], seconds: list[float]) -> float:
    """Return the slope of log seconds against log size, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def tables(growth: list[Growth]) -> list[str]:
    """Return the lines of the report on growth with the sizes and on threads."""
    lines: list[str] = []
    for axis in [axis for axis in AXES if any(g.axis == axis for g in growth)]:
        points = [g for g in growth if g.axis == axis]
        lines += [
            f"### {axis} ({points[0].other})",
            "",
            f"| {axis} | one thread, ms | all threads, ms |",
            "|---:|---:|---:|",
        ]
        lines += [f"| {g.size:,} | {_ms(g.one)} | {_ms(g.all)} |" for g in points]
        lines += [f"| slope | {_slope(points, 'one')} | {_slope(points, 'all')} |", ""]
    if lines:
        lines = ["## How the time of a default fit grows", "", *lines]
        lines += ["![Growth with rows, features and classes](scaling.png)", ""]
    return lines + _table_of_threads([g for g in growth if g.axis == THREADS])


def _table_of_threads(points: list[Growth]) -> list[str]:
    if not points:
        return []
    numbers = sorted({g.size for g in points})
    lines = [
        "## On more threads",
        "",
        "Milliseconds of a default fit, and in brackets how many times less than on one thread.",
        "",
        "| | " + " | ".join(f"{n} thread{'s' * (n > 1)}" for n in numbers) + " |",
        "|---|" + "---:|" * len(numbers),
    ]
    for what in dict.fromkeys(g.other for g in points):
        taken = {g.size: g.one for g in points if g.other == what and g.one is not None}
        cells = [f"{_ms(t)} ({taken[1] / t:.2f})" for t in taken.values()]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return [*lines, "", "![Threads](threads.png)", ""]


def _ms(seconds: float | None) -> str:
    return "?" if seconds is None else f"{1000 * seconds:.4g}"


def _slope(points: list[Growth], which: str) -> str:
    seconds = [getattr(g, which) for g in points]
    return "?" if None in seconds else f"{slope([g.size for g in points], seconds):.2f}"
