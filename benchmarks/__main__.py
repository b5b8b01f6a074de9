"""``python -m benchmarks``: measure, and write the report with its plots."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from benchmarks import competitors, elastic_net, engine, report, results_file
from benchmarks.cross_validation import CrossValidation, cross_validations
from benchmarks.measure import (
    QUICKLY_REPEATED,
    REPEATED,
    Curve,
    measure,
    patient_budget,
    value_at,
    warm_up,
)
from benchmarks.problems import PROBLEMS, Problem, made_up, mnist
from sk_softmax import SoftmaxRegression

HERE = Path(__file__).parent

MOST_ITERATIONS = 1500
"""Iterations that the search for the best known value may take."""

QUICK_BUDGET = 0.1
"""Seconds that a fit may take with ``--quick``."""


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line asks for, write the report and return the exit status."""
    options = _parser().parse_args(arguments)
    results = report.Results()
    store = options.output / "results.json"
    if options.merge and store.exists():
        results = results_file.read(store)
    found, results.missing = competitors.installed()
    for line in (*report.machine(), *results.missing):
        print(line)
    if options.competitors is not None:
        found = [c for c in found if any(part in c.name for part in options.competitors)]
    options.output.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(options.threads):
        for _ in _run(options, results, found):
            results_file.write(results, store)  # what has been measured survives an interruption
    results_file.write(results, store)
    report.write(results, options.output, options.note)
    print(f"the report is in {options.output / 'README.md'}")
    return 0


@dataclass(frozen=True)
class Limits:
    """How long fits may take."""

    budget: float
    """Most seconds of a fit."""

    impatient: bool
    """Whether the budget also depends on the time of this package: see ``patient_budget``."""

    repeated: float = REPEATED
    """Seconds for which short fits are repeated."""


def _run(options: argparse.Namespace, results: report.Results, found: list) -> Iterator[None]:
    """Measure what is asked for; yield after each problem, so that results can be saved."""
    yield from _run_problems(options, results, found)
    if options.elastic_net:
        yield from _run_elastic_net(options, results)
    if options.engine:
        _run_engine(results, quick=options.quick)


def _run_problems(
    options: argparse.Namespace, results: report.Results, found: list
) -> Iterator[None]:
    chosen = [p for p in PROBLEMS if p.bundled] if options.quick else PROBLEMS
    if options.problems is not None:
        chosen = [p for p in chosen if any(part in p.name for part in options.problems)]
    limits = Limits(options.budget, options.impatient)
    if options.quick:
        limits = Limits(min(options.budget, QUICK_BUDGET), True, QUICKLY_REPEATED)
    best = {}
    for competitor in found:
        warm_up(competitor)
    for dtype in options.dtypes:
        for problem in chosen:
            if problem.name not in best:
                best[problem.name] = _best(problem, options.optimum_tol)
            _run_problem(problem, dtype, found, limits, best[problem.name], results)
            yield


def _run_elastic_net(options: argparse.Namespace, results: report.Results) -> Iterator[None]:
    for measured in elastic_net.measurements(
        elastic_net.chosen(options.quick, options.problems),
        options.competitors,
        budget=elastic_net.QUICK_BUDGET if options.quick else options.budget,
        optimum_tol=options.optimum_tol,
    ):
        results.sparse.keep(measured)
        yield


def _run_engine(results: report.Results, *, quick: bool) -> None:
    shapes = engine.QUICK_SHAPES if quick else engine.SHAPES
    results.evaluations = engine.evaluations(shapes)
    results.scaling = engine.scaling([1000, 10_000] if quick else [10_000, 100_000, 1_000_000])
    X, y = made_up(5000, 50, 5) if quick else (mnist()[0] / 255, mnist()[1])
    results.epochs = [engine.epoch(X, y)]
    results.single_rows = [engine.one_row(load) for load in (load_iris, load_digits)]
    results.cross_validations = _cross_validations(quick=quick)


def _cross_validations(*, quick: bool) -> list[CrossValidation]:
    if quick:
        return cross_validations("iris", *load_iris(return_X_y=True), repeats=3)
    X, y = mnist()
    found = cross_validations("digits", *load_digits(return_X_y=True), repeats=3)
    return found + cross_validations("10,000 rows of MNIST / 255", X[:10_000] / 255, y[:10_000])


def _run_problem(
    problem: Problem,
    dtype: str,
    found: list,
    limits: Limits,
    best: float,
    results: report.Results,
) -> None:
    """Measure all competitors that can fit one problem in one width."""
    X, y = problem.data(np.dtype(dtype).type)
    n_classes = int(y.max()) + 1
    value = value_at(X, y, problem.C)
    curves: list[Curve] = []
    for competitor in found:
        if competitor.can_fit(X, n_classes):
            curve = measure(
                competitor,
                X,
                y,
                problem.C,
                best=best,
                budget=patient_budget(limits.budget, competitor, found, curves, best)
                if limits.impatient
                else limits.budget,
                labels=(problem.name, dtype),
                value=value,
                repeated=limits.repeated,
            )
            curves.append(curve)
            times = {c: curve.seconds_to(best, c) for c in (1e-3, 1e-6)}
            print(f"{problem.name}, {dtype}, {competitor.name}: {times} {curve.note}", flush=True)
    results.keep(curves, best)


def _best(problem: Problem, tol: float) -> float:
    """Return the lowest value known before measuring.

    It serves float64 and float32, whose data differ by rounding only.
    """
    X, y = problem.data(np.float64)
    model = SoftmaxRegression(C=problem.C, tol=tol, max_iter=MOST_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    return value_at(X, y, problem.C)(model.coef_, model.intercept_)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time this package and other libraries, and write a report.",
    )
    parser.add_argument("--quick", action="store_true", help="bundled data only, about a minute")
    parser.add_argument("--problems", nargs="+", metavar="PART", help="problems named like this")
    parser.add_argument(
        "--competitors", nargs="+", metavar="PART", help="competitors named like this"
    )
    parser.add_argument(
        "--dtypes", nargs="+", default=["float64", "float32"], help="widths of the data"
    )
    parser.add_argument("--budget", type=float, default=600, help="seconds a fit may take")
    parser.add_argument(
        "--impatient",
        action="store_true",
        help="limit each competitor to our own time, times the ratio that is aimed at",
    )
    parser.add_argument("--optimum-tol", type=float, default=1e-9, help="tol of the fit for F*")
    parser.add_argument("--threads", type=int, default=None, help="most threads of BLAS")
    parser.add_argument(
        "--no-elastic-net", dest="elastic_net", action="store_false", help="no fits with L1"
    )
    parser.add_argument(
        "--no-engine",
        dest="engine",
        action="store_false",
        help="no evaluations, epochs, single rows, scaling and cross-validations",
    )
    parser.add_argument("--merge", action="store_true", help="add to the results already there")
    parser.add_argument("--note", default="", help="a line for the report on how it was made")
    parser.add_argument("--output", type=Path, default=HERE / "report", help="a folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
