"""What ``python -m sk_softmax`` shows: this package and scikit-learn's classifier, compared."""

from sk_softmax.demonstration.bundled import show_bundled_data
from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.own_data import show_own_data

__all__ = ["CommandError", "show_bundled_data", "show_own_data"]
