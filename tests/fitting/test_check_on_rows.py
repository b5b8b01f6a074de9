"""Params found in coordinates of wide rows are checked on the rows themselves."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.model_selection import StratifiedKFold

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.objective import RegressionObjective
from sk_softmax.rows import RowSpace


class Stretched(RowSpace):
    """Its basis is longer than 1, so the penalty in coordinates is another one."""

    def __init__(self, rows, *options):
        super().__init__(rows, *options)
        self.coordinates *= 1.01


class WithoutFeatures(RowSpace):
    """It has not seen the last features."""

    def __init__(self, rows, *options):
        super().__init__(rows.columns(np.arange(rows.n_features - 10)), *options)
        self._rows = rows


class WithOffset(RowSpace):
    """A constant in its coordinates is not in the rows: the intercept is wrong after the lift."""

    def __init__(self, rows, *options):
        super().__init__(rows, *options)
        self.coordinates[:, 0] += 5.0


class Noisy(RowSpace):
    """Its coordinates have noise of a hundredth."""

    def __init__(self, rows, *options):
        super().__init__(rows, *options)
        noise = np.random.default_rng(0).normal(size=self.coordinates.shape)
        self.coordinates += 1e-2 * noise


WRONG = [Stretched, WithoutFeatures, WithOffset, Noisy]


def rows_with_classes(n_classes, n_rows=50):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 2 * n_rows + 20))
    logits = X[:, :6] @ rng.normal(size=(6, n_classes)) + np.arange(n_classes)
    return X, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def use(monkeypatch, space):
    monkeypatch.setattr("sk_softmax.fitting.wide_rows.RowSpace", space)
    monkeypatch.setattr("sk_softmax.fitting.fold_path.RowSpace", space)


@pytest.fixture
def measured_on(monkeypatch):
    """A list of the numbers of features on which a curvature or a Hessian was measured."""
    numbers = []

    def counted(measure):
        def measured(self, *args, **options):
            numbers.append(self.rows.n_features)
            return measure(self, *args, **options)

        return measured

    for name in ("curvature", "hessian"):
        measure = getattr(RegressionObjective, name)
        monkeypatch.setattr(RegressionObjective, name, counted(measure))
    return numbers


@pytest.mark.parametrize("space", WRONG)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("C", [0.1, 100.0])
def test_a_wrong_row_space_costs_time_and_nothing_else(space, n_classes, C, monkeypatch):
    X, y = rows_with_classes(n_classes)
    exact = SoftmaxRegression(C=C, solver="lbfgs", tol=1e-12).fit(X, y)
    use(monkeypatch, space)
    model = SoftmaxRegression(C=C).fit(X, y)
    assert model.converged_
    least = exact.objective(X, y)
    assert model.objective(X, y) <= (1 + 3e-6) * least
    # What the fit in coordinates found was not the optimum.
    monkeypatch.setattr("sk_softmax.fitting.stages._left_on_rows", believed)
    unchecked = SoftmaxRegression(C=C).fit(X, y)
    assert unchecked.objective(X, y) > (1 + 3e-6) * least


def believed(*args):
    yield from ()
    return 0.0


@pytest.mark.parametrize("space", WRONG)
def test_a_wrong_row_space_does_not_mislead_folds(space, monkeypatch):
    X, y = rows_with_classes(3)
    Cs, splitter = [0.1, 100.0], StratifiedKFold(3)
    use(monkeypatch, space)
    model = SoftmaxRegressionCV(Cs=Cs, cv=splitter, scoring="neg_log_loss", tol=1e-6).fit(X, y)
    for number, (train, _) in enumerate(splitter.split(X, y)):
        for j, C in enumerate(Cs):
            exact = SoftmaxRegression(C=C, solver="lbfgs", tol=1e-12).fit(X[train], y[train])
            found = model.coefs_paths_[number, 0, j]
            (value,) = exact.objective(X[train], y[train], params=found[None])
            assert value <= (1 + 3e-6) * exact.objective(X[train], y[train])


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, np.float32])
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("n_rows", [50, 170])  # by Newton's method, and by L-BFGS
def test_a_right_row_space_leaves_nothing_to_measure_on_the_rows(
    kind, n_classes, n_rows, measured_on
):
    X, y = rows_with_classes(n_classes, n_rows)
    model = SoftmaxRegression().fit(kind(X), y)
    assert model.converged_
    assert measured_on
    assert max(measured_on) <= len(X)
    exact = SoftmaxRegression(solver="lbfgs", tol=1e-12).fit(X, y)
    assert model.objective(X, y) <= (1 + 3e-6) * exact.objective(X, y)


def test_nor_do_folds_measure_on_the_rows(measured_on):
    X, y = rows_with_classes(3)
    SoftmaxRegressionCV(Cs=[0.1, 100.0], cv=3, scoring="accuracy", refit=False).fit(X, y)
    assert measured_on
    assert max(measured_on) <= len(X)
