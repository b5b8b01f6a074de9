"""Softmax and its relatives on plain arrays: mathematics, no state.

Every function accepts whatever NumPy can turn into an array. float32 and float64 keep their
width; anything else, such as whole numbers, becomes float64. Results are exact to rounding for
any finite input, however large. Logarithms are natural and results are in nats, unless a ``base``
is given.
"""

from sk_softmax.functional.derivatives import (
    cross_entropy_gradient,
    softmax_jacobian,
    softmax_layer_gradient,
    softmax_layer_jacobian,
)
from sk_softmax.functional.information import entropy, kl_divergence, surprisal
from sk_softmax.functional.losses import binary_cross_entropy, cross_entropy
from sk_softmax.functional.probabilities import (
    log_sigmoid,
    log_softmax,
    one_hot,
    proportions,
    sigmoid,
    softmax,
)

__all__ = [
    "binary_cross_entropy",
    "cross_entropy",
    "cross_entropy_gradient",
    "entropy",
    "kl_divergence",
    "log_sigmoid",
    "log_softmax",
    "one_hot",
    "proportions",
    "sigmoid",
    "softmax",
    "softmax_jacobian",
    "softmax_layer_gradient",
    "softmax_layer_jacobian",
    "surprisal",
]


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
