"""A path predicts at every C on its way, and prints as one line."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sk_softmax import SoftmaxRegression, softmax_path
from sk_softmax.solvers import ProximalNewton


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_at_a_C_of_the_path_it_is_the_solution_there(n_classes, dtype, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    X, y = X.astype(dtype), np.take(["x", "y", "z"], y)
    path = softmax_path(X, y, Cs=5, l1_ratio=0.7, tol=1e-10)
    for i, C in enumerate(path.Cs):
        model = path.at(C)
        np.testing.assert_array_equal(model.coef_, path.coefs[i])
        np.testing.assert_array_equal(model.intercept_, path.intercepts[i])
        assert (model.C, model.l1_ratio, model.coef_.dtype) == (C, 0.7, dtype)
        assert model.converged_ == path.converged[i]
        anew = SoftmaxRegression(C=C, l1_ratio=0.7, tol=1e-10).fit(X, y)
        np.testing.assert_allclose(path.predict_proba(X, C), anew.predict_proba(X), atol=1e-3)
        np.testing.assert_array_equal(path.predict(X, C), model.predict(X))
        np.testing.assert_array_equal(path.decision_function(X, C), model.decision_function(X))


@pytest.mark.parametrize(("l1_ratio", "most"), [(0.0, 2e-4), (1.0, 1e-2)])
@pytest.mark.parametrize("name", ["iris", "wine"])
def test_between_two_Cs_it_is_close_to_the_fit_there(name, l1_ratio, most, dataset):
    X, y = dataset(name)
    Cs = np.geomspace(3e-3, 1.0, 60)
    path = softmax_path(X, y, Cs=Cs, l1_ratio=l1_ratio, tol=1e-9)
    for C in np.sqrt(Cs[1:] * Cs[:-1])[::9]:
        fitted = path.at(C)
        between = fitted.predict_proba(X)
        assert not fitted.converged_
        fitted.set_params(tol=1e-10).fit(X, y)
        np.testing.assert_allclose(fitted.predict_proba(X), between, rtol=0, atol=most)
        assert fitted.converged_


def test_it_is_linear_in_log_C_and_stays_within_bounds(overlapping_classes):
    X, y = overlapping_classes(3)
    path = softmax_path(X, y, Cs=[0.01, 1.0], lower_bounds=-0.1, upper_bounds=0.2)
    model = path.at(0.1)
    np.testing.assert_allclose(model.coef_, path.coefs.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(path.at(1.0 - 1e-12).coef_, path.coefs[1], atol=1e-12)
    assert model.coef_.min() >= -0.1
    assert model.coef_.max() <= 0.2


def test_beyond_its_ends_it_says_where_it_goes(overlapping_classes):
    X, y = overlapping_classes(3)
    path = softmax_path(X, y, Cs=3)
    np.testing.assert_array_equal(path.at(path.Cs[0] / 1000).coef_, 0.0)
    fit = SoftmaxRegression(C=path.Cs[0] / 1000, l1_ratio=1.0).fit(X, y)
    intercept = path.at(path.Cs[0] / 1000).intercept_
    np.testing.assert_allclose(intercept, fit.intercept_, atol=1e-4)
    with pytest.raises(ValueError, match=r"C=1e\+06 is not on this path, whose Cs go from 0\."):
        path.at(1e6)
    ridge = softmax_path(X, y, Cs=[0.1, 1.0, np.inf], l1_ratio=0.0)
    assert np.isinf(ridge.at(np.inf).C)
    for C in (0.01, 2.0):
        with pytest.raises(ValueError, match=r"from 0.1 to 1 and inf"):
            ridge.at(C)
    for C in (0, -1.0, "1", np.nan):
        with pytest.raises(ValueError, match="must be a positive number"):
            path.at(C)


def test_the_model_has_the_parameters_and_names_of_the_path():
    X, y = load_iris(return_X_y=True, as_frame=True)
    solver = ProximalNewton()
    path = softmax_path(
        X, y, Cs=4, penalty_factor=[1, 2, 1, 1], class_weight="balanced", solver=solver, tol=1e-5
    )
    model = path.at(path.Cs[2])
    assert model.get_params(deep=False) == SoftmaxRegression(
        C=path.Cs[2],
        l1_ratio=1.0,
        penalty_factor=[1, 2, 1, 1],
        class_weight="balanced",
        solver=solver,
        tol=1e-5,
    ).get_params(deep=False)
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    with pytest.raises(ValueError, match="feature names"):
        path.predict(X[X.columns[::-1]], path.Cs[2])
    assert isinstance(model.to_logistic_regression().predict(X), np.ndarray)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(path)).predict(X, 1.0), path.predict(X, 1.0)
    )


def test_with_an_offset_predictions_need_theirs(overlapping_classes):
    X, y = overlapping_classes(2)
    offset = np.random.default_rng(0).normal(size=len(y))
    path = softmax_path(X, y, Cs=[0.1, 1.0], offset=offset)
    with pytest.raises(ValueError, match="fitted with an offset"):
        path.predict(X, 0.5)
    logits = X @ path.coefs[1][0] + path.intercepts[1][0] + offset
    np.testing.assert_allclose(path.decision_function(X, 1.0, offset=offset), logits, rtol=1e-9)


def test_it_prints_as_one_line(dataset):
    path = softmax_path(*dataset("wine"), Cs=5)
    assert repr(path) == (
        "SoftmaxPath(5 solutions, C 0.0144 to 14.4, l1_ratio=1, 13 features, 3 classes, "
        "0 to 17 nonzero coefficients, all converged)"
    )
    stopped = softmax_path(*dataset("wine"), Cs=5, max_iter=1)
    assert "not converged)" in repr(stopped)
    assert "\n" not in repr(stopped)
