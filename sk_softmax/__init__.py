"""Softmax (multinomial logistic) regression for scikit-learn."""

from sk_softmax import functional, solvers
from sk_softmax.estimators import SoftmaxRegression, SoftmaxRegressionCV

__all__ = ["SoftmaxRegression", "SoftmaxRegressionCV", "__version__", "functional", "solvers"]

__version__ = "0.1.0"
