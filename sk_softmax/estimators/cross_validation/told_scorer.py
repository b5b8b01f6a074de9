"""Scorers that are told all labels, because the rows that a fold holds out may lack some."""

from __future__ import annotations

import warnings
from typing import Any

from numpy.typing import NDArray
from sklearn import config_context
from sklearn.metrics import (
    f1_score,
    get_scorer,
    jaccard_score,
    make_scorer,
    precision_score,
    recall_score,
)

OF_ONE_CLASS = {
    "f1": f1_score,
    "jaccard": jaccard_score,
    "precision": precision_score,
    "recall": recall_score,
}
"""Metrics by the name of their scorer, which looks for a class 1 before its metric is told."""

OVERLAP = "There is an overlap between set kwargs of this scorer"
"""How a scorer's warning begins that an argument was given in ``make_scorer`` too."""


class ScorerToldLabels:
    """A scorer that is told all labels, if its metric takes them.

    Rows that a fold holds out may lack a class, and many metrics then need to know the labels:
    ``LogisticRegressionCV`` passes them from scikit-learn 1.9 on. For two classes a metric that
    takes labels is also told that the second is the positive one, if it takes that. What a scorer
    was given in ``make_scorer`` stays as it is.

    Parameters
    ----------
    scoring : str or callable
        The name of a scorer, or a callable from ``(estimator, X, y)`` to a score. Only scorers of
        scikit-learn are told anything.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    """

    # Which arguments a metric takes is found by trying them: the metric of a scorer is private.

    def __init__(self, scoring: Any, classes: NDArray[Any]) -> None:
        self._scorer = get_scorer(scoring)
        if len(classes) == 2 and isinstance(scoring, str) and scoring in OF_ONE_CLASS:
            self._scorer = make_scorer(OF_ONE_CLASS[scoring], pos_label=classes[1])
        self._tries: list[dict[str, Any]] = [{}]
        if hasattr(self._scorer, "get_metadata_routing"):
            self._tries.insert(0, {"labels": classes})
            if len(classes) == 2:
                self._tries.insert(0, {"labels": classes, "pos_label": classes[1]})

    def __call__(self, estimator: Any, X: Any, y: Any, **params: Any) -> Any:
        """Return the score."""
        while len(self._tries) > 1:
            try:
                return self._told(self._tries[0], estimator, X, y, **params)
            except (TypeError, UserWarning) as error:
                if not _refuses(error):
                    raise
                del self._tries[0]
        return self._scorer(estimator, X, y, **params)

    def _told(self, labels: dict[str, Any], *args: Any, **params: Any) -> Any:
        """Return the score, with labels passed as metadata."""
        with warnings.catch_warnings(), config_context(enable_metadata_routing=True):
            warnings.filterwarnings("error", OVERLAP, UserWarning)
            return self._scorer(*args, **{**labels, **params})


def _refuses(error: Exception) -> bool:
    """Whether an error says that a metric does not take an argument, or has it already."""
    return "unexpected keyword argument" in str(error) or str(error).startswith(OVERLAP)
