"""Iris virginica against the rest by gradient descent: the lecture's numbers and ours.

The HCMUS lecture on softmax regression fits a logistic regression, the case of two classes, by
batch gradient descent: from zero weights, with a fixed learning rate of 0.1 and no penalty,
updating weights and intercept together by the gradient of the mean loss.

Run: python examples/iris_virginica_by_gradient_descent.py
"""

import warnings

import numpy as np
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import precision_score, recall_score
from sklearn.model_selection import cross_val_predict

from sk_softmax import SoftmaxRegression
from sk_softmax.solvers import GradientDescent

X, y = load_iris(return_X_y=True)
virginica = (y == 2).astype(int)


def descend(n_steps):
    """Take exactly ``n_steps`` steps, without the warning that the optimum is not reached."""
    model = SoftmaxRegression(
        C=np.inf, solver=GradientDescent(learning_rate=0.1), max_iter=n_steps, tol=1e-12
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, virginica)


def beside(what, lecture, ours):
    """Print one line of the comparison."""
    print(f"{what:<34}{lecture:>14}{ours:>14}")


beside("", "lecture", "sk_softmax")
model = descend(5000)
for step, cost in [
    (0, 0.693147),
    (1000, 0.126957),
    (2000, 0.099479),
    (3000, 0.087918),
    (4000, 0.081294),
]:
    beside(f"cost at step {step}", f"{cost:.6f}", f"{model.loss_curve_[step]:.6f}")
names = ["sepal length", "sepal width", "petal length", "petal width"]
for name, theirs, ours in zip(
    names, [-3.37535802, -3.32169488, 4.96017562, 5.53844134], model.coef_[0], strict=True
):
    beside(f"weight of {name} at 5000", f"{theirs:.8f}", f"{ours:.8f}")
beside("intercept at 5000", "-2.91566779", f"{model.intercept_[0]:.8f}")

model = descend(50_000)
for step, cost in [(10_000, 0.066390), (20_000, 0.058997), (30_000, 0.055479)]:
    beside(f"cost at step {step}", f"{cost:.6f}", f"{model.loss_curve_[step]:.6f}")
beside("training accuracy at 50000", "98.0 %", f"{100 * model.score(X, virginica):.1f} %")

# The optimum itself, by the default solver: no learning rate and no number of steps to choose.
best = SoftmaxRegression(C=np.inf, tol=1e-10).fit(X, virginica)
beside(f"cost at the optimum, {best.n_iter_[0]} Newton steps", "", f"{best.loss_curve_[-1]:.6f}")

predicted = cross_val_predict(SoftmaxRegression(), X, virginica, cv=3)
beside("precision, 3 folds", "about 0.92", f"{precision_score(virginica, predicted):.3f}")
beside("recall, 3 folds", "0.96 to 0.98", f"{recall_score(virginica, predicted):.3f}")
model = SoftmaxRegression().fit(X, virginica)
for what, row, lecture in [
    ("sample 3", X[3], "no"),
    ("sample 145", X[145], "yes"),
    ("(4.9, 3.2, 1.3, 0.2)", [4.9, 3.2, 1.3, 0.2], "no"),
]:
    beside(f"{what} is a virginica", lecture, "yes" if model.predict([row])[0] else "no")
