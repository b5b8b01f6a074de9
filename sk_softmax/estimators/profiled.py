"""The method of an estimator that says how sure the coefficients of a bias-reduced fit are."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sk_softmax.estimators.input.training_set import fitted_to
from sk_softmax.inference.bias_reduction import BiasReducedInference, bias_reduced_inference
from sk_softmax.interfaces.given import MatrixLike


class BiasReducedInferenceMixin:
    """The method ``bias_reduced_inference`` of a fitted classifier."""

    classes_: Any
    params_: Any
    _has_offset: bool
    n_features_in_: int
    bias_reduction: Any

    def bias_reduced_inference(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        reference: object = None,
    ) -> BiasReducedInference:
        """Return how sure the coefficients of a fit with ``bias_reduction="firth"`` are.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows of the fit.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Their targets.
        sample_weight : array-like of shape (n_samples,), optional
            Their weights: how many rows each stands for.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            Their offset, if the fit had one.
        reference : object or "mean", optional
            The class that coefficients are log odds against, by default the first of
            ``classes_``. With ``"mean"``, for three classes and more, they are deviations from
            their mean over the classes, as in ``coef_``.

        Returns
        -------
        inference : BiasReducedInference
            Standard errors, profile intervals and penalised likelihood-ratio tests.

        Raises
        ------
        ValueError
            If the fit had no bias reduction, was of other rows or did not converge, or if columns
            depend on one another.

        Examples
        --------
        >>> import numpy as np
        >>> from sk_softmax import SoftmaxRegression
        >>> X, y = np.arange(6.0)[:, None], [0, 0, 0, 1, 1, 1]
        >>> model = SoftmaxRegression(C=np.inf, bias_reduction="firth").fit(X, y)
        >>> inference = model.bias_reduced_inference(X, y)
        >>> inference.coef.round(3)
        array([[ 1.129, -2.822]])
        """
        check_is_fitted(self)
        if self.bias_reduction is None:
            raise ValueError(
                "bias_reduced_inference is for a model with bias_reduction='firth'; this one has "
                "bias_reduction=None."
            )
        settings, data = fitted_to(self, X, y, sample_weight, offset)
        names = getattr(self, "feature_names_in_", range(self.n_features_in_))
        return bias_reduced_inference(settings, data, self.params_, tuple(names), reference)
