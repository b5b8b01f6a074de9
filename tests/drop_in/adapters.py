"""This package's classifiers under scikit-learn's names, with its arguments in today's form.

What is translated, and nothing else:

- ``solver="liblinear"``, ``"newton-cg"``, ``"sag"`` or ``"saga"``, which this package does not
  have, becomes ``"auto"``; ``"lbfgs"`` and ``"newton-cholesky"`` stay as they are. ``dual`` and
  ``intercept_scaling``, options of liblinear, are left out.
- ``penalty``, deprecated: ``"l1"`` becomes ``l1_ratio=1``, ``"l2"`` ``l1_ratio=0`` and None
  ``C=inf``; ``"elasticnet"`` and ``"deprecated"`` are left out.
- ``use_legacy_attributes``, to be deprecated: after a fit with True, the attributes of a
  cross-validation have the shapes of old. The values are this package's.
- ``tol`` is squared where it is given: scikit-learn's bounds the gradient, this package's the
  objective, whose distance from the minimum goes with the square of the gradient. It becomes at
  least the spacing of float64 at 1, below which rounding decides.

Defaults are this package's.
"""

import inspect
from contextlib import contextmanager

import numpy as np

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV

FOREIGN_SOLVERS = {"liblinear", "newton-cg", "sag", "saga"}
LEFT_OUT = {"dual", "intercept_scaling"}
RATIO_OF = {"l1": 1.0, "l2": 0.0}
LEAST_TOL = float(np.finfo(np.float64).eps)


def in_todays_form(parameters, ratio_name="l1_ratio", as_ratio=lambda ratio: ratio):
    """Return arguments of scikit-learn's classifiers, without ``tol``, as this package's."""
    ours = {name: value for name, value in parameters.items() if name not in LEFT_OUT}
    if ours.get("solver") in FOREIGN_SOLVERS:
        ours["solver"] = "auto"
    penalty = ours.pop("penalty", "deprecated")
    if penalty is None:
        ours["C"] = np.inf
    elif penalty in RATIO_OF:
        ours[ratio_name] = as_ratio(RATIO_OF[penalty])
    return ours


@contextmanager
def translated_tol(model, default):
    """Replace ``tol`` by what it means in this package, and None by the default.

    It is not translated where it is set: a clone would be translated twice.
    """
    given = model.tol
    model.tol = default if given is None else max(given**2, LEAST_TOL)
    try:
        yield
    finally:
        model.tol = given


class LogisticRegression(SoftmaxRegression):
    """SoftmaxRegression with the arguments of scikit-learn's LogisticRegression."""

    def __init__(self, *, tol=None, **parameters):
        super().__init__(tol=tol, **in_todays_form(parameters))

    # Where scikit-learn finds the names of the parameters.
    __init__.__signature__ = inspect.signature(SoftmaxRegression.__init__)

    def set_params(self, **parameters):
        return super().set_params(**in_todays_form(parameters))

    def fit(self, X, y, sample_weight=None):
        with translated_tol(self, SoftmaxRegression().tol):
            return super().fit(X, y, sample_weight)


class LogisticRegressionCV(SoftmaxRegressionCV):
    """SoftmaxRegressionCV with the arguments of scikit-learn's LogisticRegressionCV."""

    def __init__(self, *, tol=None, use_legacy_attributes=False, **parameters):
        ours = in_todays_form(parameters, "l1_ratios", lambda ratio: (ratio,))
        super().__init__(tol=tol, **ours)
        self.use_legacy_attributes = use_legacy_attributes
        self._has_ratios = "l1_ratios" in ours

    __init__.__signature__ = inspect.signature(SoftmaxRegressionCV.__init__)

    def set_params(self, **parameters):
        return super().set_params(**in_todays_form(parameters, "l1_ratios"))

    def fit(self, X, y, sample_weight=None, **params):
        with translated_tol(self, SoftmaxRegressionCV().tol):
            super().fit(X, y, sample_weight, **params)
        if self.use_legacy_attributes:
            self._turn_attributes()
        return self

    def _turn_attributes(self):
        """Give attributes an entry a class, C before l1_ratio, which by default has no axis."""
        ratios = slice(None) if self._has_ratios else 0
        scores = np.swapaxes(self.scores_, 1, 2)[:, :, ratios]
        paths = np.moveaxis(self.coefs_paths_, (3, 0, 2, 1), (0, 1, 2, 3))[:, :, :, ratios]
        classes = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        self.scores_ = dict.fromkeys(classes, scores)
        self.coefs_paths_ = dict(zip(classes, paths, strict=True))
        self.n_iter_ = np.swapaxes(self.n_iter_, 1, 2)[None, :, :, ratios]
        self.C_ = np.full(len(classes), self.C_)
        self.l1_ratio_ = np.full(len(classes), self.l1_ratio_)
