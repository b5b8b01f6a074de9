"""Softmax (multinomial logistic) regression for scikit-learn.

``sk_softmax.displays`` (pictures), ``sk_softmax.functional`` (softmax and its relatives on plain
arrays), ``sk_softmax.inference`` (how sure the coefficients are) and ``sk_softmax.solvers`` need
no import of their own.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sk_softmax.estimators import (
    SKOPS_TYPES,
    KeepOnInterrupt,
    SoftmaxPath,
    SoftmaxRegression,
    SoftmaxRegressionCV,
    register_onnx_converter,
    softmax_path,
)
from sk_softmax.parts import Chunks

if TYPE_CHECKING:
    from sk_softmax import displays, functional, inference, solvers

__all__ = [
    "SKOPS_TYPES",
    "Chunks",
    "KeepOnInterrupt",
    "SoftmaxPath",
    "SoftmaxRegression",
    "SoftmaxRegressionCV",
    "__version__",
    "displays",
    "functional",
    "inference",
    "register_onnx_converter",
    "softmax_path",
    "solvers",
]

__version__ = "0.1.0"

_ROOMS = ("displays", "functional", "inference", "solvers")
"""Public subpackages, each imported when it is first asked for, if nothing else has done so."""


def __getattr__(name: str) -> Any:
    """Import a public subpackage."""
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names: the other subpackages are the package's own."""
    return sorted(__all__)
