"""Questions can be sent to parts of the data; terms write to nothing but their answer."""

import importlib
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from parted import questions_of

import sk_softmax.objective
from sk_softmax.interfaces import EvaluateAt
from sk_softmax.objective import (
    FoldObjectives,
    HeldOut,
    PenaltyForm,
    RegressionObjective,
    active_hessian,
    affordable,
    approximate_hessian,
    targets_of,
)
from sk_softmax.objective.jeffreys import JeffreysObjective
from sk_softmax.rows import DenseRows, rows_of

N_ROWS, N_FEATURES = 5000, 6
ROWS_PER_BLOCK = 500

# One row alone, many blocks, an odd number of parts.
EDGES = [0, 1, 700, 2500, 2501, N_ROWS]

# Blocks of these parts are those of the whole, so that the same rows are drawn.
EDGES_OF_BLOCKS = [0, 500, 1500, 3500, N_ROWS - 500, N_ROWS]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(DenseRows, "_rows_per_block", lambda self: ROWS_PER_BLOCK)
    # A share of each block's rows is left out otherwise, which depends on how rows are cut.
    monkeypatch.setattr(active_hessian, "NEGLIGIBLE", 0.0)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, N_FEATURES)) * (rng.random((N_ROWS, N_FEATURES)) < 0.7)
    weights = rng.uniform(0.5, 2, N_ROWS)
    weights[700:2500:2] = 0
    return X, weights


def objective_of(table, n_classes, *, rows=None, C=5.0, penalty=None, smoothing=0.1, scale=0):
    """Beside an offset of this scale."""
    X, weights = table
    if rows is None:
        rows = rows_of(X, n_classes, has_intercept=True, n_threads=2)
    logits = np.asarray(X @ np.arange(N_FEATURES * n_classes).reshape(N_FEATURES, -1) % 5)
    labels = (logits + np.random.default_rng(2).gumbel(size=logits.shape)).argmax(axis=1)
    targets = targets_of(labels, n_classes, smoothing)
    n_outputs = n_classes if n_classes > 2 else 1
    offset = scale * np.random.default_rng(3).normal(size=(N_ROWS, n_outputs))
    return RegressionObjective(rows, targets, n_classes, C, weights, penalty, offset)


def point_of(objective, scale=0.3):
    return scale * np.random.default_rng(1).normal(size=objective.shape)


def active_in(objective):
    active = np.random.default_rng(1).random(objective.shape) < 0.6
    active[:, 2] = False
    active[:, -1] = True
    return active


# --- what is asked, and the constants that are set for it ---


def value_and_gradient(objective):
    here = objective.evaluate(point_of(objective))
    return here.value, here.gradient


def minibatch(objective):
    """Of rows in any order, some of them twice."""
    indices = np.random.default_rng(4).integers(N_ROWS, size=300)
    here = objective.minibatch(point_of(objective), indices)
    return here.value, here.gradient


def exact_hessian(objective):
    return (objective.hessian(point_of(objective)).matrix,)


def hessian_among_some(objective):
    active = active_in(objective)
    hessian = objective.active_hessian(point_of(objective) * active, active, 0.1)
    direction = np.linspace(-1, 1, active.sum())
    return hessian.multiply(direction), hessian.diagonal


def hessian_among_all(objective):
    every = np.ones(objective.shape, dtype=bool)
    return (objective.active_hessian(point_of(objective), every, 0.1, exact=True).matrix(),)


def curvature(objective):
    params = point_of(objective)
    measured = objective.curvature(params, 0.1)
    return measured.solve(params), measured.diagonal


def curvature_at_zero(objective):
    params = point_of(objective)
    return (objective.curvature(0 * params).solve(params),)


def diagonal_of_curvature(objective):
    return (objective.curvature(point_of(objective), 0.1, as_diagonal=True).diagonal,)


def largest_curvature(objective):
    return (objective.largest_curvature(),)


def gap(objective):
    """Near the optimum, where a few rows can bear what is to be moved."""
    params = np.zeros(objective.shape)
    for _ in range(4):
        here = objective.evaluate(params)
        params = params - objective.hessian(params).solve(here.gradient)
    params = params + point_of(objective, 1e-4)
    here = objective.evaluate(params)
    passes = objective.data.passes
    found = objective.gap(params, here)
    return found, objective.data.passes - passes


def gap_far_away(objective):
    params = point_of(objective)
    return (objective.gap(params, objective.evaluate(params)),)


def gap_under_l1(objective):
    """Where rows are drawn towards their targets."""
    other = objective.of_data(objective.data)
    other.form = PenaltyForm(l1_ratio=1.0)
    return gap_far_away(other.with_penalty(0.05))


def with_jeffreys_penalty(objective):
    jeffreys = JeffreysObjective(objective.data, objective.total_weight)
    here = jeffreys.evaluate(point_of(objective))
    return here.value, here.gradient


def loss_of_intercepts(objective):
    """Value, gradient and Hessian, and the optimum."""
    intercepts = point_of(objective)[:, -1]
    found = module("intercepts").loss_of_intercepts(objective.data, intercepts)
    return *found, objective.value_at_zero


def module(name):
    return importlib.import_module(f"sk_softmax.objective.{name}")


APPLIED = {(active_hessian, "MOST_ACTIVE"): 0}
MANY_COLUMNS = {(approximate_hessian, "MOST_COLUMNS"): 3}
SHARED = {(affordable, "AFFORDABLE"): 0}
FEW_AT_ONCE = {(approximate_hessian, "NUMBERS_AT_ONCE"): 2 * (N_FEATURES + 1) ** 2}
DRAWN = {
    (affordable, "EVALUATIONS"): 0,
    (affordable, "ROWS_PER_COLUMN"): 100,
}

CHECKS = {
    "value and gradient": (value_and_gradient, {}),
    "minibatch": (minibatch, {}),
    "exact Hessian": (exact_hessian, {}),
    "active Hessian, formed": (hessian_among_some, {}),
    "active Hessian, applied": (hessian_among_some, APPLIED),
    "active Hessian, of pairs of classes": (hessian_among_all, {}),
    "a matrix a class": (curvature, {}),
    "two matrices at once": (curvature, FEW_AT_ONCE),
    "a shared matrix": (curvature, SHARED),
    "matrices at zero": (curvature_at_zero, {}),
    "diagonal": (diagonal_of_curvature, {}),
    "diagonal of columns less their means": (curvature, MANY_COLUMNS),
    "largest curvature": (largest_curvature, {}),
    "gap": (gap, {}),
    "gap far away": (gap_far_away, {}),
    "gap under L1": (gap_under_l1, {}),
    "Jeffreys' penalty": (with_jeffreys_penalty, {}),
    "intercepts alone": (loss_of_intercepts, {}),
}
DRAWN_CHECKS = {
    "drawn rows, a matrix a class": (curvature, DRAWN),
    "drawn rows, a shared matrix": (curvature, DRAWN | SHARED),
}


def answers(check, objective, monkeypatch):
    function, constants = check
    for (module, name), value in constants.items():
        monkeypatch.setattr(module, name, value)
    return function(objective)


def assert_close(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12 * scale)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("name", CHECKS)
def test_parts_answer_like_the_whole(name, kind, n_classes, table, in_parts, monkeypatch):
    X = kind(table[0])
    rows = rows_of(X, n_classes, has_intercept=True, n_threads=2)
    whole = objective_of(table, n_classes, rows=rows)
    parted = in_parts(whole, X, EDGES, set())
    expected = answers(CHECKS[name], whole, monkeypatch)
    assert_close(answers(CHECKS[name], parted, monkeypatch), expected)
    assert parted.passes == pytest.approx(whole.passes, rel=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("name", CHECKS | DRAWN_CHECKS)
def test_parts_have_their_offset(name, n_classes, table, in_parts, monkeypatch):
    check = (CHECKS | DRAWN_CHECKS)[name]
    whole = objective_of(table, n_classes, scale=2)
    expected = answers(check, whole, monkeypatch)
    parted = in_parts(whole, table[0], EDGES_OF_BLOCKS, set())
    assert_close(answers(check, parted, monkeypatch), expected)
    if name != "largest curvature":  # a bound for all logits
        without = answers(check, objective_of(table, n_classes), monkeypatch)
        assert not np.allclose(np.ravel(without[0]), np.ravel(expected[0]), rtol=1e-3)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("name", DRAWN_CHECKS)
def test_parts_cut_between_blocks_draw_the_same_rows(
    name, n_classes, table, in_parts, monkeypatch
):
    whole = objective_of(table, n_classes)
    expected = answers(DRAWN_CHECKS[name], whole, monkeypatch)
    parted = in_parts(whole, table[0], EDGES_OF_BLOCKS, set())
    assert_close(answers(DRAWN_CHECKS[name], parted, monkeypatch), expected)
    assert 1 < parted.passes == pytest.approx(whole.passes, rel=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_parts_cut_elsewhere_draw_rows_that_stand_for_all_too(
    n_classes, table, in_parts, monkeypatch
):
    whole = objective_of(table, n_classes)
    (_, exact) = curvature(whole)
    parted = in_parts(whole, table[0], EDGES, set())
    (_, drawn) = answers((curvature, DRAWN), parted, monkeypatch)
    assert not np.allclose(drawn, exact, rtol=1e-6)
    np.testing.assert_allclose(drawn, exact, rtol=0.15)


# --- folds ---


def folds_of(table, rows=None):
    """Three folds: all classes, smoothed, and one that knows two of three classes."""
    X, weights = table
    rng = np.random.default_rng(0)
    labels = np.arange(N_ROWS) % 3
    rows = rows_of(X, 8, has_intercept=True, n_threads=2) if rows is None else rows
    masks = [weights * (np.arange(N_ROWS) % 5 != i) for i in range(3)]
    masks[2] = masks[2] * (labels != 2)
    shared = targets_of(labels, 3)
    targets = [shared, shared, targets_of(np.minimum(labels, 1), 2)]
    folds = [
        RegressionObjective(rows, t, n_classes, 1.0, mask)
        for t, n_classes, mask in zip(targets, [3, 3, 2], masks, strict=True)
    ]
    held_out = [np.sort(rng.permutation(N_ROWS)[:n]) for n in (2000, 7, 1)]
    return folds, held_out


def answers_of_folds(together, folds):
    points = {number: point_of(fold) for number, fold in enumerate(folds)}
    found = together.evaluate({n: EvaluateAt(params) for n, params in points.items()})
    logits = [together.held_out_logits(n, params) for n, params in points.items()]
    evaluations = [(found[n].value, found[n].gradient) for n in points]
    return [*logits, *(part for evaluation in evaluations for part in evaluation)]


def fold_objectives(folds, held_out):
    return FoldObjectives(folds, [HeldOut(rows) for rows in held_out])


def test_parts_answer_for_all_folds(table, folds_in_parts):
    X, _ = table
    folds, held_out = folds_of(table)
    expected = answers_of_folds(fold_objectives(folds, held_out), folds)
    kept = [HeldOut(rows) for rows in held_out]
    parted = folds_in_parts(folds, kept, X, EDGES, set())
    assert_close(answers_of_folds(parted, folds), expected)
    # The logits, against a product that is written here.
    for fold, rows, logits in zip(folds, held_out, expected[:3], strict=True):
        params = point_of(fold)
        product = params[:, :-1] @ X[rows].T + params[:, -1:]
        np.testing.assert_allclose(logits, product, rtol=1e-10, atol=1e-12)


def test_nothing_is_kept_of_a_block_but_what_is_held_out(table):
    folds, held_out = folds_of(table)
    together = fold_objectives(folds, held_out)
    params = [point_of(fold) for fold in folds]
    module = importlib.import_module("sk_softmax.objective.folds")
    data = together.data([0, 1, 2])
    *_, kept = module.evaluated(data, params, are_scored=True)
    assert len(kept) == N_ROWS / ROWS_PER_BLOCK
    for number, rows in enumerate(held_out):
        pieces = [of_block[number] for of_block in kept]
        assert sum(piece.shape[1] for piece in pieces) == len(rows)
        assert all(piece.base is None for piece in pieces)  # a view would keep the block's logits
    *_, kept = module.evaluated(data, params, are_scored=False)
    assert not any(kept)


# --- all questions ---


def all_questions():
    return questions_of(sk_softmax.objective)


def test_every_question_has_been_put_to_parts(table, in_parts, folds_in_parts, monkeypatch):
    asked = set()
    whole = objective_of(table, 3)
    for check in (CHECKS | DRAWN_CHECKS).values():
        with monkeypatch.context() as patch:
            answers(check, in_parts(whole, table[0], EDGES, asked), patch)
    folds, held_out = folds_of(table)
    kept = [HeldOut(rows) for rows in held_out]
    answers_of_folds(folds_in_parts(folds, kept, table[0], EDGES, asked), folds)
    assert len(all_questions()) >= 15
    assert {f.__name__ for f in all_questions()} == {
        f.__name__ for f in asked if f.__module__.startswith("sk_softmax.")
    }


def test_a_term_cannot_be_sent_but_a_question_can(table):
    rows = rows_of(table[0], 3, has_intercept=True, n_threads=1)
    prepared = rows.prepare(np.zeros((3, N_FEATURES + 1)))
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(lambda block: (block.logits(prepared).sum(),))
    for function in all_questions():
        assert pickle.loads(pickle.dumps(function)) is function


# --- pure terms ---


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("name", CHECKS | DRAWN_CHECKS)
def test_terms_may_be_evaluated_elsewhere_twice_and_in_any_order(
    name, n_classes, table, restless_rows, monkeypatch
):
    check = (CHECKS | DRAWN_CHECKS)[name]
    expected = answers(check, objective_of(table, n_classes), monkeypatch)
    elsewhere = objective_of(table, n_classes, rows=restless_rows(table[0], n_classes))
    for ours, theirs in zip(answers(check, elsewhere, monkeypatch), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_terms_of_folds_may_too(table, restless_rows):
    folds, held_out = folds_of(table)
    expected = answers_of_folds(fold_objectives(folds, held_out), folds)
    elsewhere, _ = folds_of(table, restless_rows(table[0], 8))
    found = answers_of_folds(fold_objectives(elsewhere, held_out), elsewhere)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_rows_elsewhere_lose_what_a_term_writes_outside_of_its_answer(table, restless_rows):
    """The double does catch it."""
    written = {}

    def term(block):
        written[block.rows.start] = block.n_rows
        return (float(block.n_rows),)

    assert restless_rows(table[0], 3).sum(term) == (N_ROWS,)
    assert not written
