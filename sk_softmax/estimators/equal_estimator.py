"""From a scikit-learn LogisticRegression to the SoftmaxRegression with the same optimum."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

from sk_softmax.estimators.taken_over import take_over

SHARED = ("fit_intercept", "class_weight", "random_state", "verbose", "warm_start", "n_jobs")
"""Parameters of the same name and meaning; ``n_jobs`` is a number of threads here."""

SAME_METHOD = "newton-cholesky"
"""Their solver that is also one of ours, beside "lbfgs", which is their default."""

LEAST_TOL = 1e-12
"""The least ``tol`` that a translation gives; rounding decides below."""

RATIOS = {"l1": 1.0, "l2": 0.0}
"""Share of L1 of the penalties that have a name; those of other names use ``l1_ratio``."""


def equal_parameters(theirs: Any) -> dict[str, Any]:
    """Return the parameters with which a SoftmaxRegression has the optimum of this estimator.

    Raises
    ------
    TypeError
        If it is no LogisticRegression.
    ValueError
        If no SoftmaxRegression has its optimum.
    """
    _check_kind(theirs)
    _check_model(theirs)
    ours = {name: clone(getattr(theirs, name), safe=False) for name in SHARED}
    ours |= _penalty(theirs)
    default = LogisticRegression()
    if theirs.tol != default.tol:
        # Theirs bounds the gradient, with whose square the objective nears its minimum.
        ours["tol"] = max(float(theirs.tol) ** 2, LEAST_TOL)
    if theirs.max_iter != default.max_iter:
        ours["max_iter"] = int(theirs.max_iter)
    if theirs.solver == SAME_METHOD:
        ours["solver"] = SAME_METHOD
    return ours


def taken_over(ours: Any, theirs: Any) -> Any:
    """Return our estimator with copies of what theirs has fitted; as it is if it has nothing."""
    if not hasattr(theirs, "coef_"):
        return ours
    return take_over(
        ours,
        classes=np.array(theirs.classes_),
        coef=copy.copy(theirs.coef_),  # dense, or a CSR matrix after ``sparsify``
        intercept=np.array(theirs.intercept_),
        n_iter=int(np.max(theirs.n_iter_)),
        names=copy.copy(getattr(theirs, "feature_names_in_", None)),
    )


def _penalty(theirs: Any) -> dict[str, float]:
    """Return ``C`` and ``l1_ratio``; before version 1.8 of scikit-learn a name decided."""
    penalty = getattr(theirs, "penalty", "deprecated")
    if penalty is None or (penalty == "deprecated" and np.isinf(theirs.C)):
        return {"C": np.inf, "l1_ratio": 0.0}
    ratio = RATIOS.get(penalty, theirs.l1_ratio)
    if ratio is None and penalty == "elasticnet":
        raise ValueError(
            "penalty='elasticnet' needs an l1_ratio between 0 and 1, and this LogisticRegression "
            "has l1_ratio=None: set it first."
        )
    return {"C": float(theirs.C), "l1_ratio": float(ratio or 0.0)}


def _check_kind(theirs: Any) -> None:
    if isinstance(theirs, LogisticRegressionCV):
        raise TypeError(
            "from_logistic_regression takes a LogisticRegression, and this is a "
            "LogisticRegressionCV: SoftmaxRegressionCV is what corresponds to it, with the same "
            "Cs, l1_ratios, cv and scoring."
        )
    if not isinstance(theirs, LogisticRegression):
        raise TypeError(
            "from_logistic_regression takes a scikit-learn LogisticRegression, not "
            f"{type(theirs).__name__}."
        )


def _check_model(theirs: Any) -> None:
    """Raise a ``ValueError`` for an estimator whose model is not one softmax of all classes."""
    n_classes = len(theirs.classes_) if hasattr(theirs, "classes_") else None
    scheme = getattr(theirs, "multi_class", "deprecated")  # until version 1.7
    if theirs.solver == "liblinear" and theirs.fit_intercept:
        raise ValueError(
            "solver='liblinear' penalises the intercept, which no SoftmaxRegression does: set "
            "solver='lbfgs' first, for the same model without that."
        )
    by_class = f"multi_class={scheme!r}" if scheme == "ovr" else f"solver={theirs.solver!r}"
    if (scheme == "ovr" or theirs.solver == "liblinear") and n_classes != 2:
        raise ValueError(
            f"{by_class} fits a model a class where there are more than two, and a "
            "SoftmaxRegression one softmax of all: fit the estimator to two classes first, or set "
            "multi_class='auto' and solver='lbfgs'. For a model a class use "
            "sklearn.multiclass.OneVsRestClassifier(SoftmaxRegression())."
        )
    if scheme == "multinomial" and n_classes in (2, None):
        raise ValueError(
            "multi_class='multinomial' penalises two classes by half of what a SoftmaxRegression "
            "with the same C does: fit the estimator to more than two classes first, or set "
            "multi_class='auto'."
        )
