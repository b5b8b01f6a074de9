"""A fitted model as a scikit-learn LogisticRegression, for tools that accept no other model."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from sk_softmax.parts.device_arrays import Place, is_on_device


def logistic_regression_of(model: Any) -> LogisticRegression:
    """Return a fitted LogisticRegression with the same predictions as the fitted model."""
    twin = LogisticRegression(**_parameters_in_common(model))
    names = ["classes_", "coef_", "intercept_", "n_features_in_", "feature_names_in_"]
    if model.n_iter_.ndim == 1:  # a cross-validation counts the iterations of many fits
        names.append("n_iter_")
    for name in names:
        if hasattr(model, name):
            value = getattr(model, name)
            setattr(twin, name, value.copy() if hasattr(value, "copy") else value)
    # Where the intercepts are in float64, predictions have to be.
    if is_on_device(twin.coef_):
        xp = Place.of(twin.coef_).xp
        twin.coef_ = xp.astype(twin.coef_, twin.intercept_.dtype, copy=False)
    else:
        twin.coef_ = twin.coef_.astype(twin.intercept_.dtype, copy=False)
    return twin


def _parameters_in_common(model: Any) -> dict[str, Any]:
    """Return the parameters of the objective, and ``random_state`` and ``max_iter``."""
    shared = ("fit_intercept", "class_weight", "random_state")
    # Copies, like those of clone, so that both models do not share a RandomState or a dict.
    parameters = {name: clone(getattr(model, name), safe=False) for name in shared}
    chosen = hasattr(model, "C_")
    parameters["C"] = model.C_ if chosen else model.C
    l1_ratio = model.l1_ratio_ if chosen else model.l1_ratio
    if model.max_iter is not None:
        parameters["max_iter"] = model.max_iter
    if l1_ratio > 0:
        parameters |= {"l1_ratio": l1_ratio, "solver": "saga"}  # the only solver with L1
        # Before version 1.8 scikit-learn needs the name of the penalty; from then on the name
        # causes a warning.
        if LogisticRegression().l1_ratio is None:
            parameters["penalty"] = "elasticnet"
    return parameters
