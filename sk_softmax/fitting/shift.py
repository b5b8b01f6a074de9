"""Columns far from zero are shifted inside a fit: the intercept absorbs the shift.

Softmax of ``W x + b`` is softmax of ``W (x - m) + (b + W m)``, so a shift ``m`` of the columns
changes neither the optimum nor its value. It changes how fast and how exactly the optimum is
found. Where columns are ``r`` standard deviations from zero, their Gram matrix loses ``eps r^2``
of itself to rounding, and a diagonal metric takes steps that are ``r^2`` times too short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.fitting.settings import Settings, Weights
from sk_softmax.interfaces import Array, Rows
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.objective import MOST_COLUMNS, spread_out
from sk_softmax.objective.cheaper import LARGEST, SMALLEST
from sk_softmax.parts import ColumnMoments

# The shift is measured on so many rows, or on fewer with NUMBERS numbers in all, but FEWEST rows.
# How near it is to the mean affects the iterations and not the optimum.
ROWS, NUMBERS, FEWEST = 512, 2**18, 8

# Numbers, n_rows * n_features, up to which all rows are taken: to draw 512 of 1,000 rows takes 25
# us, and to look at all of them 10 us more.
FEW_NUMBERS = 2**15

# Columns are shifted that are more than so many standard deviations from zero. A solver with a
# diagonal metric (proximal solvers, and L-BFGS above MOST_COLUMNS columns) gains from 1 on:
# proximal L-BFGS took 27 iterations without and 13 with the shift at 2, and 44 and 13 at 8.
FOR_MOST = 1.0

# With a full metric the iterations are the same for any origin but for the rounding of the matrix,
# ``eps r^2``: in float32, in which large rows are computed first, 6e-6 at 10. It hides what nearly
# dependent columns have of their own. Of 3,000 x 500 of those L-BFGS took 55 iterations without
# and 47 with the shift at 1, 191 at 3 and 584 at 10; at 1,000 it ended after 4,100, a fifth above
# the optimum. So of up to COLUMNS_COMPARED columns it is seen how much the least independent has
# of its own, and rounding may be HIDDEN of that; more are shifted from FOR_MOST on. A shift is not
# free: with 1,000,000 rows of 10 features in float64 a fit took 126 ms for 94. But beyond about 10
# deviations rows are not narrowed to float32, and another sample of them tells: none stays farther
# than FOR_INDEPENDENT.
COLUMNS_COMPARED, HIDDEN, FOR_INDEPENDENT = 64, 0.01, 8.0

# Few numbers are computed as they are given, and are shifted farther from zero: iris takes a tenth
# longer with a shift.
FOR_FEW, FOR_FEW_IN_FLOAT32 = 1e3, 10.0

# A column has lost digits if its values differ by less than about so many roundings of their size:
# in float32 if it is more than 1e5 standard deviations from zero.
ROUNDINGS = 84

# Mean squares above which no digit of a square was lost to underflow.
LEAST_SQUARE = np.finfo(np.float64).tiny / np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class Shift:
    """What is subtracted from the columns of a data set while a model is fitted to it."""

    of_columns: Array
    """Shape ``(n_features,)`` in float64, rounded to the width of the rows; zero for most."""

    is_coarse: NDArray[np.bool_]
    """Which columns have lost their digits before they came here, shape ``(n_features,)``."""

    width: np.dtype[Any]
    """Of the rows as they are given."""

    noise: float = 1.0
    """How many times as much rounding there is in the objective because of columns left far."""

    widens: bool = False
    """Whether rows in float32 are computed in float64, because float32 cannot hold squares, or
    loses too much of them where no intercept absorbs a shift."""

    @classmethod
    def none(cls, n_features: int, width: Any = np.float64) -> Shift:
        """Return the shift of columns of this width that stay as they are."""
        return cls(np.zeros(n_features), np.zeros(n_features, dtype=bool), np.dtype(width))

    @cached_property
    def is_none(self) -> bool:
        """Whether no column is shifted."""
        return not self.of_columns.any()

    def rows(self, rows: Rows) -> Rows:
        """Return rows of shifted columns, in float64 where that is needed."""
        rows = rows if self.is_none else rows.shifted(self.of_columns)
        return rows.widened() if self.widens else rows

    def params(self, params: Array) -> Array:
        """Return params for shifted columns from params for the given columns.

        Shape ``(..., n_outputs, n_columns)``, in float64; intercepts add up to zero.
        """
        return params if self.is_none else _balanced(_moved(params, self.of_columns))

    def given(self, params: Array) -> Array:
        """Return params for the given columns from params for shifted columns.

        The map is linear in each row of params. It is applied to the last axis of an array of
        shape ``(..., n_columns)``, so that applied to both axes of one class's block of a
        covariance matrix it gives the covariance for the given columns.
        """
        return params if self.is_none else _moved(params, -self.of_columns)

    def lift(self, params: Array) -> Array:
        """Return params for the given columns, with intercepts that add up to zero.

        From and to shape ``(n_outputs, n_columns)``. Coefficients under an L1 penalty do not add
        up to zero, so that the shift gives the intercepts a mean.
        """
        return params if self.is_none else _balanced(self.given(params))


def _moved(params: Array, shift: Array) -> Array:
    """Return params whose last column has ``params @ shift`` added, in float64."""
    params = params.astype(np.float64)
    params[..., -1] += params[..., :-1] @ shift
    return params


def _balanced(params: Array) -> Array:
    """Return params of shape ``(..., n_outputs, n_columns)`` less the mean of the intercepts."""
    if params.shape[-2] > 1:
        params[..., -1] -= params[..., -1].mean(axis=-1, keepdims=True)
    return params


def shift_of(settings: Settings, rows: Rows, weights: Weights | None) -> Shift:
    """Return the shift with which the settings' solver fits these rows.

    It is the weighted mean of some rows for columns that are far enough from zero. No column is
    shifted without an intercept to absorb it, and for a solver that does not take shifted rows.

    Parameters
    ----------
    settings : Settings
        The solver, and the form of the penalty.
    rows : Rows
        The rows as they are given.
    weights : ndarray of shape (n_rows,), or None
        Weights of the rows, class weights worked in.
    """
    if rows.dtype == np.float64 and not rows.mostly_stored().any():
        return Shift.none(rows.n_features, rows.dtype)
    return shift_by_sample(settings, rows, *_some_rows(rows, weights))


def shift_by_sample(settings: Settings, rows: Rows, some: Any, weights: Weights | None) -> Shift:
    """Return the same from some of the rows, as they are stored, and their weights.

    Shapes ``(n_some, n_features)`` and ``(n_some,)``.
    """
    far_enough = _far_enough(settings, rows)
    if rows.dtype == np.float64 and _are_near(some, weights, min(far_enough, FOR_FEW)):
        return Shift.none(rows.n_features, rows.dtype)
    columns = np.flatnonzero(rows.mostly_stored())
    values = some if len(columns) == rows.n_features else some[:, columns]
    values = (values.toarray() if sp.issparse(values) else values).astype(np.float64, copy=False)
    mean, ratio = _mean_and_ratio(values, weights)
    if far_enough == FOR_MOST and _has_full_metric(settings, rows):
        far_enough = max(FOR_MOST, min(_hidden_from(values), FOR_INDEPENDENT))
    shift = _by_moments(settings, rows, mean, ratio, far_enough, partial(_sizes, some))
    return replace(shift, widens=shift.widens or _is_uneven(values, rows.dtype))


def shift_by_summary(settings: Settings, rows: Rows, moments: ColumnMoments) -> Shift:
    """Return the shift with which the settings' solver fits rows that lie in parts.

    ``moments`` are those of all rows.
    """
    mean, ratio = moments.mean_and_ratio()
    stored, far_enough = rows.mostly_stored(), _far_enough(settings, rows)
    return _by_moments(settings, rows, mean[stored], ratio[stored], far_enough, moments.sizes)


def _by_moments(
    settings: Settings,
    rows: Rows,
    mean: Array,
    ratio: Array,
    far_enough: float,
    sizes: Callable[[Array], Array],
) -> Shift:
    """Return the shift for columns with this mean, this many standard deviations from zero.

    Parameters
    ----------
    settings : Settings
        The solver, and the form of the penalty.
    rows : Rows
        The rows as they are given.
    mean, ratio : ndarray of shape (n_stored,)
        Of the columns that can be shifted.
    far_enough : float
        How many standard deviations from zero they are shifted.
    sizes : callable
        From a shift of shape ``(n_features,)`` to the largest sizes of the values less it.
    """
    shift = Shift.none(rows.n_features, rows.dtype)
    columns = np.flatnonzero(rows.mostly_stored())
    is_shifted = ratio > far_enough
    shift.of_columns[columns[is_shifted]] = mean[is_shifted].astype(rows.dtype)
    shift.is_coarse[columns] = ratio > 1 / (ROUNDINGS * np.finfo(rows.dtype).eps)
    shift.is_coarse[columns] &= is_shifted & np.isfinite(ratio)
    left = ratio[~is_shifted & np.isfinite(ratio)]
    noise = max(left.max(initial=0.0) / FOR_FEW, 1.0)
    widens = rows.dtype == np.float32 and (
        _are_out_of_range(sizes(shift.of_columns))
        or (settings.solver.takes_shifted_rows and (left > FOR_FEW_IN_FLOAT32).any())
    )
    return replace(shift, noise=noise, widens=bool(widens))


def _are_near(some: Any, weights: Weights | None, most: float) -> bool:
    """Whether each column is at most so many standard deviations from zero.

    ``some`` has shape ``(n_some, n_features)``. The answer is False where sums of squares cannot
    tell. They take a fifth of the time of exact means and deviations, and lose too many digits
    only for columns that are farther than FOR_FEW, a thousand deviations, from zero.
    """
    if sp.issparse(some):
        return False
    share = np.full(len(some), 1 / len(some)) if weights is None else weights / weights.sum()
    with quiet():
        square, mean = share @ some**2, share @ some
        is_seen = square > LEAST_SQUARE
        return bool((is_seen & (square - mean**2 >= (mean / most) ** 2)).all())


def _is_uneven(values: Array, dtype: Any) -> bool:
    """Whether in a column of float32 rows, ``(n_some, n_columns)``, values hide others in sums.

    With one value of 1e12 beside others of 1,000 a slope of float32 had nothing of the others, and
    fits without an intercept ended up to 46 % above the optimum, as converged.
    """
    if dtype != np.float32 or values.size == 0:
        return False
    sizes = np.abs(values)
    smallest = np.min(sizes, axis=0, where=sizes > 0, initial=np.inf)
    return bool((sizes.max(axis=0) * np.finfo(np.float32).eps > smallest).any())


def _sizes(some: Any, shift: Array) -> Array:
    """Return the largest size of the values of each column of some rows, less a shift.

    Sparse rows are not shifted: a shift would only make them smaller.
    """
    if sp.issparse(some):
        return np.asarray(abs(some).max(axis=0).toarray().ravel())
    return np.asarray(np.abs(some - shift).max(axis=0))


def _are_out_of_range(sizes: Array) -> bool:
    """Whether float32 cannot hold squares of values of these sizes, ``(n_features,)``."""
    return bool(((sizes > 0) & ((sizes < SMALLEST) | (sizes > LARGEST))).any())


def _far_enough(settings: Settings, rows: Rows) -> float:
    """Return how many standard deviations from zero a column is shifted."""
    if not (settings.fit_intercept and settings.solver.takes_shifted_rows):
        return np.inf
    if not (_has_full_metric(settings, rows) and _are_few(rows)):
        return FOR_MOST
    return FOR_FEW if rows.dtype == np.float64 else FOR_FEW_IN_FLOAT32


def _has_full_metric(settings: Settings, rows: Rows) -> bool:
    """Whether the solver's metric of these rows is a matrix, whatever their origin."""
    is_smooth = settings.l1_ratio == 0 and settings.lower_bounds is None
    return is_smooth and settings.solver.has_full_metric and rows.n_columns <= MOST_COLUMNS


def _hidden_from(values: Array) -> float:
    """Return how many deviations from zero rounding in float32 hides what a column has of its own.

    ``values`` are those of some rows, shape ``(n_some, n_columns)``. What the least independent
    column has is the smallest eigenvalue of the correlations.
    """
    if values.shape[1] > COLUMNS_COMPARED:
        return FOR_MOST
    with quiet():
        unit = values - values.mean(axis=0)
        size = np.sqrt(np.einsum("ij,ij->j", unit, unit))
        unit = unit[:, size > 0] / size[size > 0]
    if unit.size == 0:
        return np.inf
    own = max(float(np.linalg.eigvalsh(unit.T @ unit)[0]), 0.0)
    return float(np.sqrt(HIDDEN * own / np.finfo(np.float32).eps))


def _are_few(rows: Rows) -> bool:
    """Whether the rows have few numbers."""
    return rows.n_rows * rows.n_features <= FEW_NUMBERS


def n_rows_for_shift(rows: Rows) -> int:
    """Return on how many rows a shift is measured: on all if they have few numbers."""
    if _are_few(rows):
        return rows.n_rows
    return int(max(min(ROWS, NUMBERS // rows.n_features), FEWEST))


def _some_rows(rows: Rows, weights: Weights | None) -> tuple[Any, Weights | None]:
    """Return some rows as they are stored, and their weights.

    Shapes ``(n_some, n_features)`` and ``(n_some,)``. Of more rows than are needed those are taken
    at which the cumulative weight reaches equal steps, so that all weigh the same.
    """
    n_some = n_rows_for_shift(rows)
    if n_some >= rows.n_rows:
        return rows.values(), weights
    if weights is None:
        return rows.values(spread_out(rows.n_rows, n_some)), None
    reached = np.cumsum(weights / weights.max())
    steps = (np.arange(n_some) + 0.5) / n_some * reached[-1]
    return rows.values(np.searchsorted(reached, steps, side="right")), None


def _mean_and_ratio(values: Array, weights: Weights | None) -> tuple[Array, Array]:
    """Return the mean of each column, and how many standard deviations it is from zero.

    Both have shape ``(n_columns,)``. The mean is clipped to the least and the largest value: that
    of a thousand times 0.1 is one rounding below 0.1, and a column that is not exactly zero after
    the shift gets coefficients of 1e15 without a penalty.
    """
    if values.shape[1] == 0:  # NumPy has no mean of nothing
        return np.zeros(0), np.zeros(0)
    if weights is not None:
        seen = weights > 0
        values, weights = values[seen], weights[seen] / weights[seen].sum()
    least, largest = values.min(axis=0), values.max(axis=0)
    size = np.maximum(-least, largest)
    unit = np.where(size > 0, size, 1.0)
    scaled = values / unit  # squares of large and small values would overflow or underflow
    mean = scaled.mean(axis=0) if weights is None else weights @ scaled
    mean = np.clip(mean, least / unit, largest / unit)
    # In place: 0.65 ms for 131 rows of 2,000 features, 2.4 with arrays of differences and squares.
    scaled -= mean
    if weights is None:
        square = np.einsum("ij,ij->j", scaled, scaled) / len(scaled)
    else:
        square = np.einsum("i,ij,ij->j", weights, scaled, scaled)
    deviation = np.sqrt(square)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(mean == 0, 0.0, np.abs(mean) / deviation)
    return mean * unit, ratio
