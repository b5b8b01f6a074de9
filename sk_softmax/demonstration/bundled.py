"""The demonstration on data that scikit-learn bundles."""

from __future__ import annotations

import numpy
import sklearn
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk_softmax.demonstration.comparison import compare
from sk_softmax.rows import threads_in_force

SHOWN = [
    ("iris", load_iris, StandardScaler, "standardised in a Pipeline"),
    ("digits", load_digits, StandardScaler, "standardised in a Pipeline"),
    ("breast cancer", load_breast_cancer, FunctionTransformer, "features in their own units"),
]
"""Name, loader, transformer before the classifier, and what the output says of that."""


def show_bundled_data(version: str) -> None:
    """Compare both classifiers on iris, digits and breast cancer, and print the tables."""
    print(
        f"sk_softmax {version} beside scikit-learn {sklearn.__version__}, "
        f"numpy {numpy.__version__}, {threads_in_force()} threads"
    )
    for name, load, preprocess, how in SHOWN:
        X, y = load(return_X_y=True)
        print(f"\n{name}: {X.shape[0]} rows, {X.shape[1]} features, {len(set(y))} classes, {how}")
        compare(preprocess, X, y)
    print("\nYour own data: python -m sk_softmax data.csv --target COLUMN [--save model.joblib]")
