"""Softmax (multinomial logistic) regression for scikit-learn."""

from sk_softmax import functional, solvers
from sk_softmax.estimators import (
    SoftmaxPath,
    SoftmaxRegression,
    SoftmaxRegressionCV,
    softmax_path,
)
from sk_softmax.parts import Chunks

__all__ = [
    "Chunks",
    "SoftmaxPath",
    "SoftmaxRegression",
    "SoftmaxRegressionCV",
    "__version__",
    "functional",
    "softmax_path",
    "solvers",
]

__version__ = "0.1.0"
