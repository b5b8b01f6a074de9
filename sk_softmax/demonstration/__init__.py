"""What ``python -m sk_softmax`` shows: this package and scikit-learn's classifier, compared."""

from sk_softmax.demonstration.bundled import show_bundled_data
from sk_softmax.demonstration.own_data import show_own_data
from sk_softmax.demonstration.table_file import TableError

__all__ = ["TableError", "show_bundled_data", "show_own_data"]
