"""Data that scikit-learn bundles, standardised; made once and read-only."""

import gc
import os

import numpy as np
import pytest
from hypothesis import settings
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sk_softmax.fitting.driver import minimize
from sk_softmax.interfaces import Problem

# The same examples in every run: no test depends on chance or on the clock.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile("repeatable")

# Workers side by side take one thread each, and so do the processes that they start. Where each
# takes all cores, the small products of the linear algebra library take ten times as long: on a
# busy machine tests/demonstration took 34 s with one thread and 286 s with two. Tests of threads
# say how many they want.
if "PYTEST_XDIST_WORKER" in os.environ:
    threadpool_limits(1)
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

LOADERS = {
    "iris": load_iris,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "digits": load_digits,
}


def frozen(*arrays):
    for array in arrays:
        array.flags.writeable = False
    return arrays


def standardised(name):
    X, y = LOADERS[name](return_X_y=True)
    return frozen(StandardScaler().fit_transform(X), y)


def overlapping(n_classes, n_rows=300, n_features=4, seed=0):
    """Rows drawn from a softmax model with moderate logits, so that no line separates them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    logits = X @ rng.normal(size=(n_features, n_classes)) + rng.gumbel(size=(n_rows, n_classes))
    return frozen(X, logits.argmax(axis=1))


@pytest.fixture(scope="session")
def dataset():
    """``dataset(name)``: a bundled data set, standardised."""
    return standardised


@pytest.fixture(scope="session")
def overlapping_classes():
    """``overlapping_classes(n_classes, ...)``: made-up rows with a finite optimum."""
    return overlapping


@pytest.fixture(scope="session")
def solve():
    """``solve(solver, objective, ...)``: the solution of a solver outside of any estimator."""

    def solve(solver, objective, *, tol=1e-10, max_iter=10_000, start=None, observe=None):
        problem = Problem(
            start=np.zeros(objective.shape) if start is None else start,
            n_rows=objective.rows.n_rows,
            tol=tol,
            max_iter=max_iter,
            resolution=objective.resolution,
            separated_below=objective.separated_below,
            random=np.random.default_rng(0),
            penalty=objective.penalty,
        )
        return minimize(solver, objective, problem, observe)

    return solve


def pytest_collection_finish():
    """What collection made stays until the end: the garbage collector need not look at it."""
    gc.collect()
    gc.freeze()
