"""The figures of the lectures that need nothing but what scikit-learn bundles.

Sources: STAT 453 (S. Raschka, lecture 8), the HCMUS lecture on softmax regression, Dive into Deep
Learning 4.1, the HUFS slides and a lecture on logistic regression. Digits are those printed there.
"""

from contextlib import nullcontext

import numpy as np
import pytest
import sklearn.utils
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import precision_score, recall_score
from sklearn.model_selection import cross_val_predict

from sk_softmax import SoftmaxRegression
from sk_softmax import functional as F
from sk_softmax.solvers import SGD, GradientDescent


@pytest.fixture(scope="module")
def virginica():
    X, y = load_iris(return_X_y=True)
    return X, (y == 2).astype(int)


def by_gradient_descent(max_iter):
    """The lecture's rule: no penalty, from zeros, a fixed rate, as many steps as asked for."""
    return SoftmaxRegression(
        C=np.inf, solver=GradientDescent(learning_rate=0.1), max_iter=max_iter, tol=1e-300
    )


LOGITS = np.array(
    [[-0.3, -0.5, -0.5], [-0.4, -0.1, -0.5], [-0.3, -0.94, -0.5], [-0.99, -0.88, -0.5]]
)
LABELS = [0, 1, 2, 2]


# --- STAT 453 ---------------------------------------------------------------------------------


def test_stat453_softmax():
    expected = [
        [0.3792, 0.3104, 0.3104],
        [0.3072, 0.4147, 0.2780],
        [0.4263, 0.2248, 0.3490],
        [0.2668, 0.2978, 0.4354],
    ]
    np.testing.assert_allclose(F.softmax(LOGITS), expected, atol=5e-5)


@pytest.mark.parametrize(
    ("inputs", "kind"),
    [
        (LOGITS, "logits"),
        (F.log_softmax(LOGITS), "log_probabilities"),
        (F.softmax(LOGITS), "probabilities"),
    ],
)
def test_stat453_cross_entropy(inputs, kind):
    losses = F.cross_entropy(inputs, LABELS, input_kind=kind, reduction="none")
    np.testing.assert_allclose(losses, [0.9698, 0.8801, 1.0527, 0.8314], atol=5e-5)
    assert F.cross_entropy(inputs, LABELS, input_kind=kind) == pytest.approx(0.9335, abs=5e-5)


def test_stat453_gradient_is_minus_x_times_targets_less_outputs():
    rng = np.random.default_rng(0)
    X, coef = rng.normal(size=(6, 2)), rng.normal(size=(3, 2))
    Y = F.one_hot(rng.integers(3, size=6), 3)
    A = F.softmax(X @ coef.T)
    gradient, _ = F.softmax_layer_gradient(X, Y, coef, reduction="sum")
    np.testing.assert_allclose(gradient, -(X.T @ (Y - A)).T, rtol=1e-13)


@pytest.mark.parametrize("batch", [None, 1])
def test_stat453_learning_rules_equal_automatic_differentiation_step_by_step(batch):
    torch = pytest.importorskip("torch", reason="needs PyTorch, of the extra external")
    X, y = sklearn.utils.shuffle(*load_iris(return_X_y=True), random_state=0)
    n_steps, rate = (50, 0.1) if batch is None else (len(X), 0.01)

    layer = torch.nn.Linear(4, 3).double()
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    costs = []
    for step in range(n_steps):
        rows = slice(None) if batch is None else slice(step, step + 1)
        cost = torch.nn.functional.cross_entropy(
            layer(torch.tensor(X[rows])), torch.tensor(y[rows])
        )
        costs.append(cost.item())
        layer.zero_grad()
        cost.backward()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter -= rate * parameter.grad

    if batch is None:
        solver, max_iter = GradientDescent(learning_rate=rate), n_steps
    else:
        solver, max_iter = (
            SGD(batch_size=1, learning_rate=rate, momentum=0, schedule="constant", shuffle=False),
            1,
        )
    model = SoftmaxRegression(C=np.inf, solver=solver, max_iter=max_iter, tol=1e-300)
    with pytest.warns(ConvergenceWarning) if batch is None else nullcontext():
        model.fit(X, y)
    np.testing.assert_allclose(model.coef_, layer.weight.detach().numpy(), rtol=1e-9)
    np.testing.assert_allclose(model.intercept_, layer.bias.detach().numpy(), rtol=1e-9)
    if batch is None:
        np.testing.assert_allclose(model.loss_curve_[:-1], costs, rtol=1e-12)
    else:
        assert model.loss_curve_[1] == pytest.approx(np.mean(costs), rel=1e-12)


# --- HCMUS ------------------------------------------------------------------------------------


def test_hcmus_gradient_at_zero(virginica):
    X, y = virginica
    # The gradient for the log-odds of virginica is that of the second of two softmax outputs.
    coef, intercept = F.softmax_layer_gradient(X, y, np.zeros((2, 4)))
    np.testing.assert_allclose(
        coef[1], [0.72566667, 0.53733333, 0.02833333, -0.07566667], atol=5e-9
    )
    assert intercept[1] == pytest.approx(0.16666667, abs=5e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_hcmus_batch_gradient_descent(virginica):
    X, y = virginica
    model = by_gradient_descent(5000).fit(X, y)
    np.testing.assert_allclose(
        model.coef_, [[-3.37535802, -3.32169488, 4.96017562, 5.53844134]], atol=5e-9
    )
    assert model.intercept_ == pytest.approx([-2.915667794], abs=5e-10)
    np.testing.assert_allclose(
        model.loss_curve_[[0, 1000, 2000, 3000, 4000]],
        [0.693147, 0.126957, 0.099479, 0.087918, 0.081294],
        atol=5e-7,
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_hcmus_fifty_thousand_steps(virginica):
    X, y = virginica
    model = by_gradient_descent(50_000).fit(X, y)
    np.testing.assert_allclose(
        model.loss_curve_[[10_000, 20_000, 30_000]], [0.066390, 0.058997, 0.055479], atol=5e-7
    )
    assert model.score(X, y) == pytest.approx(0.98, abs=1e-12)


def test_hcmus_cross_validated_predictions(virginica):
    X, y = virginica
    model = SoftmaxRegression()
    predictions = cross_val_predict(model, X, y, cv=3)
    assert precision_score(y, predictions) == pytest.approx(0.92, abs=0.01)
    assert 0.96 <= recall_score(y, predictions) <= 0.98
    assert model.fit(X, y).predict([X[3], X[145], [4.9, 3.2, 1.3, 0.2]]).tolist() == [0, 1, 0]


def test_hcmus_sigmoid_and_softmax():
    assert F.sigmoid(0) == 0.5
    assert F.sigmoid(100) == 1
    assert F.sigmoid(-100) == pytest.approx(3.72e-44, rel=1e-3)
    np.testing.assert_allclose(
        F.softmax([[1, 2, 3], [2, 2, 3]]),
        [[0.09003057, 0.24472847, 0.66524096], [0.21194156, 0.21194156, 0.57611688]],
        atol=5e-9,
    )


def test_hcmus_code_lengths():
    assert F.entropy(np.full(8, 1 / 8), base=2) == 3
    frequencies, others = np.array([0.6, 0.38, 0.01, 0.01]), np.array([0.1, 0.1, 0.4, 0.4])
    lengths = F.surprisal([1 / 2, 1 / 4, 1 / 8, 1 / 8], base=2)
    np.testing.assert_array_equal(lengths, [1, 2, 3, 3])
    assert frequencies @ lengths == pytest.approx(1.42)
    assert others @ lengths == pytest.approx(2.7)
    assert others @ F.surprisal([1 / 8, 1 / 8, 1 / 2, 1 / 4], base=2) == pytest.approx(1.8)
    assert F.entropy(others, base=2) <= 1.8


def test_hcmus_cross_entropy_of_a_one_hot_class():
    first = [1, 0, 0, 0, 0]
    for prediction, printed, precision in [
        ([0.4, 0.3, 0.05, 0.05, 0.2], 0.916, 5e-4),
        ([0.98, 0.01, 0, 0, 0.01], 0.02, 5e-3),
    ]:
        loss = F.cross_entropy(prediction, first, input_kind="probabilities")
        assert loss == pytest.approx(printed, abs=precision)


def test_hcmus_cross_entropy_is_never_below_entropy():
    rng = np.random.default_rng(0)
    p, q = F.softmax(rng.normal(size=(100, 5))), F.softmax(rng.normal(size=(100, 5)))
    cross = F.cross_entropy(q, p, input_kind="probabilities", reduction="none")
    assert (cross >= F.entropy(p)).all()


def test_hcmus_jacobians():
    z, x = np.array([1.0, 2.0, 3.0]), np.array([0.5, -2.0])
    S, identity = F.softmax(z), np.eye(3)
    coef = np.linalg.lstsq(x[None], z[None], rcond=None)[0].T  # coef @ x = z
    np.testing.assert_allclose(F.softmax_jacobian(z), S[:, None] * (identity - S[None, :]))
    layer = F.softmax_layer_jacobian(x, coef)
    loss, _ = F.softmax_layer_gradient(x[None], [1], coef)
    for i in range(3):
        for j in range(2):
            assert loss[i, j] == pytest.approx((S[i] - (i == 1)) * x[j])
            for t in range(3):
                assert layer[t, i, j] == pytest.approx(S[t] * ((t == i) - S[i]) * x[j])


# --- D2L, HUFS, logistic regression -----------------------------------------------------------


def test_d2l_loss_and_derivative_for_a_probability_target():
    o, y = np.array([0.3, -1.2, 2.0]), np.array([0.1, 0.2, 0.7])
    assert F.cross_entropy(o, y) == pytest.approx(np.log(np.exp(o).sum()) - y @ o)
    np.testing.assert_allclose(F.cross_entropy_gradient(o, y), F.softmax(o) - y)
    assert F.surprisal(np.exp(-1), base=2) == pytest.approx(1.44, abs=5e-3)
    assert F.softmax(o).argmax() == o.argmax()


def test_hufs_cross_entropy():
    rows = [[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]]
    loss = F.cross_entropy(rows, [0, 2], input_kind="probabilities")
    assert loss == pytest.approx(1.4979, abs=5e-5)


def test_hufs_weights_start_from_a_normal_distribution():
    X, y = load_iris(return_X_y=True)
    fits = [
        SoftmaxRegression(
            solver=SGD(batch_size=256, initial_scale=scale, momentum=0, schedule="constant"),
            max_iter=10,
            random_state=0,
        ).fit(X, y)
        for scale in (0.0, 0.01)
    ]
    from_zeros, from_normal = (fit.loss_curve_[0] for fit in fits)
    assert from_zeros == pytest.approx(np.log(3))
    assert from_normal != from_zeros
    assert from_normal == pytest.approx(np.log(3), abs=0.1)


def test_two_classes_are_the_difference_of_two_softmax_rows(virginica):
    X, y = virginica
    model = SoftmaxRegression(tol=1e-12).fit(X, y)
    w, b = model.coef_[0], model.intercept_[0]
    two_rows = np.stack([-w / 2, w / 2]), np.array([-b / 2, b / 2])
    np.testing.assert_allclose(
        model.predict_proba(X), F.softmax(X @ two_rows[0].T + two_rows[1]), rtol=1e-9, atol=1e-15
    )
    nll = -F.log_sigmoid((2 * y - 1) * (X @ w + b)).mean()
    assert nll == pytest.approx(F.cross_entropy(model.predict_log_proba(X), y), rel=1e-12)
