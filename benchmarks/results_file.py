"""The file of results: one table per kind of measurement, one line per curve or timing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from benchmarks.cross_validation import CrossValidation
from benchmarks.engine import Timing
from benchmarks.many_fits import ManyFits
from benchmarks.measure import Curve, Point
from benchmarks.results import Results
from benchmarks.scaling import Growth
from benchmarks.standard_errors import StandardErrors

Table = list[list[Any]]
"""Names of the columns, then the rows."""

TIME_DIGITS = 4
"""Significant digits of a time. The report shows 3 of them, and ratios of times to a hundredth."""

VALUE_DIGITS = 12
"""Significant digits of an objective. The report needs relative differences down to 1e-9: plots
begin there, and a curve that changes by less has stalled."""


def write(results: Results, path: Path) -> None:
    """Write everything that was measured, times and objectives rounded."""
    tables = {
        "remarks": [["line"], *([line] for line in results.remarks)],
        "best": [
            ["case", "value"],
            *([case, _rounded(value, VALUE_DIGITS)] for case, value in results.best.items()),
        ],
        "curves": _curve_table(results.curves),
        "many fits": _plain_table(ManyFits, results.many_fits),
        "evaluations": _timing_table(results.evaluations),
        "epochs": _timing_table(results.epochs),
        "single rows": _timing_table(results.single_rows),
        "cross-validations": _plain_table(CrossValidation, results.cross_validations),
        "growth": _plain_table(Growth, results.growth),
        "standard errors": _plain_table(StandardErrors, results.standard_errors),
    }
    path.write_text(
        "{\n" + ",\n".join(_text(name, rows) for name, rows in tables.items()) + "\n}\n"
    )


def read(path: Path) -> Results:
    """Read what :func:`write` wrote."""
    tables: dict[str, Table] = json.loads(path.read_text())
    rows = {name: table[1:] for name, table in tables.items()}
    return Results(
        curves=_curves(rows["curves"]),
        best=dict(rows["best"]),
        many_fits=[ManyFits(*row) for row in rows["many fits"]],
        evaluations=_timings(tables["evaluations"]),
        epochs=_timings(tables["epochs"]),
        single_rows=_timings(tables["single rows"]),
        growth=[Growth(*row) for row in rows["growth"]],
        standard_errors=[StandardErrors(*row) for row in rows.get("standard errors", [])],
        cross_validations=[CrossValidation(*row) for row in rows["cross-validations"]],
        remarks=[line for (line,) in rows["remarks"]],
    )


def _curve_table(curves: Iterable[Curve]) -> Table:
    """Return one row per curve; a point is seconds on one thread and on all, and objective."""
    return [
        ["problem", "dtype", "contender", "note", "given", "points"],
        *(
            [
                curve.problem,
                curve.dtype,
                curve.contender,
                curve.note,
                _rounded(curve.given),
                [
                    [_rounded(p.one), _rounded(p.all), _rounded(p.value, VALUE_DIGITS)]
                    for p in curve.points
                ],
            ]
            for curve in curves
        ),
    ]


def _curves(rows: Table) -> list[Curve]:
    return [
        Curve(problem, dtype, contender, [Point(*point) for point in points], note, given)
        for problem, dtype, contender, note, given, points in rows
    ]


def _timing_table(timings: list[Timing]) -> Table:
    """Return one row per timing; the columns name what it is compared with."""
    against = list(timings[0].against) if timings else []
    return [
        ["what", "ours", *against],
        *(
            [t.what, _rounded(t.ours), *(_rounded(t.against[name]) for name in against)]
            for t in timings
        ),
    ]


def _timings(table: Table) -> list[Timing]:
    (_, _, *against), *rows = table
    return [
        Timing(what, ours, dict(zip(against, others, strict=True))) for what, ours, *others in rows
    ]


def _plain_table(kind: type, measured: Iterable[Any]) -> Table:
    """Return one row per measurement and one column per field of its class."""
    rows = ([_rounded(value) for value in astuple(each)] for each in measured)
    return [[field.name for field in fields(kind)], *rows]


def _rounded(value: Any, digits: int = TIME_DIGITS) -> Any:
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def _text(name: str, rows: Table) -> str:
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f"{json.dumps(name)}: [\n{lines}\n]"
