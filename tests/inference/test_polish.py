"""Inference goes on to the optimum, says how far that was, and knows the rows of the fit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sk_softmax import SoftmaxRegression
from sk_softmax.inference import polish as polishing


@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-6, 1e-9])
@pytest.mark.parametrize("cheap", [0.0, np.inf])
def test_the_end_does_not_depend_on_the_fit(election, tol, cheap, monkeypatch):
    """With and without L-BFGS first."""
    monkeypatch.setattr(polishing, "CHEAP", cheap)
    exact = SoftmaxRegression(C=np.inf, tol=1e-13).fit(*election).inference(*election)
    model = SoftmaxRegression(C=np.inf, tol=tol).fit(*election)
    ours = model.inference(*election)
    assert ours.decrement <= 1e-10
    assert_allclose(ours.coef, exact.coef, rtol=1e-7, atol=1e-9)
    assert_allclose(ours.std_err, exact.std_err, rtol=1e-6)
    fitted = model.params_[1:] - model.params_[:1]
    moved = np.abs((ours.coef - fitted) / ours.std_err).max()
    assert_allclose(ours.moved, moved, rtol=1e-9, atol=1e-14)  # of numbers of about 1
    assert f"{ours.moved:.2g} standard errors" in str(ours)


def test_other_rows_than_those_of_the_fit_are_an_error(election):
    X, y = election
    model = SoftmaxRegression(C=np.inf).fit(X, y)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(y))
    with pytest.raises(ValueError, match="943 rows, but the model was fitted to 944"):
        model.inference(X[1:], y[1:])
    with pytest.raises(ValueError, match="weigh"):
        model.inference(X, y, weights, weights_are="frequencies")
    weights *= len(y) / weights.sum()
    with pytest.raises(ValueError, match="are not those of the fit"):
        model.inference(X, y, weights, weights_are="frequencies")
    with pytest.raises(ValueError, match="are not those of the fit"):
        model.inference(X, y[::-1])
    other = X.copy()
    other["age"] = X["age"].to_numpy()[::-1]
    with pytest.raises(ValueError, match="are not those of the fit"):
        model.inference(other, y)
    with pytest.raises(ValueError, match="feature names"):
        model.inference(X.rename(columns={"age": "years"}), y)
    model.set_params(C=1e-4)
    with pytest.raises(ValueError, match="a parameter of the model was changed"):
        model.inference(X, y)


def test_weights_of_the_fit_must_not_be_forgotten(election):
    X, y = election
    weights = np.random.default_rng(0).integers(1, 3, len(y))
    model = SoftmaxRegression(C=np.inf).fit(X, y, weights)
    with pytest.raises(ValueError, match="sample_weight of the fit"):
        model.inference(X, y)
    assert model.inference(X, y, weights, weights_are="frequencies").moved < 0.01


TOLS = [1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-14]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("cheap", [0.0, np.inf])
@pytest.mark.parametrize("tol", TOLS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_dummy_that_occurs_in_one_class_alone_has_no_finite_optimum(
    draw, tol, n_classes, cheap, monkeypatch
):
    """The fit may call itself converged; its coefficients grow as tol shrinks."""
    monkeypatch.setattr(polishing, "CHEAP", cheap)
    X, y = draw(n_classes, 300)
    dummy = (np.arange(300) % 3 == 0) & (y == 1)
    X = np.column_stack([X, dummy])
    model = SoftmaxRegression(C=np.inf, tol=tol).fit(X, y)
    for reference in range(n_classes):
        with pytest.raises(ValueError, match=r"no finite optimum|did not converge"):
            model.inference(X, y, reference=reference)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("cheap", [0.0, np.inf])
@pytest.mark.parametrize("tol", TOLS)
def test_separated_classes_are_an_error(dataset, tol, cheap, monkeypatch):
    monkeypatch.setattr(polishing, "CHEAP", cheap)
    X, y = dataset("iris")
    model = SoftmaxRegression(C=np.inf, tol=tol).fit(X, y)  # setosa is apart
    for reference in (0, 1, 2, "mean"):
        with pytest.raises(ValueError, match=r"no finite optimum|did not converge"):
            model.inference(X, y, reference=reference)
    X = np.arange(10.0)[:, None]
    model = SoftmaxRegression(C=np.inf).fit(X, X.ravel() > 4.5)
    with pytest.raises(ValueError, match="no finite optimum"):
        model.inference(X, X.ravel() > 4.5)


def test_classes_that_nearly_come_apart_are_no_false_alarm():
    """A thousand rows on a line, two of them misplaced; and a pair of three classes apart."""
    x = np.linspace(-3, 3, 1001)
    y = (x > 0).astype(int)
    y[[480, 520]] = 1 - y[[480, 520]]
    ours = SoftmaxRegression(C=np.inf).fit(x[:, None], y).inference(x[:, None], y)
    assert np.isfinite(ours.std_err).all()
    x = [-3, -2, -1, 1, 2, 3, -3.5, -1.5, -0.5, 0.5, 1.5, 3.5]
    X, y = np.array(x)[:, None], np.repeat([0, 1, 2], [3, 3, 6])
    ours = SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y)
    assert_allclose(ours.coef, [[1.3576, 0.0], [0.6788, 1.4355]], atol=6e-5)
    assert_allclose(ours.std_err, [[0.7380, 1.4493], [0.5296, 1.1174]], atol=6e-5)
    assert_allclose(ours.log_likelihood, -9.346757, atol=6e-7)
