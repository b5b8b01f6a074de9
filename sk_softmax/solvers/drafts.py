"""Which draft of the objective a solver asks, and how long."""

from __future__ import annotations

from sk_softmax.interfaces import Draft, Evaluation, Problem


class Drafts:
    """Goes through a problem's drafts, the cheapest first, to the objective itself."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._number = 0
        self._since = 0
        self._is_exhausted = self._was_enough = False
        # The cheapest draft's curvature will do, whatever is evaluated.
        self.for_curvature = 0 if problem.drafts else None

    @property
    def _current(self) -> Draft | None:
        drafts = self._problem.drafts
        return drafts[self._number] if self._number < len(drafts) else None

    @property
    def current(self) -> int | None:
        """Number of the draft to ask, None for the objective itself."""
        return None if self._current is None else self._number

    @property
    def resolution(self) -> float:
        """The relative change in value that rounding can hide."""
        return (self._current or self._problem).resolution

    @property
    def has_all_rows(self) -> bool:
        """Whether values can be compared with those of the objective."""
        return self._current is None or self._current.has_all_rows

    def is_done(self, iteration: int, here: Evaluation, suboptimality: float) -> bool:
        """Whether a draft is asked and has nothing more to give."""
        if self._current is None:
            return False
        trust, tol = self._current.trust, self._problem.tol
        close = suboptimality <= max(trust, tol) * abs(here.value)
        self._was_enough = close and trust <= tol
        long = iteration - self._since >= self._current.max_iter
        return close or long or self._is_exhausted or not here.is_finite

    def give_up(self) -> None:
        """Say that nothing lowers this draft's value any further."""
        self._is_exhausted = True

    def go_on(self, iteration: int) -> None:
        """Ask the next draft from now on, or the objective itself.

        The objective itself too where the draft is there and trusted down to ``tol``: there is
        probably nothing left to do but to see that.
        """
        self._number = len(self._problem.drafts) if self._was_enough else self._number + 1
        self._since, self._is_exhausted = iteration, False
