"""Softmax, cross-entropy and one gradient step in numbers small enough to follow by hand.

The numbers on the left are those that the lectures print: STAT 453 (lecture 8), the HCMUS lecture
on softmax regression, the HUFS slides and Dive into Deep Learning (section 4.1). Those on the
right are what the functions of ``sk_softmax.functional`` return. The last part takes one step of
gradient descent by hand and by ``SoftmaxRegression``, from a start that is not zero.

Run: python examples/softmax_and_a_gradient_step_in_numbers.py
"""

import warnings

import numpy as np
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression, functional
from sk_softmax.solvers import GradientDescent


def beside(what, lecture, ours):
    """Print one line of the comparison."""
    print(f"{what:<44}{lecture:>34}{ours:>34}")


def in_row(numbers, digits):
    """Return numbers in one line."""
    return " ".join(f"{number:.{digits}f}" for number in numbers)


# 1. Softmax and cross-entropy, in nats.
beside("", "lecture", "sk_softmax")
logits = np.array(
    [[-0.3, -0.5, -0.5], [-0.4, -0.1, -0.5], [-0.3, -0.94, -0.5], [-0.99, -0.88, -0.5]]
)
labels = [0, 1, 2, 2]
printed = [
    "0.3792 0.3104 0.3104",
    "0.3072 0.4147 0.2780",
    "0.4263 0.2248 0.3490",
    "0.2668 0.2978 0.4354",
]
for row, lecture, probabilities in zip(logits, printed, functional.softmax(logits), strict=True):
    beside(f"softmax({in_row(row, 2).replace(' ', ', ')})", lecture, in_row(probabilities, 4))
losses = functional.cross_entropy(logits, labels, reduction="none")
beside("cross-entropies, labels 0, 1, 2, 2", "0.9698 0.8801 1.0527 0.8314", in_row(losses, 4))
beside("their mean", "0.9335", f"{losses.mean():.4f}")
beside(
    "softmax(1, 2, 3)",
    "0.09003057 0.24472847 0.66524096",
    in_row(functional.softmax([1, 2, 3]), 8),
)
rows = [[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]]
loss = functional.cross_entropy(rows, [0, 2], input_kind="probabilities")
beside("cross-entropy of two rows of probabilities", "1.4979", f"{loss:.4f}")
beside("sigmoid(-100)", "3.72e-44", f"{functional.sigmoid(-100):.2e}")

# 2. Entropy and code lengths, in bits.
frequencies = np.array([0.6, 0.38, 0.01, 0.01])
lengths = functional.surprisal([1 / 2, 1 / 4, 1 / 8, 1 / 8], base=2)
beside("bits of eight equally likely messages", "3", f"{functional.entropy([1 / 8] * 8, 2):.0f}")
beside("mean bits of codes of 1, 2, 3 and 3 bits", "1.42", f"{frequencies @ lengths:.2f}")
beside(
    "the same codes for other messages",
    "2.7",
    f"{np.array([0.1, 0.1, 0.4, 0.4]) @ lengths:.1f}",
)
beside("bits of one nat", "1.44", f"{functional.surprisal(np.exp(-1), base=2):.2f}")

# 3. The gradient for a target that is a distribution is softmax less target.
target = np.array([0.1, 0.2, 0.7])
gradient = functional.cross_entropy_gradient([0.0, 0.0, 0.0], target)
by_hand = [1 / 3 - 0.1, 1 / 3 - 0.2, 1 / 3 - 0.7]
beside("softmax(0, 0, 0) - (0.1, 0.2, 0.7)", in_row(by_hand, 4), in_row(gradient, 4))

# 4. One step on iris: X'(A - Y) / n, with A the probabilities and Y the one-hot targets.
X, y = load_iris(return_X_y=True)
coef, intercept = np.tile([[0.1], [0.0], [-0.1]], (1, 4)), np.zeros(3)
A, Y = functional.softmax(X @ coef.T + intercept), functional.one_hot(y)
gradient, for_intercept = (A - Y).T @ X / len(X), (A - Y).mean(axis=0)
solver = GradientDescent(learning_rate=0.1)
model = SoftmaxRegression(C=np.inf, solver=solver, max_iter=1, tol=1e-12, keep_path=True)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # a single step is not convergence
    model.fit(X, y, coef_init=coef, intercept_init=intercept)
print(f"\nloss {model.loss_curve_[0]:.6f} before the step and {model.loss_curve_[1]:.6f} after it")
print(f"{'':26}{'start':>9}{'gradient':>11}{'start - 0.1 gradient':>22}{'path_[1]':>11}")
names = ["sepal length", "sepal width", "petal length", "petal width"]
for k, species in enumerate(load_iris().target_names):
    for j, name in enumerate(names):
        by_hand = coef[k, j] - 0.1 * gradient[k, j]
        print(
            f"{species:12}{name:14}{coef[k, j]:9.4f}{gradient[k, j]:11.6f}{by_hand:22.6f}"
            f"{model.path_[1, k, j]:11.6f}"
        )
    by_hand = intercept[k] - 0.1 * for_intercept[k]
    print(
        f"{species:12}{'intercept':14}{intercept[k]:9.4f}{for_intercept[k]:11.6f}{by_hand:22.6f}"
        f"{model.path_[1, k, -1]:11.6f}"
    )
