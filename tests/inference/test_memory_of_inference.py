"""Beside its rows, an inference takes the memory of a copy of them and of its covariance."""

import tracemalloc

import numpy as np
import pytest

from sk_softmax import SoftmaxRegression

# In covariances: the matrix itself and half of another, and for a sandwich two more.
TIMES = {"hessian": 1.5, "opg": 1.5, "HC0": 3.5}


def drawn(n_rows, n_features, n_classes, far):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_features))
    logits = X @ rng.normal(size=(n_features, n_classes)) / np.sqrt(n_features)
    return X + far, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def peak_of(call):
    tracemalloc.start()
    try:
        return call(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("far", [0.0, 100.0])  # columns far from zero are shifted block by block
@pytest.mark.parametrize("shape", [(100_000, 10, 7), (20_000, 50, 10)])
def test_two_threads_take_no_more_than_the_rows_and_the_covariance(shape, far):
    X, y = drawn(*shape, far)
    model = SoftmaxRegression(C=np.inf, n_jobs=2).fit(X, y)
    for covariance, times in TIMES.items():
        found, peak = peak_of(lambda kind=covariance: model.inference(X, y, covariance=kind))
        assert peak < X.nbytes + times * 8 * found.n_parameters**2, covariance
        assert peak > 8 * found.n_parameters**2  # what is measured is there
