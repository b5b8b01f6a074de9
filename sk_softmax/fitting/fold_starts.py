"""Where the fits of all folds start, after those for stronger penalties."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sk_softmax.fitting.settings import Settings
from sk_softmax.interfaces import Array, EvaluateAt, Evaluation, Penalty
from sk_softmax.objective import FoldObjectives, RegressionObjective

# How many of the last fits the start of the next one is extrapolated from, at most. Three give a
# parabola in log C.
POINTS = 3

# Of how many of the last ends a fit is told the gradient: see :attr:`Problem.seen`. Iterations of
# ten penalties and five folds without any, and with 1, 2 and 3: digits 195, 189, 189, 188,
# optdigits 457, 384, 383, 389. Pairs of steps within the last fits beside them gain 3 % at most.
# Not of ends whose C is more than FAR times less: the mean curvature on the way is too large. With
# four penalties from 1e-4 to 1e4, three folds of digits took 116 iterations without them and 139
# with them; with five, 139 and 125.
SEEN, FAR = 2, 200.0


@dataclass(frozen=True)
class End:
    """Where the fit of a fold ended, and the evaluation there under the penalty of that fit."""

    params: Array
    """Shape ``(n_outputs, n_columns)``."""

    penalty: Penalty
    evaluation: Evaluation
    log_C: float

    def under(self, objective: RegressionObjective) -> Evaluation:
        """Return the evaluation under another smooth penalty, without a pass."""
        return objective.evaluation_from(self.params, self.evaluation, self.penalty)


class Starts:
    """The ends of the fits of all folds so far, from which the next fits start.

    Parameters
    ----------
    n_folds : int
        Number of folds.
    """

    def __init__(self, n_folds: int) -> None:
        self._numbers = range(n_folds)
        # From log C to the params of each fold at the end of that fit, (n_outputs, n_columns).
        self._ends: dict[float, list[Array]] = {}
        # The last ends of each fold that were evaluated, from oldest to newest.
        self._known: deque[list[End]] = deque(maxlen=SEEN)

    def ended_at(self, settings: Settings, params: list[Array]) -> None:
        """Keep where the fits for one penalty ended: ``(n_outputs, n_columns)`` for each fold."""
        self._ends[float(np.log(settings.C))] = params

    def know(self, penalties: Sequence[Penalty], evaluations: Sequence[Evaluation]) -> None:
        """Keep the penalty and the evaluation of each fold at its last end."""
        *_, (log_C, last) = self._ends.items()
        found = zip(last, penalties, evaluations, strict=True)
        self._known.append([End(*known, log_C) for known in found])

    def seen(
        self, settings: Settings, number: int, objective: RegressionObjective
    ) -> list[tuple[Array, Array]]:
        """Return the last ends of a fold and their gradients under the penalty of an objective.

        Each has shape ``(n_outputs, n_columns)``. Gradients are known without a pass if penalties
        are smooth; otherwise the list is empty. Ends whose C is far less are left out.
        """
        if not objective.penalty.is_smooth:
            return []
        least = float(np.log(settings.C) - np.log(FAR))
        ends = [of_folds[number] for of_folds in self._known]
        return [(end.params, end.under(objective).gradient) for end in ends if end.log_C >= least]

    def of(self, settings: Settings, objectives: FoldObjectives) -> list[Array]:
        """Return the start of each fold, of shape ``(n_outputs, n_columns)``.

        Params are close to a polynomial in log C; if the classes can be separated, they grow in
        proportion to log C. So params are extrapolated from the ends of the last fits. A fold
        starts there if its objective is lower there than at its last end, and at its last end
        otherwise. With an L1 penalty it always starts at its last end, so that zeros stay zero.
        The start is not evaluated again.
        """
        if not self._ends:
            return [np.zeros(objectives[number].shape) for number in self._numbers]
        *_, last = self._ends.values()
        if settings.l1_ratio > 0:
            return last
        position = float(np.log(settings.C))
        here = self._evaluated_at_last(objectives, last)
        points = {number: (last[number], here[number]) for number in self._numbers}
        if len(self._ends) > 1 and not np.isinf(position):
            extrapolated = _extrapolated(list(self._ends.items())[-POINTS:], position)
            ahead = [objectives[n].penalty.projected(extrapolated[n]) for n in self._numbers]
            there = objectives.evaluate({n: EvaluateAt(ahead[n]) for n in self._numbers})
            better = [n for n in self._numbers if there[n].value < here[n].value]
            points |= {n: (ahead[n], there[n]) for n in better}
        for number, (params, evaluation) in points.items():
            objectives.know(number, params, evaluation)
        return [params for params, _ in points.values()]

    def _evaluated_at_last(
        self, objectives: FoldObjectives, last: Sequence[Array]
    ) -> Mapping[int, Evaluation]:
        """Return the evaluation of each fold at its last end, of ``(n_outputs, n_columns)``.

        Under a smooth penalty it follows from that under the last penalty, without a pass.
        """
        if not self._known or not objectives[0].penalty.is_smooth:
            return objectives.evaluate({n: EvaluateAt(last[n]) for n in self._numbers})
        return {n: end.under(objectives[n]) for n, end in enumerate(self._known[-1])}


def _extrapolated(ends: Sequence[tuple[float, list[Array]]], there: float) -> list[Array]:
    """Return params of each fold, extrapolated to ``there`` by Lagrange's formula.

    Parameters
    ----------
    ends : sequence of pairs
        ``log C``, and the params of each fold there, ``(n_outputs, n_columns)``.
    there : float
        ``log C`` of the next fit.
    """
    positions = [position for position, _ in ends]
    factors = [np.prod([(there - q) / (p - q) for q in positions if q != p]) for p in positions]
    return [
        np.asarray(sum(factor * params for factor, params in zip(factors, of_fold, strict=True)))
        for of_fold in zip(*(params for _, params in ends), strict=True)
    ]
