"""What travels between the parts of a fit can be sent elsewhere: settings, questions, stages."""

import pickle
import typing
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax import SoftmaxRegression, interfaces
from sk_softmax.estimators.input.parameters import settings_of
from sk_softmax.fitting import staged
from sk_softmax.fitting.fit import fit_params
from sk_softmax.fitting.settings import TrainingSet
from sk_softmax.interfaces import Asked, Memory, Progress
from sk_softmax.solvers import LBFGS

PARAMS = np.arange(6.0).reshape(2, 3)

FIELDS = {
    "params": PARAMS,
    "since": PARAMS + 1,
    "direction": PARAMS + 1,
    "active": PARAMS > 2,
    "indices": np.arange(3),
    "evaluation": interfaces.Evaluation(1.0, PARAMS),
}


def equal(mine, theirs):
    if is_dataclass(mine):
        return type(mine) is type(theirs) and all(
            equal(getattr(mine, f.name), getattr(theirs, f.name)) for f in fields(mine)
        )
    return np.array_equal(mine, theirs)


@pytest.mark.parametrize("kind", typing.get_args(interfaces.Question), ids=lambda k: k.__name__)
def test_every_question_pickles(kind):
    given = {field.name: FIELDS[field.name] for field in fields(kind) if field.name in FIELDS}
    question = kind(**given)
    for travelling in (question, Asked(3, question)):
        assert equal(travelling, pickle.loads(pickle.dumps(travelling)))


def test_reports_and_memories_pickle():
    progress = Progress(1, PARAMS, 0.5, 0.1, 1.0)
    assert equal(progress, pickle.loads(pickle.dumps(progress)))
    memory = Memory({"damping": 0.5}, [1.0, 0.5])
    assert equal(memory, pickle.loads(pickle.dumps(memory)))


def wide(overlapping_classes):
    X, y = overlapping_classes(3, n_rows=40, n_features=120)
    return SoftmaxRegression(), X, y


def large(overlapping_classes):
    X, y = overlapping_classes(3, n_rows=30_000, n_features=20)
    return SoftmaxRegression(solver=LBFGS()), X, y


def sparse(overlapping_classes):
    X, y = overlapping_classes(3, n_features=30)
    return SoftmaxRegression(l1_ratio=0.9, C=10.0), sp.csr_matrix(X), y


def boxed(overlapping_classes):
    X, y = overlapping_classes(3)
    return SoftmaxRegression(lower_bounds=0.0), X, y


@pytest.mark.parametrize("case", [wide, large, sparse, boxed])
def test_every_stage_pickles_and_lifts_as_before(case, overlapping_classes, monkeypatch):
    model, X, y = case(overlapping_classes)
    stages = []
    solve = staged._solve

    def watched(solver, stage, n_before):
        stages.append(stage)
        return solve(solver, stage, n_before)

    monkeypatch.setattr(staged, "_solve", watched)
    settings = settings_of(model)
    training = TrainingSet(X, y, None, np.unique(y))
    n_columns = X.shape[1] + 1
    fit_params(settings, training, np.zeros((3, n_columns)))
    assert stages
    for stage in stages:
        again = pickle.loads(pickle.dumps(stage))
        assert again.number == stage.number
        start = stage.problem.start
        np.testing.assert_array_equal(again.problem.start, start)
        if stage.lift is not None:
            np.testing.assert_array_equal(again.lift(start), stage.lift(start))
        if stage.value_of is not None:
            assert again.value_of(1.0, start) == stage.value_of(1.0, start)
