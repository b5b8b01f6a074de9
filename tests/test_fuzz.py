"""Fits of anything a user may come with: an error that names what is wrong, or a model that is so.

``pytest tests/test_fuzz.py --hypothesis-profile=thorough`` tries thousands of them.
"""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from rival import Problem
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression

NONSMOOTH = ["auto", "proximal-newton", "proximal-lbfgs"]
LITERAL = ["gd", "sgd", "rmsprop", "adam"]
TOL = 1e-6

NAMES = (
    "X", "y", "C", "column", "feature", "class", "sample_weight", "class_weight", "l1_ratio",
    "penalty_factor", "lower_bounds", "upper_bounds", "solver", "grouped", "warm_start", "tol",
)  # fmt: skip

FORMS = {
    "C order": np.ascontiguousarray,
    "F order": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "CSR": sp.csr_matrix,
    "CSC": sp.csc_matrix,
    "CSR array": sp.csr_array,
    "COO": sp.coo_matrix,
}


@st.composite
def columns(draw, rng, n_rows, n_features, dtype):
    """Columns of all sizes and origins, some of them constant, binary or mostly zero."""
    X = rng.standard_normal((n_rows, n_features))
    most = 30 if dtype == np.float32 else 148
    for j in range(n_features):
        kind = draw(st.sampled_from(["plain"] * 4 + ["size", "origin", "origin", "both", "odd"]))
        if kind in ("size", "both"):
            X[:, j] *= 10.0 ** draw(st.integers(-most, most))
        if kind in ("origin", "both"):
            r = 10.0 ** draw(st.integers(0, 4 if dtype == np.float32 else 8))
            X[:, j] += r * np.abs(X[:, j]).max(initial=0.0)
        if kind == "odd":
            X[:, j] = draw(
                st.sampled_from(
                    [
                        np.full(n_rows, 0.1),
                        np.zeros(n_rows),
                        (rng.random(n_rows) < 0.3).astype(float),
                        np.where(rng.random(n_rows) < 0.1, 1e12, 1000 + rng.random(n_rows)),
                        np.where(rng.random(n_rows) < 0.5, 1.0, np.nextafter(1.0, 2.0)),
                        np.repeat(rng.standard_normal(1), n_rows),
                    ]
                )
            )
    if n_features > 1 and draw(st.integers(0, 5)) == 0:
        X[:, -1] = X[:, 0]
    return X.astype(dtype)


@st.composite
def weights_of(draw, rng, n_rows):
    kind = draw(st.sampled_from(["none"] * 4 + ["random", "zeros", "sizes", "huge", "one"]))
    if kind == "none":
        return None
    weights = rng.random(n_rows) + 0.1
    if kind == "zeros":
        weights[rng.random(n_rows) < 0.5] = 0.0
        weights[0] = 1.0
    if kind == "sizes":
        weights = 10.0 ** rng.uniform(-12, 12, n_rows)
    if kind == "huge":
        weights *= 10.0 ** draw(st.integers(-200, 200))
    if kind == "one":
        weights[1:] = 0.0
    return weights


@st.composite
def bounds_of(draw, rng, n_outputs, n_features):
    kind = draw(st.sampled_from(["none"] * 5 + ["positive", "box", "features", "each"]))
    if kind == "none":
        return -np.inf, np.inf
    if kind == "positive":
        return 0.0, np.inf
    if kind == "box":
        return -draw(st.floats(0, 10)), draw(st.floats(0, 10))
    shape = (n_features,) if kind == "features" else (n_outputs, n_features)
    lower = np.where(rng.random(shape) < 0.5, -np.inf, -rng.random(shape))
    return lower, np.where(rng.random(shape) < 0.5, np.inf, rng.random(shape))


@st.composite
def cases(draw):
    """Rows, targets, weights and parameters of one fit."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_rows = draw(st.sampled_from([1, 2, 3, 5, 12, 40, 40, 90]))
    n_features = draw(st.sampled_from([1, 1, 2, 3, 5, 8]))
    n_classes = draw(st.sampled_from([2, 2, 3, 3, 4]))
    n_outputs = n_classes if n_classes > 2 else 1
    dtype = draw(st.sampled_from([np.float64, np.float64, np.float32]))
    X = draw(columns(rng, n_rows, n_features, dtype))
    noise = draw(st.sampled_from([1.0, 1.0, 0.3, 0.0]))
    size = np.abs(X).max(axis=0, initial=1e-300)
    logits = (X / np.where(size > 0, size, 1)) @ rng.standard_normal((n_features, n_classes)) * 4
    labels = (logits + noise * rng.gumbel(size=logits.shape)).argmax(axis=1)
    is_soft = draw(st.integers(0, 4)) == 0
    y = rng.dirichlet(np.ones(n_classes), n_rows) if is_soft else labels
    solver = draw(
        st.sampled_from([*NONSMOOTH, "auto", "auto", "lbfgs", "newton-cholesky", *LITERAL])
    )
    takes_all = solver in NONSMOOTH or draw(st.integers(0, 9)) == 0
    l1_ratio = draw(st.sampled_from([0.0, 0.0, 0.5, 1.0])) if takes_all else 0.0
    lower, upper = -np.inf, np.inf
    if takes_all:
        lower, upper = draw(bounds_of(rng, n_outputs, n_features))
    C = draw(
        st.one_of(
            st.sampled_from([1.0, 0.1, 10.0, 1e3, np.inf]),
            st.sampled_from([1.0, 1.0, 0.01, 30.0, 1e6]),
            st.floats(min_value=1e-6, max_value=1e9),
            st.floats(min_value=0, exclude_min=True),
        )
    )
    factors = None
    if draw(st.integers(0, 5)) == 0:
        factors = np.where(rng.random(n_features) < 0.3, 0.0, rng.random(n_features) * 3)
    parameters = dict(
        C=C,
        l1_ratio=l1_ratio,
        grouped=draw(st.integers(0, 5)) == 0,
        penalty_factor=factors,
        lower_bounds=lower,
        upper_bounds=upper,
        fit_intercept=draw(st.integers(0, 3)) > 0,
        solver=solver,
        tol=TOL,
        max_iter=50 if solver in LITERAL else None,
        random_state=0,
    )
    start = None
    if draw(st.integers(0, 4)) == 0:
        start = rng.standard_normal((n_outputs, n_features + 1)) * draw(
            st.sampled_from([1.0, 30.0])
        )
        start = start + draw(st.sampled_from([0.0, 5.0]))
    form = draw(st.sampled_from(list(FORMS)))
    return X, y, n_classes, draw(weights_of(rng, n_rows)), parameters, start, form


def given_to(X, form):
    given = FORMS[form](X)
    for array in [given] if isinstance(given, np.ndarray) else [given.data]:
        array.flags.writeable = False
    return given


def fit(X, y, weights, parameters, start):
    """Return a model, or None and the error; anything else that happens is a fault."""
    model = SoftmaxRegression(**parameters)
    if start is not None:
        model.set_params(warm_start=True)
        classes = np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])
        n_outputs = len(classes) if len(classes) > 2 else 1
        model.classes_, model.coef_ = classes, start[:n_outputs, :-1].copy()
        model.intercept_ = start[:n_outputs, -1].copy() * parameters["fit_intercept"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The values of column", UserWarning)
        try:
            return model.fit(X, y, sample_weight=weights), None
        except (ValueError, TypeError) as error:
            return None, error


def problem_of(X, y, weights, parameters, n_outputs):
    """Return the definition of what was fitted."""
    classes = np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])
    n_features = X.shape[1]
    factors = parameters["penalty_factor"]
    shape = n_outputs, n_features
    return Problem(
        X=X.astype(np.float64),
        targets=(y[:, None] == classes).astype(float) if y.ndim == 1 else y,
        weights=np.ones(len(X)) if weights is None else weights,
        C=parameters["C"],
        l1_ratio=parameters["l1_ratio"],
        grouped=parameters["grouped"] and parameters["l1_ratio"] > 0 and n_outputs > 1,
        factors=np.ones(n_features) if factors is None else factors,
        lower=np.broadcast_to(parameters["lower_bounds"], shape),
        upper=np.broadcast_to(parameters["upper_bounds"], shape),
        has_intercept=parameters["fit_intercept"],
    )


@settings(
    max_examples=5 * settings.default.max_examples,
    suppress_health_check=list(HealthCheck),
)
@given(cases())
def test_a_fit_is_an_error_in_words_or_a_model_that_is_so(case):
    X, y, _, weights, parameters, start, form = case
    rows = given_to(X, form)
    y_before, weights_before = y.copy(), None if weights is None else weights.copy()
    model, error = fit(rows, y, weights, parameters, start)
    np.testing.assert_array_equal(y, y_before)
    assert weights is None or (weights == weights_before).all()
    np.testing.assert_array_equal(rows.toarray() if sp.issparse(rows) else rows, X)
    if error is not None:
        event("an error")
        assert any(name in str(error) for name in NAMES), error
        return
    assert np.isfinite(model.params_).all()
    probabilities = model.predict_proba(rows)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (model.coef_ >= parameters["lower_bounds"]).all()
    assert (model.coef_ <= parameters["upper_bounds"]).all()
    assert_honest(model, X, y, weights, parameters)


def assert_honest(model, X, y, weights, parameters):
    """What it claims, and its bound, hold against the lowest value that SciPy finds."""
    eps = float(np.finfo(X.dtype).eps)
    problem = problem_of(X, y, weights, parameters, len(model.coef_))
    coef, intercept = model.coef_.astype(float), model.intercept_.astype(float)
    here = problem.value(coef, intercept)
    assume(np.isfinite(here))
    with np.errstate(all="ignore"):
        least = problem.lowest(coef, intercept)
    # What is reported is rounded: so is what it says of columns that lost their digits before.
    in_logits = 4 * np.finfo(float).eps * (np.abs(coef) @ np.abs(problem.shift)).max()
    rounding = 16 * eps * max(here, 1.0) + min(in_logits, 1e100) ** 2
    event(f"converged: {model.converged_}")
    assert here - least <= model.duality_gap_ + rounding
    if model.converged_:
        assert here - least <= 3 * TOL * least + rounding


@given(st.floats(max_value=0.0) | st.just(np.nan))
def test_a_penalty_that_is_none(C):
    with pytest.raises(ValueError, match=r"C=.* is not a value that SoftmaxRegression takes"):
        SoftmaxRegression(C=C).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize("shape", [(0, 2), (3, 0), (1, 0)])
def test_no_rows_or_no_columns(shape):
    with pytest.raises(ValueError, match=r"0 (sample|feature)\(s\)"):
        SoftmaxRegression().fit(np.zeros(shape), np.arange(shape[0]) % 2)
