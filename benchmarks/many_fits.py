"""Cross-validations and paths: many fits in one call, timed on one thread and on all, in turn."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from threadpoolctl import threadpool_limits

from benchmarks.competitors import adelie
from benchmarks.competitors.competitor import Missing, Task
from benchmarks.data import Load, made_up
from benchmarks.limited import OtherProcess, Stopped, most_seconds
from benchmarks.measure import AIMS, ALL, CLOSE, Timed, Times, least_in_turn
from benchmarks.problems import DIGITS_16, DIGITS_STANDARDISED, OPTDIGITS
from benchmarks.versions import Version
from sk_softmax.objective import PenaltyForm, RegressionObjective
from sk_softmax.rows import rows_of

SCIKIT_LEARN = "LogisticRegressionCV"
STRICT = 1e-7
"""The ``tol`` at which all fits of LogisticRegressionCV on these data come within 2e-3."""

LEAST_LIMIT, LEAST_TOL = 5.0, 1e-12
"""Seconds that a path of others may take at least, and the least tolerance that is tried."""


@dataclass
class ManyFits(Times):
    """Seconds of one contender with one aim, and whether it was reached."""

    problem: str
    aim: str
    contender: str
    reached: bool = True
    """Whether the aim was reached; otherwise the seconds are those in which it was not."""


def _optdigits_16() -> Any:
    X, y = OPTDIGITS()
    return X / 16, y


CROSS_VALIDATIONS: dict[str, Load] = {
    "CV, 10 Cs x 5 folds, digits / 16": DIGITS_16,
    "CV, 10 Cs x 5 folds, digits, standardised": DIGITS_STANDARDISED,
    "CV, 10 Cs x 5 folds, optdigits / 16": _optdigits_16,
}
PATHS: dict[str, Load] = {
    "path of 100 penalties, grouped, digits / 16": DIGITS_16,
    "path of 100 penalties, grouped, 2,000 x 100, 3 classes": partial(
        made_up, 2000, 100, 3, spread=3.0
    ),
}

Path = Callable[[float, int], dict[str, Any]]
"""From a tolerance and a number of threads to seconds, ``coefs`` and ``intercepts``."""


def names() -> list[str]:
    """Return the names of these problems."""
    return [*CROSS_VALIDATIONS, *PATHS]


def measurements(
    name: str, versions: list[Version], process: OtherProcess | None
) -> Iterator[ManyFits]:
    """Yield the times of one of these problems.

    Paths of others are fitted in ``process``; without one, no others are measured.
    """
    load = CROSS_VALIDATIONS.get(name) or PATHS[name]
    X, y = load()
    task = Task(X, np.unique(y, return_inverse=True)[1], l1_ratio=0.0)
    for version in versions:
        version.hold(task)
    if name in PATHS:
        yield from _paths(name, task, versions, process)
        return
    calls: dict[tuple[str, str], Timed] = {
        ("as it comes", version.name): partial(_cross_validation, version) for version in versions
    }
    if process is not None:
        calls["as it comes", SCIKIT_LEARN] = partial(_scikit_learn, task, {})
        calls[f"tol={STRICT:g}", SCIKIT_LEARN] = partial(_scikit_learn, task, {"tol": STRICT})
    found = list(_in_turn(name, calls))
    yield from found
    # Ours as they come are what both are compared with.
    for times in found:
        if process is not None and times.contender != SCIKIT_LEARN:
            yield ManyFits(times.one, times.all, name, f"tol={STRICT:g}", times.contender)


def _in_turn(name: str, calls: dict[tuple[str, str], Timed]) -> Iterator[ManyFits]:
    """Yield the least times of calls on one thread and on all."""
    least = least_in_turn(calls)
    for aim, contender in calls:
        one, together = (least[(aim, contender), n] for n in (1, ALL))
        yield ManyFits(one, together, name, aim, contender)


def _cross_validation(version: Version, n_threads: int) -> float:
    return float(version.ask("cross_validate", n_threads=n_threads)["seconds"])


def _scikit_learn(task: Task, options: dict[str, Any], n_threads: int) -> float:
    parameters = {"Cs": 10, "cv": 5, "max_iter": 10_000, "scoring": "accuracy", **options}
    if "use_legacy_attributes" in inspect.signature(LogisticRegressionCV).parameters:
        parameters |= {"use_legacy_attributes": False, "l1_ratios": (0.0,)}
    with threadpool_limits(n_threads):
        start = time.perf_counter()
        LogisticRegressionCV(**parameters).fit(task.X, task.y)
        return time.perf_counter() - start


def _paths(
    name: str, task: Task, versions: list[Version], process: OtherProcess | None
) -> Iterator[ManyFits]:
    """Yield the times of the largest tolerances whose whole path is close enough to the best."""
    finest = versions[0].ask("path", tol=1e-9, n_threads=1)
    suboptimality = _suboptimality(task, finest)
    paths: dict[str, Path] = {v.name: partial(_our_path, v) for v in versions}
    limit = max(LEAST_LIMIT, 3 * finest["seconds"])
    if process is not None and _has_adelie():
        grouped = replace(task, l1_ratio=1.0)
        paths["adelie"] = partial(_limited_path, process, grouped, finest["Cs"], limit)
    calls: dict[tuple[str, str], Timed] = {}
    for contender, path in paths.items():
        for closeness, (tol, found) in _tolerances(path, suboptimality, limit).items():
            aim = AIMS[closeness]
            if suboptimality(found) <= closeness:
                calls[aim, contender] = partial(_seconds, path, tol)
            else:
                yield ManyFits(found["seconds"], None, name, aim, contender, reached=False)
    yield from _in_turn(name, calls)


def _tolerances(
    path: Path, suboptimality: Callable[[dict[str, Any]], float], limit: float
) -> dict[float, tuple[float, dict[str, Any]]]:
    """Return for each closeness the largest power of ten that reaches it, and its path.

    If a path takes longer than ``limit`` seconds before that, it is returned.
    """
    tol = 0.1
    found = path(tol, 1)
    chosen = {}
    for closeness in CLOSE:
        while suboptimality(found) > closeness and found["seconds"] < limit and tol > LEAST_TOL:
            tol /= 10
            found = path(tol, 1)
        chosen[closeness] = tol, found
    return chosen


def _suboptimality(task: Task, finest: dict[str, Any]) -> Callable[[dict[str, Any]], float]:
    """Return a function from a path to its largest relative distance from the best values.

    It is infinite for a path that was stopped.
    """
    values = [_value_of_path(task, C) for C in finest["Cs"]]

    def along(path: dict[str, Any]) -> np.ndarray:
        fits = zip(values, path["coefs"], path["intercepts"], strict=True)
        return np.array([value(coef, intercept) for value, coef, intercept in fits])

    best = along(finest)
    return lambda path: float((along(path) / best - 1).max()) if "coefs" in path else np.inf


def _value_of_path(task: Task, C: float) -> Callable[[np.ndarray, np.ndarray], float]:
    rows = rows_of(task.X, task.n_classes, has_intercept=True, n_threads=1)
    form = PenaltyForm(1.0, grouped=True)
    objective = RegressionObjective(rows, task.y, task.n_classes, C, None, form)

    def value(coef: np.ndarray, intercept: np.ndarray) -> float:
        return float(objective.value(np.column_stack([coef, intercept])))

    return value


def _our_path(version: Version, tol: float, n_threads: int) -> dict[str, Any]:
    return dict(version.ask("path", tol=tol, n_threads=n_threads))


def _limited_path(
    process: OtherProcess, task: Task, Cs: np.ndarray, expected: float, tol: float, n_threads: int
) -> dict[str, Any]:
    """Return the path of adelie; only its seconds if it did not return."""
    limit = most_seconds(expected)
    try:
        return dict(process.call(_adelie_path, task, Cs, tol, n_threads, limit=limit))
    except Stopped:
        return {"seconds": limit}


def _adelie_path(task: Task, Cs: np.ndarray, tol: float, n_threads: int) -> dict[str, Any]:
    with threadpool_limits(n_threads):
        start = time.perf_counter()
        coefs, intercepts = adelie.path(task, Cs, tol, n_threads)
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "coefs": coefs, "intercepts": intercepts}


def _seconds(path: Path, tol: float, n_threads: int) -> float:
    return float(path(tol, n_threads)["seconds"])


def _has_adelie() -> bool:
    try:
        return bool(adelie.competitors())
    except Missing:
        return False
