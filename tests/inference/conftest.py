"""Outcomes that other programs have analysed, and made-up ones."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from sk_softmax import SoftmaxRegression


class Study(NamedTuple):
    X: pd.DataFrame
    y: np.ndarray

    @property
    def design(self):
        """With the intercept last, as our columns are."""
        return np.column_stack([self.X, np.ones(len(self.X))])


@pytest.fixture(scope="session")
def election():
    """The 1996 American national election study: seven degrees of party identification."""
    data = sm.datasets.anes96.load_pandas()
    return Study(data.exog, data.endog.to_numpy().astype(int))


@pytest.fixture(scope="session")
def election_fit(election):
    return SoftmaxRegression(C=np.inf).fit(*election)


@pytest.fixture(scope="session")
def spector():
    """Grades after a new way of teaching (Spector and Mazzeo, 1980): two classes, 32 rows."""
    data = sm.datasets.spector.load_pandas()
    return Study(data.exog, data.endog.to_numpy().astype(int))


def drawn(n_classes=3, n_rows=300, n_features=4, seed=0):
    """Rows and labels drawn from a softmax model with moderate logits."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    logits = X @ rng.normal(size=(n_features, n_classes)) + rng.gumbel(size=(n_rows, n_classes))
    return X, logits.argmax(axis=1)


@pytest.fixture(scope="session")
def draw():
    """``draw(n_classes, ...)``: made-up rows whose classes overlap."""
    return drawn


@pytest.fixture(scope="session")
def infer():
    """``infer(X, y, ...)``: the inference of a fit without a penalty; options go to it."""

    def infer(X, y, sample_weight=None, *, C=np.inf, model=None, **options):
        model = SoftmaxRegression(C=C) if model is None else model
        model.fit(X, y, sample_weight)
        return model.inference(X, y, sample_weight, **options)

    return infer
