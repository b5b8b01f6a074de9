"""Many penalties that differ little: Hessians serve for several, and each optimum is reached."""

import numpy as np
import pytest
import scipy.sparse as sp
from oracle import Definition, Penalty, least_value

from sk_softmax import SoftmaxRegression, softmax_path
from sk_softmax.objective import RegressionObjective

N_PENALTIES = 40


@pytest.fixture(scope="module")
def rows():
    """400 rows of 45 features, of which a third matter, in 4 classes: 184 parameters."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 45))
    coef = rng.standard_normal((4, 45)) * (np.arange(45) % 3 == 0)
    return X, (X @ coef.T + 2 * rng.gumbel(size=(400, 4))).argmax(axis=1)


@pytest.fixture
def counts(monkeypatch):
    """How often each question was put to an objective."""
    found = {"evaluate": 0, "active_hessian": 0}
    for name in found:
        method = getattr(RegressionObjective, name)

        def counted(self, *arguments, method=method, name=name, **options):
            found[name] += 1
            return method(self, *arguments, **options)

        monkeypatch.setattr(RegressionObjective, name, counted)
    return found


@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-7])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_each_point_is_within_tol_of_the_least_value(rows, l1_ratio, tol):
    X, y = rows
    path = softmax_path(X, y, Cs=N_PENALTIES, C_span=100, l1_ratio=l1_ratio, tol=tol)
    assert path.converged.all()
    for i in range(4, N_PENALTIES, 7):
        problem = Definition(X, y, Penalty(path.Cs[i], l1_ratio))
        value, least = problem.value(path.coefs[i], path.intercepts[i]), least_value(problem)
        assert path.objective[i] == pytest.approx(value, rel=1e-10)
        assert value - least <= tol * value


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_each_grouped_point_is_within_tol_of_another_method(rows, kind, dtype):
    X, y = kind(rows[0].astype(dtype)), rows[1]
    path = softmax_path(X, y, Cs=N_PENALTIES, C_span=100, grouped=True, tol=1e-4)
    assert path.converged.all()
    for i in range(4, N_PENALTIES, 7):
        options = dict(C=path.Cs[i], l1_ratio=1.0, grouped=True, tol=1e-6, solver="proximal-lbfgs")
        other = SoftmaxRegression(**options).fit(X, y)
        assert other.converged_
        value = path.at(path.Cs[i]).objective(X, y)
        assert value <= (1 + 1e-4) * other.objective(X, y)


@pytest.mark.parametrize("grouped", [False, True])
def test_hessians_serve_for_several_penalties(rows, grouped, counts):
    # Models of at most 150 parameters, where a Hessian costs little, measure one for each penalty.
    path = softmax_path(*rows, Cs=np.geomspace(0.05, 1.0, 60), grouped=grouped, tol=1e-2)
    assert path.converged.all()
    assert counts["active_hessian"] <= len(path.Cs) / 2


def test_a_penalty_takes_one_pass_where_all_features_have_entered(rows, counts):
    path = softmax_path(*rows, Cs=N_PENALTIES, C_span=100, grouped=True, tol=1e-2)
    later = np.flatnonzero((path.coefs != 0).any(axis=1).all(axis=1))
    assert len(later) > 5
    # Before that a second pass looks at the features that were left out.
    left_out = N_PENALTIES - len(later)
    assert counts["evaluate"] <= path.n_iter.sum() + 2 * left_out + 1


def test_it_does_not_depend_on_the_number_of_threads(rows):
    options = dict(Cs=N_PENALTIES, C_span=100, grouped=True)
    one, two = (softmax_path(*rows, n_jobs=n_jobs, **options) for n_jobs in (1, 2))
    np.testing.assert_array_equal(one.coefs, two.coefs)
    np.testing.assert_array_equal(one.n_iter, two.n_iter)
