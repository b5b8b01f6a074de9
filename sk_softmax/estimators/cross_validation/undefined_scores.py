"""Scores that are not defined: NaN, left out of the means, with one warning for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning

from sk_softmax.estimators.warned import warn

ADVICE = (
    "Choose a scoring that is defined without some of the classes, such as 'neg_log_loss', or a "
    "cv whose folds have all classes, such as StratifiedKFold"
)


def with_nan(scoring: Any, scores: NDArray[np.float64], cause: Any) -> NDArray[np.float64]:
    """Return scores with NaN for folds whose scores are infinite for every penalty.

    Such a score, for example a share of a variance of zero, says nothing about the penalties.

    Parameters
    ----------
    scoring : str or callable
        What scores, for the error.
    scores : ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        All scores.
    cause : Exception or None
        An error that a NaN stands for.

    Raises
    ------
    ValueError
        If all scores are NaN then.
    """
    says_nothing = ~np.isfinite(scores).any(axis=(1, 2), keepdims=True)
    scores = np.where(says_nothing, np.nan, scores)
    if np.isnan(scores).all():
        raise ValueError(
            f"scoring={scoring!r} is not defined on the rows that any fold of cv holds out, so no "
            f"penalty can be chosen{_reason(cause)}. {ADVICE}."
        ) from cause
    return scores


def warn_of_undefined(scoring: Any, scores: NDArray[np.float64], cause: Any) -> None:
    """Warn which folds have scores of NaN.

    The parameters are those of :func:`with_nan`.
    """
    folds = np.flatnonzero(np.isnan(scores).any(axis=(1, 2))).tolist()
    if folds:
        warn(
            f"scoring={scoring!r} is not defined on the rows that some folds of cv hold out "
            f"(numbers {folds}){_reason(cause)}. Such scores are NaN and left out of the means. "
            f"{ADVICE}.",
            UndefinedMetricWarning,
        )


def _reason(cause: Any) -> str:
    """Return what an error says, to be put into a sentence."""
    return "" if cause is None else f" ({str(cause).rstrip('.')})"
