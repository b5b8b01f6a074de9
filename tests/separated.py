"""Small tables of which it is known whether classes are separated."""

import numpy as np
from sklearn.datasets import load_iris

# A pair of classes is apart completely, and yet the optimum is finite.
PAIR_APART = np.array([-3, -2, -1, 1, 2, 3, -3.5, -1.5, -0.5, 0.5, 1.5, 3.5])[:, None]
OF_PAIR_APART = np.repeat([0, 1, 2], [3, 3, 6])

SIX = np.arange(6.0)[:, None]
OF_SIX = np.eye(3)[[0, 0, 1, 1, 2, 2]]
SHARED = np.array([[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]])


def with_dummy(in_second_class=0, n_rows=300):
    """Rows of three classes that overlap, and a column that is 1 in class 0 (nearly) alone."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 3))
    y = (0.5 * X @ rng.normal(size=(3, 3)) + rng.gumbel(size=(n_rows, 3))).argmax(axis=1)
    dummy = (y == 0) & (np.arange(n_rows) % 4 == 0)
    dummy[np.flatnonzero(y == 1)[:in_second_class]] = True
    return np.column_stack([X, dummy]), y, dummy


def iris(classes=(0, 1, 2)):
    X, y = load_iris(return_X_y=True)
    kept = np.isin(y, classes)
    return X[kept], y[kept] - min(classes)


def misplaced():
    x = np.linspace(-1, 1, 1001)
    y = (x > 0).astype(int)
    y[[499, 502]] = 1 - y[[499, 502]]
    return x[:, None], y


TABLES = {
    "two classes apart": ([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1], "complete"),
    "two classes that touch": ([[0.0], [1.0], [1.0], [2.0]], [0, 0, 1, 1], "quasi-complete"),
    "two classes that overlap": ([[0.0], [2.0], [1.0], [3.0]], [0, 0, 1, 1], "none"),
    "iris": (*iris(), "quasi-complete"),
    "versicolor and virginica": (*iris((1, 2)), "none"),
    "setosa and versicolor": (*iris((0, 1)), "complete"),
    "sorted": (SIX, OF_SIX, "complete"),
    "sorted, with a row that two classes share": (SIX, SHARED, "quasi-complete"),
    "smoothed labels": (SIX, 0.9 * OF_SIX + 0.1 / 3, "none"),
    "a pair apart": (PAIR_APART, OF_PAIR_APART, "none"),
    "that pair alone": (PAIR_APART[:6], OF_PAIR_APART[:6], "complete"),
    "a dummy of one class": (*with_dummy()[:2], "quasi-complete"),
    "a dummy that a second class has once": (*with_dummy(1)[:2], "quasi-complete"),
    "two misplaced rows of 1,001": (*misplaced(), "none"),
    "an overlap of 1e-6 of the range": ([[-1], [1e-6], [-1e-6], [1]], [0, 0, 1, 1], "none"),
    "a gap of 1e-6 of the range": ([[-1], [-1e-6], [1e-6], [1]], [0, 0, 1, 1], "complete"),
    "equal rows": ([[1.0]] * 4, [0, 1, 0, 1], "none"),
}
