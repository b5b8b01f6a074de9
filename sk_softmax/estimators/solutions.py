"""The solutions of a path of penalties, and predictions on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_softmax.estimators.between_penalties import mixed, shares_at
from sk_softmax.estimators.dispatched_predictions import in_place_of_rows
from sk_softmax.estimators.softmax_regression import SoftmaxRegression
from sk_softmax.estimators.taken_over import take_over
from sk_softmax.interfaces import Array, Status
from sk_softmax.interfaces.given import MatrixLike


@dataclass(frozen=True, repr=False)
class SoftmaxPath:
    """Solutions for a grid of penalties, the strongest first.

    :func:`softmax_path` makes it. It predicts at each C of the path, and in between: see
    :meth:`at`.

    Attributes
    ----------
    Cs : ndarray of shape (n_Cs,)
        Inverse strengths of the penalty, ascending.
    coefs : ndarray of shape (n_Cs, n_classes, n_features), or (n_Cs, 1, n_features)
        Coefficients; for two classes a single row, that of the log-odds of the second class.
    intercepts : ndarray of shape (n_Cs, n_classes), or (n_Cs, 1)
        Intercepts.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    objective : ndarray of shape (n_Cs,)
        The least value of the objective in nats a row, with all of the penalty.
    deviance : ndarray of shape (n_Cs,)
        ``2 sum_i s_i CE_i`` in nats, twice the negative log-likelihood of labels.
    null_deviance : float
        The deviance of the intercepts alone (and of features without a penalty).
    n_nonzero : ndarray of shape (n_Cs,)
        How many coefficients are not zero.
    n_iter : ndarray of shape (n_Cs,)
        Iterations of each solution.
    suboptimality : ndarray of shape (n_Cs,)
        The solver's estimate of how far the objective is above its minimum, in nats a row.
    converged : ndarray of bool, shape (n_Cs,)
        Whether that estimate is at most ``tol``, relative to the objective.
    l1_ratio : float
        The share of L1 in the penalty.
    parameters : dict
        The parameters that all solutions share, those of :class:`SoftmaxRegression` beside ``C``.
    feature_names : ndarray of shape (n_features,), or None
        Names of the features, if X had names that are all strings.
    has_offset : bool
        Whether there was an offset, so that predictions need one.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sk_softmax import softmax_path
    >>> X, y = load_wine(return_X_y=True)
    >>> path = softmax_path(scale(X), y, Cs=5)
    >>> path.predict(scale(X)[:3], C=0.1)
    array([0, 0, 0])
    """

    Cs: NDArray[np.float64]
    coefs: Array
    intercepts: Array
    classes: NDArray[Any]
    objective: NDArray[np.float64]
    deviance: NDArray[np.float64]
    null_deviance: float
    n_nonzero: NDArray[np.intp]
    n_iter: NDArray[np.intp]
    suboptimality: NDArray[np.float64]
    converged: NDArray[np.bool_]
    l1_ratio: float
    parameters: Mapping[str, Any] = field(default_factory=dict)
    feature_names: NDArray[Any] | None = None
    has_offset: bool = False

    def __repr__(self) -> str:
        """Return one line: arrays of a hundred solutions are not to be read."""
        n_Cs, n_features = len(self.Cs), self.coefs.shape[2]
        n_missed = n_Cs - int(self.converged.sum())
        return (
            f"SoftmaxPath({n_Cs} solutions, C {self.Cs[0]:.3g} to {self.Cs[-1]:.3g}, "
            f"l1_ratio={self.l1_ratio:g}, {n_features} features, {len(self.classes)} classes, "
            f"{self.n_nonzero[0]} to {self.n_nonzero[-1]} nonzero coefficients, "
            f"{f'{n_missed} not converged' if n_missed else 'all converged'})"
        )

    def at(self, C: float) -> SoftmaxRegression:
        """Return the model with this C.

        At a C of the path it is the solution there. Between two of them coefficients and
        intercepts are interpolated, linearly in ``log C``: no rows are kept to fit them to. With
        100 penalties whose last C is 1,000 times the first, and L1, that changed probabilities by
        up to 0.008 (with 20, by up to 0.05) on iris, wine and breast cancer, and a few
        coefficients that the fit would have at zero were not. ``at(C).fit(X, y)`` is the fit.

        Parameters
        ----------
        C : float
            Inverse strength of the penalty, from the first C of the path to the last. (Below the
            first too, if all coefficients are zero there and so stay zero.)

        Returns
        -------
        model : SoftmaxRegression
            A fitted model with the parameters of the path. It is called converged at a C of the
            path whose solution did.

        Raises
        ------
        ValueError
            If the path does not reach this C.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn.preprocessing import scale
        >>> from sk_softmax import softmax_path
        >>> X, y = load_wine(return_X_y=True)
        >>> path = softmax_path(scale(X), y)
        >>> path.at(0.1).predict_proba(scale(X)[:1]).round(2)
        array([[0.93, 0.05, 0.02]])
        """
        is_null = not self.coefs[0].any()
        shares = shares_at(C, self.Cs, begins_at_zero=is_null and self.l1_ratio > 0)
        model: SoftmaxRegression = take_over(
            SoftmaxRegression(**{"l1_ratio": self.l1_ratio, **self.parameters, "C": float(C)}),
            classes=self.classes,
            coef=mixed(shares, self.coefs),
            intercept=mixed(shares, self.intercepts),
            names=self.feature_names,
            has_offset=self.has_offset,
        )
        if C in self.Cs and bool(self.converged[shares > 0].all()):
            model.converged_, model._status = True, Status.CONVERGED
        return model

    def decision_function(
        self, X: MatrixLike, C: float, *, offset: ArrayLike | None = None
    ) -> Array:
        """Return the logits at this C: see :meth:`at` and `SoftmaxRegression.decision_function`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.
        C : float
            Inverse strength of the penalty, on the path.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            What is added to the logits, if the path was fitted with an offset.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            Logits; for two classes the log-odds of the second class.
        """
        return in_place_of_rows(X, self.at(C)).decision_function(X, offset=offset)

    def predict_proba(self, X: MatrixLike, C: float, *, offset: ArrayLike | None = None) -> Array:
        """Return the probability of each class at this C: see :meth:`at`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.
        C : float
            Inverse strength of the penalty, on the path.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            What is added to the logits, if the path was fitted with an offset.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes``; each row adds up to 1.
        """
        return in_place_of_rows(X, self.at(C)).predict_proba(X, offset=offset)

    def predict(self, X: MatrixLike, C: float, *, offset: ArrayLike | None = None) -> NDArray[Any]:
        """Return the most probable class of each row at this C: see :meth:`at`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.
        C : float
            Inverse strength of the penalty, on the path.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            What is added to the logits, if the path was fitted with an offset.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Members of ``classes``.
        """
        return in_place_of_rows(X, self.at(C)).predict(X, offset=offset)

    @property
    def deviance_ratio(self) -> NDArray[np.float64]:
        """Share of the null deviance that each solution explains, shape ``(n_Cs,)``."""
        return 1 - self.deviance / self.null_deviance
