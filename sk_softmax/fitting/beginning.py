"""Where a fit begins: at zeros, at the params of an earlier fit, or where the user says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sk_softmax.fitting.driver import Observer, ParamsThere
from sk_softmax.fitting.settings import Settings
from sk_softmax.fitting.shift import Shift
from sk_softmax.interfaces import Array, Evaluation, IterationRecord, Penalty, Solution
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.objective import RegressionObjective

# Loss in nats a row up to which a start is used: exp(-36) is the rounding of 1.
MOST_AT_START = 30.0


@dataclass(frozen=True)
class Beginning:
    """Where a fit begins, and what is reported of it."""

    params: Array
    """Where the solver begins, for shifted columns, shape ``(n_outputs, n_columns)``."""

    shift: Shift
    """What is subtracted from the columns."""

    given: Array | None = None
    """The start that the user gave, within the bounds, for the given columns; None for none."""

    value_and_norm: tuple[float, float] | None = None
    """The objective and the norm of its gradient at ``given``.

    The solver may begin without the mean over the classes, or on a sample of the rows. None if it
    reports them itself.
    """

    def show(self, observer: Observer, record: IterationRecord, params: ParamsThere) -> bool:
        """Ask an observer, who sees params for the given columns, first the start as given."""
        given = self.given
        if record.iteration == 0 and given is not None:
            return observer(self._record(record), lambda: given.copy())
        return observer(record, lambda: self.shift.lift(params()))

    def seen_from(self, solution: Solution) -> Solution:
        """Return a solution whose first record is of the start as it was given."""
        if self.value_and_norm is None:
            return solution
        first, *others = solution.records
        return replace(solution, records=[self._record(first), *others])

    def _record(self, record: IterationRecord) -> IterationRecord:
        """Return the solver's record of its start as a record of the start that was given."""
        if self.value_and_norm is None:
            return record
        value, norm = self.value_and_norm
        return replace(record, value=value, gradient_norm=norm)


def beginning(
    settings: Settings, objective: RegressionObjective, shift: Shift, start: Array
) -> Beginning:
    """Return where a fit begins.

    Parameters
    ----------
    settings : Settings
        They say which solver begins there, and whether the start was given.
    objective : RegressionObjective
        On shifted columns.
    shift : Shift
        What is subtracted from the columns.
    start : ndarray of shape (n_outputs, n_columns)
        Params for the given columns; the nearest within the bounds are used.

    Raises
    ------
    ValueError
        If a start was given from which the solver does not find the optimum.
    """
    penalty, steps_by_curvature = objective.penalty, settings.solver.takes_shifted_rows
    allowed = penalty.projected(start)
    with quiet():
        params = moved = shift.params(allowed)
        if steps_by_curvature or not settings.start_is_given:
            # At the optimum under an L2 penalty the mean over the classes is zero. The metric of
            # L-BFGS removes that mean from every step, so the fit would keep a mean that the start
            # has. It is removed here. Where each step is the point, a given start keeps it.
            params = penalty.balanced(moved)
        if not settings.start_is_given:
            has_curvature = not steps_by_curvature or _has_curvature(objective, params)
            return Beginning(params if has_curvature else np.zeros_like(params), shift)
        loss = objective.with_penalty(np.inf).evaluate(moved)
        _check(settings, objective, loss.value, loss.value + penalty.value(moved))
        if settings.bias_reduction:  # its penalty, which the mean does not change, is not here
            return Beginning(params, shift, allowed)
        return Beginning(params, shift, allowed, _value_and_norm(penalty, moved, loss))


def _has_curvature(objective: RegressionObjective, params: Array) -> bool:
    """Whether not most rows are certain of a wrong class, params ``(n_outputs, n_columns)``.

    Such rows have no curvature that floating point can hold, and a solver that steps by curvature
    does not come away from there in thousands of iterations.
    """
    return not params.any() or bool(objective.value(params) <= MOST_AT_START)


def _check(settings: Settings, objective: RegressionObjective, loss: float, value: float) -> None:
    """Raise an error if the solver cannot begin at a start with this loss and objective."""
    where = "at the start that coef_init and intercept_init give"
    if not np.isfinite(value):
        raise ValueError(f"The objective is {value} {where}. Give smaller coefficients.")
    # A smooth penalty has curvature of its own, so its value may be large. Of 371 fits with L1 or
    # bounds, two did not come away from a start where the penalty was above 200 nats a row.
    is_smooth = objective.penalty.is_smooth
    name, size = ("loss", loss) if is_smooth else ("objective", value)
    if settings.solver.takes_shifted_rows and size > MOST_AT_START:
        is_choice = is_smooth and not settings.bias_reduction
        others = ", or begin there with solver='gd' or one that learns from minibatches"
        raise ValueError(
            f"The {name} {where} is {size:.3g} nats a row. Where most rows are certain of a wrong "
            "class they have no curvature by which this solver could step, so it begins only "
            f"where the {name} is at most {MOST_AT_START:g}: give smaller coefficients"
            f"{others if is_choice else ''}."
        )


def _value_and_norm(penalty: Penalty, params: Array, loss: Evaluation) -> tuple[float, float]:
    """Return the objective, with all of the penalty, and the norm of its shortest subgradient.

    ``params`` has shape ``(n_outputs, n_columns)``, and ``loss`` is the loss there.
    """
    gradient = loss.gradient.copy()
    penalty.add_smooth_gradient(params, gradient)
    slope = penalty.shortest_subgradient(params, gradient)
    return loss.value + penalty.value(params), float(np.linalg.norm(slope))
