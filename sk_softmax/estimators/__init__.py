"""What a user holds: scikit-learn estimators."""

from sk_softmax.estimators.softmax_regression import SoftmaxRegression
from sk_softmax.estimators.softmax_regression_cv import SoftmaxRegressionCV

__all__ = ["SoftmaxRegression", "SoftmaxRegressionCV"]
