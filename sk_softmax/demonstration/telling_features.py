"""The features that a model tells classes apart by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sk_softmax.demonstration.one_line import on_one_line
from sk_softmax.estimators import SoftmaxRegression

FEATURES_SHOWN = 5
"""Most features to name for each class."""


def show_telling_features(model: SoftmaxRegression, names: Sequence[str]) -> None:
    """Print the largest coefficients of each class; the features have these names."""
    # Two classes share one row of coefficients: the log-odds of the second class.
    coef = model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_, model.coef_])
    print(
        f"\nMost telling features at C={model.C:g}: change of a class's logit by one standard "
        "deviation\nof a number, or by a value of a text"
    )
    width = max(len(on_one_line(str(label))) for label in model.classes_) + 2
    for label, row in zip(model.classes_, coef, strict=True):
        order = np.argsort(-np.abs(row), kind="stable")[:FEATURES_SHOWN]
        told = ", ".join(f"{on_one_line(names[i])} {row[i]:+.2f}" for i in order)
        print(f"  {on_one_line(str(label)):<{width}}{told}")
