"""The first table: this version, the one before and the fastest other library, and where we lose.

Every time is that on one thread and that on all. Of another library the better one counts, and
ours is compared with it on one thread and on all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.measure import AIMS, CLOSE, Times
from benchmarks.results import Results
from benchmarks.versions import BEFORE, OURS


@dataclass
class Line:
    """One problem with one aim, and what it took whom."""

    problem: str
    aim: str
    times: dict[str, Times] = field(default_factory=dict)
    given: dict[str, float] = field(default_factory=dict)
    """Seconds on one thread in which these contenders did not reach the aim."""

    everyone: list[str] = field(default_factory=list)
    """All that were measured; what has neither times nor seconds given can never reach it."""

    def fastest_other(self) -> str | None:
        """Return the fastest of the other libraries, None if none reached the aim."""
        others = [name for name in self.times if name not in (OURS, BEFORE)]
        return min(others, key=lambda name: self.times[name].better, default=None)

    def ratios(self, version: str) -> Times | None:
        """Return the fastest other's better time over that of a version.

        None if one of both is unknown.
        """
        other = self.fastest_other()
        if other is None or version not in self.times:
            return None
        theirs, ours = self.times[other].better, self.times[version]
        return Times(*(None if t is None else theirs / t for t in (ours.one, ours.all)))

    def bound(self) -> float | None:
        """Return what the ratio is above if no other reached the aim, on one thread."""
        ours = self.times.get(OURS)
        if self.fastest_other() is not None or not self.given or ours is None:
            return None
        return min(self.given.values()) / (ours.better if ours.one is None else ours.one)


def lines(results: Results) -> list[Line]:
    """Return one line per problem, width and aim."""
    found = []
    for problem, dtype in results.cases():
        best = results.best[f"{problem} {dtype}"]
        for closeness in CLOSE:
            width = "" if dtype == "float64" else f", {dtype}"
            line = Line(problem + width, AIMS[closeness])
            for curve in results.of(problem, dtype):
                line.everyone.append(curve.contender)
                times = curve.times_to(best, closeness)
                if times is not None:
                    line.times[curve.contender] = times
                elif curve.given and not curve.has_stalled:
                    line.given[curve.contender] = curve.given
            found.append(line)
    return found + _lines_of_many(results) + _lines_of_inference(results)


def _lines_of_many(results: Results) -> list[Line]:
    found: dict[tuple[str, str], Line] = {}
    for many in results.many_fits:
        line = found.setdefault((many.problem, many.aim), Line(many.problem, many.aim))
        line.everyone.append(many.contender)
        if many.reached:
            line.times[many.contender] = many
        elif many.one is not None:
            line.given[many.contender] = many.one
    return list(found.values())


def _lines_of_inference(results: Results) -> list[Line]:
    found: dict[str, Line] = {}
    for each in results.standard_errors:
        line = found.setdefault(each.problem, Line(each.problem, "with standard errors"))
        line.everyone.append(each.contender)
        if each.has_converged:
            line.times[each.contender] = each
        elif each.one is not None:
            line.given[each.contender] = each.one
    return list(found.values())


def losses(results: Results) -> list[str]:
    """Return the lines of the report that say where another library is faster."""
    lost = []
    for line in lines(results):
        ratios = line.ratios(OURS)
        if ratios is not None and ratios_below_one(ratios):
            lost.append((least(ratios), line, ratios))
    if not (results.curves or results.many_fits or results.standard_errors):
        return []
    found = [
        "**Where another library is faster**: the better of its times on one thread and on all, "
        "over ours on one thread / on all.",
        "",
    ]
    for _, line, ratios in sorted(lost, key=lambda each: each[0]):
        found.append(f"- {line.problem}, {line.aim}: {_pair(ratios)} ({line.fastest_other()})")
    if not lost:
        found.append("- nowhere in the tables below")
    return [*found, ""]


def ratios_below_one(ratios: Times) -> bool:
    """Whether one of two ratios is below 1."""
    return least(ratios) < 1


def least(ratios: Times) -> float:
    """Return the smaller of two ratios."""
    return ratios.better


def table(results: Results) -> list[str]:
    """Return the lines of the table in Markdown."""
    all_lines = lines(results)
    if not all_lines:
        return []
    has_before = any(BEFORE in line.times for line in all_lines)
    columns = ["problem", "aim", *(["before"] if has_before else []), "sk_softmax"]
    columns += ["fastest other", *(["its time over before"] if has_before else [])]
    columns += ["its time over ours"]
    found = [
        "## Beside the fastest other library",
        "",
        "Times on one thread / on all. The fastest other counts with the better of both; its time "
        "over ours on one thread / on all is above 1 where we are faster. `>`: no other arrived "
        "in that many times our time on one thread.",
        "",
        "| " + " | ".join(columns) + " |",
        "|---|---|" + "---:|" * (len(columns) - 2),
    ]
    for line in all_lines:
        cells = [line.problem, line.aim, *([_time(line, BEFORE)] if has_before else [])]
        other = line.fastest_other()
        cells += [_time(line, OURS), "-" if other is None else f"{_time(line, other)} ({other})"]
        cells += [_pair(line.ratios(BEFORE))] if has_before else []
        bound = line.bound()
        cells += [_pair(line.ratios(OURS)) if bound is None else f"> {bound:.3g}"]
        found.append("| " + " | ".join(cells) + " |")
    return [*found, ""]


def _time(line: Line, name: str) -> str:
    return shown(line.times[name]) if name in line.times else "-"


def shown(times: Times) -> str:
    """Return the seconds on one thread and on all."""
    largest = max(t for t in (times.one, times.all) if t is not None)
    unit, factor = ("s", 1.0) if largest >= 1 else ("ms", 1000.0)
    parts = ["?" if t is None else f"{factor * t:.3g}" for t in (times.one, times.all)]
    return " / ".join(parts) + f" {unit}"


def _pair(ratios: Times | None) -> str:
    if ratios is None:
        return "-"
    parts = ["?" if r is None or not np.isfinite(r) else _ratio(r) for r in _both(ratios)]
    return " / ".join(parts)


def _both(times: Times) -> tuple[float | None, float | None]:
    return times.one, times.all


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
