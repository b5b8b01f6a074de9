"""Fuel efficiency by one feature: the loss surface, and the paths of four methods on it.

If ``autompg.csv`` is in the folder that the environment variable SK_SOFTMAX_DATA names, the
question is whether a car does at least 30 miles to the gallon, by its weight. Otherwise it is
whether an iris is a virginica, by the length of its petals. In both cases there are two
parameters, a coefficient and an intercept, so the whole objective can be drawn. Full-batch
descent takes a smooth path, minibatches a noisy one, momentum overshoots, and RMSprop takes steps
of the same size in both directions. A second picture has two features and the line that divides
the classes.
Needs matplotlib: pip install "sk-softmax[plot]"

Run: python examples/loss_surface_and_paths.py
"""

import os
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression
from sk_softmax.displays import LossLandscapeDisplay
from sk_softmax.solvers import SGD, GradientDescent, RMSprop

folder = os.environ.get("SK_SOFTMAX_DATA")
if folder and (Path(folder) / "autompg.csv").exists():
    path = Path(folder) / "autompg.csv"
    weight, acceleration, mpg = np.loadtxt(path, delimiter=",", usecols=(3, 4, 8)).T
    X, y, names = np.column_stack([weight, acceleration]), mpg >= 30, ("weight", "acceleration")
    question = "at least 30 miles to the gallon"
else:
    iris = load_iris()
    X, y, names = iris.data[:, 2:], iris.target == 2, ("petal length", "petal width")
    question = "an iris virginica"
X = StandardScaler().fit_transform(X)

# 1. One feature: the surface over weight and intercept.
# Its mean is 2 and not 0, as in data that are not standardised: the surface is a narrow valley.
one = X[:, :1] + 2
best = SoftmaxRegression(C=0.1, tol=1e-9).fit(one, y)
methods = {
    "full batch": GradientDescent(learning_rate=1.5),
    "minibatches of 16": SGD(batch_size=16, learning_rate=0.1, momentum=0, schedule="constant"),
    "momentum 0.9": GradientDescent(learning_rate=0.3, momentum=0.9),
    "RMSprop": RMSprop(batch_size=len(one), learning_rate=0.2, schedule="constant"),
}
warnings.simplefilter("ignore", ConvergenceWarning)  # 30 iterations are too few on purpose
paths = {}
for name, solver in methods.items():
    model = SoftmaxRegression(C=0.1, solver=solver, max_iter=30, tol=1e-9, keep_path=True)
    model.set_params(random_state=0)
    paths[name] = model.fit(one, y).path_
    print(f"{name:18s} ends {model.objective(one, y) - best.objective(one, y):.1e} nats above")
surface = LossLandscapeDisplay.from_estimator(
    best, one, y, paths=paths, parameters=((0, 0), (0, -1))
)
surface.ax_.set_xlabel(f"coefficient of {names[0]} (standardised, plus 2)")
surface.ax_.set_title(f"Is it {question}? 30 iterations from zero", fontsize=10)
surface.figure_.savefig("loss_surface.png", dpi=100)

# 2. Two features: where the classes divide.
model = SoftmaxRegression().fit(X, y)
figure, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
regions = DecisionBoundaryDisplay.from_estimator(
    model,
    X,
    response_method="predict_proba",
    cmap="RdBu",
    alpha=0.7,
    levels=np.linspace(0, 1, 11),
    ax=ax,
)
figure.colorbar(regions.surface_, ax=ax, label="probability")
for label, marker in [(True, "o"), (False, "x")]:
    ax.scatter(*X[y == label].T, s=14, c="black", marker=marker, label="yes" if label else "no")
ax.set_xlabel(f"{names[0]} (standardised)")
ax.set_ylabel(f"{names[1]} (standardised)")
ax.set_title(f"Is it {question}? Accuracy {model.score(X, y):.3f}", fontsize=10)
ax.legend()
figure.savefig("decision_regions.png", dpi=100)
print(f"accuracy of the dividing line: {model.score(X, y):.3f}")
print("the pictures are in loss_surface.png and decision_regions.png")
