"""Everything that was measured, in one run or in several."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.cross_validation import CrossValidation
from benchmarks.engine import Timing
from benchmarks.many_fits import ManyFits
from benchmarks.many_fits import names as names_of_many
from benchmarks.measure import Curve
from benchmarks.problems import PROBLEMS
from benchmarks.scaling import Growth
from benchmarks.standard_errors import StandardErrors
from benchmarks.versions import BEFORE, OURS


@dataclass
class Results:
    """What a report is made of."""

    curves: list[Curve] = field(default_factory=list)
    best: dict[str, float] = field(default_factory=dict)
    many_fits: list[ManyFits] = field(default_factory=list)
    evaluations: list[Timing] = field(default_factory=list)
    epochs: list[Timing] = field(default_factory=list)
    single_rows: list[Timing] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    standard_errors: list[StandardErrors] = field(default_factory=list)
    cross_validations: list[CrossValidation] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """Lines on versions, on libraries that are missing and on problems that were left out."""

    def keep(self, curves: list[Curve], best: float) -> None:
        """Put new curves of one problem in place of the same contenders' old ones."""
        new = {(c.problem, c.dtype, c.contender) for c in curves}
        old = [c for c in self.curves if (c.problem, c.dtype, c.contender) not in new]
        self.curves = old + curves
        case = f"{curves[0].problem} {curves[0].dtype}"
        reached = [point.value for curve in curves for point in curve.points]
        self.best[case] = min([best, self.best.get(case, best), *reached])

    def keep_many_fits(self, new: list[ManyFits]) -> None:
        """Put new times in place of the same contenders' old ones."""
        measured = {(m.problem, m.aim, m.contender) for m in new}
        old = [m for m in self.many_fits if (m.problem, m.aim, m.contender) not in measured]
        order = names_of_many()
        self.many_fits = sorted(old + new, key=lambda m: (order.index(m.problem), m.aim))

    def of(self, problem: str, dtype: str) -> list[Curve]:
        """Return the curves of one problem in one width."""
        return [c for c in self.curves if (c.problem, c.dtype) == (problem, dtype)]

    def cases(self) -> list[tuple[str, str]]:
        """Return problems and widths in the order of the problems, float64 first.

        Problems that are no longer in the list come last.
        """
        order = {problem.name: number for number, problem in enumerate(PROBLEMS)}
        cases = dict.fromkeys((c.problem, c.dtype) for c in self.curves)
        return sorted(
            cases, key=lambda case: (order.get(case[0], len(order)), case[1] != "float64")
        )

    def names(self) -> list[str]:
        """Return the contenders: this package first, then scikit-learn's solvers."""
        names = {curve.contender for curve in self.curves}
        return sorted(
            names, key=lambda n: (n != OURS, n != BEFORE, not n.startswith("sklearn"), n)
        )
