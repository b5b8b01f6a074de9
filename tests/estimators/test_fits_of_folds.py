"""Every fit of a cross-validation against the optimum of its fold, and what the fits cost."""

import numpy as np
import pytest
from oracle import Definition, Penalty, least_value
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.objective import approximate_hessian, folds, shared_curvature

EPS = np.finfo(np.float64).eps
CS = [1e-4, 1e-2, 1.0, 1e2, 1e4]


def softmax_rows(n_classes, shifts, n_rows=400, n_features=6, seed=0):
    """Rows of overlapping classes; ``shifts`` make some classes far more frequent than others."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, n_features))
    logits = X @ rng.standard_normal((n_features, n_classes)) * 2 + shifts
    return X, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


TABLES = {
    "unequal classes": lambda: softmax_rows(4, [3.0, 1.0, 0.0, 0.0], n_rows=600),
    "two unequal classes": lambda: softmax_rows(2, [0.0, 2.0]),
    "more than Newton's method takes": lambda: softmax_rows(6, 0.0, 2000, 30),
    "digits": lambda: (load_digits().data / 16, load_digits().target),
}


def null_value(y):
    shares = np.bincount(y) / len(y)
    return -float((shares * np.log(shares)).sum())


def assert_near(X, y, params, C, tol):
    """Three times the distance asked for, because fits estimate it, plus rounding."""
    problem = Definition(X, y, Penalty(C))
    with threadpool_limits(1, user_api="blas"):
        least = least_value(problem)
    above = problem.value(params[:, :-1], params[:, -1]) - least
    scale = min(max(least, 0.01), null_value(y) - least)
    # The oracle's own bound is a part of what is above it.
    assert above <= 3 * tol * scale + 16 * EPS * max(least, 1.0) + 1e-9 * least, (C, above / scale)


@pytest.mark.slow
@pytest.mark.parametrize("tol", [1e-4, 1e-6])
@pytest.mark.parametrize("name", TABLES)
def test_every_fit_is_as_near_to_its_optimum_as_it_says(name, tol):
    X, y = TABLES[name]()
    model = SoftmaxRegressionCV(Cs=CS, cv=3, scoring="accuracy", tol=tol, n_jobs=1).fit(X, y)
    assert model.converged_
    for number, (train, _) in enumerate(StratifiedKFold(3).split(X, y)):
        for j, C in enumerate(CS):
            assert_near(X[train], y[train], model.coefs_paths_[number, 0, j], C, tol)


def test_weights_count_like_repeated_rows():
    X, y = softmax_rows(3, [2.0, 0.0, 0.0])
    weights = np.random.default_rng(1).integers(1, 4, size=len(y))
    model = SoftmaxRegressionCV(Cs=CS, cv=3, scoring="accuracy", n_jobs=1)
    model.fit(X, y, sample_weight=weights)
    for number, (train, _) in enumerate(StratifiedKFold(3).split(X, y)):
        again = np.repeat(train, weights[train])
        for j, C in enumerate(CS):
            assert_near(X[again], y[again], model.coefs_paths_[number, 0, j], C, model.tol)


def test_penalty_factors_are_rescaled_columns():
    X, y = softmax_rows(3, 0.0)
    factor = np.linspace(0.2, 3, X.shape[1])
    model = SoftmaxRegressionCV(Cs=CS, cv=3, scoring="accuracy", penalty_factor=factor, n_jobs=1)
    model.fit(X, y)
    for number, (train, _) in enumerate(StratifiedKFold(3).split(X, y)):
        for j, C in enumerate(CS):
            scaled = model.coefs_paths_[number, 0, j] * np.append(np.sqrt(factor), 1.0)
            assert_near((X / np.sqrt(factor))[train], y[train], scaled, C, model.tol)


def test_columns_far_from_zero():
    X, y = softmax_rows(4, [2.0, 0.0, 0.0, 0.0], 2000, 30)
    near = SoftmaxRegressionCV(Cs=CS, cv=3, scoring="neg_log_loss", tol=1e-8).fit(X, y)
    far = SoftmaxRegressionCV(Cs=CS, cv=3, scoring="neg_log_loss", tol=1e-8).fit(X + 1e4, y)
    assert far.converged_
    np.testing.assert_allclose(far.scores_, near.scores_, rtol=1e-4)


def test_a_fold_that_misses_a_class_has_its_own_curvature():
    X, y = softmax_rows(4, 0.0, 2000, 30)
    everything = np.arange(len(y))
    splits = [(everything[::2], everything[1::2]), (everything[1::2], everything[::2])]
    splits.append((np.flatnonzero(y != 3), everything[::5]))
    model = SoftmaxRegressionCV(Cs=CS, cv=splits, scoring="accuracy").fit(X, y)
    assert model.converged_
    train, _ = splits[2]
    for j, C in enumerate(CS):
        known = model.coefs_paths_[2, 0, j][:3]
        assert_near(X[train], y[train], known, C, model.tol)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.slow
def test_mean_scores_on_digits_are_those_at_the_optimum(scaled, dataset):
    X, y = dataset("digits") if scaled else TABLES["digits"]()
    model = SoftmaxRegressionCV(scoring="accuracy").fit(X, y)
    losses = SoftmaxRegressionCV(scoring="neg_log_loss").fit(X, y)
    best = SoftmaxRegressionCV(scoring="accuracy", tol=1e-9).fit(X, y)
    least = SoftmaxRegressionCV(scoring="neg_log_loss", tol=1e-9).fit(X, y)
    np.testing.assert_allclose(model.scores_.mean(axis=0), best.scores_.mean(axis=0), atol=0.004)
    assert losses.C_ == least.C_
    until = least.best_index_[1] + 1
    np.testing.assert_allclose(
        losses.scores_.mean(axis=0)[:, :until], least.scores_.mean(axis=0)[:, :until], rtol=0.005
    )


def test_the_fit_of_all_rows_keeps_a_tolerance_of_its_own(dataset):
    X, y = dataset("digits")
    model = SoftmaxRegressionCV(Cs=[1.0], scoring="accuracy", tol=1e-2).fit(X, y)
    tight = SoftmaxRegression(C=1.0, tol=1e-10).fit(X, y)
    least = tight.objective(X, y)
    found = Definition(X, y, Penalty(1.0)).value(model.coef_, model.intercept_)
    assert found - least <= 3e-6 * least


def counted(monkeypatch, X, y, **parameters):
    """Return a model, how often rows were read for all folds, and measured for a Gram matrix."""
    counts = {"passes": 0, "measurements": 0}

    def counting(name, call):
        def count(*arguments, **named):
            counts[name] += 1
            return call(*arguments, **named)

        return count

    with monkeypatch.context() as patch:
        patch.setattr(folds, "evaluated", counting("passes", folds.evaluated))
        measure = approximate_hessian._damped_grams
        patch.setattr(approximate_hessian, "_damped_grams", counting("measurements", measure))
        model = SoftmaxRegressionCV(scoring="accuracy", refit=False, **parameters).fit(X, y)
    return model, counts["passes"], counts["measurements"]


def test_folds_share_measurements_and_starts_take_no_pass(monkeypatch):
    X, y = TABLES["digits"]()
    model, passes, measurements = counted(monkeypatch, X, y)
    assert measurements <= 16  # 13; each fold its own: 82
    assert passes <= 72  # 65; with two passes more for each start: 83
    monkeypatch.setattr(shared_curvature, "MOST_PASSES", 0)
    alone, _, own = counted(monkeypatch, X, y)
    assert own >= 5 * measurements
    assert model.n_iter_.sum() <= 1.3 * alone.n_iter_.sum()


def test_a_start_where_the_last_fit_ended_takes_no_pass(monkeypatch):
    X, y = softmax_rows(6, 0.0, 2000, 30)
    _, passes, _ = counted(monkeypatch, X, y, Cs=[1.0])
    _, again, _ = counted(monkeypatch, X, y, Cs=[1.0, 1.0 + 1e-12])
    # The start is evaluated without a pass, and the logits held out are computed at its params.
    assert again <= passes + 5


def test_the_same_for_any_number_of_threads_with_shared_curvature():
    X, y = softmax_rows(5, 0.0, 20_000, 20)
    models = [
        SoftmaxRegressionCV(Cs=[1e-3, 1.0], cv=3, scoring="neg_log_loss", n_jobs=n).fit(X, y)
        for n in (1, 2, 3)
    ]
    for model in models[1:]:
        for name in ("scores_", "coefs_paths_", "coef_", "n_iter_"):
            np.testing.assert_array_equal(getattr(model, name), getattr(models[0], name))
