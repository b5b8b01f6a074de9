"""How sure the coefficients of softmax regression are.

``SoftmaxRegression.inference`` returns an :class:`Inference`: standard errors, confidence
intervals, tests, predictions with intervals and marginal effects. :func:`of_pipeline` takes a
fitted Pipeline whose last step is a ``SoftmaxRegression``. :func:`detect_separation` says whether
there are finite coefficients at all, and :class:`BiasReducedInference` is what
``SoftmaxRegression.bias_reduced_inference`` returns of a fit by Firth's method.
"""

from sk_softmax.inference.bias_reduction import BiasReducedInference
from sk_softmax.inference.detection import Separation, detect_separation
from sk_softmax.inference.pipelines import of_pipeline
from sk_softmax.inference.result import Inference

__all__ = [
    "BiasReducedInference",
    "Inference",
    "Separation",
    "detect_separation",
    "of_pipeline",
]


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
