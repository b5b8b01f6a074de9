"""The default of ``scoring``: accuracy for now, with a warning that it will change."""

from __future__ import annotations

from typing import Any

from sk_softmax.estimators.warned import warn

NOT_SET = "warn"
"""The value that ``scoring`` has if it was not set, as in ``LogisticRegressionCV``."""

MESSAGE = (
    "The default value of the parameter 'scoring' will change from None, i.e. accuracy, to "
    "'neg_log_loss' as soon as scikit-learn 1.11, where LogisticRegressionCV changes, is the "
    "lowest version that sk_softmax supports. To silence this warning, explicitly set the scoring "
    "parameter: scoring='neg_log_loss' for the new, scoring='accuracy' or scoring=None for the "
    "old default."
)
"""What the warning says; the version that is installed does not change it."""


def chosen_scoring(scoring: Any) -> Any:
    """Return ``scoring``, or "accuracy" if it is None or was not set."""
    return "accuracy" if scoring is None or _is_not_set(scoring) else scoring


def warn_of_default(scoring: Any) -> None:
    """Warn if ``scoring`` was not set."""
    if _is_not_set(scoring):
        warn(MESSAGE, FutureWarning)


def _is_not_set(scoring: Any) -> bool:
    return isinstance(scoring, str) and scoring == NOT_SET
