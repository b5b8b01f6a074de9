"""Firth's bias reduction: closed forms, another package's figures, and the likelihood by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.optimize import brentq, minimize
from scipy.stats import chi2
from separated import TABLES
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression
from sk_softmax.inference import BiasReducedInference
from sk_softmax.objective import RegressionObjective, targets_of
from sk_softmax.objective.jeffreys import JeffreysObjective
from sk_softmax.rows import rows_of

FORMS = [np.asarray, sp.csr_matrix, sp.csc_matrix]


def firth(**parameters):
    return SoftmaxRegression(**{"C": np.inf, "bias_reduction": "firth", **parameters})


def inference(X, y, weight=None, reference=None, **parameters):
    model = firth(**parameters).fit(X, y, sample_weight=weight)
    return model.bias_reduced_inference(X, y, weight, reference=reference)


def table(n_classes, n_rows=60, n_features=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    logits = X @ rng.normal(size=(n_features, n_classes))
    y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)
    return X, y


def penalised_loss(log_odds, X, counts, base=0):
    """``- l - log det I / 2`` of log odds against a class, ``(n_classes - 1, n_columns)``."""
    design = np.column_stack([X, np.ones(len(X))])
    logits = np.insert(design @ log_odds.T, base, 0.0, axis=1)
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    p = np.delete(np.exp(log_p), base, axis=1)
    information = sum(
        n * np.kron(np.diag(q) - np.outer(q, q), np.outer(x, x))
        for n, q, x in zip(counts.sum(axis=1), p, design, strict=True)
    )
    return -(counts * log_p).sum() - np.linalg.slogdet(information)[1] / 2


# --- the objective ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_value_and_gradient(n_classes, dtype, form):
    X, y = table(n_classes)
    X = X.astype(dtype)
    weights = np.random.default_rng(1).integers(0, 4, len(y)).astype(float)
    rows = rows_of(form(X), n_classes, has_intercept=True, n_threads=1)
    plain = RegressionObjective(rows, targets_of(y, n_classes), n_classes, np.inf, weights)
    objective = JeffreysObjective(plain.data, plain.total_weight)
    params = np.random.default_rng(2).normal(size=plain.shape)
    log_odds = params if n_classes == 2 else params[1:] - params[0]
    counts = weights[:, None] * np.eye(n_classes)[y]
    by_hand = penalised_loss(log_odds, X.astype(float), counts)
    at_zero = penalised_loss(0 * log_odds, X.astype(float), counts)
    value = objective.evaluate(params).value - objective.evaluate(0 * params).value
    # Weights are in the width of the rows.
    rel = 1e-10 if dtype == np.float64 else 1e-7
    assert value * weights.sum() == pytest.approx(by_hand - at_zero, rel=rel)
    gradient = objective.evaluate(params).gradient
    numeric = np.zeros_like(params)
    for place in np.ndindex(params.shape):
        step = np.zeros_like(params)
        step[place] = 1e-5
        ahead, behind = objective.evaluate(params + step), objective.evaluate(params - step)
        numeric[place] = (ahead.value - behind.value) / 2e-5
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-9)


def test_the_value_of_a_model_is_that_of_its_last_record():
    X, y = table(3)
    model = firth().fit(X, y)
    assert model.converged_
    assert model.objective(X, y) == pytest.approx(model.loss_curve_[-1], rel=1e-12)
    around = model.params_ + 0.01 * np.random.default_rng(0).normal(size=(20, 3, 4))
    assert (model.objective(X, y, params=around) > model.loss_curve_[-1]).all()


# --- estimates ----------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [[3, 0], [0, 5], [4, 1, 0], [2, 0, 0, 7]])
def test_intercepts_alone_add_half_a_row_to_each_class(counts):
    """Jeffreys' prior of a multinomial is Dirichlet(1/2, ..., 1/2)."""
    counts = np.array(counts, dtype=float)
    X, classes = np.zeros((len(counts), 1)), np.arange(len(counts))
    model = firth(tol=1e-14).fit(X, classes, sample_weight=counts)
    expected = (counts + 0.5) / (counts + 0.5).sum()
    np.testing.assert_allclose(model.predict_proba([[0.0]])[0], expected, rtol=1e-6)
    assert (model.coef_ == 0).all()


def test_a_table_of_two_groups_adds_half_a_row_to_each_cell():
    counts = np.array([[7.0, 0, 2], [1, 4, 0]])
    X = np.repeat([[0.0], [1.0]], 3, axis=0)
    found = inference(X, np.tile([0, 1, 2], 2), counts.ravel())
    cells = np.log(counts + 0.5)
    odds = cells[:, 1:] - cells[:, :1]
    np.testing.assert_allclose(found.coef[:, 1], odds[0], atol=1e-7)
    np.testing.assert_allclose(found.coef[:, 0], odds[1] - odds[0], atol=1e-7)


# firthmodels 0.8.2 (MIT), FirthLogisticRegression with profile likelihood, and for the standard
# errors I^-1 written out.
SPECTOR = {
    "coef": [2.2844646, 0.0705678, 2.0066819, -10.4332702],
    "std_err": [1.1236, 0.1306, 0.9534, 4.1590],
    "low": [0.3785461, -0.1642706, 0.3144423, -20.4767372],
    "high": [4.7650644, 0.3418085, 4.1077272, -3.5345695],
    "log_likelihood": -10.241413145,
}
QUASI = {
    "coef": [0.2323424, 0.3775790, 3.6587674, -1.6754027],
    "low": [-0.1438251, -0.5098837, 1.3078721, -3.8071034],
    "high": [0.6563604, 1.3377383, 8.6349710, 0.0479643],
    "p_value": [0.2308848325, 0.4073207005, 0.0005290648],
    "log_likelihood": -17.128401091583708,
}


def quasi_separated():
    number = np.arange(40)
    X = np.column_stack([number % 7, number % 3, number % 5 == 0]).astype(float)
    y = (number * 7 % 11 < 4).astype(int)
    y[X[:, 2] == 1] = 1
    return X, y


def test_figures_of_another_package_for_spector():
    spector = pytest.importorskip("statsmodels.datasets").spector.load_pandas()
    found = inference(spector.exog.to_numpy(), spector.endog.to_numpy().astype(int))
    np.testing.assert_allclose(found.coef[0], SPECTOR["coef"], atol=1e-7)
    np.testing.assert_allclose(found.std_err[0], SPECTOR["std_err"], atol=5e-5)
    intervals = found.conf_int()[0]
    np.testing.assert_allclose(intervals[:, 0], SPECTOR["low"], atol=1e-6)
    np.testing.assert_allclose(intervals[:, 1], SPECTOR["high"], atol=1e-6)
    assert found.penalised_log_likelihood == pytest.approx(SPECTOR["log_likelihood"], abs=1e-8)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_figures_of_another_package_for_a_separated_table(form):
    X, y = quasi_separated()
    found = inference(form(X), y)
    np.testing.assert_allclose(found.coef[0], QUASI["coef"], atol=1e-7)
    intervals = found.conf_int()[0]
    np.testing.assert_allclose(intervals[:, 0], QUASI["low"], atol=1e-6)
    np.testing.assert_allclose(intervals[:, 1], QUASI["high"], atol=1e-6)
    _, p_values = found.likelihood_ratio_tests()
    np.testing.assert_allclose(p_values[0, :3], QUASI["p_value"], rtol=1e-6)
    assert found.penalised_log_likelihood == pytest.approx(QUASI["log_likelihood"], abs=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_the_maximum_of_the_likelihood_by_hand(n_classes):
    X, y = table(n_classes)
    counts = np.eye(n_classes)[y]
    best = minimize(
        lambda flat: penalised_loss(flat.reshape(n_classes - 1, 4), X, counts),
        np.zeros(4 * (n_classes - 1)),
        method="BFGS",
        options={"gtol": 1e-7},
    )
    found = inference(X, y)
    np.testing.assert_allclose(found.coef.ravel(), best.x, atol=2e-5)
    assert found.penalised_log_likelihood == pytest.approx(-best.fun, abs=1e-8)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("solver", ["auto", "newton-cholesky"])
def test_estimates_are_finite_on_every_table(name, solver):
    X, y, kind = TABLES[name]
    model = firth(solver=solver).fit(X, y)
    assert model.converged_
    # They do not grow as tol shrinks, as those without a penalty do.
    near, nearer = (firth(solver=solver, tol=tol).fit(X, y) for tol in (1e-10, 1e-13))
    assert nearer.converged_
    np.testing.assert_allclose(near.params_, nearer.params_, rtol=1e-3, atol=1e-3)
    if kind == "complete":
        given = np.asarray(y) if np.ndim(y) == 1 else np.argmax(y, axis=1)
        assert model.score(X, given) == 1


# --- what does not change it --------------------------------------------------------------------


def grouped():
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1], [2, 1]])
    counts = np.array([[5, 0, 2], [3, 1, 4], [0, 6, 1], [2, 2, 0], [1, 5, 3]])
    return X, counts


@pytest.mark.parametrize("n_classes", [2, 3])
def test_grouped_rows_are_single_rows(n_classes):
    X, counts = grouped()
    counts = counts[:, :n_classes] + (np.arange(5) == 4)[:, None]
    totals = counts.sum(axis=1).astype(float)
    together = inference(X, counts / totals[:, None], totals)
    single_X = np.repeat(np.repeat(X, n_classes, axis=0), counts.ravel(), axis=0)
    single_y = np.repeat(np.tile(np.arange(n_classes), 5), counts.ravel())
    single = inference(single_X, single_y)
    weighted = inference(
        np.repeat(X, n_classes, axis=0), np.tile(np.arange(n_classes), 5), counts.ravel() * 1.0
    )
    for other in (together, weighted):
        np.testing.assert_allclose(other.coef, single.coef, atol=1e-8)
        np.testing.assert_allclose(other.std_err, single.std_err, atol=1e-8)
        np.testing.assert_allclose(other.conf_int(), single.conf_int(), atol=1e-6)
        assert other.penalised_log_likelihood == pytest.approx(single.penalised_log_likelihood)
        assert other.n_observations == counts.sum()


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_reference_does_not_matter(n_classes):
    X, y = table(n_classes)
    first, last = inference(X, y), inference(X, y, reference=n_classes - 1)
    assert first.outcomes == tuple(range(1, n_classes))
    assert last.outcomes == tuple(range(n_classes - 1))
    np.testing.assert_allclose(last.coef[0], -first.coef[-1], atol=1e-8)
    np.testing.assert_allclose(last.std_err[0], first.std_err[-1], atol=1e-8)
    np.testing.assert_allclose(last.conf_int()[0], -first.conf_int()[-1, :, ::-1], atol=1e-6)
    # The labels in another order give another first class, and the same model.
    turned = inference(X, n_classes - 1 - y)
    np.testing.assert_allclose(turned.coef[-1], -first.coef[-1], atol=1e-7)
    assert turned.penalised_log_likelihood == pytest.approx(first.penalised_log_likelihood)
    counts = np.eye(n_classes)[y]
    by_hand = penalised_loss(last.coef, X, counts, base=n_classes - 1)
    assert -by_hand == pytest.approx(first.penalised_log_likelihood, abs=1e-9)


def test_deviations_from_the_mean():
    X, y = table(3)
    first, mean = inference(X, y), inference(X, y, reference="mean")
    np.testing.assert_allclose(mean.coef.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(mean.coef[1:] - mean.coef[0], first.coef, atol=1e-9)
    np.testing.assert_allclose(mean.coef[:, :-1], firth(tol=1e-13).fit(X, y).coef_, atol=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_columns_of_any_size_and_far_from_zero(n_classes):
    X, y = table(n_classes)
    unit, shift = np.array([1e-3, 1.0, 1e4]), np.array([0.0, 1e6, 3e5])
    plain, moved = inference(X, y), inference(X * unit + shift, y)
    np.testing.assert_allclose(moved.coef[:, :-1] * unit, plain.coef[:, :-1], atol=1e-6)
    np.testing.assert_allclose(moved.std_err[:, :-1] * unit, plain.std_err[:, :-1], rtol=1e-6)
    ours = moved.conf_int(columns=[1])[:, 1]
    np.testing.assert_allclose(ours, plain.conf_int(columns=[1])[:, 1], rtol=1e-5)
    # The intercept of the given columns is a sum over the coefficients.
    at_mean = moved.coef[:, :-1] @ shift + moved.coef[:, -1]
    np.testing.assert_allclose(at_mean, plain.coef[:, -1], atol=1e-4)
    narrow = firth(tol=1e-12).fit((X * unit + [0.0, 1e3, 3e5]).astype(np.float32), y)
    assert narrow.coef_.dtype == np.float32
    wide = firth(tol=1e-12).fit(X * unit + [0.0, 1e3, 3e5], y)
    np.testing.assert_allclose(narrow.coef_ * unit, wide.coef_ * unit, atol=2e-3)


def test_columns_that_depend_on_others():
    X, y = table(3)
    redundant = np.column_stack([X, X[:, 0] - X[:, 1], np.ones(len(X)), np.zeros(len(X))])
    plain, model = firth(tol=1e-12).fit(X, y), firth(tol=1e-12).fit(redundant, y)
    np.testing.assert_allclose(
        model.predict_proba(redundant), plain.predict_proba(X), rtol=0, atol=1e-6
    )
    with pytest.raises(ValueError, match=r"The columns .*5.* are linear combinations of others"):
        model.bias_reduced_inference(redundant, y)


# --- profiles -----------------------------------------------------------------------------------


def fixed_by_hand(X, counts, place, value, start):
    """Return the least penalised loss with one log odds held at a value."""
    free = np.ones(start.shape, dtype=bool)
    free[place] = False

    def loss(rest):
        log_odds = np.full(start.shape, value)
        log_odds[free] = rest
        return penalised_loss(log_odds, X, counts)

    return minimize(loss, start[free], method="BFGS", options={"gtol": 1e-6}).fun


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_intervals_and_tests_by_hand(level):
    X, y = table(3, n_rows=40, n_features=1)
    counts = np.eye(3)[y]
    found = inference(X, y)
    intervals = found.conf_int(level)
    statistics, p_values = found.likelihood_ratio_tests()
    least = -found.penalised_log_likelihood
    for place in [(0, 0), (1, 1)]:
        for end in intervals[place]:
            fall = 2 * (fixed_by_hand(X, counts, place, end, found.coef) - least)
            assert fall == pytest.approx(chi2.ppf(level, 1), abs=1e-4)
        fall = 2 * (fixed_by_hand(X, counts, place, 0.0, found.coef) - least)
        assert statistics[place] == pytest.approx(fall, abs=1e-4)
        assert p_values[place] == pytest.approx(chi2.sf(fall, 1), abs=1e-4)


def test_an_interval_of_a_binomial_is_that_of_its_own_likelihood():
    """It is ``(y + 1/2) log p + (n - y + 1/2) log(1 - p)``."""
    weight = np.array([9.0, 0.0])
    found = inference(np.ones((2, 1)), [0, 1], weight, fit_intercept=False)

    def fall(log_odds):
        def loss(z):
            return 9.5 * np.logaddexp(0, z) + 0.5 * np.logaddexp(0, -z)

        return 2 * (loss(log_odds) - loss(np.log(0.5 / 9.5))) - chi2.ppf(0.95, 1)

    middle = np.log(0.5 / 9.5)
    ends = brentq(fall, middle - 30, middle, xtol=1e-12), brentq(fall, middle, 5, xtol=1e-12)
    np.testing.assert_allclose(found.conf_int()[0, 0], ends, rtol=1e-8)
    assert found.columns == (0,)


def test_levels_of_any_size_end():
    X, y = quasi_separated()
    found = inference(X, y)
    last = found.conf_int(0.1, columns=[2])[0, 2]
    for level in (0.9, 0.99, 1 - 1e-6, 1 - 1e-12):
        wider = found.conf_int(level, columns=[2])[0, 2]
        assert wider[0] < last[0] < last[1] < wider[1]
        last = wider
    assert np.isnan(found.conf_int(0.9, columns=[2])[0, 0]).all()


def test_iris_has_intervals():
    X, y = load_iris(return_X_y=True)
    found = inference(X, y)
    intervals = found.conf_int()
    assert np.isfinite(intervals).all()
    assert (intervals[..., 0] < found.coef).all()
    assert (found.coef < intervals[..., 1]).all()


# --- as an estimator ----------------------------------------------------------------------------


def test_it_is_read_as_text_and_as_a_frame():
    X, y = quasi_separated()
    frame = pd.DataFrame(X, columns=["age", "dose", "male"])
    found = inference(frame, np.array(["no", "yes"])[y])
    assert isinstance(found, BiasReducedInference)
    assert found.columns == ("age", "dose", "male", "intercept")
    text = str(found)
    assert "class 'yes'" in text
    assert "log odds against 'no'" in text
    assert "3.6588" in text
    values = found.to_frame()
    assert values.loc[("yes", "male"), "high"] == pytest.approx(QUASI["high"][2], abs=1e-6)
    assert list(values.columns) == ["coef", "std_err", "low", "high", "chi_square", "p_value"]
    frame.columns = ["age", "dose", "intercept"]
    twice = inference(frame, y)
    assert twice.columns == ("age", "dose", "intercept", "(intercept)")
    ends = twice.conf_int(columns=["(intercept)"])[0, 3]
    np.testing.assert_allclose(ends, [QUASI["low"][3], QUASI["high"][3]], atol=1e-6)
    with pytest.raises(AttributeError):
        found.coef = 0
    with pytest.raises(ValueError, match="columns holds 'height'"):
        found.conf_int(columns=["height"])
    with pytest.raises(ValueError, match="level=95"):
        found.conf_int(95)


def test_searches_pipelines_and_copies():
    X, y = table(3)
    model = firth()
    assert clone(model).get_params() == model.get_params()
    assert len(cross_val_score(make_pipeline(StandardScaler(), model), X, y, cv=3)) == 3
    search = GridSearchCV(SoftmaxRegression(C=np.inf), {"bias_reduction": [None, "firth"]}, cv=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert search.fit(X, y).best_params_["bias_reduction"] in (None, "firth")


def test_starts_paths_and_validation_rows():
    X, y = table(3)
    model = firth(warm_start=True, keep_path=True, tol=1e-10)
    model.fit(X, y, X_val=X[:20], y_val=y[:20])
    first = model.n_iter_[0]
    assert len(model.path_) == first + 1
    assert np.isfinite(model.history_["validation_loss"]).all()
    coef = model.coef_
    model.fit(X, y)
    assert model.n_iter_[0] < first
    np.testing.assert_allclose(model.coef_, coef, atol=1e-5)
    model.coef_ = model.coef_ * 1e6  # where no row has curvature
    model.fit(X, y)
    np.testing.assert_allclose(model.coef_, coef, atol=1e-4)
    start = firth(max_iter=0)
    with pytest.warns(UserWarning, match="max_iter is 0"):
        start.fit(X, y)
    assert (start.coef_ == 0).all()


def test_weights_count_rows():
    X, y = table(2)
    once, twice = firth(tol=1e-12).fit(X, y), firth(tol=1e-12).fit(X, y, np.full(60, 2.0))
    repeated = firth(tol=1e-12).fit(np.vstack([X, X]), np.tile(y, 2))
    np.testing.assert_allclose(twice.coef_, repeated.coef_, atol=1e-6)
    assert np.abs(twice.coef_ - once.coef_).max() > 0.01


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"C": 1.0}, r"C=1.0: set C=numpy.inf"),
        ({"bias_reduction": "jeffreys"}, "bias_reduction='jeffreys' is not a value"),
        ({"bias_reduction": True}, "bias_reduction=True is not a value"),
        ({"lower_bounds": 0.0}, "takes no lower_bounds"),
        ({"label_smoothing": 0.1}, "set label_smoothing=0"),
        ({"early_stopping": True}, "set early_stopping=False"),
        ({"solver": "lbfgs"}, "not by solver='lbfgs'"),
        ({"solver": "sgd"}, "not by solver='sgd'"),
    ],
)
def test_parameters_that_do_not_go_together(parameters, message):
    with pytest.raises(ValueError, match=message):
        firth(**parameters).fit(*table(3))


def test_too_many_parameters():
    X = np.zeros((10, 400))
    with pytest.raises(ValueError, match="up to 1,000 parameters, and this problem has 1,203"):
        firth().fit(X, np.arange(10) % 4)


def test_an_inference_of_something_else():
    X, y = table(3)
    model = firth().fit(X, y)
    with pytest.raises(ValueError, match="are not those of the fit"):
        model.bias_reduced_inference(X[:40], y[:40])
    with pytest.raises(ValueError, match="are not those of the fit"):
        model.bias_reduced_inference(X, y, np.full(60, 2.0))
    with pytest.raises(ValueError, match="reference=7 is none of the classes"):
        model.bias_reduced_inference(X, y, reference=7)
    with pytest.raises(ValueError, match="has bias_reduction=None"):
        SoftmaxRegression(C=np.inf).fit(X, y).bias_reduced_inference(X, y)
    two = firth().fit(X, y > 0)
    with pytest.raises(ValueError, match="needs three classes or more"):
        two.bias_reduced_inference(X, y > 0, reference="mean")
