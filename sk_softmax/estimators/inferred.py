"""The method of an estimator that says how sure its coefficients are."""

from __future__ import annotations

from typing import Any, Literal

from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sk_softmax.estimators.input.features import Features
from sk_softmax.estimators.input.training_set import fitted_to
from sk_softmax.inference import Inference
from sk_softmax.inference.infer import inference_of
from sk_softmax.inference.request import FittedModel, Request
from sk_softmax.interfaces.given import FeatureChoice, MatrixLike


class InferenceMixin:
    """The method ``inference`` of a fitted classifier."""

    classes_: Any
    converged_: bool
    n_features_in_: int
    params_: Any
    _has_offset: bool

    def inference(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        reference: object = None,
        covariance: Literal["hessian", "opg", "HC0", "HC1", "cluster"] = "hessian",
        groups: ArrayLike | None = None,
        weights_are: Literal["frequencies", "probabilities"] | None = None,
        small_sample: Literal["stata"] | None = None,
        penalised: Literal["posterior", "sampling"] = "posterior",
        allow_penalty: bool = False,
        features: FeatureChoice | None = None,
    ) -> Inference:
        """Return how sure the coefficients are: standard errors, tests, intervals and effects.

        The rows must be those of the fit. ``tol`` is relative to the loss a row, so that the
        distance of a fit from its optimum, in standard errors, grows with the rows. So Newton
        steps first continue to the optimum. What is reported are the coefficients there, and how
        far they moved; the model does not change.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows of the fit.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Their targets.
        sample_weight : array-like of shape (n_samples,), optional
            Their weights.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            Their offset, if the fit had one. Methods of the result that take rows then need
            that of their rows.
        reference : object or "mean", optional
            The class that coefficients are log odds against, by default the first of
            ``classes_``. (Stata takes the most frequent.) With ``"mean"``, for three classes and
            more, they are deviations from their mean over the classes, as in ``coef_``.
        covariance : {"hessian", "opg", "HC0", "HC1", "cluster"}, default="hessian"
            ``"hessian"`` is the inverse of the observed information, ``"opg"`` that of the outer
            product of the scores. The others are sandwiches, which hold even if the model of the
            outcomes is wrong (Huber, 1967; White, 1982). With ``n`` observations and ``k``
            coefficients, ``"HC1"`` is ``"HC0"`` times ``n / (n - k)``, and ``"cluster"``, for
            ``G`` clusters of dependent rows, has the factor ``G / (G - 1) (n - 1) / (n - k)``.
        groups : array-like of shape (n_samples,), optional
            The cluster of each row, for ``covariance="cluster"``.
        weights_are : {"frequencies", "probabilities"}, optional
            What weights mean; it must be said where there are any, or where rows of ``y`` are
            distributions. ``"frequencies"``: a row stands for so many observed rows.
            ``"probabilities"``: a row is one observation and counts so much, as in a survey; then
            only sandwiches exist. ``class_weight`` always means the latter.
        small_sample : {"stata"}, optional
            With ``"stata"`` the factors are ``n / (n - 1)`` and ``G / (G - 1)``.
        penalised : {"posterior", "sampling"}, default="posterior"
            For a fit with an L2 penalty of curvature ``L``, beside the information ``H``, either
            ``(H + L)^-1``, the covariance of the posterior with a normal prior, or ``(H + L)^-1 H
            (H + L)^-1``, that over samples, about the shrunken coefficients.
        allow_penalty : bool, default=False
            Whether p-values and tests are given for a fit with a penalty.
        features : sequence, optional
            Names or numbers of the features whose coefficients are reported, for models whose
            covariance would be too large. Each of their coefficients takes one solution by
            conjugate gradients, and no covariance of all coefficients is formed. There are then no
            intervals of predictions and no effects, and ``covariance`` is ``"hessian"``.

        Returns
        -------
        inference : Inference
            See :class:`sk_softmax.inference.Inference`.

        Raises
        ------
        ValueError
            If there is no such inference: with L1, active bounds, label smoothing or early
            stopping, for a fit that did not converge or has no finite optimum, for other rows
            than those of the fit, or for a covariance that does not exist for such rows.
        MemoryError
            If the covariance would take more than 4 GB.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.datasets import load_iris
        >>> from sk_softmax import SoftmaxRegression
        >>> X, y = load_iris(return_X_y=True)
        >>> X, y = X[50:, 2:], y[50:]
        >>> model = SoftmaxRegression(C=np.inf).fit(X, y)
        >>> inference = model.inference(X, y)
        >>> inference.std_err.round(3)
        array([[ 2.306,  3.756, 13.612]])
        """
        check_is_fitted(self)
        request = Request(
            reference,
            covariance,
            groups,
            weights_are,
            small_sample,
            penalised,
            allow_penalty,
            features,
        )
        settings, data = fitted_to(self, X, y, sample_weight, offset)
        return inference_of(settings, data, self._fitted_model(), request)

    def _fitted_model(self) -> FittedModel:
        """Return what an inference knows of the fit."""
        known = Features(self)
        return FittedModel(
            self.params_,
            self.converged_,
            getattr(self, "_status", None),
            getattr(self, "_seen", None),
            known.names,
            known.read,
            known.read_offset,
        )
