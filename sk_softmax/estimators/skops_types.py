"""The types in a fitted estimator that skops does not know, and so asks to trust."""

from __future__ import annotations

from scipy.sparse import csr_matrix

from sk_softmax.estimators.interruption import KeepOnInterrupt
from sk_softmax.estimators.softmax_regression import SoftmaxRegression
from sk_softmax.estimators.softmax_regression_cv import SoftmaxRegressionCV
from sk_softmax.fitting.stream import Stream
from sk_softmax.interfaces import IterationRecord
from sk_softmax.objective import Seen
from sk_softmax.solvers import SOLVERS
from sk_softmax.solvers.adam import Moments

SKOPS_TYPES: list[str] = sorted(
    f"{kind.__module__}.{kind.__name__}"
    for kind in (
        SoftmaxRegression,
        SoftmaxRegressionCV,
        IterationRecord,
        KeepOnInterrupt,
        Seen,
        Stream,
        Moments,
        csr_matrix,  # coef_ after sparsify
        *(type(make()) for make in SOLVERS.values()),
    )
)
"""Names of the types that skops must trust to load this package's estimators.

``skops.io.load("model.skops", trusted=sk_softmax.SKOPS_TYPES)``. They are the package's own and
scipy's CSR matrix, and none runs code that a file brings. Other types that a pipeline may hold,
such as a random number generator, are not among them.
"""
