"""A fit under an L1 penalty spends its work where it is asked to end, not on the way there."""

import pytest
from sklearn.datasets import load_digits

from sk_softmax import SoftmaxRegression
from sk_softmax.fitting.stages import Views
from sk_softmax.interfaces import ActiveHessianAt, GapAt


@pytest.fixture
def asked(monkeypatch):
    """What a fit asked its objectives, in order."""
    questions, answer = [], Views.answer

    def seen(self, question):
        questions.append(question)
        return answer(self, question)

    monkeypatch.setattr(Views, "answer", seen)
    return questions


@pytest.fixture
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def test_only_the_penalty_asked_for_is_proven(asked, digits):
    model = SoftmaxRegression(l1_ratio=1.0, tol=1e-6).fit(*digits)
    assert model.converged_
    stages = [one.stage for one in asked]
    assert len(set(stages)) > 2  # stronger penalties came before
    proofs = [
        one.stage
        for one in asked
        if isinstance(one.question, GapAt) or getattr(one.question, "exact", False)
    ]
    assert proofs
    assert set(proofs) == {max(stages)}


def test_few_parameters_enter_at_a_time(asked, digits):
    SoftmaxRegression(l1_ratio=1.0, tol=1e-2).fit(*digits)
    hessians = [one.question for one in asked if isinstance(one.question, ActiveHessianAt)]
    for question in hessians:
        n_before = int((question.params != 0).sum()) + 10  # intercepts are active in any case
        assert question.active.sum() <= n_before + max(100, n_before)
    assert hessians[0].active.sum() == 110
