"""References are related by a linear map; the mean is tested by pseudo-inverse."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

COVARIANCES = [{"covariance": "hessian"}, {"covariance": "HC0"}]


def blocks(inference):
    n, q = inference.coef.shape
    return np.asarray(inference.covariance).reshape(n, q, n, q)


def by_map(inference, to):
    """Coefficients and covariance by the map ``to`` of the classes, the reference's being zero."""
    whole = np.zeros((len(inference.classes), len(inference.outcomes)))
    rows = [inference.classes.index(outcome) for outcome in inference.outcomes]
    whole[rows, np.arange(len(rows))] = 1
    A = to @ whole
    covariance = np.einsum("ka,aibj,lb->kilj", A, blocks(inference), A)
    return A @ inference.coef, covariance


@pytest.mark.parametrize("options", COVARIANCES)
@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_every_reference_follows_from_the_first(draw, infer, n_classes, options):
    X, y = draw(n_classes)
    first = infer(X, y, **options)
    for reference in range(1, n_classes):
        ours = infer(X, y, reference=reference, **options)
        others = [k for k in range(n_classes) if k != reference]
        assert ours.outcomes == tuple(others)
        to = np.eye(n_classes)[others] - np.eye(n_classes)[reference]
        coef, covariance = by_map(first, to)
        assert_allclose(ours.coef, coef, rtol=1e-8, atol=1e-10)
        assert_allclose(blocks(ours), covariance, rtol=1e-7, atol=1e-10)
        assert_allclose(ours.std_err**2, np.einsum("kiki->ki", covariance), rtol=1e-7)


@pytest.mark.parametrize("options", COVARIANCES)
def test_the_mean_follows_from_the_first_and_has_its_rank(draw, infer, options):
    X, y = draw(4)
    first, mean = infer(X, y, **options), infer(X, y, reference="mean", **options)
    coef, covariance = by_map(first, np.eye(4) - 1 / 4)
    assert mean.outcomes == mean.classes
    assert_allclose(mean.coef, coef, rtol=1e-8, atol=1e-10)
    assert_allclose(mean.coef.sum(axis=0), 0, atol=1e-12)
    assert_allclose(blocks(mean), covariance, rtol=1e-7, atol=1e-10)
    assert_allclose(mean.std_err**2, np.einsum("kiki->ki", covariance), rtol=1e-7)
    assert np.linalg.matrix_rank(np.asarray(mean.covariance)) == mean.n_parameters == 15
    assert "singular, of rank 15" in str(mean)


def test_tests_over_all_classes_do_not_depend_on_the_reference(election, election_fit):
    """The pseudo-inverse by its definition; figures of the Wald tests for all references."""
    mean = election_fit.inference(*election, reference="mean")
    figures = [16.092246, 257.027362, 19.008645, 15.497412, 27.397033]
    for reference in (None, 3, "mean"):
        ours = election_fit.inference(*election, reference=reference)
        tests = ours.feature_tests()
        assert_allclose([test.statistic for test in tests], figures, rtol=1e-6)
        assert [test.df for test in tests] == [6] * 5
    for column, name in enumerate(election.X):
        own = blocks(mean)[:, column, :, column]
        b = mean.coef[:, column]
        expected = b @ np.linalg.pinv(own, rcond=1e-10, hermitian=True) @ b
        test = mean.wald_test(f"{name} = 0")
        assert_allclose([test.statistic, test.df], [expected, 6], rtol=1e-8)


def test_educ_of_the_election_study_against_the_mean(election, election_fit):
    mean = election_fit.inference(*election, reference="mean")
    educ = mean.columns.index("educ")
    expected = [-0.1421535, -0.0596620, 0.0388893, -0.1493059, 0.0576745, 0.0747854, 0.1797722]
    errors = [0.0552917, 0.0546795, 0.0637426, 0.1005793, 0.0665036, 0.0565671, 0.0614349]
    assert_allclose(mean.coef[:, educ], expected, atol=6e-8)
    assert_allclose(mean.std_err[:, educ], errors, atol=6e-8)


def test_a_reference_is_a_label_or_the_mean(draw, infer):
    X, y = draw(3, 80)
    for reference in (7, "0", "median"):
        with pytest.raises(ValueError, match=r"is not one of the classes \[0, 1, 2\]"):
            infer(X, y, reference=reference)
    with pytest.raises(ValueError, match="three classes or more"):
        infer(X, (y > 0).astype(int), reference="mean")
    names = np.array(["high", "mean", "low"])[y]
    with pytest.raises(ValueError, match="ambiguous"):
        infer(X, names, reference="mean")
    assert infer(X, names, reference="low").outcomes == ("high", "mean")
    assert infer(X, y > 0, reference=True).outcomes == (False,)
