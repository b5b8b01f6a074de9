"""Under an L1 penalty the cheaper of two methods goes on, and Newton's confirms the end."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax import SoftmaxRegression, softmax_path
from sk_softmax.fitting.problems import problem_of
from sk_softmax.fitting.settings import Settings
from sk_softmax.interfaces import ActiveHessianAt, CurvatureAt, Progress
from sk_softmax.objective import PenaltyForm, RegressionObjective, active_hessian
from sk_softmax.rows import rows_of
from sk_softmax.solvers import Auto, proximal_choice
from sk_softmax.solvers.evidence import Evidence
from sk_softmax.solvers.proximal_choice import Turns, newton_over_lbfgs


@pytest.fixture(scope="module")
def sparse_rows():
    """600 rows with a hundredth of 500 features, and labels of six classes drawn from a model."""
    rng = np.random.default_rng(0)
    n, p, n_classes = 600, 500, 6
    X = sp.random(
        n, p, 0.01, format="csr", random_state=rng, data_rvs=lambda k: rng.exponential(size=k)
    )
    weights = 2 * rng.normal(size=(p, n_classes)) * (rng.random((p, 1)) < 0.1)
    return X, (X @ weights + rng.gumbel(size=(n, n_classes))).argmax(axis=1)


@pytest.fixture
def work(monkeypatch):
    """Entries of Hessians that were formed, and that were read by products with them."""
    counts = SimpleNamespace(formed=0, read=0)
    formed = active_hessian.FormedHessian

    class Counted(formed):
        def __init__(self, matrix):
            super().__init__(matrix)
            counts.formed += matrix.size

        def multiply(self, direction):
            counts.read += self.matrix().size
            return super().multiply(direction)

    monkeypatch.setattr(active_hessian, "FormedHessian", Counted)
    return counts


def test_a_path_reads_no_large_hessian_hundreds_of_times(sparse_rows, work):
    # With Newton's method throughout it formed 31 Hessians, and read 1.1e10 of their entries in
    # 6,000 products of models that rounding had made indefinite: 4.8 s for 0.9.
    path = softmax_path(*sparse_rows, l1_ratio=1.0, Cs=10, tol=1e-3)
    assert path.converged.all()
    assert path.n_iter.sum() <= 300
    assert work.formed <= 2e7
    assert work.read <= 2.5e9


def test_a_fit_with_a_weak_penalty_ends_within_tol_for_little_work(sparse_rows, work):
    # 2.4e10 entries were read in 50 iterations.
    fit = SoftmaxRegression(l1_ratio=1, C=10.0, tol=1e-7).fit(*sparse_rows)
    assert fit.converged_
    assert fit.n_iter_[0] <= 200
    assert work.read <= 2e9
    best = SoftmaxRegression(l1_ratio=1, C=10.0, tol=1e-11, max_iter=10_000).fit(*sparse_rows)
    assert fit.loss_curve_[-1] <= best.loss_curve_[-1] * (1 + 1e-7)


def test_newtons_method_ends_where_it_has_arrived_with_an_even_number_of_classes(
    sparse_rows, work
):
    # A shift of a column between its two middle coefficients costs nothing. Taken all the same, it
    # had raised the estimate of what is left to 16 times tol at the optimum: 50 iterations.
    fit = SoftmaxRegression(l1_ratio=1, C=10.0, tol=1e-7, solver="proximal-newton")
    fit.fit(*sparse_rows)
    assert fit.converged_
    assert fit.n_iter_[0] <= 30
    assert work.read <= 5e9


def problem_of_size(n_rows, n_outputs, n_columns, density=1.0):
    """The part of a problem that tells what iterations cost."""
    return SimpleNamespace(n_rows=n_rows, start=np.zeros((n_outputs, n_columns)), density=density)


def test_a_hessian_costs_more_the_more_parameters_and_pairs_of_values_it_has():
    dense, sparse = problem_of_size(3000, 6, 1000), problem_of_size(3000, 6, 1000, density=0.01)
    assert newton_over_lbfgs(dense, 200) < newton_over_lbfgs(dense, 2000)
    assert newton_over_lbfgs(sparse, 200) < newton_over_lbfgs(sparse, 2000)
    more_rows = problem_of_size(6000, 6, 1000)
    assert newton_over_lbfgs(dense, 2000) < newton_over_lbfgs(more_rows, 2000)


def test_newtons_method_takes_over_where_it_is_cheap_or_lbfgs_slow(monkeypatch):
    monkeypatch.setattr(proximal_choice, "FIRST_ENTRY", 600)
    problem = problem_of_size(3000, 6, 500, density=0.01)
    turns, here = Turns(problem), SimpleNamespace()
    few, many = (np.arange(3000).reshape(6, 500) < n for n in (50, 590))
    cost = newton_over_lbfgs(problem, 590) / proximal_choice.WORTH_SPARSE
    assert cost > 2
    late = cost * proximal_choice.PATIENCE
    assert not turns.lbfgs_goes_on(here, few, 0, False)
    assert turns.lbfgs_goes_on(here, many, int(late) - 1, False)
    assert not turns.lbfgs_goes_on(here, many, int(late) + 1, False)
    # It does not hand back at once, but it does if far more parameters become active.
    assert turns.newton_goes_on(600, int(late) + 1)
    assert not turns.newton_goes_on(3000, int(late) + 1)


def test_newtons_method_confirms_an_end_if_it_costs_no_more_than_the_way_there(monkeypatch):
    monkeypatch.setattr(proximal_choice, "FIRST_ENTRY", 600)
    problem = problem_of_size(3000, 6, 500, density=0.01)
    turns, active = Turns(problem), np.arange(3000).reshape(6, 500) < 590
    dear = newton_over_lbfgs(problem, 590)
    assert dear > proximal_choice.WORTH_SPARSE
    assert turns.lbfgs_goes_on(SimpleNamespace(), active, int(dear) - 1, True)
    assert not turns.lbfgs_goes_on(SimpleNamespace(), active, int(dear) + 1, True)
    assert turns.newton_goes_on(3000, int(dear) + 1)


def test_the_pace_of_one_methods_steps_is_not_taken_for_anothers(sparse_rows):
    X, y = sparse_rows
    rows = rows_of(X, 6, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, y, 6, 1.0, None, PenaltyForm(1.0))
    params = np.zeros(objective.shape)
    settings = Settings(solver=Auto(), tol=1e-6, max_iter=1000, seed=0, n_threads=1)
    evidence = Evidence(problem_of(settings, objective, params))
    everything = np.ones(params.shape, dtype=bool)

    def see(question):
        evidence.watch(question, question.put_to(objective))

    see(CurvatureAt(params, as_diagonal=True))
    for iteration, value in enumerate([1.0, 0.9, 0.81, 0.73]):
        evidence.watch(Progress(iteration, params, value, 0.1, 1.0), None)
    see(CurvatureAt(params, as_diagonal=True))
    assert list(evidence.values) == [1.0, 0.9, 0.81, 0.73]
    see(ActiveHessianAt(params, everything))
    assert list(evidence.values) == [0.73]
    see(ActiveHessianAt(params, everything))
    assert list(evidence.values) == [0.73]


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, sp.csr_matrix.toarray])
def test_a_problem_tells_how_sparse_its_rows_are(form, sparse_rows):
    X, _ = sparse_rows
    rows = rows_of(form(X), 6, has_intercept=True, n_threads=1)
    expected = 1.0 if isinstance(form(X), np.ndarray) else X.nnz / (600 * 500)
    assert rows.density == rows.subset(np.arange(0, 600, 2)).density == expected
