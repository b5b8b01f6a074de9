"""A fitted linear classifier: from coefficients and rows to logits, classes and probabilities."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from sk_softmax import functional
from sk_softmax.estimators.collection_predictions import accuracy_in_parts, lazy_in_dask
from sk_softmax.estimators.dispatched_predictions import (
    accuracy,
    answer_in_place,
    check_same_place,
    logits_there,
)
from sk_softmax.estimators.input.bounds import any_bounds
from sk_softmax.estimators.input.collections import is_in_dask
from sk_softmax.estimators.input.dispatch import is_computed_there, is_dispatched
from sk_softmax.estimators.input.offsets import require_offset
from sk_softmax.estimators.input.translations import OPTIONS, foreign_option
from sk_softmax.estimators.interoperability import logistic_regression_of
from sk_softmax.estimators.logits import logits_here
from sk_softmax.estimators.versioned_state import VersionedState
from sk_softmax.interfaces import Array
from sk_softmax.interfaces.given import MatrixLike
from sk_softmax.parts.device_arrays import on_host
from sk_softmax.parts.device_predictions import (
    labels_of,
    log_probabilities_of,
    probabilities_of,
)


class LinearClassifier(ClassifierMixin, VersionedState, BaseEstimator):  # type: ignore[misc]
    """The methods common to all classifiers with ``classes_``, ``coef_`` and ``intercept_``."""

    classes_: NDArray[Any]
    coef_: Any
    intercept_: Array
    n_features_in_: int
    fit_intercept: bool
    lower_bounds: Any
    upper_bounds: Any

    _has_offset: bool = False
    _offset_of_rows: Any = None
    """The offset of the only rows that a copy for a scorer is shown, as scorers pass none on."""

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; those of a solver object as ``solver__NAME``.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        self : classifier
            The model.

        Raises
        ------
        ValueError
            If there is no such parameter. Of one that ``LogisticRegression`` has, the message says
            what it is called here.
        """
        known = self.get_params(deep=False)
        for option in params:
            if option in OPTIONS and option not in known:
                raise ValueError(foreign_option(type(self).__name__, option, known))
        super().set_params(**params)
        return self

    @lazy_in_dask
    def decision_function(self, X: MatrixLike, *, offset: ArrayLike | None = None) -> Array:
        """Return the logits.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows. For a dask array or frame the result is a dask array, not computed yet.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            What is added to the logits; the first form is for two classes. It must be given if the
            model was fitted with one. What it adds to all classes of a row stays in the logits,
            though it changes no probability: in float32 those beside 1e6 keep one decimal.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            Logits; for two classes the log-odds of the second class.
        """
        self._check_place(X, "decision_function")
        return answer_in_place(X, self._logits(X, offset, up_to_a_constant=False))

    @lazy_in_dask
    def predict(self, X: MatrixLike, *, offset: ArrayLike | None = None) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows. For a dask array or frame the result is a dask array, not computed yet.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            See :meth:`decision_function`.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Members of ``classes_``.
        """
        self._check_place(X, "predict")
        logits = self._logits(X, offset, up_to_a_constant=True)
        classes = on_host(self.classes_)
        if is_dispatched(logits):
            return labels_of(logits, classes)
        best = (logits > 0).astype(np.intp) if logits.ndim == 1 else logits.argmax(axis=1)
        return answer_in_place(X, np.asarray(classes[best]))

    @lazy_in_dask
    def predict_proba(self, X: MatrixLike, *, offset: ArrayLike | None = None) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows. For a dask array or frame the result is a dask array, not computed yet.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            See :meth:`decision_function`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; each row adds up to 1.
        """
        self._check_place(X, "predict_proba")
        logits = self._logits(X, offset, up_to_a_constant=True)
        if is_dispatched(logits):
            return probabilities_of(logits)
        if logits.ndim == 1:
            both = np.column_stack([functional.sigmoid(-logits), functional.sigmoid(logits)])
            return answer_in_place(X, both)
        return answer_in_place(X, functional.softmax(logits, axis=1))

    @lazy_in_dask
    def predict_log_proba(self, X: MatrixLike, *, offset: ArrayLike | None = None) -> Array:
        """Return the log-probability of each class in nats.

        They are computed from the logits, so that a probability too small to be represented still
        has a finite logarithm.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows. For a dask array or frame the result is a dask array, not computed yet.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            See :meth:`decision_function`.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        self._check_place(X, "predict_log_proba")
        logits = self._logits(X, offset, up_to_a_constant=True)
        if is_dispatched(logits):
            return log_probabilities_of(logits)
        if logits.ndim == 1:
            both = [functional.log_sigmoid(-logits), functional.log_sigmoid(logits)]
            return answer_in_place(X, np.column_stack(both))
        return answer_in_place(X, functional.log_softmax(logits, axis=1))

    def score(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
    ) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,)
            The labels of the rows.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, not negative.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            See :meth:`decision_function`.

        Returns
        -------
        score : float
            The share of the rows, by weight, whose label is the one predicted.
        """
        if is_in_dask(X):
            return accuracy_in_parts(self, X, y, sample_weight, offset)
        predicted = self.predict(X, offset=offset)
        return accuracy(y, predicted, sample_weight)

    def _check_place(self, X: Any, method: str) -> None:
        """Raise an error if the model is not fitted, or to rows in another place than X."""
        check_is_fitted(self)
        check_same_place(X, self, method)

    def _logits(self, X: Any, offset: Any, *, up_to_a_constant: bool) -> Array:
        """Return the logits of rows in memory or on a device, as :meth:`decision_function` does.

        ``up_to_a_constant`` for each row, they are less its largest offset.
        """
        of_place = logits_there if is_computed_there(X) else logits_here
        logits = of_place(self, X, offset, up_to_a_constant=up_to_a_constant)
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def _known_offset(self, offset: Any, n_rows: int) -> Any:
        """Return the offset that is given for some rows, or that of a scorer's only rows.

        It is an error if the model was fitted with an offset and there is none.
        """
        if offset is None and np.shape(self._offset_of_rows)[:1] == (n_rows,):
            offset = self._offset_of_rows
        require_offset(offset, needs=self._has_offset)
        return offset

    @property
    def params_(self) -> Array:
        """Coefficients, with the intercept, if there is one, as last column."""
        check_is_fitted(self)
        coef = dense_coefficients(self.coef_)
        if not self.fit_intercept:
            return coef
        return np.column_stack([coef, on_host(self.intercept_)])

    def _coefficients(self, params: Array, width: np.dtype[Any]) -> dict[str, Array]:
        """Return params as the attributes ``coef_`` and ``intercept_``.

        ``coef_`` is in this width if that holds what a fit reports: it does not for very small or
        large columns, nor on the way of a fit.
        """
        if self.fit_intercept:
            coef, intercept = params[:, :-1], params[:, -1]
        else:
            coef, intercept = params, np.zeros(len(params), dtype=params.dtype)
        if coef.dtype != width:
            with np.errstate(over="ignore"):
                narrow = coef.astype(width)
            coef = narrow if np.array_equal(narrow, coef) else coef
        return {"coef_": coef, "intercept_": intercept}

    def sparsify(self) -> Self:
        """Turn ``coef_`` into a CSR matrix, which saves memory if most coefficients are zero.

        Returns
        -------
        self : classifier
            The fitted model.
        """
        check_is_fitted(self)
        self.coef_ = sp.csr_matrix(on_host(self.coef_))
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

    def to_logistic_regression(self) -> LogisticRegression:
        """Return a fitted scikit-learn LogisticRegression with the same predictions.

        It is meant for tools that accept scikit-learn's own models only, such as exporters and
        explainers.

        Returns
        -------
        model : sklearn.linear_model.LogisticRegression
            Its fitted attributes are copies of this model's. It takes over the parameters ``C``
            (the one chosen, after a cross-validation), ``fit_intercept``, ``class_weight``,
            ``random_state``, ``l1_ratio`` if positive (then with the solver "saga") and
            ``max_iter`` if not None. So if it is fitted again, it minimises the same objective,
            except that it has no ``label_smoothing``, ``bias_reduction``, probability targets,
            ``grouped`` penalty, ``penalty_factor`` or bounds. It does not take over ``tol``, which
            is measured differently, ``n_jobs``, which scikit-learn 1.8 deprecates, or any other
            parameter or record of the fit.

        Raises
        ------
        ValueError
            If the model was fitted with an offset, which a LogisticRegression does not take.

        Notes
        -----
        PMML is written this way, for example by ``sklearn2pmml``, which needs Java:
        ``sklearn2pmml(make_pmml_pipeline(model.to_logistic_regression()), "model.pmml")``. In a
        pipeline put the result in the place of the last step. ONNX needs no such step: see
        :func:`sk_softmax.register_onnx_converter`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sk_softmax import SoftmaxRegression
        >>> X, y = load_iris(return_X_y=True)
        >>> model = SoftmaxRegression().fit(X, y).to_logistic_regression()
        >>> model.predict(X[[0, 75, 149]])
        array([0, 1, 2])
        """
        check_is_fitted(self)
        if self._has_offset:
            raise ValueError(
                "The model was fitted with an offset, and a LogisticRegression takes none: its "
                "predictions would leave it out."
            )
        return logistic_regression_of(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        if any_bounds(self.lower_bounds, self.upper_bounds):
            # With bounds, for example with coefficients of one sign, a model may be unable to tell
            # the classes apart.
            tags.classifier_tags.poor_score = True
        return tags


def dense_coefficients(coef: Any) -> Array:
    """Return ``coef_`` as an array of NumPy's; after ``sparsify`` it is a CSR matrix."""
    return np.asarray(coef.toarray() if sp.issparse(coef) else on_host(coef))
