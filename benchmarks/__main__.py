"""``python -m benchmarks``: measure, and write the report with its plots."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import (
    cluster_page,
    comparison,
    competitors,
    details,
    device,
    many_fits,
    problems,
    readme,
    report,
    results_file,
    work,
)
from benchmarks.competitors.competitor import Competitor
from benchmarks.data import Unavailable
from benchmarks.limited import Limited, OtherProcess
from benchmarks.measure import CLOSE, Curve, Search, time_in_turn, value_at
from benchmarks.problems import Problem
from benchmarks.results import Results
from benchmarks.versions import Version, versions

HERE = Path(__file__).parent

PARTS = ("table", "scaling", "inference", "details")
"""What is measured."""

OPTIMUM_TOL = 1e-9
"""``tol`` of the fit whose objective is the best known until one is found below it."""


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line asks for, write the report and return the exit status."""
    options = _parser().parse_args(arguments)
    if options.quick:
        return _quick(record=options.record)
    if options.scale:
        return cluster_page.main(options.output)
    if options.device:
        return device.run(options.device, options.device_rows, options.device_repeats)
    store = options.output / "results.json"
    results = results_file.read(store) if options.merge and store.exists() else Results()
    options.output.mkdir(parents=True, exist_ok=True)
    for _ in _run(options, results):
        results_file.write(results, store)  # what has been measured survives an interruption
    results_file.write(results, store)
    report.write(results, options.output, options.note)
    if options.readme:
        readme.update(results)
    print("\n".join([*comparison.losses(results), *comparison.table(results)]))
    print(f"the report is in {options.output / 'README.md'}")
    return 0


def _quick(*, record: bool) -> int:
    """Print the work of twelve fits; the exit status says whether it is what was recorded."""
    lines, found = work.report()
    print("\n".join(lines))
    if record:
        work.record(found)
        print(f"recorded in {work.RECORDED}")
        return 0
    before = work.recorded()
    return int(any(name not in before or c.differ_from(before[name]) for name, c in found.items()))


@dataclass
class Field:
    """Who takes part, and how much time they get."""

    versions: list[Version]
    competitors: list[Competitor]
    options: argparse.Namespace
    process: OtherProcess
    """Where competitors fit."""

    def others(self, problem: Problem) -> list[Competitor]:
        """Return the competitors that are asked for; by default those of the problem."""
        named = self.options.competitors
        parts = problem.others if named is None else named
        return [c for c in self.competitors if any(part in c.name for part in parts)]

    def limit(self, problem: Problem, ours: float | None) -> float:
        """Return the most seconds of a competitor's fit, given ours to the larger closeness."""
        given = {n: getattr(self.options, n) for n in ("ratio", "seconds")}
        asked = {n: value for n, value in given.items() if value is not None}
        return replace(problem.patience, **asked).limit(ours)


def _run(options: argparse.Namespace, results: Results) -> Iterator[None]:
    """Measure what is asked for; yield after each problem, so that results can be saved."""
    parts = options.parts
    if parts is None:
        parts = PARTS if options.problems is None else ["table"]
    if "table" in parts:
        yield from _table(options, results)
    if "scaling" in parts:
        yield from details.measure_growth(results, is_short=options.short)
    if "inference" in parts:
        yield from details.measure_inference(results, is_short=options.short)
    if "details" in parts:
        yield from details.measure(results, is_short=options.short)


def _table(options: argparse.Namespace, results: Results) -> Iterator[None]:
    found, missing = competitors.installed()
    field = Field(versions(options.against), found, options, OtherProcess())
    remarks = [*report.machine(), *(v.describe() for v in field.versions), *missing]
    results.remarks = list(dict.fromkeys(remarks))
    print("\n".join(results.remarks), flush=True)
    for problem in problems.chosen(options.problems):
        for dtype in options.dtypes or problem.dtypes:
            try:
                _measure(problem, dtype, field, results)
            except Unavailable as reason:
                results.remarks.append(f"left out: {problem.name}: {reason}")
                print(results.remarks[-1], flush=True)
            yield
    for name in many_fits.names():
        if options.problems is None or problems.is_named(name, options.problems):
            try:
                _measure_many(name, field, results)
            except Unavailable as reason:
                results.remarks.append(f"left out: {name}: {reason}")
                print(results.remarks[-1], flush=True)
            yield


def _measure(problem: Problem, dtype: str, field: Field, results: Results) -> None:
    """Measure all that can fit one problem in one width."""
    task = problem.task(np.dtype(dtype))
    value = value_at(task)
    run = field.versions[0].run(problem.task(np.float64), OPTIMUM_TOL, 1)
    best = value(run.coef, run.intercept)
    searches: list[Search] = []
    for version in field.versions:
        searches.append(Search(version, task, value, best))
        searches[-1].run(np.inf, CLOSE)
    limit = field.limit(problem, searches[0].seconds_to(CLOSE[0]))
    for competitor in field.others(problem):
        if competitor.can_fit(task):
            limited = Limited(competitor, field.process, limit)
            searches.append(Search(limited, task, value, best))
            searches[-1].run(limit, CLOSE)
    time_in_turn(searches, CLOSE)
    curves = [_curve(problem.name, dtype, search) for search in searches]
    results.keep(curves, best)
    for curve in curves:
        times = [curve.times_to(results.best[f"{problem.name} {dtype}"], c) for c in CLOSE]
        cells = ["-" if t is None else comparison.shown(t) for t in times]
        print(f"{problem.name}, {dtype}, {curve.contender}: {cells} {curve.note}", flush=True)


def _curve(problem: str, dtype: str, search: Search) -> Curve:
    """Return what is kept of a search."""
    points = [search.tried[effort] for effort in search.efforts()]
    return Curve(problem, dtype, search.contender.name, points, search.note, search.given)


def _measure_many(name: str, field: Field, results: Results) -> None:
    """Measure cross-validations or paths."""
    process = None if field.options.competitors == [] else field.process
    found = list(many_fits.measurements(name, field.versions, process))
    results.keep_many_fits(found)
    for times in found:
        print(f"{name}, {times.aim}, {times.contender}: {comparison.shown(times)}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time this package and other libraries, and write a report.",
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="count the work of twelve fits, and nothing else")
    add("--record", action="store_true", help="with --quick: tests compare with these counts")
    add("--scale", action="store_true", help="what rows on many workers would cost: scale.md")
    add("--device", help="time fits on this device of PyTorch, such as cuda, and nothing else")
    add("--device-rows", type=int, help="with --device: the most rows of a problem")
    add("--device-repeats", type=int, default=3, help="with --device: fits, of which the median")
    add("--against", type=Path, help="an older checkout, or a Python that has it installed")
    add("--problems", nargs="+", metavar="PART", help="problems named like this")
    add("--competitors", nargs="*", metavar="PART", help="those named like this, if any")
    add("--dtypes", nargs="+", help="widths of the data; by default those of each problem")
    add("--ratio", type=float, help="times our own time that others get a fit, for all problems")
    add("--seconds", type=float, help="but no more than this, nor less than 2.5 times ours")
    add(
        "--parts",
        nargs="*",
        choices=PARTS,
        help="what to measure: by default all, or the table of the problems that are named; "
        "nothing writes the report of results already there",
    )
    add("--short", action="store_true", help="all parts but the table on small data alone")
    add("--merge", action="store_true", help="add to the results already there")
    add("--readme", action="store_true", help="write the tables of speed into the README too")
    add("--note", default="", help="a line for the report on how it was made")
    add("--output", type=Path, default=HERE / "report", help="a folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
