"""``python -m benchmarks``: measure, and write the report with its plots."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from benchmarks import competitors, elastic_net, engine, report
from benchmarks.cross_validation import CrossValidation, cross_validations
from benchmarks.measure import (
    QUICKLY_REPEATED,
    REPEATED,
    Curve,
    Point,
    measure,
    patient_budget,
    value_at,
    warm_up,
)
from benchmarks.problems import PROBLEMS, Problem, made_up, mnist
from sk_softmax import SoftmaxRegression

HERE = Path(__file__).parent

MOST_ITERATIONS = 1500
"""What the best known value may take."""


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line asks for and write the report; return the exit status."""
    options = _parser().parse_args(arguments)
    results = report.Results()
    store = options.output / "results.json"
    if options.merge and store.exists():
        results = _load(store)
    found, results.missing = competitors.installed()
    for line in (*report.machine(), *results.missing):
        print(line)
    if options.competitors is not None:
        found = [c for c in found if any(part in c.name for part in options.competitors)]
    with threadpool_limits(options.threads):
        _run(options, results, found)
    _store(results, options.output)
    report.write(results, options.output, options.note)
    print(f"the report is in {options.output / 'README.md'}")
    return 0


@dataclasses.dataclass(frozen=True)
class Limits:
    """How long fits may take."""

    budget: float
    impatient: bool
    repeated: float = REPEATED


def _run(options: argparse.Namespace, results: report.Results, found: list) -> None:
    chosen = [p for p in PROBLEMS if p.bundled] if options.quick else PROBLEMS
    if options.problems is not None:
        chosen = [p for p in chosen if any(part in p.name for part in options.problems)]
    limits = Limits(options.budget, options.impatient)
    if options.quick:
        limits = Limits(min(options.budget, 0.1), True, QUICKLY_REPEATED)
    best = {}
    for competitor in found:
        warm_up(competitor)
    for dtype in options.dtypes:
        for problem in chosen:
            if problem.name not in best:
                best[problem.name] = _best(problem, options.optimum_tol)
            _run_problem(problem, dtype, found, limits, best[problem.name], results)
            _store(results, options.output)  # what has been measured survives an interruption
    if options.elastic_net:
        data_sets = elastic_net.chosen(options.quick, options.problems)
        for measured in elastic_net.measurements(
            data_sets,
            options.competitors,
            budget=elastic_net.QUICK_BUDGET if options.quick else options.budget,
            optimum_tol=options.optimum_tol,
        ):
            results.sparse.keep(measured)
            _store(results, options.output)
    if options.engine:
        shapes = engine.QUICK_SHAPES if options.quick else engine.SHAPES
        results.evaluations = engine.evaluations(shapes)
        results.scaling = engine.scaling(
            made_up, [1000, 10_000] if options.quick else [10_000, 100_000, 1_000_000]
        )
        X, y = made_up(5000, 50, 5) if options.quick else (mnist()[0] / 255, mnist()[1])
        results.epochs = [engine.epoch(X, y)]
        results.single_rows = [engine.one_row(load) for load in (load_iris, load_digits)]
        results.cross_validations = _cross_validations(quick=options.quick)


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
    """Return the least value known beforehand, for both widths: their data differ by rounding."""
    X, y = problem.data(np.float64)
    model = SoftmaxRegression(C=problem.C, tol=tol, max_iter=MOST_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    return value_at(X, y, problem.C)(model.coef_, model.intercept_)


def _store(results: report.Results, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dataclasses.asdict(results), indent=1)
    (folder / "results.json").write_text(text)


def _load(path: Path) -> report.Results:
    stored = json.loads(path.read_text())
    curves = [
        Curve(**{**c, "points": [Point(**p) for p in c["points"]]}) for c in stored["curves"]
    ]
    timings = {
        key: [engine.Timing(**t) for t in stored[key]]
        for key in ("evaluations", "epochs", "single_rows")
    }
    sparse = elastic_net.loaded(stored.get("sparse", {}))
    validated = [CrossValidation(**v) for v in stored.get("cross_validations", [])]
    loaded = {"curves": curves, **timings, "sparse": sparse, "cross_validations": validated}
    return report.Results(**{**stored, **loaded})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time this package and what else one could use, and write a report.",
    )
    parser.add_argument("--quick", action="store_true", help="bundled data only, under a minute")
    parser.add_argument("--problems", nargs="+", metavar="PART", help="problems named like this")
    parser.add_argument("--competitors", nargs="+", metavar="PART", help="likewise")
    parser.add_argument("--dtypes", nargs="+", default=["float64", "float32"])
    parser.add_argument("--budget", type=float, default=600, help="seconds a fit may take")
    parser.add_argument(
        "--impatient",
        action="store_true",
        help="give each competitor only so many times our time as we aim to be faster",
    )
    parser.add_argument("--optimum-tol", type=float, default=1e-9, help="how well F* is known")
    parser.add_argument("--threads", type=int, default=None, help="hold BLAS to so many threads")
    parser.add_argument("--no-elastic-net", dest="elastic_net", action="store_false")
    parser.add_argument("--no-engine", dest="engine", action="store_false")
    parser.add_argument("--merge", action="store_true", help="add to the results already there")
    parser.add_argument("--note", default="", help="a line for the report on how it was made")
    parser.add_argument("--output", type=Path, default=HERE / "report")
    return parser


if __name__ == "__main__":
    sys.exit(main())
