"""Beside the table: evaluations, epochs, single rows, cross-validations, growth, inference."""

from __future__ import annotations

from collections.abc import Iterator

from sklearn.datasets import load_digits, load_iris
from threadpoolctl import threadpool_limits

from benchmarks import engine, scaling, standard_errors
from benchmarks.competitors import statsmodels
from benchmarks.competitors.competitor import Missing
from benchmarks.cross_validation import CrossValidation, cross_validations
from benchmarks.data import made_up, some_of_mnist
from benchmarks.results import Results


def measure(results: Results, *, is_short: bool) -> Iterator[None]:
    """Measure what solvers are built on; yield after each kind."""
    shapes = engine.QUICK_SHAPES if is_short else engine.SHAPES
    X, y = made_up(5000, 50, 5) if is_short else some_of_mnist(60_000)
    results.evaluations = engine.on_one_and_all(lambda: engine.evaluations(shapes))
    yield
    results.epochs = engine.on_one_and_all(lambda: [engine.epoch(X, y)])
    yield
    results.single_rows = engine.on_one_and_all(
        lambda: [engine.one_row(load) for load in (load_iris, load_digits)]
    )
    yield
    results.cross_validations = _cross_validations(is_short=is_short)
    yield


def measure_growth(results: Results, *, is_short: bool) -> Iterator[None]:
    """Measure how fits grow with their sizes, and what threads gain; yield after each."""
    axes, shapes = scaling.AXES, scaling.SHAPES
    if is_short:
        axes = {axis: points[:2] for axis, points in axes.items()}
        shapes = [(2000, 16, 4)]
    results.growth = []
    for measured in (scaling.measurements(axes), scaling.on_threads(shapes)):
        for growth in measured:
            results.growth.append(growth)
            yield


def measure_inference(results: Results, *, is_short: bool) -> Iterator[None]:
    """Measure coefficients with standard errors; yield after each contender and problem."""
    has_other = True
    try:
        statsmodels.competitors()
    except Missing as reason:
        has_other = False
        results.remarks = list(dict.fromkeys([*results.remarks, str(reason)]))
        print(reason, flush=True)
    results.standard_errors = []
    for found in standard_errors.measurements(is_short=is_short, has_other=has_other):
        results.standard_errors.append(found)
        yield


def _cross_validations(*, is_short: bool) -> list[CrossValidation]:
    found = []
    for note, n_threads in engine.THREADS.items():
        with threadpool_limits(n_threads):
            if is_short:
                iris = load_iris(return_X_y=True)
                found += cross_validations(f"iris, {note}", *iris, repeats=3)
                continue
            digits = load_digits(return_X_y=True)
            found += cross_validations(f"digits, {note}", *digits)
    return found
