"""Probabilities of given rows: their intervals, and the differences between two sets of rows.

Both are by the delta method: a smooth function ``f`` of coefficients ``b`` with the covariance
``V`` has the variance ``f'(b) V f'(b)'``, nearly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logsumexp, ndtri, softmax

from sk_softmax.inference.estimate import Estimate
from sk_softmax.inference.frames import data_frame
from sk_softmax.inference.quantities import Quantities
from sk_softmax.inference.second_moments import pieces, rows_at_once
from sk_softmax.interfaces import Array, Block, Rows


@dataclass(frozen=True, eq=False)
class PredictedIntervals:
    """Probabilities of the classes for each row, and their confidence intervals.

    The intervals are pointwise: each holds with its level on its own. They are of the probability,
    the mean of what is observed at such a row, and not of a single outcome. The lower ends of a
    row do not add up to one, nor do the upper.
    """

    classes: tuple[Any, ...]
    level: float
    probabilities: Array
    """Shape ``(n_rows, n_classes)``."""

    low: Array
    """Shape ``(n_rows, n_classes)``, in [0, 1]."""

    high: Array
    """Shape ``(n_rows, n_classes)``, in [0, 1]."""

    std_err: Array
    """Standard errors of the logits ``log(p / (1 - p))``, shape ``(n_rows, n_classes)``."""

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each row of X and class."""
        n_rows = len(self.probabilities)
        index = [(row, label) for row in range(n_rows) for label in self.classes]
        columns = {
            "probability": self.probabilities.ravel(),
            "low": self.low.ravel(),
            "high": self.high.ravel(),
        }
        return data_frame(columns, index, ["row", "class"])


@dataclass(frozen=True, eq=False)
class GivenRows:
    """Rows to predict for, as the model reads them, and their offset."""

    rows: Rows
    offset: Array | None
    """Shape ``(n_rows, n_classes)``; None for none."""

    def logits(self, estimate: Estimate, block: Block, prepared: Any) -> Array:
        """Return the logits of a block of the rows, zero for the base but for the offset.

        Shape ``(n_rows in the block, n_classes)``; ``prepared`` are the contrasts.
        """
        logits = whole_logits(estimate, block.logits(prepared))
        return logits if self.offset is None else logits + self.offset[block.rows]


def given_rows(estimate: Estimate, X: Any, offset: Array | None) -> GivenRows:
    """Return checked rows and their offset as the model reads them."""
    return GivenRows(estimate.rows(X), offset)


def predicted_intervals(estimate: Estimate, given: GivenRows, level: float) -> PredictedIntervals:
    """Return probabilities and intervals, on the scale of the logit of each class."""
    kept, n_parameters = estimate.coordinates.kept, estimate.coordinates.n_parameters
    n_others = len(estimate.outcomes.others)

    def of_piece(design: Array, logits: Array) -> tuple[Array, ...]:
        """Return log odds of each class against the others, and their variances."""
        log_odds, gradients = log_odds_of(logits)
        gradients = gradients[:, :, estimate.outcomes.others]
        forms = _quadratic_forms(design, estimate.covariance, n_others)
        variances = np.einsum("ika,iab,ikb->ik", gradients, forms, gradients, optimize=True)
        return log_odds, variances

    log_odds, variances = over_rows(estimate, given, of_piece, kept, n_parameters)
    std_err = np.sqrt(np.maximum(variances, 0.0))
    width = float(ndtri((1 + level) / 2)) * std_err
    return PredictedIntervals(
        tuple(estimate.outcomes.classes.tolist()),
        level,
        expit(log_odds),
        expit(log_odds - width),
        expit(log_odds + width),
        std_err,
    )


def log_odds_of(logits: Array) -> tuple[Array, Array]:
    """Return the log odds of each class against all others, and their gradients.

    ``z_k - log sum_{j != k} exp(z_j)``, computed without ``1 - p_k``, which would round to zero.

    Parameters
    ----------
    logits : ndarray of shape (n_rows, n_classes)

    Returns
    -------
    log_odds : ndarray of shape (n_rows, n_classes)
    gradients : ndarray of shape (n_rows, n_classes, n_classes)
        The derivative of the log odds of class ``k`` in the logit of class ``j`` at ``[i, k, j]``.
    """
    n_rows, n_classes = logits.shape
    log_odds = np.empty_like(logits)
    gradients = np.empty((n_rows, n_classes, n_classes))
    for number in range(n_classes):
        others = np.delete(logits, number, axis=1)
        log_odds[:, number] = logits[:, number] - logsumexp(others, axis=1)
        gradients[:, number] = np.insert(-softmax(others, axis=1), number, 1.0, axis=1)
    return log_odds, gradients


def _quadratic_forms(design: Array, covariance: Array, n_others: int) -> Array:
    """Return ``z_i' V_ab z_i`` for each row and pair of classes, ``(n_rows, n_others, n_others)``.

    ``design`` has shape ``(n_rows, n_kept)``.
    """
    n_kept = design.shape[1]
    forms = np.empty((len(design), n_others, n_others))
    for a in range(n_others):
        for b in range(a + 1):
            block = covariance[a * n_kept : (a + 1) * n_kept, b * n_kept : (b + 1) * n_kept]
            forms[:, a, b] = forms[:, b, a] = ((design @ block) * design).sum(axis=1)
    return forms


def over_rows(
    estimate: Estimate,
    given: GivenRows,
    of_piece: Callable[[Array, Array], tuple[Array, ...]],
    columns: NDArray[np.intp],
    n_numbers: int,
) -> list[Array]:
    """Return what a function computes of some rows at a time, joined in the order of the rows.

    Parameters
    ----------
    estimate : Estimate
        The coefficients.
    given : GivenRows
        The rows.
    of_piece : callable
        From the columns of some rows, ``(n_rows, len(columns))``, and their logits, ``(n_rows,
        n_classes)``, to arrays with a row each.
    columns : ndarray of int
        Which columns it is given.
    n_numbers : int
        Numbers that it holds a row, about; this limits how many rows it is given.

    Raises
    ------
    ValueError
        If a row does not depend as those of the fit do, where columns are dependent.
    """
    rows = given.rows
    prepared = rows.prepare(estimate.contrasts)

    def term(block: Block) -> tuple[tuple[Any, ...], list[tuple[Array, ...]]]:
        logits = given.logits(estimate, block, prepared)
        found = []
        for part, design in pieces(block, columns, rows_at_once(n_numbers)):
            found.append(of_piece(design, logits[part]))
        return (), found

    check_rows(estimate, rows)
    _, blocks = rows.collect(term)
    parts = [piece for block in blocks for piece in block]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def whole_logits(estimate: Estimate, contrasts: Array) -> Array:
    """Return logits of all classes, zero for the base, from class-major logits of the others.

    From shape ``(n_classes - 1, n_rows)`` to ``(n_rows, n_classes)``.
    """
    return np.insert(contrasts.T, estimate.outcomes.base, 0.0, axis=1)


def check_rows(estimate: Estimate, rows: Rows) -> None:
    """Raise an error that names the first row whose probabilities are not determined."""
    if not len(estimate.dependence.dropped):
        return
    every = np.arange(estimate.n_columns)

    def term(block: Block) -> tuple[tuple[Any, ...], list[NDArray[np.bool_]]]:
        found = pieces(block, every, rows_at_once(estimate.n_columns))
        return (), [estimate.dependence.are_estimable(design) for _, design in found]

    _, blocks = rows.collect(term)
    are_estimable = np.concatenate([part for block in blocks for part in block])
    if not are_estimable.all():
        raise ValueError(
            f"Row {int(np.argmin(are_estimable))} of X breaks a dependence that the columns had "
            "in all rows of the fit (see dependent_columns), so its probabilities are not "
            "determined: a category that the encoder did not know, for example."
        )


def compared(
    estimate: Estimate,
    first: GivenRows,
    second: GivenRows,
    *,
    average: bool,
    weights: ArrayLike | None,
) -> Quantities:
    """Return the change of probabilities from one set of rows to another; see ``Inference``."""
    classes = estimate.outcomes.classes.tolist()
    if not average:
        return _compared_by_row(estimate, first, second, classes)
    at_first, gradient = mean_probabilities(estimate, first, weights)
    at_second, at_end = mean_probabilities(estimate, second, weights)
    variances = _variances(at_end - gradient, estimate.covariance)
    return Quantities(
        at_second - at_first, np.sqrt(variances), [(k,) for k in classes], ("class",)
    )


def mean_probabilities(
    estimate: Estimate, given: GivenRows, weights: ArrayLike | None
) -> tuple[Array, Array]:
    """Return mean probabilities and their gradients in the parameters.

    Shapes ``(n_classes,)`` and ``(n_classes, n_parameters)``.
    """
    rows = given.rows
    check_rows(estimate, rows)
    prepared = rows.prepare(estimate.contrasts)
    shares = shares_of(weights, rows.n_rows)
    coordinates = estimate.coordinates

    def term(block: Block) -> tuple[Array, ...]:
        probabilities = softmax(given.logits(estimate, block, prepared), axis=1)
        share = shares[block.rows]
        slopes = slopes_of(probabilities, estimate.outcomes.others) * share[:, None, None]
        total = np.zeros((*slopes.shape[1:], len(coordinates.kept)))
        for part, design in pieces(
            block, coordinates.kept, rows_at_once(coordinates.n_parameters)
        ):
            total += np.tensordot(slopes[part], design, axes=(0, 0))
        return share @ probabilities, total

    mean, gradient = rows.sum(term)
    return mean, gradient.reshape(len(gradient), -1)


def slopes_of(probabilities: Array, others: NDArray[np.intp]) -> Array:
    """Return the derivatives of probabilities in the logits of the classes besides the base.

    ``p_k (1[k = a] - p_a)``, from ``(n_rows, n_classes)`` to ``(n_rows, n_classes, n_others)``.
    """
    slopes = -probabilities[:, :, None] * probabilities[:, None, others]
    slopes[:, others, np.arange(len(others))] += probabilities[:, others]
    return np.asarray(slopes)


def shares_of(given: ArrayLike | None, n_rows: int) -> Array:
    """Return the share of each row in a mean, shape ``(n_rows,)``."""
    if given is None:
        return np.full(n_rows, 1 / n_rows)
    weights = np.asarray(given, dtype=np.float64)
    if weights.shape != (n_rows,) or not (weights >= 0).all() or not weights.sum() > 0:
        raise ValueError(
            f"sample_weight must hold one number for each of {n_rows} rows, none negative and "
            "not all zero."
        )
    return np.asarray(weights / weights.sum())


def _variances(gradient: Array, covariance: Array) -> Array:
    """Return the diagonal of ``G V G'``, shape ``(n,)``."""
    squares = ((gradient @ covariance) * gradient).sum(axis=1)
    return np.asarray(np.maximum(squares, 0.0))


def _compared_by_row(
    estimate: Estimate, first: GivenRows, second: GivenRows, classes: Sequence[Any]
) -> Quantities:
    """Return the changes of each row."""
    n_classes, n_parameters = len(classes), estimate.coordinates.n_parameters
    changes, variances = [], []
    for at_first, at_second in zip(
        _gradients(estimate, first), _gradients(estimate, second), strict=True
    ):
        changes.append(at_second[0] - at_first[0])
        gradient = (at_second[1] - at_first[1]).reshape(-1, n_parameters)
        variances.append(_variances(gradient, estimate.covariance))
    index = [(row, label) for row in range(first.rows.n_rows) for label in classes]
    shape = first.rows.n_rows, n_classes
    return Quantities(
        np.concatenate(changes).reshape(shape),
        np.sqrt(np.concatenate(variances)).reshape(shape),
        index,
        ("row", "class"),
    )


def _gradients(estimate: Estimate, given: GivenRows) -> Iterator[tuple[Array, Array]]:
    """Yield probabilities of some rows at a time, and their gradients in the parameters.

    Shapes ``(n_rows, n_classes)`` and ``(n_rows, n_classes, n_parameters)``.
    """
    rows = given.rows
    check_rows(estimate, rows)
    coordinates = estimate.coordinates
    n_classes = len(estimate.outcomes.classes)
    prepared = rows.prepare(estimate.contrasts)
    length = max(2**20 // (coordinates.n_parameters * n_classes), 1)
    for start in range(0, rows.n_rows, length):
        block = rows.take(np.arange(start, min(start + length, rows.n_rows)))
        probabilities = softmax(given.logits(estimate, block, prepared), axis=1)
        slopes = slopes_of(probabilities, estimate.outcomes.others)
        ((_, design),) = pieces(block, coordinates.kept, block.n_rows)
        gradients = slopes[:, :, :, None] * design[:, None, None, :]
        yield probabilities, gradients.reshape(*slopes.shape[:2], -1)
