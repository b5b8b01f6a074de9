"""Chunks that count how often they are read, for tests."""

import numpy as np
import pytest

from sk_softmax import Chunks, SoftmaxRegression

N_ROWS = 600
EDGES = [0, 1, 130, 130, 400, 401, N_ROWS]  # one row alone, and an empty chunk


class Reads:
    """A factory of chunks that counts what is read."""

    def __init__(self, *arrays, edges=EDGES):
        self.arrays, self.edges = arrays, edges
        self.n_passes = self.n_chunks = 0

    def __call__(self):
        self.n_passes += 1
        for first, last in zip(self.edges, self.edges[1:], strict=False):
            self.n_chunks += 1
            yield tuple(None if a is None else a[first:last] for a in self.arrays)


def table(n_classes=3, n_rows=N_ROWS, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 6)) * np.geomspace(0.1, 30, 6)
    logits = X @ rng.normal(size=(6, n_classes)) + 2 * rng.gumbel(size=(n_rows, n_classes))
    return X, logits.argmax(axis=1), rng.uniform(0.2, 3, n_rows)


def fitted(options, X, *arguments, **others):
    return SoftmaxRegression(**{"tol": 1e-9} | options).fit(X, *arguments, **others)


def assert_same_fit(options, X, y, weights=None, offset=None, atol=1e-6, edges=EDGES):
    expected = fitted(options, X, y, weights, offset=offset)
    reads = Reads(X, y, weights, offset, edges=edges)
    found = fitted(options, Chunks(reads))
    np.testing.assert_array_equal(found.classes_, expected.classes_)
    assert found.loss_curve_[-1] == pytest.approx(expected.loss_curve_[-1], rel=1e-9, abs=1e-12)
    size = 1 + np.abs(expected.coef_).max()
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=0, atol=atol * size)
    np.testing.assert_allclose(found.intercept_, expected.intercept_, rtol=0, atol=atol * size)
    assert found.coef_.dtype == expected.coef_.dtype
    assert found.converged_ == expected.converged_
    return reads, found
