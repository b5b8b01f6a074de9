"""The data sets.

Real data come from the folder that the environment variable SK_SOFTMAX_DATA names. Files that are
not there come from OpenML or from scikit-learn's fetchers; where these cannot be reached, the
problems on them are left out, and the report says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn import datasets
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import StandardScaler

Data = tuple[Any, np.ndarray]
Load = Callable[[], Data]


class Unavailable(Exception):
    """A data set is neither in the folder nor within reach; the message is for the report."""


def file_in_folder(name: str) -> Path | None:
    """Return the file of this name in the folder of SK_SOFTMAX_DATA, None if there is none."""
    folder = os.environ.get("SK_SOFTMAX_DATA")
    path = Path(folder) / name if folder else None
    return path if path and path.exists() else None


def _fetched(name: str, fetch: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    try:
        return fetch(*arguments, **options)
    except (OSError, ValueError) as error:  # no network; or no such data set
        raise Unavailable(
            f"{name}: neither {name} in the folder SK_SOFTMAX_DATA nor a network to fetch it from"
        ) from error


@cache
def from_openml(name: str, openml_name: str) -> Data:
    """A data set of OpenML; the file ``NAME.npz`` in the folder holds ``X`` and ``y``."""
    if path := file_in_folder(f"{name}.npz"):
        with np.load(path) as data:
            return data["X"].astype(np.float64), data["y"]
    options = {"version": 1, "as_frame": False, "return_X_y": True, "n_retries": 0}
    X, y = _fetched(f"{name}.npz", datasets.fetch_openml, openml_name, **options)
    return X.astype(np.float64), y


@cache
def mnist() -> Data:
    """60,000 handwritten digits, pixels from 0 to 255."""
    if path := file_in_folder("mnist.npz"):
        with np.load(path) as data:
            return data["X_train"].astype(np.float64), data["y_train"]
    X, y = from_openml("mnist_784", "mnist_784")
    return X[:60_000], y[:60_000].astype(int)


def some_of_mnist(n_rows: int) -> Data:
    """The first of these, pixels from 0 to 1."""
    X, y = mnist()
    return X[:n_rows] / 255, y[:n_rows]


@cache
def covtype() -> Data:
    """20,000 patches of forest of seven cover types, features in their own units."""
    if path := file_in_folder("covtype.npz"):
        with np.load(path) as data:
            return data["X"].astype(np.float64), data["y"]
    X, y = _fetched("covtype.npz", datasets.fetch_covtype, return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(y))[:20_000]
    return X[rows], y[rows]


@cache
def newsgroups() -> Data:
    """About 20,000 messages to 20 newsgroups, as TF-IDF of about 50,000 terms."""
    if path := file_in_folder("news20.npz"):
        with np.load(path) as data:
            parts = (data["data"].astype(np.float64), data["indices"], data["indptr"])
            return sp.csr_matrix(parts, shape=data["shape"]), data["y"]
    news = _fetched("news20.npz", datasets.fetch_20newsgroups, subset="all")
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=3, stop_words="english")
    return vectorizer.fit_transform(news.data), news.target


def some_of_newsgroups(n_rows: int) -> Data:
    """Every so-manieth of these: the file is sorted by group."""
    X, y = newsgroups()
    rows = np.linspace(0, len(y) - 1, n_rows).astype(int)
    return X[rows], y[rows]


def made_up(
    n_rows: int, n_features: int, n_classes: int, spread: float = 1.0, units: float = 0.0
) -> Data:
    """Rows drawn from a softmax model whose logits have about this standard deviation.

    The columns are then multiplied by powers of ten, normally distributed with this deviation.
    """
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_features))
    coef = rng.standard_normal((n_features, n_classes)) * spread / np.sqrt(n_features)
    y = np.empty(n_rows, dtype=int)
    for first in range(0, n_rows, 10_000):
        logits = X[first : first + 10_000] @ coef
        y[first : first + 10_000] = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return X * 10 ** (units * rng.standard_normal(n_features)), y


def bundled(load: Callable[..., Data], *, scale: float = 1.0, standardised: bool = False) -> Load:
    """Return a loader of data that scikit-learn bundles, divided by ``scale`` or standardised."""

    def loaded() -> Data:
        X, y = load(return_X_y=True)
        return (StandardScaler().fit_transform(X) if standardised else X / scale), y

    return loaded
