"""Rows on a device answer every question of the objective like NumPy's."""

from functools import partial

import numpy as np
import pytest
from objective.test_questions import (
    CHECKS,
    DRAWN_CHECKS,
    N_FEATURES,
    ROWS_PER_BLOCK,
    all_questions,
    answers,
    objective_of,
)
from on_device import on_device, place_of, places

from sk_softmax.fitting.device_answers import ANSWERS
from sk_softmax.interfaces import EvaluateAt
from sk_softmax.objective import active_hessian, folds
from sk_softmax.objective.evaluation import loss_and_gradient
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_folds import DeviceFoldObjectives
from sk_softmax.parts.device_rows import DeviceRows
from sk_softmax.rows import DenseRows, rows_of

ALL = CHECKS | DRAWN_CHECKS
N_ROWS, SMOOTHING = 5000, 0.1

# Of the largest entry: sums of 5,000 rows in float32, and what is solved with such matrices.
TOLERANCES = {"float64": 1e-10, "float32": 2e-4}


@pytest.fixture(autouse=True)
def same_blocks(monkeypatch):
    for rows in (DenseRows, DeviceRows):
        monkeypatch.setattr(rows, "_rows_per_block", lambda self: ROWS_PER_BLOCK)
    monkeypatch.setattr(active_hessian, "NEGLIGIBLE", 0.0)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, N_FEATURES)) * (rng.random((N_ROWS, N_FEATURES)) < 0.7)
    weights = rng.uniform(0.5, 2, N_ROWS)
    weights[700:2500:2] = 0
    return X, weights


def labels_of(X, n_classes):
    """Those of ``objective_of``."""
    logits = np.asarray(X @ np.arange(N_FEATURES * n_classes).reshape(N_FEATURES, -1) % 5)
    return (logits + np.random.default_rng(2).gumbel(size=logits.shape)).argmax(axis=1)


def both(table, n_classes, name, dtype, scale=0, smoothing=SMOOTHING):
    """The objective in memory and on a device."""
    X, _ = table
    narrow = X.astype(dtype)
    rows = rows_of(narrow, n_classes, has_intercept=True, n_threads=1)
    whole = objective_of(table, n_classes, rows=rows, smoothing=smoothing, scale=scale)
    labels = labels_of(X, n_classes)
    return whole, on_device(whole, narrow, labels, place_of(name), smoothing)


def assert_close(found, expected, tolerance):
    for ours, theirs in zip(found, expected, strict=True):
        scale = max(float(np.abs(theirs).max()), 1e-3)
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale)
        assert not np.ndim(ours) or isinstance(ours, np.ndarray)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("check", ALL)
@pytest.mark.parametrize("place", places())
def test_devices_answer_like_numpy(place, check, n_classes, dtype, table, monkeypatch):
    whole, there = both(table, n_classes, place, dtype)
    expected = answers(ALL[check], whole, monkeypatch)
    assert_close(answers(ALL[check], there, monkeypatch), expected, TOLERANCES[dtype])
    assert there.passes == pytest.approx(whole.passes, rel=1e-3 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("check", ALL)
def test_devices_have_their_offset(check, n_classes, table, monkeypatch):
    whole, there = both(table, n_classes, "strict:device1", "float64", scale=2)
    expected = answers(ALL[check], whole, monkeypatch)
    assert_close(answers(ALL[check], there, monkeypatch), expected, 1e-10)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("check", ALL)
@pytest.mark.parametrize("device", ["no_float64", "no_x64"])
def test_devices_without_float64_answer_in_float32(device, check, n_classes, table, monkeypatch):
    whole, there = both(table, n_classes, f"strict:{device}", "float32", smoothing=0.0)
    if device == "no_x64" and check in DRAWN_CHECKS:
        pytest.skip("array_api_strict's nonzero makes integers that its device does not have")
    if check == "Jeffreys' penalty":
        with pytest.raises(ValueError, match="needs float64, which"):
            answers(ALL[check], there, monkeypatch)
        return
    expected = answers(ALL[check], whole, monkeypatch)
    found = answers(ALL[check], there, monkeypatch)
    # Other multiples of the golden ratio draw other rows, which stand for all too.
    assert_close(found[-1:], expected[-1:], 0.15 if check in DRAWN_CHECKS else 2e-4)


def test_every_question_has_been_put_to_a_device(table, monkeypatch):
    asked, ask = set(), DeviceData.ask

    def noted(self, question, passes=1.0):
        asked.add(getattr(question, "func", question))
        return ask(self, question, passes)

    monkeypatch.setattr(DeviceData, "ask", noted)
    _, there = both(table, 3, "strict:device1", "float64")
    for check in ALL.values():
        with monkeypatch.context() as patch:
            answers(check, there, patch)
    of_one_model = all_questions() - {folds.evaluated}  # which several folds are asked together
    assert asked == of_one_model
    assert of_one_model <= set(ANSWERS)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_folds_are_evaluated_together_as_each_alone(n_classes, table):
    whole, there = both(table, n_classes, "strict:device1", "float64", scale=2)
    params = [np.full(there.shape, 0.1), np.random.default_rng(3).normal(size=there.shape)]
    together = DeviceFoldObjectives([there, there.with_penalty(1e-3)])
    found = together.evaluate({number: EvaluateAt(own) for number, own in enumerate(params)})
    for number, own in enumerate(params):
        alone = whole if number == 0 else whole.with_penalty(1e-3)
        expected = alone.evaluate(own)
        assert found[number].value == pytest.approx(expected.value, rel=1e-12)
        np.testing.assert_allclose(found[number].gradient, expected.gradient, atol=1e-10)
    with pytest.raises(NotImplementedError, match="no answer to loss_and_gradient"):
        together.data([0, 1]).ask(partial(loss_and_gradient, params=params[0]))


def test_a_question_without_an_answer_is_an_error_that_names_it(table):
    _, there = both(table, 3, "strict:device1", "float64")
    there.data.answers = {}
    with pytest.raises(NotImplementedError, match=r"evaluation\.loss_and_gradient\."):
        there.evaluate(np.zeros(there.shape))
    there.data.answers = {loss_and_gradient: ANSWERS[loss_and_gradient]}
    there.evaluate(np.zeros(there.shape))
