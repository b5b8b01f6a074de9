"""The report: tables in Markdown, from what was measured."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import scipy
import sklearn
from threadpoolctl import threadpool_info

from benchmarks import comparison, cross_validation, plots, scaling
from benchmarks.engine import Timing
from benchmarks.measure import AIMS, CLOSE, Curve
from benchmarks.results import Results
from benchmarks.standard_errors import FAR, MNLOGIT, StandardErrors
from benchmarks.versions import OURS


def machine() -> list[str]:
    """Return lines on the processor, the versions and the threads."""
    libraries = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
    blas = ", ".join(
        f"{lib['internal_api']} {lib['version']} ({lib['num_threads']} threads, "
        f"{lib.get('architecture', '?')})"
        for lib in libraries
    )
    return [
        f"{processor()}, {platform.system()}, Python {platform.python_version()}",
        f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}",
        f"BLAS: {blas}",
    ]


def processor() -> str:
    """Return the number of cores and the processor's name, or less where Linux does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} cores of {names[0]}" if names else platform.machine()


def write(results: Results, folder: Path, note: str) -> None:
    """Write ``README.md`` and the plots into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Benchmark", "", *comparison.losses(results)]
    lines += [
        "Made by `python -m benchmarks`. Every time is the least of several, measured in turn: on "
        "one thread / on all. Shared machines are noisy: ratios within one run are worth more "
        "than seconds.",
        "",
        *([note, ""] if note else []),
        *(f"- {line}" for line in results.remarks),
        "",
    ]
    findings = folder / "findings.md"
    if findings.exists():
        lines += [findings.read_text()]
    lines += tables(results)
    (folder / "README.md").write_text("\n".join(lines))
    plots.draw(results, folder)


def tables(results: Results) -> list[str]:
    """Return the lines of all tables and the links to the plots."""
    lines = comparison.table(results)
    if results.curves:
        for closeness in CLOSE:
            lines += _of_everyone(results, closeness)
        lines += ["![Suboptimality against seconds](suboptimality.png)", ""]
        lines += ["![Performance profile](profile.png)", ""]
    lines += _engine(results)
    if results.cross_validations:
        lines += cross_validation.table(results.cross_validations)
    lines += scaling.tables(results.growth)
    lines += _standard_errors(results.standard_errors)
    return lines


def _of_everyone(results: Results, closeness: float) -> list[str]:
    """Return the table of times to one closeness: a row a problem, a column a contender."""
    others = [name for name in results.names() if name != OURS]
    lines = [
        f"## Everyone's time {AIMS[closeness]}, relative to the best objective known",
        "",
        "On one thread / on all. `>` means not reached in that time on one thread, `never` that "
        "it failed or that more effort changes nothing any more, `-` that it does not take such a "
        "problem.",
        "",
        f"| problem | width | sk_softmax | {' | '.join(others)} |",
        "|---|---|---:|" + "---:|" * len(others),
    ]
    for problem, dtype in results.cases():
        by_name = {curve.contender: curve for curve in results.of(problem, dtype)}
        best = results.best[f"{problem} {dtype}"]
        cells = [_cell(by_name.get(name), best, closeness) for name in (OURS, *others)]
        lines.append(f"| {problem} | {dtype} | {' | '.join(cells)} |")
    return [*lines, ""]


def _cell(curve: Curve | None, best: float, closeness: float) -> str:
    if curve is None:
        return "-"
    times = curve.times_to(best, closeness)
    if times is not None:
        return comparison.shown(times)
    if curve.given and not curve.has_stalled:
        return f"> {curve.given:.3g} s"
    return "never" if curve.points else "-"


def _engine(results: Results) -> list[str]:
    """Return the tables of evaluations, epochs and single rows."""
    lines: list[str] = []
    for title, timings in [
        ("One evaluation of value and gradient", results.evaluations),
        ("One epoch of minibatches, float32", results.epochs),
        ("A single row", results.single_rows),
    ]:
        if timings:
            lines += _table_of_timings(title, timings)
    return lines


def _table_of_timings(title: str, timings: list[Timing]) -> list[str]:
    names = list(timings[0].against)
    lines = [
        f"## {title}",
        "",
        "Milliseconds, medians; in brackets ours over theirs.",
        "",
        f"| | sk_softmax | {' | '.join(names)} |",
        "|---|---:|" + "---:|" * len(names),
    ]
    for timing in timings:
        cells = [f"{ms:.3g} ({timing.ours / ms:.2f})" for ms in timing.against.values()]
        lines.append(f"| {timing.what} | {timing.ours:.3g} | {' | '.join(cells)} |")
    return [*lines, ""]


def _standard_errors(measured: list[StandardErrors]) -> list[str]:
    """Return the table of coefficients with standard errors: a row a problem."""
    if not measured:
        return []
    lines = [
        "## Coefficients with standard errors",
        "",
        "A fit without a penalty and its inference together, beside `MNLogit.fit` of statsmodels "
        "by Newton's method, or by its method ncg where Newton's steps diverge; their model is "
        "made before. Times on one thread / on all; the "
        "better of both counts for statsmodels, and its time is over ours on one thread / on all. "
        "Memory is the most that is taken beside the rows, in MB: of our inference, of their fit. "
        "The difference is the largest of coefficients, in standard errors, and of standard "
        f"errors, relatively; from {FAR:g} on, MNLogit has not converged.",
        "",
        "| problem | sk_softmax | statsmodels | its time over ours | memory | theirs | rows | "
        "covariance | difference |",
        "|---|" + "---:|" * 8,
    ]
    theirs = {each.problem: each for each in measured if each.contender.startswith(MNLOGIT)}
    for ours in (each for each in measured if each.contender == OURS):
        other = theirs.get(ours.problem)
        sizes = [f"{ours.rows:.3g}", f"{ours.covariance:.3g}"]
        seconds, memory, difference = ["-", "-"], "-", "-"
        if other is not None:
            ratios = (None if t is None else other.better / t for t in (ours.one, ours.all))
            pair = " / ".join("?" if ratio is None else f"{ratio:.3g}" for ratio in ratios)
            method = other.contender.removeprefix(f"{MNLOGIT}, ")
            seconds = [f"{comparison.shown(other)} ({method})"]
            seconds.append(pair if other.has_converged else "-")
            memory, difference = f"{other.peak:.3g}", f"{other.difference:.1e}"
        cells = [comparison.shown(ours), *seconds, f"{ours.peak:.3g}", memory, *sizes, difference]
        lines.append(f"| {ours.problem} | {' | '.join(cells)} |")
    return [*lines, ""]
