"""The objective of softmax regression: what a solver may ask, of a data term and a penalty."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    ActiveHessian,
    Array,
    Curvature,
    Evaluation,
    Penalty,
    Rows,
)
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.objective.active_hessian import active_hessian
from sk_softmax.objective.approximate_hessian import approximate_hessian, shared_diagonal
from sk_softmax.objective.cross_entropy import CrossEntropy, cross_entropy_of
from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.duality import duality_gap
from sk_softmax.objective.evaluation import loss_and_gradient, loss_and_gradient_of_some
from sk_softmax.objective.exact_hessian import exact_hessian, largest_curvature
from sk_softmax.objective.intercepts import loss_of_intercepts, null_loss
from sk_softmax.objective.kernel_hessian import Kernel
from sk_softmax.objective.offset import class_major
from sk_softmax.objective.penalties import PenaltyForm
from sk_softmax.objective.size_along import size_along
from sk_softmax.objective.targets import Labels, Targets


class CurvatureSource(Protocol):
    """A curvature that an objective need not measure itself."""

    def at(self, params: Array, damping: float) -> Curvature | None:
        """Return a curvature for ``params``, ``(n_outputs, n_columns)``; None if it has none."""
        ...


class RegressionObjective:
    """``F = sum_i s_i CE_i / sum_i s_i + penalty(coef) / (C sum_i s_i)``, in nats a row.

    By default the penalty is ``|coef|^2 / 2``. All methods include the smooth part of the penalty
    alone, except :meth:`value`, which includes all of it. This is the objective of
    ``LogisticRegression`` divided by ``C sum_i s_i``, so that values can be compared between data
    sets of different size.

    Parameters
    ----------
    rows : Rows
        The data.
    targets : Targets, or ndarray of int of shape (n_rows,)
        Probabilities of the classes for each row, or its class ``0 .. n_classes - 1``.
    n_classes : int
        Number of classes. Two classes share one row of parameters, the log-odds of class 1.
    C : float
        Inverse strength of the penalty; ``inf`` means none.
    sample_weight : ndarray of float64, shape (n_rows,), or None
        ``s_i``, not negative, with a positive sum; None gives every row the weight 1.
    form : PenaltyForm, optional
        The form of the penalty.
    offset : ndarray of float64, shape (n_rows, n_outputs), or None
        What is added to the logits of each row. It matters up to a constant a row.
    """

    def __init__(
        self,
        rows: Rows,
        targets: Targets | NDArray[np.intp],
        n_classes: int,
        C: float,
        sample_weight: NDArray[np.float64] | None = None,
        form: PenaltyForm | None = None,
        offset: NDArray[np.float64] | None = None,
    ) -> None:
        if isinstance(targets, np.ndarray):
            targets = Labels(targets, n_classes)
        weight = _relative(sample_weight, rows)
        data = DataTerm(
            rows, targets, cross_entropy_of(n_classes), weight, offset=class_major(offset, rows)
        )
        total_weight = float(rows.n_rows if sample_weight is None else sample_weight.sum())
        self._begin(data, total_weight, C, PenaltyForm() if form is None else form)

    @classmethod
    def on_data(
        cls, data: DataTerm, total_weight: float, C: float, form: PenaltyForm
    ) -> RegressionObjective:
        """Return the objective of a data term whose rows have this weight together."""
        objective = cls.__new__(cls)
        objective._begin(data, total_weight, C, form)
        return objective

    def _begin(self, data: DataTerm, total_weight: float, C: float, form: PenaltyForm) -> None:
        self.data = data
        self.total_weight = total_weight
        self.form = form
        self.penalty = self._penalty_of(C)
        self.stands_for = 1.0
        """A measurement of curvature may cost as much as on so many times its rows."""
        self._cheaper: Sequence[DataTerm] = ()
        self._shared: CurvatureSource | None = None
        self._kernel: Kernel | None = None
        self._last_gap: tuple[Array, Evaluation, float] | None = None
        self.noise = 1.0
        """How many times as much rounding there is as with columns near zero."""

    def _penalty_of(self, C: float) -> Penalty:
        """Return the penalty of strength ``1 / (C sum_i s_i)``, in nats a row."""
        strength = 1 / C / self.total_weight
        if not np.isfinite(strength):
            raise ValueError(f"C={C!r} is too small: 1 / (C times the sum of weights) overflows.")
        return self.form.penalty(strength, self.shape, self.data.n_features)

    def with_penalty(self, C: float) -> RegressionObjective:
        """Return the objective with another strength of the penalty, measured on its own rows."""
        other = self.of_data(self.data.counting_anew())
        other.penalty = other._penalty_of(C)
        return other

    def of_data(self, data: DataTerm) -> RegressionObjective:
        """Return the objective of another data term, measured on that term's rows."""
        other = copy.copy(self)
        other.data, other._cheaper, other._shared = data, (), None
        other._kernel = other._last_gap = None
        return other

    def on(self, rows: Rows, indices: NDArray[np.intp] | None = None) -> RegressionObjective:
        """Return the same objective on other rows.

        ``rows`` are the rows of these indices; without indices, all rows in another form.
        """
        return self.of_data(self.data.on(rows, indices))

    def of_features(self, features: NDArray[np.intp]) -> RegressionObjective:
        """Return the loss of these features alone, without penalty until with_penalty sets one."""
        other = self.of_data(self.data.of_features(features))
        other.form = self.form.of_features(features)
        return other.with_penalty(np.inf)

    @property
    def rows(self) -> Rows:
        """The rows that are fitted to."""
        return self.data.rows

    @property
    def targets(self) -> Targets:
        """Probabilities of the classes for each row."""
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
        """Passes over the whole data so far, those over cheaper rows included."""
        passes = self.data.passes
        for cheaper in self._cheaper:
            passes += cheaper.passes * cheaper.n_rows / self.data.n_rows
        return passes

    def measure_on(
        self, cheaper: Sequence[RegressionObjective], *, stands_for: float = 1.0
    ) -> None:
        """Measure curvature on the first of these objectives, and Gram matrices on the last.

        Gram matrices only damp matrices that are measured anew. They are measured on the last
        objective only if it has all rows. A measurement on the first may cost as much as on
        ``stands_for`` times its rows.
        """
        self._measure_on([objective.data for objective in cheaper], stands_for)

    def _measure_on(self, cheaper: Sequence[DataTerm], stands_for: float) -> None:
        """Do the same on the data terms of cheaper objectives."""
        self._cheaper, self.stands_for = cheaper, stands_for
        last = cheaper[-1] if cheaper else None
        has_all_rows = last is not None and last.n_rows == self.data.n_rows
        self.data.measure_on(last if has_all_rows else None)

    def measure_like(self, other: RegressionObjective) -> None:
        """Measure curvature where another objective on the same rows does, if not on its own."""
        if not self._cheaper:
            counted = [data.counting_anew() for data in other._cheaper]
            self._measure_on(counted, other.stands_for)

    @property
    def measures_elsewhere(self) -> bool:
        """Whether curvature is measured on other rows than its own."""
        return bool(self._cheaper)

    @property
    def measured_on(self) -> DataTerm:
        """The data term on whose rows curvature is measured that may be inexact."""
        return self._cheaper[0] if self._cheaper else self.data

    def take_curvature_from(self, shared: CurvatureSource) -> None:
        """Take curvatures that may be inexact from there as long as it has any."""
        self._shared = shared

    def damp_like(self, all_rows: RegressionObjective) -> None:
        """Use the Gram matrix of an objective in which more rows have weight, measured once."""
        self.data.damp_like(all_rows.data)

    def go_by_kernel(self, products: Array | None = None) -> None:
        """Make Hessians from products of rows with one another, where that leaves enough digits.

        It is for two classes, no more rows than features, and one L2 penalty on all of them. The
        products have shape ``(n_rows, n_rows)``; None has them computed.
        """
        self._kernel = Kernel.of(self.data, self.penalty.l2, products)

    @property
    def has_kernel(self) -> bool:
        """Whether Hessians are made from products of rows with one another."""
        return self._kernel is not None

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of params, ``(n_outputs, n_columns)``."""
        return self.data.shape

    @property
    def resolution(self) -> float:
        """The change in value that rounding can hide, relative to max(value, 1 nat).

        The bound holds for small losses too: each loss is the logarithm of a sum that is at least
        1, and the sum is rounded relative to 1.
        """
        return 4 * float(np.finfo(self.rows.dtype).eps)

    @property
    def value_at_zero(self) -> float:
        """The objective at zero params, in nats a row: ``log K`` without an offset."""
        if not self.data.has_offset:
            return float(np.log(self.loss.n_classes))
        return loss_of_intercepts(self.data, np.zeros(self.loss.n_outputs)).value

    @property
    def null_value(self) -> float:
        """The least objective of a model without features, in nats a row.

        Without an intercept it is the value at zero params. It is infinite if bounds keep
        coefficients from zero.
        """
        if self.penalty.projected(np.zeros(self.shape)).any():
            return np.inf
        if self.rows.n_columns == self.rows.n_features:
            return self.value_at_zero
        return null_loss(self.data)

    @property
    def separated_below(self) -> float:
        """A value below this proves that all rows are classified correctly without an offset.

        Below it the loss of every row is less than ``log(1 + exp(-m))``, where ``m`` is by how
        much the offset's logits of two classes differ in a row at most. So the logit of the row's
        class is above the others by more than ``m``, of which the offset gives ``m`` at most. It
        is ``-inf``, which proves nothing, if targets are not labels.
        """
        data = self.data
        if not data.are_labels:
            return -np.inf
        needed = float(np.log1p(np.exp(-data.largest_difference)))
        return needed * data.least_weight / data.n_rows

    def value(self, params: Array) -> float:
        """Return ``F`` with all of the penalty."""
        return self.evaluate(params).value + self.penalty.kink_value(params)

    def evaluate(self, params: Array) -> Evaluation:
        """Return value and gradient over all rows."""
        loss, gradient = self.data.ask(partial(loss_and_gradient, params=params))
        return self.evaluation(params, loss, gradient, self.data.n_rows)

    def minibatch(self, params: Array, indices: NDArray[np.intp]) -> Evaluation:
        """Return an unbiased estimate of value and gradient from rows drawn uniformly."""
        with quiet():
            loss, gradient = self._sum_of(params, indices)
            return self.evaluation(params, loss, gradient.astype(np.float64), len(indices))

    def _sum_of(self, params: Array, indices: NDArray[np.intp]) -> tuple[float, Array]:
        """Return the weighted sums of the losses of some rows and of their gradients.

        A number, and shape ``(n_outputs, n_columns)`` in the width of the rows.
        """
        question = partial(loss_and_gradient_of_some, params=params, indices=indices)
        loss, gradient = self.data.ask(question, len(indices) / self.rows.n_rows)
        return loss, gradient

    def curvature(
        self,
        params: Array,
        damping: float = 0.0,
        *,
        as_diagonal: bool = False,
        exact: bool = False,
    ) -> Curvature:
        """Return an approximate Hessian, which leaves out blocks of two different classes."""
        data = self.data if exact else self.measured_on
        # A matrix a class takes the mean over the classes from every step.
        if as_diagonal or not self.penalty.is_class_symmetric:
            return shared_diagonal(data, params, self.penalty.l2, damping)
        shared = None if self._shared is None or exact else self._shared.at(params, damping)
        if shared is not None:
            return shared
        evaluations = self.passes * self.data.n_rows / data.n_rows
        stands_for = 1.0 if exact else self.stands_for
        return approximate_hessian(
            data, params, self.penalty.l2, damping, evaluations, stands_for=stands_for
        )

    def hessian(self, params: Array) -> Curvature:
        """Return the exact Hessian, a matrix of ``n_outputs * n_columns`` rows and columns."""
        if self._kernel is not None:
            return self._kernel.hessian(self.data, params)
        return exact_hessian(self.data, params, self.penalty.l2)

    def hessian_fall(self, since: Array, params: Array) -> float:
        """Return by what factor the Hessian may be less than at ``since``; infinity if unknown."""
        return max(self.data.spread_fall(since, params), 1.0)  # the penalty's part stays

    def active_hessian(
        self,
        params: Array,
        active: NDArray[np.bool_],
        damping: float = 0.0,
        *,
        exact: bool = False,
    ) -> ActiveHessian:
        """Return the Hessian among some of the parameters."""
        data = self.data if exact else self.measured_on
        return active_hessian(data, params, self.penalty.l2, active, damping, exact=exact)

    def gap(self, params: Array, here: Evaluation, at_most: float = np.inf) -> float:
        """Return the duality gap, infinity where it is above ``at_most`` before any pass.

        The last gap that took a pass is kept: the gap that ends a fit is the one that it reports.
        """
        last = self._last_gap
        if last is not None and last[0] is params and last[1] is here:
            return last[2]
        gap = duality_gap(self.data, self.penalty, params, here, at_most)
        if gap < np.inf:
            self._last_gap = params, here, gap
        return gap

    def know_gap(self, params: Array, here: Evaluation, gap: float) -> None:
        """Keep the duality gap at these params, ``(n_outputs, n_columns)``, as computed."""
        self._last_gap = params, here, gap

    def size_along(self, params: Array, direction: Array) -> float:
        """Return about where a few of the rows have their least along a direction; at most 1."""
        return size_along(self.data, self.penalty, params, direction)

    def largest_curvature(self) -> float:
        """Return a bound on the Hessian's largest eigenvalue that holds at all params."""
        return largest_curvature(self.data) + float(self.penalty.l2.max())

    def evaluation_from(self, params: Array, here: Evaluation, penalty: Penalty) -> Evaluation:
        """Return value and gradient without a pass, from those under another smooth penalty.

        ``params`` and the gradients have shape ``(n_outputs, n_columns)``.
        """
        value = here.value - penalty.smooth_value(params) + self.penalty.smooth_value(params)
        return Evaluation(value, here.gradient + (self.penalty.l2 - penalty.l2) * params)

    def evaluation(self, params: Array, loss: float, gradient: Array, n_rows: int) -> Evaluation:
        """Return the evaluation from sums over ``n_rows`` rows.

        ``gradient``, of shape ``(n_outputs, n_columns)``, may be changed in place. The answer has
        the width of ``params``.
        """
        # That of sparse rows is transposed: 1 M numbers take 1.1 ms so, and 3.4 in one copy.
        gradient = np.ascontiguousarray(gradient.astype(params.dtype, copy=False))
        with quiet():
            gradient /= n_rows
            of_penalty = self.penalty.add_smooth_gradient(params, gradient)
            return Evaluation(float(loss) / n_rows + of_penalty, gradient)


def _relative(sample_weight: NDArray[np.float64] | None, rows: Rows) -> Array | None:
    """Return weights divided by their mean, shape ``(n_rows,)``; None if all are equal.

    The division keeps sums of huge or tiny weights from overflow and underflow. Equal weights
    change the strength of the penalty and nothing else.
    """
    if sample_weight is None or np.ptp(sample_weight) == 0:
        return None
    relative = sample_weight / sample_weight.mean()
    return np.asarray(relative, dtype=rows.dtype)
