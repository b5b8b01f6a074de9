"""What a user works with: scikit-learn estimators, and a path of their solutions."""

from sk_softmax.estimators.interruption import KeepOnInterrupt
from sk_softmax.estimators.onnx_export import register_onnx_converter
from sk_softmax.estimators.skops_types import SKOPS_TYPES
from sk_softmax.estimators.softmax_path import softmax_path
from sk_softmax.estimators.softmax_regression import SoftmaxRegression
from sk_softmax.estimators.softmax_regression_cv import SoftmaxRegressionCV
from sk_softmax.estimators.solutions import SoftmaxPath

__all__ = [
    "SKOPS_TYPES",
    "KeepOnInterrupt",
    "SoftmaxPath",
    "SoftmaxRegression",
    "SoftmaxRegressionCV",
    "register_onnx_converter",
    "softmax_path",
]
