"""Some features by conjugate gradients: the same numbers, without the covariance of all."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression
from sk_softmax.inference import infer as entry
from sk_softmax.inference import refusals
from sk_softmax.objective import approximate_hessian


@pytest.mark.parametrize("C", [np.inf, 0.5])
@pytest.mark.parametrize("reference", [None, 1, "mean"])
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("most_columns", [1024, 1])
def test_they_are_those_of_all(draw, C, reference, n_classes, most_columns, monkeypatch):
    """Preconditioned by a matrix a class, and by a diagonal."""
    if n_classes == 2 and reference == "mean":
        pytest.skip("two classes have no mean")
    monkeypatch.setattr(approximate_hessian, "MOST_COLUMNS", most_columns)
    X, y = draw(n_classes, 400, 6)
    X = X * np.array([1, 1e3, 1e-3, 1, 1, 1]) + np.array([0, 0, 0, 50, 0, 0])
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    model = SoftmaxRegression(C=C).fit(X, y, weights)
    options = {"weights_are": "frequencies", "reference": reference, "allow_penalty": True}
    whole = model.inference(X, y, weights, **options)
    some = model.inference(X, y, weights, features=["x3", 1], **options)
    assert some.columns == ("x3", "x1")
    assert_allclose(some.coef, whole.coef[:, [3, 1]], rtol=1e-7)
    assert_allclose(some.std_err, whole.std_err[:, [3, 1]], rtol=1e-6)
    n = len(whole.outcomes)
    blocks = np.asarray(whole.covariance).reshape(n, 7, n, 7)
    expected = blocks[:, [3, 1]][:, :, :, [3, 1]].reshape(2 * n, 2 * n)
    unit = 1 / np.sqrt(expected.diagonal())
    off = np.asarray(some.covariance) - expected
    assert_allclose(off * unit[:, None] * unit, 0, atol=1e-6)
    assert_allclose(
        some.wald_test("x3 = x1").statistic, whole.wald_test("x3 = x1").statistic, rtol=1e-5
    )
    assert_allclose(some.log_likelihood, whole.log_likelihood, rtol=1e-10)
    assert some.n_parameters == whole.n_parameters
    assert some.decrement <= 1e-10
    assert "x3" in str(some)


def test_no_matrix_of_all_is_formed(draw, monkeypatch):
    X, y = draw(3, 200, 5)
    model = SoftmaxRegression(C=np.inf).fit(sp.csr_matrix(X), y)
    monkeypatch.setattr(refusals, "MOST_BYTES", 8 * 4**2)
    monkeypatch.setattr(entry, "polish", None)
    with pytest.raises(MemoryError, match="features="):
        model.inference(X, y)
    with pytest.raises(MemoryError):
        model.inference(X, y, features=[0, 1, 2])
    assert model.inference(sp.csr_matrix(X), y, features=[0, 1]).coef.shape == (2, 2)


def test_what_needs_all_coefficients_is_an_error(draw):
    X, y = draw(3, 200)
    model = SoftmaxRegression(C=np.inf).fit(X, y)
    some = model.inference(X, y, features=["x0"])
    for call in (
        lambda: some.predict_interval(X),
        lambda: some.marginal_effects(X),
        lambda: some.compare_predictions(X, X),
        lambda: some.combine_outcomes_test(),
    ):
        with pytest.raises(ValueError, match="of some features only"):
            call()
    less = SoftmaxRegression(C=np.inf).fit(X[:, 1:], y).inference(X[:, 1:], y)
    assert some.likelihood_ratio_test(less).df == 2
    for options, said in [
        ({"features": ["x9"]}, "'x9' is not a feature"),
        ({"features": ["x0"], "covariance": "HC0"}, "covariance='hessian'"),
    ]:
        with pytest.raises(ValueError, match=said):
            model.inference(X, y, **options)


def test_a_column_that_depends_on_others_is_an_error(draw):
    X, y = draw(3, 200)
    X = np.column_stack([X, X[:, 0] + X[:, 1]])
    model = SoftmaxRegression(C=np.inf).fit(X, y)
    with pytest.raises(ValueError, match="'x4' are not determined"):
        model.inference(X, y, features=["x4"])
    whole = model.inference(X, y)
    some = model.inference(X, y, features=["x2"])
    assert_allclose(some.std_err[:, 0], whole.std_err[:, 2], rtol=1e-6)


def test_other_rows_and_separated_classes(draw):
    X, y = draw(3, 200)
    model = SoftmaxRegression(C=np.inf).fit(X, y)
    with pytest.raises(ValueError, match="are not those of the fit"):
        model.inference(X, y[::-1], features=[0])
    dummy = (np.arange(200) % 3 == 0) & (y == 1)
    X = np.column_stack([X, dummy])
    with pytest.warns(ConvergenceWarning, match="separated"):
        model = SoftmaxRegression(C=np.inf).fit(X, y)
    with pytest.raises(ValueError, match="no finite optimum"):
        model.inference(X, y, features=[0])
