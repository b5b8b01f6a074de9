"""What a user holds: scikit-learn estimators."""

from sk_softmax.estimators.softmax_regression import SoftmaxRegression

__all__ = ["SoftmaxRegression"]
