"""Fits without standard errors, and requests that do not exist: each error says why."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from sk_softmax import SoftmaxRegression
from sk_softmax.inference import refusals


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"C": 0.5, "l1_ratio": 0.5}, "on rows that were not used to select them"),
        ({"C": 0.5, "l1_ratio": 1.0, "grouped": True}, "L1 penalty has selected"),
        ({"lower_bounds": 0.0}, "'x[0-9]' is at its bound"),
        ({"label_smoothing": 0.1}, "label_smoothing=0"),
        ({"early_stopping": True}, "early_stopping=False"),
        ({"solver": "sgd", "max_iter": 3}, "SGD learns from minibatches"),
    ],
)
def test_fits_without_standard_errors(draw, options, said):
    X, y = draw(3, 120)
    model = SoftmaxRegression(**{"C": np.inf, "random_state": 0} | options).fit(X, y)
    with pytest.raises(ValueError, match=said):
        model.inference(X, y)


def test_bounds_that_no_coefficient_reaches_are_none(draw, infer):
    X, y = draw(2, 200)
    model = SoftmaxRegression(C=np.inf, lower_bounds=-50, upper_bounds=50).fit(X, y)
    np.testing.assert_allclose(model.inference(X, y).coef, infer(X, y).coef, rtol=1e-6)


def test_no_l1_without_a_penalty(draw, infer):
    X, y = draw(3, 200)
    model = SoftmaxRegression(C=np.inf, l1_ratio=1.0).fit(X, y)
    np.testing.assert_allclose(model.inference(X, y).coef, infer(X, y).coef, rtol=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fits_that_did_not_converge(draw):
    X, y = draw(3, 200)
    model = SoftmaxRegression(C=np.inf, solver="gd", max_iter=3).fit(X, y)
    with pytest.raises(ValueError, match="did not converge: max_iter was reached"):
        model.inference(X, y)
    model = SoftmaxRegression(solver="sgd", random_state=0).fit(X, y)
    model.partial_fit(X, y)
    model.set_params(solver="auto")
    with pytest.raises(ValueError, match="did not converge"):
        model.inference(X, y)
    with pytest.raises(NotFittedError):
        SoftmaxRegression().inference(X, y)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"covariance": "HC3"}, "covariance='HC3' must be one of 'hessian', 'opg'"),
        ({"covariance": ["HC0"]}, "must be one of"),
        ({"covariance": "cluster"}, "needs groups="),
        ({"groups": np.zeros(60)}, "with covariance='cluster' only"),
        ({"covariance": "cluster", "groups": np.zeros(60)}, "one cluster only"),
        ({"covariance": "cluster", "groups": np.zeros(59)}, r"expected the cluster .* \(60,\)"),
        (
            {"covariance": "cluster", "groups": np.r_[np.nan, np.zeros(59)]},
            "Row 0 of groups is NaN",
        ),
        (
            {"covariance": "cluster", "groups": np.array([None, *range(59)], dtype=object)},
            "all of one kind",
        ),
        ({"weights_are": "counts"}, "'frequencies', 'probabilities', None"),
        ({"small_sample": "stata"}, "'hessian' has none"),
        ({"small_sample": "sas", "covariance": "HC1"}, "'stata', None"),
        ({"penalised": "both"}, "'posterior', 'sampling'"),
        ({"allow_penalty": "yes"}, "True or False"),
    ],
)
def test_requests_that_do_not_exist(draw, infer, options, said):
    X, y = draw(3, 60)
    with pytest.raises(ValueError, match=said):
        infer(X, y, **options)


def test_too_few_rows_for_a_factor(draw, infer):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 3)), np.tile([0, 1, 2], 4)
    groups = np.arange(12) // 2
    model = SoftmaxRegression(C=0.1)
    for options in ({"covariance": "HC1"}, {"covariance": "cluster", "groups": groups}):
        options |= {"penalised": "sampling"}
        assert infer(X, y, model=model, **options).n_parameters == 8
        X = np.column_stack([X, X**2])
        with pytest.raises(ValueError, match="leave no factor"):
            infer(X, y, model=model, **options)
        infer(X, y, model=model, small_sample="stata", **options)
        X = X[:, :3]


def test_a_covariance_that_is_too_large_is_refused_at_once(draw, monkeypatch, infer):
    X, y = draw(3, 60)
    monkeypatch.setattr(refusals, "MOST_BYTES", 799)
    with pytest.raises(MemoryError, match=r"The covariance of 10 coefficients takes 0\.0 GB"):
        infer(X, y)


def test_nothing_else_is_forgotten(draw, infer):
    X, y = draw(3, 60)
    with pytest.raises(TypeError, match="exposure"):
        infer(X, y, exposure=np.zeros(60))


def test_separated_classes_and_features_are_named():
    X, y = load_iris(return_X_y=True, as_frame=True)
    with pytest.warns(ConvergenceWarning, match="separated"):
        model = SoftmaxRegression(C=np.inf).fit(X, y)
    with pytest.raises(ValueError, match=r"(?s)0 from 1, 0 from 2.*'petal width \(cm\)'"):
        model.inference(X, y)


def test_a_bias_reduced_fit_has_an_inference_of_its_own():
    X, y = np.arange(6.0)[:, None], [0, 0, 0, 1, 1, 1]
    model = SoftmaxRegression(C=np.inf, bias_reduction="firth").fit(X, y)
    with pytest.raises(ValueError, match="call bias_reduced_inference"):
        model.inference(X, y)
