"""The problems: data sets of the kinds that users have, each with a penalty.

Real data come from the folder that the environment variable SK_SOFTMAX_DATA names. Files that are
not there come from OpenML or from scikit-learn's fetchers.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn import datasets
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import StandardScaler

Data = tuple[Any, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """Rows, labels and C, the inverse strength of the penalty."""

    name: str
    load: Callable[[], Data]
    C: float
    bundled: bool = False

    def data(self, dtype: type) -> Data:
        """Return the rows in this width, and labels 0, 1, 2, ..."""
        X, y = self.load()
        return X.astype(dtype), np.unique(y, return_inverse=True)[1]


def file_in_folder(name: str) -> Path | None:
    """Return the file of this name in the folder of SK_SOFTMAX_DATA, None if there is none."""
    folder = os.environ.get("SK_SOFTMAX_DATA")
    path = Path(folder) / name if folder else None
    return path if path and path.exists() else None


@cache
def mnist() -> Data:
    """60,000 handwritten digits, pixels from 0 to 255."""
    if path := file_in_folder("mnist.npz"):
        with np.load(path) as data:
            return data["X_train"].astype(np.float64), data["y_train"]
    X, y = datasets.fetch_openml("mnist_784", version=1, as_frame=False, return_X_y=True)
    return X[:60_000].astype(np.float64), y[:60_000].astype(int)


@cache
def covtype() -> Data:
    """20,000 patches of forest of seven cover types, features in their own units."""
    if path := file_in_folder("covtype.npz"):
        with np.load(path) as data:
            return data["X"].astype(np.float64), data["y"]
    X, y = datasets.fetch_covtype(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(y))[:20_000]
    return X[rows], y[rows]


@cache
def newsgroups() -> Data:
    """About 20,000 messages to 20 newsgroups, as TF-IDF of about 50,000 terms."""
    if path := file_in_folder("news20.npz"):
        with np.load(path) as data:
            parts = (data["data"].astype(np.float64), data["indices"], data["indptr"])
            return sp.csr_matrix(parts, shape=data["shape"]), data["y"]
    news = datasets.fetch_20newsgroups(subset="all")
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=3, stop_words="english")
    return vectorizer.fit_transform(news.data), news.target


def made_up(n_rows: int, n_features: int, n_classes: int, spread: float = 1.0) -> Data:
    """Rows drawn from a softmax model whose logits have about this standard deviation."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_features))
    coef = rng.standard_normal((n_features, n_classes)) * spread / np.sqrt(n_features)
    y = np.empty(n_rows, dtype=int)
    for first in range(0, n_rows, 10_000):
        logits = X[first : first + 10_000] @ coef
        y[first : first + 10_000] = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return X, y


def bundled(load: Callable[..., Data]) -> Callable[[], Data]:
    """Return a loader of data that scikit-learn bundles."""
    return lambda: load(return_X_y=True)


PROBLEMS = [
    Problem("iris", bundled(datasets.load_iris), 1.0, bundled=True),
    Problem("wine", bundled(datasets.load_wine), 1.0, bundled=True),
    Problem("breast cancer", bundled(datasets.load_breast_cancer), 1.0, bundled=True),
    Problem("digits", bundled(datasets.load_digits), 1.0, bundled=True),
    Problem("MNIST / 255", lambda: (mnist()[0] / 255, mnist()[1]), 1.0),
    Problem("MNIST raw", mnist, 1.0),
    Problem(
        "MNIST standardised, C=10",
        lambda: (StandardScaler().fit_transform(mnist()[0]), mnist()[1]),
        10.0,
    ),
    Problem("20 newsgroups, C=1", newsgroups, 1.0),
    Problem("20 newsgroups, C=100", newsgroups, 100.0),
    Problem("cover types", covtype, 1.0),
    Problem("1,000,000 x 10, 3 classes", lambda: made_up(1_000_000, 10, 3), 1.0),
    Problem("200 x 20,000, 5 classes", lambda: made_up(200, 20_000, 5, spread=10.0), 1.0),
    Problem("10,000 x 500, 1,000 classes", lambda: made_up(10_000, 500, 1000, spread=5.0), 1.0),
]
