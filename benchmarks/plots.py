"""The plots of the report; matplotlib is imported when they are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import scaling
from benchmarks.comparison import lines
from benchmarks.measure import AIMS, CLOSE
from benchmarks.results import Results
from benchmarks.versions import BEFORE, OURS

# Colours of Okabe and Ito, which can be told apart with any colour vision; dashed when used again.
COLOURS = ["#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"]


def draw(results: Results, folder: Path) -> None:
    """Draw what was measured."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawn = {}
    if results.curves:
        styles = _styles(results.names())
        drawn["suboptimality"] = _suboptimality(results, styles)
        drawn["profile"] = _profiles(results, styles)
    if any(g.axis in scaling.AXES for g in results.growth):
        drawn["scaling"] = _scaling([g for g in results.growth if g.axis in scaling.AXES])
    if any(g.axis == scaling.THREADS for g in results.growth):
        drawn["threads"] = _threads([g for g in results.growth if g.axis == scaling.THREADS])
    for name, figure in drawn.items():
        figure.savefig(folder / f"{name}.png", dpi=70)
        plt.close(figure)


def _styles(names: list[str]) -> dict[str, dict[str, Any]]:
    """Return how to draw the line of each contender."""
    return {
        name: {
            "label": name,
            "color": COLOURS[number % len(COLOURS)],
            "linestyle": "-" if number < len(COLOURS) else "--",
            "linewidth": 2.2 if name == OURS else 1.1,
        }
        for number, name in enumerate(names)
    }


def _suboptimality(results: Results, styles: dict[str, dict[str, Any]]) -> Any:
    """Draw one panel per problem and width, and one curve per contender, on one thread."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    cases = results.cases()
    n_columns = min(4, len(cases))
    n_rows = -(-len(cases) // n_columns)
    figure, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=(3.6 * n_columns, 2.6 * n_rows + 0.8),
        layout="constrained",
        squeeze=False,
    )
    for axis, (problem, dtype) in zip(axes.flat, cases, strict=False):
        best = results.best[f"{problem} {dtype}"]
        for curve in results.of(problem, dtype):
            seconds = [p.all if p.one is None else p.one for p in curve.points]
            gaps = [max(p.value / best - 1, 1e-9) for p in curve.points]
            axis.loglog(seconds, gaps, marker="o", markersize=2.5, **styles[curve.contender])
        axis.set_title(f"{problem}, {dtype}", fontsize=8)
        axis.set_ylim(5e-10, 10)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(cases) :]:
        axis.set_visible(False)
    figure.supxlabel("seconds of a fit on one thread")
    figure.supylabel("relative suboptimality (F - F*) / F*")
    handles = {h.get_label(): h for a in axes.flat for h in a.get_lines()}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=4)
    return figure


def _profiles(results: Results, styles: dict[str, dict[str, Any]]) -> Any:
    """Draw one panel per closeness and number of threads, and one line per contender."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        2, len(CLOSE), figsize=(10, 7), layout="constrained", sharey=True, squeeze=False
    )
    for row, (threads, title) in enumerate({"one": "one thread", "all": "all threads"}.items()):
        for axis, closeness in zip(axes[row], CLOSE, strict=True):
            found = profile(results, list(styles), AIMS[closeness], threads)
            last = max((end for *_, end in found.values() if np.isfinite(end)), default=1.0)
            last = max([last, *(r[-1] for r, *_ in found.values() if len(r))])
            for name, (ratios, shares, end) in found.items():
                known = ratios <= end
                axis.semilogx(
                    np.append(ratios[known], min(end, last)),
                    np.append(shares[known], shares[known][-1] if known.any() else 0.0),
                    drawstyle="steps-post",
                    **styles[name],
                )
            axis.set_title(f"{AIMS[closeness]}, {title}", fontsize=10)
            axis.set_xlabel("times the fastest")
            axis.grid(alpha=0.3)
    for row in axes:
        row[0].set_ylabel("share of the problems solved")
    handles = {h.get_label(): h for a in axes.flat for h in a.get_lines()}
    figure.legend(handles.values(), handles.keys(), loc="outside right center", fontsize=8)
    return figure


def profile(
    results: Results, names: list[str], aim: str, threads: str
) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Return for each contender its times over the fastest's, and the shares of solved problems.

    The performance profile of Dolan and More (2002, Mathematical Programming 91), over the
    problems that the contender takes. Both arrays are ascending. The third value is where the
    line ends: the least ratio at which its time ended on a problem, beyond which nobody knows.
    It is infinite if it solved all of them, or never would have.
    """
    cases = [line for line in lines(results) if line.aim == aim]
    found = {}
    for name in names:
        ratios, ends, n_taken = [], [], 0
        for line in cases:
            taken = {n: t for n in line.times if (t := getattr(line.times[n], threads))}
            fastest = min(taken.values(), default=None)
            if fastest is None or name not in line.everyone:
                continue
            n_taken += 1
            if name in taken:
                ratios.append(taken[name] / fastest)
            elif name in line.given:
                ends.append(max(line.given[name] / fastest, 1.0))
        if n_taken and name != BEFORE:
            shares = np.arange(1, len(ratios) + 1) / n_taken
            found[name] = np.sort(ratios), shares, min(ends, default=np.inf)
    return found


def _scaling(growth: list[scaling.Growth]) -> Any:
    """Draw seconds against rows, features and classes, with the slopes."""
    import matplotlib.pyplot as plt

    axes_there = [axis for axis in scaling.AXES if any(g.axis == axis for g in growth)]
    figure, axes = plt.subplots(
        1, len(axes_there), figsize=(4 * len(axes_there), 3.2), layout="constrained", squeeze=False
    )
    for axis, what in zip(axes[0], axes_there, strict=True):
        points = [g for g in growth if g.axis == what]
        sizes = np.array([g.size for g in points])
        for threads, colour in (("one", COLOURS[0]), ("all", COLOURS[5])):
            seconds = [getattr(g, threads) for g in points]
            if None in seconds:
                continue
            label = f"{threads}: slope {scaling.slope(list(sizes), seconds):.2f}"
            axis.loglog(sizes, seconds, "o-", color=colour, label=label)
        axis.loglog(sizes, seconds[-1] * sizes / sizes[-1], ":", color="grey", label="slope 1")
        axis.set_xlabel(f"{what} ({points[0].other})")
        axis.legend(fontsize=8)
        axis.grid(alpha=0.3)
    axes[0, 0].set_ylabel("seconds of a default fit")
    return figure


def _threads(points: list[scaling.Growth]) -> Any:
    """Draw how many times faster fits are on more threads."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(5, 3.4), layout="constrained")
    for number, what in enumerate(dict.fromkeys(g.other for g in points)):
        taken = {g.size: g.one for g in points if g.other == what and g.one is not None}
        gains = [taken[1] / seconds for seconds in taken.values()]
        axis.plot(list(taken), gains, "o-", label=what, color=COLOURS[number % len(COLOURS)])
    most = max(g.size for g in points)
    axis.plot([1, most], [1, most], ":", color="grey", label="as many times faster")
    axis.set_xticks(sorted({g.size for g in points}))
    axis.set_xlabel("threads")
    axis.set_ylabel("times faster than one thread")
    axis.legend(fontsize=8)
    axis.grid(alpha=0.3)
    return figure
