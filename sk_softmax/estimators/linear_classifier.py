"""A fitted linear classifier: from coefficients and rows to logits, classes and probabilities."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from sk_softmax import functional
from sk_softmax.estimators.data import validated
from sk_softmax.interfaces import Array


class LinearClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What all classifiers with ``classes_``, ``coef_`` and ``intercept_`` have in common."""

    classes_: NDArray[Any]
    coef_: Any
    intercept_: Array
    n_features_in_: int
    fit_intercept: bool

    def decision_function(self, X: Any) -> Array:
        """Return the logits.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            For two classes the log-odds of the second class.
        """
        check_is_fitted(self)
        X = validated(self, X, reset=False)
        logits: Array = safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Members of ``classes_``.
        """
        logits = self.decision_function(X)
        best = (logits > 0).astype(np.intp) if logits.ndim == 1 else logits.argmax(axis=1)
        return np.asarray(self.classes_[best])

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; each row adds up to 1.
        """
        logits = self.decision_function(X)
        if logits.ndim == 1:
            return np.column_stack([functional.sigmoid(-logits), functional.sigmoid(logits)])
        return functional.softmax(logits, axis=1)

    def predict_log_proba(self, X: Any) -> Array:
        """Return the log-probability of each class in nats.

        Computed from the logits, so that a probability too small to be represented still has a
        finite logarithm.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        logits = self.decision_function(X)
        if logits.ndim == 1:
            return np.column_stack(
                [functional.log_sigmoid(-logits), functional.log_sigmoid(logits)]
            )
        return functional.log_softmax(logits, axis=1)

    @property
    def params_(self) -> Array:
        """Coefficients with the intercept, if there is one, as last column."""
        check_is_fitted(self)
        coef = dense_coefficients(self.coef_)
        if not self.fit_intercept:
            return coef
        return np.column_stack([coef, self.intercept_])

    def sparsify(self) -> Self:
        """Turn ``coef_`` into a CSR matrix, which saves memory if most of it is zero.

        Returns
        -------
        self : classifier
            The fitted model.
        """
        check_is_fitted(self)
        self.coef_ = sp.csr_matrix(self.coef_)
        return self

    def densify(self) -> Self:
        """Turn ``coef_`` back into an array.

        Returns
        -------
        self : classifier
            The fitted model.
        """
        check_is_fitted(self)
        self.coef_ = dense_coefficients(self.coef_)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def dense_coefficients(coef: Any) -> Array:
    """Return ``coef_`` as an array, which ``sparsify`` may have made a CSR matrix."""
    return np.asarray(coef.toarray() if sp.issparse(coef) else coef)
