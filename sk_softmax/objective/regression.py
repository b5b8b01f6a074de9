"""The objective of softmax regression: one pass over the rows for value and gradient."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    ActiveHessian,
    Array,
    Block,
    Curvature,
    Evaluation,
    Penalty,
    Rows,
)
from sk_softmax.objective.active_hessian import active_hessian
from sk_softmax.objective.approximate_hessian import approximate_hessian, shared_diagonal
from sk_softmax.objective.cross_entropy import CrossEntropy, cross_entropy_of
from sk_softmax.objective.curvature import FullHessian
from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.duality import duality_gap
from sk_softmax.objective.exact_hessian import exact_hessian, largest_curvature
from sk_softmax.objective.penalties import PenaltyForm
from sk_softmax.objective.targets import Labels, Targets


class RegressionObjective:
    """``F = sum_i s_i CE_i / sum_i s_i + penalty(coef) / (C sum_i s_i)``, in nats a row.

    By default the penalty is ``|coef|^2 / 2``. Answers hold its smooth part alone; only that of
    :meth:`value` holds all of it. This is the objective of ``LogisticRegression`` divided
    by ``C sum_i s_i``, so that its value can be compared between data sets of different size.

    Parameters
    ----------
    rows : Rows
        The data.
    targets : Targets, or ndarray of int of shape (n_rows,)
        Probabilities of the classes for each row, or its class ``0 .. n_classes - 1``.
    n_classes : int
        Two classes share one row of parameters, the log-odds of class 1.
    C : float
        Inverse strength of the penalty; ``inf`` means none.
    sample_weight : ndarray of float64, shape (n_rows,), or None
        ``s_i``, not negative, with a positive sum.
    form : PenaltyForm, optional
        The form of the penalty.
    """

    def __init__(
        self,
        rows: Rows,
        targets: Targets | NDArray[np.intp],
        n_classes: int,
        C: float,
        sample_weight: NDArray[np.float64] | None = None,
        form: PenaltyForm | None = None,
    ) -> None:
        if isinstance(targets, np.ndarray):
            targets = Labels(targets, n_classes)
        weight = _relative(sample_weight, rows)
        self.data = DataTerm(rows, targets, cross_entropy_of(n_classes), weight)
        self.total_weight = float(rows.n_rows if sample_weight is None else sample_weight.sum())
        self.form = PenaltyForm() if form is None else form
        self.penalty = self._penalty_of(C)
        self._cheaper: Sequence[RegressionObjective] = ()

    def _penalty_of(self, C: float) -> Penalty:
        strength = 1 / C / self.total_weight
        if not np.isfinite(strength):
            raise ValueError(f"C={C!r} is too small: 1 / (C times the sum of weights) overflows.")
        return self.form.penalty(strength, self.shape, self.data.n_features)

    def with_penalty(self, C: float) -> RegressionObjective:
        """Return the same with another strength of the penalty, and nothing cheaper."""
        other = self.of_data(self.data.counting_anew())
        other.penalty = other._penalty_of(C)
        return other

    def of_data(self, data: DataTerm) -> RegressionObjective:
        """Return the same objective of another data term, and nothing cheaper."""
        other = copy.copy(self)
        other.data, other._cheaper = data, ()
        return other

    def on(self, rows: Rows, indices: NDArray[np.intp] | None = None) -> RegressionObjective:
        """Return the same objective on other rows: those of these indices, or all once more."""
        return self.of_data(self.data.on(rows, indices))

    def of_features(self, features: NDArray[np.intp]) -> RegressionObjective:
        """Return the same loss of these features alone, for a penalty yet to be set."""
        other = self.of_data(self.data.of_features(features))
        other.form = self.form.of_features(features)
        return other.with_penalty(np.inf)

    @property
    def rows(self) -> Rows:
        """The rows."""
        return self.data.rows

    @property
    def targets(self) -> Targets:
        """What the rows should be."""
        return self.data.targets

    @property
    def loss(self) -> CrossEntropy:
        """The form of the loss."""
        return self.data.loss

    @property
    def relative_weight(self) -> Array | None:
        """Weights divided by their mean; None if all are equal."""
        return self.data.relative_weight

    @property
    def passes(self) -> float:
        """How often the whole data have been read so far, cheaply or not."""
        n_rows = self.data.n_rows
        cheaper = (other.data for other in self._cheaper)
        return self.data.passes + sum(data.passes * data.n_rows / n_rows for data in cheaper)

    def measure_on(self, cheaper: Sequence[RegressionObjective]) -> None:
        """Let curvature be measured on the first of these, and Gram matrices on the last.

        The last only if it leaves no row out: they damp matrices that are measured anew.
        """
        self._cheaper = cheaper
        last = cheaper[-1].data if cheaper else None
        has_all_rows = last is not None and last.n_rows == self.data.n_rows
        self.data.measure_on(last if has_all_rows else None)

    def damp_like(self, all_rows: RegressionObjective) -> None:
        """Take over the Gram matrix of more rows than those with weight here, measured once."""
        self.data.damp_like(all_rows.data)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of params."""
        return self.data.shape

    @property
    def resolution(self) -> float:
        """The change in value that rounding can hide, relative to the larger of it and one nat.

        However small the losses are, each is the logarithm of a sum that is 1 or more.
        """
        return 4 * float(np.finfo(self.rows.dtype).eps)

    @property
    def separated_below(self) -> float:
        """A value below this proves that no finite optimum exists.

        Then no row's loss reaches log 2, so every row's own class has probability above 1/2: all
        rows are classified correctly, and without a penalty scaling the parameters up lowers the
        loss without end.
        """
        if self.penalty.limits_coefficients or not self.targets.are_labels:
            return -np.inf
        weight = self.relative_weight
        least = 1.0 if weight is None else float(weight[weight > 0].min())
        return float(np.log(2)) * least / self.data.n_rows

    def value(self, params: Array) -> float:
        """Return ``F`` with all of the penalty."""
        return self.evaluate(params).value + self.penalty.kink_value(params)

    def evaluate(self, params: Array) -> Evaluation:
        """Value and gradient over all rows."""
        loss, gradient = self.data.ask(partial(loss_and_gradient, params=params))
        return self.evaluation(params, loss, gradient, self.data.n_rows)

    def minibatch(self, params: Array, indices: NDArray[np.intp]) -> Evaluation:
        """Value and gradient estimated from rows drawn uniformly, without bias."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            loss, gradient = self._sum_of(params, indices)
            return self.evaluation(params, loss, gradient.astype(np.float64), len(indices))

    def _sum_of(self, params: Array, indices: NDArray[np.intp]) -> tuple[float, Array]:
        """Sum of the losses of some rows, and their gradient in the width of the rows."""
        self.data.count(len(indices) / self.rows.n_rows)
        prepared = self.rows.prepare(params)
        return _loss_and_gradient_of_block(self.data, self.rows.take(indices), prepared)

    def curvature(
        self,
        params: Array,
        damping: float = 0.0,
        *,
        as_diagonal: bool = False,
        exact: bool = False,
    ) -> Curvature:
        """Return an approximate Hessian without the curvature between classes."""
        data = self.data if exact or not self._cheaper else self._cheaper[0].data
        # A matrix a class takes the mean over the classes from every step.
        is_full = self.penalty.is_class_symmetric and not as_diagonal
        measure = approximate_hessian if is_full else shared_diagonal
        return measure(data, params, self.penalty.l2, damping)

    def hessian(self, params: Array) -> FullHessian:
        """Return the exact Hessian, ``n_outputs * n_columns`` on a side."""
        return exact_hessian(self.data, params, self.penalty.l2)

    def active_hessian(
        self,
        params: Array,
        active: NDArray[np.bool_],
        damping: float = 0.0,
        *,
        exact: bool = False,
    ) -> ActiveHessian:
        """Return the Hessian among some of the parameters."""
        data = self.data if exact or not self._cheaper else self._cheaper[0].data
        return active_hessian(data, params, self.penalty.l2, active, damping, exact=exact)

    def gap(self, params: Array, here: Evaluation, at_most: float = np.inf) -> float:
        """Return the duality gap, infinity where it is above ``at_most`` before any pass."""
        return duality_gap(self.data, self.penalty, params, here, at_most)

    def largest_curvature(self) -> float:
        """Bound of the Hessian's largest eigenvalue, the same everywhere."""
        return largest_curvature(self.data) + float(self.penalty.l2.max())

    def evaluation(self, params: Array, loss: float, gradient: Array, n_rows: int) -> Evaluation:
        """Return the evaluation that sums over so many rows add up to; takes the gradient over."""
        gradient = np.ascontiguousarray(gradient)
        with np.errstate(over="ignore", invalid="ignore"):
            gradient /= n_rows
            self.penalty.add_smooth_gradient(params, gradient)
            value = float(loss) / n_rows + self.penalty.smooth_value(params)
            return Evaluation(value, gradient)


def loss_and_gradient(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Answer the sums of the rows' weighted losses and of their gradients, shaped like params."""
    prepared = data.rows.prepare(params)
    return data.rows.sum(lambda block: _loss_and_gradient_of_block(data, block, prepared))


def _loss_and_gradient_of_block(
    data: DataTerm, block: Block, prepared: Any
) -> tuple[float, Array]:
    """Return the same sums over a block alone, the gradient's in the width of the rows."""
    losses, residuals = data.loss.loss_and_residuals(
        data.logits(block, prepared), data.targets.at(block.rows)
    )
    losses, residuals = data.weighted(losses, block), data.weighted(residuals, block)
    return losses.sum(dtype=np.float64), block.pull_back(residuals)


def _relative(sample_weight: NDArray[np.float64] | None, rows: Rows) -> Array | None:
    """Weights divided by their mean, so that neither huge nor tiny ones overflow; None if equal.

    Equal weights change the strength of the penalty and nothing else.
    """
    if sample_weight is None or np.ptp(sample_weight) == 0:
        return None
    relative = sample_weight / sample_weight.mean()
    return np.asarray(relative, dtype=rows.dtype)
