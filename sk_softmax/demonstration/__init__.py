"""What ``python -m sk_softmax`` shows.

This package and scikit-learn's classifier compared, how sure coefficients are, or predictions.
"""

from sk_softmax.demonstration.bundled import show_bundled_data
from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.free_memory import why_in_chunks
from sk_softmax.demonstration.large_data import show_large_data
from sk_softmax.demonstration.own_data import show_own_data
from sk_softmax.demonstration.predicting import show_predictions
from sk_softmax.demonstration.standard_errors import show_standard_errors
from sk_softmax.demonstration.use import check_use

__all__ = [
    "CommandError",
    "check_use",
    "show_bundled_data",
    "show_large_data",
    "show_own_data",
    "show_predictions",
    "show_standard_errors",
    "why_in_chunks",
]
