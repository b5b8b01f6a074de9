"""The report: tables in Markdown and plots, from measured curves."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn
from threadpoolctl import threadpool_info

import sk_softmax
from benchmarks import cross_validation, elastic_net
from benchmarks.cross_validation import CrossValidation
from benchmarks.engine import Timing
from benchmarks.measure import CLOSE, Curve
from benchmarks.problems import PROBLEMS

OURS = "sk_softmax"
# Colours of Okabe and Ito, which can be told apart with any colour vision.
COLOURS = ["#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"]


@dataclass
class Results:
    """Everything that was measured, in one run or in several."""

    curves: list[Curve] = field(default_factory=list)
    best: dict[str, float] = field(default_factory=dict)
    evaluations: list[Timing] = field(default_factory=list)
    epochs: list[Timing] = field(default_factory=list)
    single_rows: list[Timing] = field(default_factory=list)
    scaling: list[tuple[int, float]] = field(default_factory=list)
    cross_validations: list[CrossValidation] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    sparse: elastic_net.Results = field(default_factory=elastic_net.Results)

    def keep(self, curves: list[Curve], best: float) -> None:
        """Put new curves of one problem in place of the same competitors' old ones."""
        new = {(c.problem, c.dtype, c.competitor) for c in curves}
        old = [c for c in self.curves if (c.problem, c.dtype, c.competitor) not in new]
        self.curves = old + curves
        case = f"{curves[0].problem} {curves[0].dtype}"
        reached = [point.value for curve in curves for point in curve.points]
        self.best[case] = min([best, self.best.get(case, best), *reached])

    def of(self, problem: str, dtype: str) -> list[Curve]:
        """Return the curves of one problem in one width."""
        return [c for c in self.curves if (c.problem, c.dtype) == (problem, dtype)]

    def cases(self) -> list[tuple[str, str]]:
        """Return problems and widths in the order of the problems, float64 first."""
        order = [problem.name for problem in PROBLEMS]
        cases = {(c.problem, c.dtype) for c in self.curves}
        return sorted(cases, key=lambda case: (order.index(case[0]), case[1] != "float64"))

    def names(self) -> list[str]:
        """Return the competitors: this package first, then scikit-learn's solvers."""
        names = {curve.competitor for curve in self.curves}
        return sorted(names, key=lambda n: (n != OURS, not n.startswith("sklearn"), n))


def machine() -> list[str]:
    """Return lines on the processor, the versions and the threads."""
    libraries = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
    blas = ", ".join(
        f"{lib['internal_api']} {lib['version']} ({lib['num_threads']} threads)"
        for lib in libraries
    )
    return [
        f"- {processor()}, {platform.system()}, Python {platform.python_version()}",
        f"- sk_softmax {sk_softmax.__version__}, numpy {np.__version__}, scipy "
        f"{scipy.__version__}, scikit-learn {sklearn.__version__}",
        f"- BLAS: {blas}",
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
    lines = [
        "# Benchmark",
        "",
        "Made by `python -m benchmarks`. Shared machines are noisy: ratios within one run are "
        "worth more than seconds.",
        "",
        *([note, ""] if note else []),
        *machine(),
        *(f"- {line}" for line in results.missing),
        "",
    ]
    findings = folder / "findings.md"
    if findings.exists():
        lines += [findings.read_text()]
    lines += tables(results)
    (folder / "README.md").write_text("\n".join(lines))
    if results.curves:
        plots(results, folder)


def tables(results: Results) -> list[str]:
    """Return the lines of all tables and the links to the plots."""
    lines: list[str] = []
    if results.curves:
        for closeness in CLOSE:
            lines += _summary(results, closeness)
        lines += ["![Suboptimality against seconds](suboptimality.png)", ""]
        lines += ["![Performance profile](profile.png)", ""]
    lines += elastic_net.tables(results.sparse)
    lines += _engine(results)
    if results.cross_validations:
        lines += cross_validation.table(results.cross_validations)
    if results.scaling:
        lines += ["## Time grows linearly with the rows", ""]
        lines += ["| rows | seconds of a default fit |", "|---:|---:|"]
        lines += [f"| {n:,} | {seconds:.4f} |" for n, seconds in results.scaling]
        lines += ["", "![Scaling](scaling.png)", ""]
    return lines


def _summary(results: Results, closeness: float) -> list[str]:
    """Return the table of seconds to one closeness: a row a problem, a column a competitor."""
    others = [name for name in results.names() if name != OURS]
    lines = [
        f"## Seconds to a relative suboptimality of {closeness:g}",
        "",
        "In brackets how many times longer than sk_softmax; below 1 it is faster. `>` means not "
        "reached in that time, `never` that more iterations change nothing any more, `-` that it "
        "does not take such a problem.",
        "",
        f"| problem | width | sk_softmax | {' | '.join(others)} |",
        "|---|---|---:|" + "---:|" * len(others),
    ]
    for problem, dtype in results.cases():
        by_name = {curve.competitor: curve for curve in results.of(problem, dtype)}
        best = results.best[f"{problem} {dtype}"]
        ours = by_name[OURS].seconds_to(best, closeness) if OURS in by_name else None
        cells = [_cell(by_name.get(name), best, closeness, ours) for name in others]
        mine = "not reached" if ours is None else f"{ours:.3g}"
        lines.append(f"| {problem} | {dtype} | {mine} | {' | '.join(cells)} |")
    return [*lines, ""]


def _cell(curve: Curve | None, best: float, closeness: float, ours: float | None) -> str:
    """Return a competitor's seconds and, in brackets, their ratio to ours."""
    if curve is None or not curve.points:
        return "-"
    seconds = curve.seconds_to(best, closeness)
    if seconds is None and curve.has_stalled:
        return "never"
    bound = "" if seconds is not None else "> "
    seconds = max(p.seconds for p in curve.points) if seconds is None else seconds
    ratio = "" if ours is None else f" ({bound}{seconds / ours:.1f})"
    return f"{bound}{seconds:.3g}{ratio}"


def _engine(results: Results) -> list[str]:
    """Return the tables of evaluations, epochs and single rows."""
    lines: list[str] = []
    for title, timings in [
        ("One evaluation of value and gradient", results.evaluations),
        ("One epoch of minibatches, float32", results.epochs),
        ("A single row", results.single_rows),
    ]:
        if timings:
            names = list(timings[0].against)
            lines += [
                f"## {title}",
                "",
                "Milliseconds, medians; in brackets ours over theirs.",
                "",
            ]
            lines += [
                f"| | sk_softmax | {' | '.join(names)} |",
                "|---|---:|" + "---:|" * len(names),
            ]
        for timing in timings:
            cells = [f"{ms:.3g} ({timing.ours / ms:.2f})" for ms in timing.against.values()]
            lines.append(f"| {timing.what} | {timing.ours:.3g} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def plots(results: Results, folder: Path) -> None:
    """Draw suboptimality against seconds, the performance profile and the scaling."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = results.names()
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    drawn = {
        "suboptimality": _suboptimality_figure(results, colours),
        "profile": _profile_figure(results, colours),
    }
    if results.scaling:
        drawn["scaling"] = _scaling_figure(results.scaling)
    for name, figure in drawn.items():
        figure.savefig(folder / f"{name}.png", dpi=80)
        plt.close(figure)


def _suboptimality_figure(results: Results, colours: dict[str, str]) -> Any:
    """Draw one panel per problem and width, and one curve per competitor."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    cases = results.cases()
    n_columns = min(3, len(cases))
    n_rows = -(-len(cases) // n_columns)
    figure, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=(4.2 * n_columns, 3.0 * n_rows),
        layout="constrained",
        squeeze=False,
    )
    for axis, (problem, dtype) in zip(axes.flat, cases, strict=False):
        best = results.best[f"{problem} {dtype}"]
        for curve in results.of(problem, dtype):
            seconds = [p.seconds for p in curve.points]
            gaps = [max(p.value / best - 1, 1e-9) for p in curve.points]
            axis.loglog(
                seconds,
                gaps,
                "o-",
                markersize=3,
                color=colours[curve.competitor],
                label=curve.competitor,
                linewidth=2.2 if curve.competitor == OURS else 1.0,
            )
        axis.set_title(f"{problem}, {dtype}", fontsize=9)
        axis.set_ylim(5e-10, 10)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(cases) :]:
        axis.set_visible(False)
    figure.supxlabel("seconds of a fit")
    figure.supylabel("relative suboptimality (F - F*) / F*")
    handles = {h.get_label(): h for a in axes.flat for h in a.get_lines()}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=4)
    return figure


def _profile_figure(results: Results, colours: dict[str, str]) -> Any:
    """Draw one panel per closeness, and one line per competitor."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(CLOSE), figsize=(9, 3.6), layout="constrained", sharey=True)
    for axis, closeness in zip(axes, CLOSE, strict=True):
        for name, shares in _profile(results, list(colours), closeness).items():
            axis.semilogx(
                *shares,
                drawstyle="steps-post",
                color=colours[name],
                label=name,
                linewidth=2.2 if name == OURS else 1.2,
            )
        axis.set_title(f"to a relative suboptimality of {closeness:g}", fontsize=10)
        axis.set_xlabel("times the fastest")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("share of the problems solved")
    axes[-1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _scaling_figure(scaling: list[tuple[int, float]]) -> Any:
    """Draw seconds against rows, beside a line of slope 1."""
    import matplotlib.pyplot as plt

    sizes, seconds = np.array(scaling).T
    figure, axis = plt.subplots(figsize=(4.5, 3.2), layout="constrained")
    axis.loglog(sizes, seconds, "o-", color="black", label="default fit")
    axis.loglog(sizes, seconds[-1] * sizes / sizes[-1], "--", color="grey", label="linear")
    axis.set_xlabel("rows (10 features, 3 classes)")
    axis.set_ylabel("seconds")
    axis.legend()
    axis.grid(alpha=0.3)
    return figure


def _profile(
    results: Results, names: list[str], closeness: float
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return for each competitor the times over the fastest's, and the shares of solved cases.

    The performance profile of Dolan and More (2002, Mathematical Programming 91). Both arrays are
    ascending and have one element per solved case, and one more for the end of the line.
    """
    ratios: dict[str, list[float]] = {name: [] for name in names}
    cases = results.cases()
    for problem, dtype in cases:
        best = results.best[f"{problem} {dtype}"]
        times = {c.competitor: c.seconds_to(best, closeness) for c in results.of(problem, dtype)}
        solved = [seconds for seconds in times.values() if seconds is not None]
        for name in names:
            seconds = times.get(name)
            ratios[name].append(np.inf if seconds is None else seconds / min(solved))
    profile = {}
    for name, values in ratios.items():
        finite = np.sort([value for value in values if np.isfinite(value)])
        shares = np.arange(1, len(finite) + 1) / len(cases)
        profile[name] = np.append(finite, 1e3), np.append(shares, shares[-1] if len(shares) else 0)
    return profile
