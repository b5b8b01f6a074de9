"""The form of the rows changes nothing: sparse, narrow, far from zero, read-only, in blocks."""

import pickle
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from sk_softmax import SoftmaxRegression
from sk_softmax.inference import second_moments
from sk_softmax.inference.outcomes import outcomes_of
from sk_softmax.objective import DataTerm, targets_of
from sk_softmax.objective.cross_entropy import cross_entropy_of
from sk_softmax.rows import CSCRows, CSRRows, DenseRows, rows_of

KINDS = ("hessian", "opg", "HC0", "cluster")


def assert_same_covariance(ours, theirs, tolerance):
    """Compared in standard errors: a covariance near zero is a difference of larger numbers."""
    unit = 1 / np.sqrt(np.asarray(theirs.covariance).diagonal())
    off = np.asarray(ours.covariance) - np.asarray(theirs.covariance)
    assert_allclose(off * unit[:, None] * unit, 0, atol=tolerance)


def options_of(covariance, n_rows):
    groups = np.arange(n_rows) // 5 if covariance == "cluster" else None
    return {"covariance": covariance, "groups": groups}


@pytest.fixture(scope="module", params=[2, 3])
def sparse(request, draw):
    X, y = draw(request.param, 150)
    return X * (np.random.default_rng(3).random(X.shape) < 0.5), y


@pytest.mark.parametrize("covariance", KINDS)
@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, sp.csr_array])
def test_sparse_rows_give_what_dense_rows_give(sparse, infer, form, covariance):
    X, y = sparse
    options = options_of(covariance, len(y))
    dense, ours = infer(X, y, **options), infer(form(X), y, **options)
    assert_allclose(ours.coef, dense.coef, rtol=1e-8, atol=1e-10)
    assert_same_covariance(ours, dense, 1e-8)
    for one, other in [
        (ours.predict_interval(form(X[:20])), dense.predict_interval(X[:20])),
    ]:
        assert_allclose(one.low, other.low, rtol=1e-8)
        assert_allclose(one.high, other.high, rtol=1e-8)
    for at in ("each row", "mean"):
        effects = [i.marginal_effects(x, at) for i, x in ((ours, form(X)), (dense, X))]
        assert_allclose(effects[0].estimate, effects[1].estimate, rtol=1e-8, atol=1e-12)
        assert_allclose(effects[0].std_err, effects[1].std_err, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("covariance", KINDS)
@pytest.mark.parametrize("n_threads", [1, 3])
def test_blocks_pieces_strips_and_threads_change_nothing(
    sparse, infer, monkeypatch, covariance, n_threads
):
    X, y = sparse
    options = options_of(covariance, len(y))
    whole = infer(X, y, **options)
    for kind in (DenseRows, CSRRows, CSCRows):
        monkeypatch.setattr(kind, "_rows_per_block", lambda self: 60)
    monkeypatch.setattr(second_moments, "NUMBERS_AT_ONCE", 400)
    monkeypatch.setattr(second_moments, "FEW_ROWS", 16)
    monkeypatch.setattr(second_moments, "BYTES_OF_PART", 256)
    monkeypatch.setattr(second_moments, "FEW_COLUMNS", 0)
    for form in (np.asarray, sp.csr_matrix, sp.csc_matrix):
        model = SoftmaxRegression(C=np.inf, n_jobs=n_threads)
        ours = infer(form(X), y, model=model, **options)
        assert_allclose(ours.coef, whole.coef, rtol=1e-8, atol=1e-10)
        assert_same_covariance(ours, whole, 1e-8)
        effects = ours.marginal_effects(form(X))
        assert_allclose(effects.std_err, whole.marginal_effects(X).std_err, rtol=1e-8)


@pytest.mark.parametrize("covariance", KINDS)
def test_float32_rows_are_computed_in_float64(draw, infer, covariance):
    X, y = draw(3, 500)
    X = X.astype(np.float32)
    options = options_of(covariance, len(y))
    narrow, wide = infer(X, y, **options), infer(X.astype(np.float64), y, **options)
    assert_allclose(narrow.coef, wide.coef, rtol=1e-9, atol=1e-11)
    assert_same_covariance(narrow, wide, 1e-8)
    assert narrow.decrement <= 1e-10
    assert_allclose(narrow.log_likelihood, wide.log_likelihood, rtol=1e-12)
    intervals = [one.predict_interval(X[:9]).low for one in (narrow, wide)]
    assert_allclose(*intervals, rtol=1e-9)


@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("reference", [1, "mean"])
def test_columns_far_from_zero(draw, infer, form, n_classes, reference):
    """The slopes are those of centred columns, and so is everything that is no intercept.

    The intercept is ``b - m'w``, so its variance has a closed form in those of centred columns.
    """
    if n_classes == 2 and reference == "mean":
        pytest.skip("two classes have no mean")
    X, y = draw(n_classes, 400)
    X = np.round(X * 2**20) / 2**20
    origin = np.array([0.0, 2.0**13, 2.0**26, -(2.0**20)])
    near = infer(X, y, reference=reference)
    far = infer(form(X + origin), y, reference=reference)
    assert_allclose(far.coef[:, :-1], near.coef[:, :-1], rtol=1e-7, atol=1e-10)
    assert_allclose(far.std_err[:, :-1], near.std_err[:, :-1], rtol=1e-7)
    n, q = near.coef.shape
    blocks = np.asarray(near.covariance).reshape(n, q, n, q)
    function = np.append(-origin, 1.0)
    assert_allclose(far.coef[:, -1], near.coef @ function, rtol=1e-7)
    for k in range(n):
        expected = np.sqrt(function @ blocks[k, :, k] @ function)
        assert_allclose(far.std_err[k, -1], expected, rtol=1e-7)
    far_blocks = np.asarray(far.covariance).reshape(n, q, n, q)
    assert_allclose(far_blocks[0, 0, -1, -1], blocks[0, 0, -1] @ function, rtol=1e-6)
    one, other = far.predict_interval(form(X + origin)[:30]), near.predict_interval(X[:30])
    assert_allclose(one.low, other.low, rtol=1e-6)
    effects = [far.marginal_effects(form(X + origin)), near.marginal_effects(X)]
    assert_allclose(effects[0].std_err, effects[1].std_err, rtol=1e-6)
    assert_allclose(
        far.wald_test("x1 = 0, x2 = x3").statistic,
        near.wald_test("x1 = 0, x2 = x3").statistic,
        rtol=1e-6,
    )


def test_units_change_coefficients_alone(draw, infer):
    X, y = draw(3, 300)
    units = np.array([1e-8, 1.0, 1e6, 1e3])
    plain, scaled = infer(X, y), infer(X * units, y)
    assert_allclose(scaled.z, plain.z, rtol=1e-7)
    assert_allclose(scaled.coef[:, :-1] * units, plain.coef[:, :-1], rtol=1e-7)


def test_without_an_intercept(draw):
    import statsmodels.api as sm

    X, y = draw(3, 300)
    ours = SoftmaxRegression(C=np.inf, fit_intercept=False).fit(X, y).inference(X, y)
    theirs = sm.MNLogit(y, X).fit(method="newton", tol=1e-12, disp=False)
    assert ours.columns == ("x0", "x1", "x2", "x3")
    assert_allclose(ours.coef, np.asarray(theirs.params).T, rtol=1e-6, atol=1e-8)
    assert_allclose(ours.std_err, np.asarray(theirs.bse).T, rtol=1e-6)
    for name in ("log_likelihood_null", "pseudo_r2"):
        with pytest.raises(ValueError, match="no intercept"):
            getattr(ours, name)
    assert "null" not in str(ours)


def test_nothing_that_was_given_is_written_to_and_nothing_kept_can_be(draw, infer):
    X, y = draw(3, 100)
    weights, groups = np.ones(100), np.arange(100) // 4
    for array in (X, y, weights, groups):
        array.flags.writeable = False
    ours = infer(X, y, weights, weights_are="frequencies", covariance="cluster", groups=groups)
    for array in (ours.coef, ours.std_err, ours.estimate.covariance):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1.0
    with pytest.raises(AttributeError):
        ours.coef = None


@pytest.mark.parametrize("covariance", KINDS)
def test_covariances_are_symmetric_to_the_last_digit_and_in_c_order(draw, infer, covariance):
    X, y = draw(3, 200)
    matrix = infer(X, y, **options_of(covariance, 200)).estimate.covariance
    assert matrix.flags.c_contiguous  # blocks of it are views
    np.testing.assert_array_equal(matrix, matrix.T)


def test_the_model_is_left_as_it_was(draw):
    X, y = draw(3, 100)
    model = SoftmaxRegression(C=np.inf).fit(X, y)
    before = {name: np.array(value) for name, value in vars(model).items() if "coef" in name}
    model.inference(X, y)
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(model, name), value)


@pytest.mark.parametrize("covariance", ["hessian", "HC0"])
def test_the_number_of_threads_changes_no_digit(draw, infer, monkeypatch, covariance):
    for few_columns in (64, 0):
        monkeypatch.setattr(second_moments, "FEW_COLUMNS", few_columns)
        monkeypatch.setattr(second_moments, "BYTES_OF_PART", 256)
        monkeypatch.setattr(DenseRows, "_rows_per_block", lambda self: 60)
        X, y = draw(3, 500)
        one, three = (
            infer(X, y, model=SoftmaxRegression(C=np.inf, n_jobs=n), covariance=covariance)
            for n in (1, 3)
        )
        np.testing.assert_array_equal(one.coef, three.coef)
        np.testing.assert_array_equal(one.estimate.covariance, three.estimate.covariance)
        np.testing.assert_array_equal(one.predict_interval(X).low, three.predict_interval(X).low)


@pytest.mark.parametrize("n_kept", [3, 65])
def test_questions_can_be_put_to_parts(draw, monkeypatch, n_kept):
    """Answers from parts of the rows are added up, and lists of them joined."""
    X, y = draw(3, 500, 3)
    if n_kept == 65:
        monkeypatch.setattr(second_moments, "FEW_COLUMNS", 0)
    weights = np.random.default_rng(0).uniform(0.5, 2, 500)

    def term(rows):
        part = rows_of(X[rows], 3, has_intercept=True, n_threads=1)
        return DataTerm(
            part,
            targets_of(y[rows], 3),
            cross_entropy_of(3),
            (weights / weights.mean())[rows],
            first_row=rows.start,
            n_rows=500,
        )

    coordinates = second_moments.Coordinates(outcomes_of(np.arange(3), 1), np.array([0, 2, 3]))
    params = np.random.default_rng(1).normal(size=(3, 4))
    groups = np.arange(500) % 7
    edges = [slice(0, 1), slice(1, 300), slice(300, 500)]
    for kind in ("information", "scores", "labelled scores"):
        answers = [
            second_moments.second_moment(term(rows), params, coordinates, kind, power=2)
            for rows in [slice(0, 500), *edges]
        ]
        assert_allclose(sum(answers[1:]), answers[0], rtol=1e-10, atol=1e-14)
    sums = [
        second_moments.cluster_scores(term(rows), params, coordinates, groups, 7)
        for rows in [slice(0, 500), *edges]
    ]
    assert_allclose(sum(sums[1:]), sums[0], rtol=1e-10, atol=1e-12)
    question = partial(
        second_moments.scores_by_group, params=params, coordinates=coordinates, groups=groups
    )
    pickle.loads(pickle.dumps(question))
