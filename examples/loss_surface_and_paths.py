"""Fuel efficiency by one feature: the loss surface, and the paths of four methods on it.

If ``autompg.csv`` is in the folder that the environment variable SK_SOFTMAX_DATA names, the
question is whether a car does at least 30 miles to the gallon, by its weight. Otherwise it is
whether an iris is a virginica, by the width of its petals. In both cases there are two parameters,
a coefficient and an intercept, so the whole objective can be drawn. The feature is in units in
which its mean is not zero, so that the surface is a narrow valley.

All methods begin at the same point on its wall, which ``coef_init`` and ``intercept_init`` set:

- Full-batch descent goes straight down into the valley, then creeps along it.
- Minibatches take many steps in the time of one, so they get furthest along the valley, and are
  noisy: their path turns back again and again.
- Momentum shoots across the valley, up the opposite wall, and swings to and fro.
- RMSprop divides each entry of the gradient by its running magnitude, so that its first step is
  equally long in both parameters.

The paths are drawn twice: all of them at once, and growing, as an animation. Another picture has
two features and the line that divides the classes.
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

from sk_softmax import SoftmaxRegression
from sk_softmax.displays import LossLandscapeDisplay
from sk_softmax.solvers import SGD, GradientDescent, RMSprop

folder = os.environ.get("SK_SOFTMAX_DATA")
if folder and (Path(folder) / "autompg.csv").exists():
    path = Path(folder) / "autompg.csv"
    pounds, seconds, mpg = np.loadtxt(path, delimiter=",", usecols=(3, 4, 8)).T
    X, y = np.column_stack([0.45359237e-3 * pounds, seconds]), mpg >= 30
    names, units = ("weight", "time from 0 to 60 miles an hour"), ("tonne", "second")
    yes, no, start = "at least 30 miles to the gallon", "less", {"coef": 0.5, "intercept": 1.0}
else:
    iris = load_iris()
    X, y = iris.data[:, [3, 2]], iris.target == 2
    names, units = ("petal width", "petal length"), ("cm", "cm")
    yes, no, start = "virginica", "another iris", {"coef": 2.5, "intercept": 0.5}

# 1. One feature: the surface over its coefficient and the intercept.
one = X[:, :1]
best = SoftmaxRegression(C=0.1, tol=1e-9).fit(one, y)
methods = {
    "full batch": GradientDescent(learning_rate=1.0),
    "minibatches of 16": SGD(batch_size=16, learning_rate=0.3, momentum=0, schedule="constant"),
    "momentum 0.9": GradientDescent(learning_rate=0.5, momentum=0.9),
    "RMSprop": RMSprop(batch_size=len(one), learning_rate=0.08, schedule="constant"),
}
warnings.simplefilter("ignore", ConvergenceWarning)  # 30 iterations are too few on purpose
paths = {}
print(f"{'30 iterations of':18s}{'turns back':>12s}{'nats above the best':>21s}")
for name, solver in methods.items():
    model = SoftmaxRegression(C=0.1, solver=solver, max_iter=30, tol=1e-12, keep_path=True)
    model.set_params(random_state=0)
    model.fit(one, y, coef_init=[[start["coef"]]], intercept_init=[start["intercept"]])
    paths[name] = model.path_
    steps = np.diff(model.path_[:, 0], axis=0)
    turns = int(((steps[1:] * steps[:-1]).sum(axis=1) < 0).sum())  # by more than a right angle
    above = model.objective(one, y) - best.objective(one, y)
    print(f"{name:18s}{turns:12d}{above:21.1e}")
surface = LossLandscapeDisplay.from_estimator(
    best, one, y, paths=paths, parameters=((0, 0), (0, -1)), draw=False
)
surface.labels = (
    f"coefficient of {names[0]} (nats of log-odds a {units[0]})",
    "intercept (nats of log-odds)",
)
title = f"{yes}, by {names[0]}: 30 iterations".capitalize()
surface.plot().ax_.set_title(title, fontsize=11)
surface.figure_.savefig("loss_surface.png", dpi=200)
moving = surface.animate(interval=200)
surface.ax_.set_title(title, fontsize=11)
moving.save("loss_surface.gif", writer="pillow", dpi=80)

# 2. Two features: where the classes divide.
model = SoftmaxRegression().fit(X, y)
figure, ax = plt.subplots(figsize=(6.4, 4.8), layout="constrained")
regions = DecisionBoundaryDisplay.from_estimator(
    model,
    X,
    response_method="predict_proba",
    class_of_interest=True,
    cmap="RdBu",
    alpha=0.7,
    levels=np.linspace(0, 1, 11),
    eps=0.2,
    ax=ax,
)
figure.colorbar(regions.surface_, ax=ax, label=f"probability of {yes}")
for label, marker in [(True, "o"), (False, "x")]:
    ax.scatter(*X[y == label].T, s=16, c="black", marker=marker, label=yes if label else no)
ax.set_xlabel(f"{names[0]} ({units[0]}{'s' if len(units[0]) > 2 else ''})")
ax.set_ylabel(f"{names[1]} ({units[1]}{'s' if len(units[1]) > 2 else ''})")
accuracy = model.score(X, y)
ax.set_title(
    f"The line at one half is right about {100 * accuracy:.1f} % of the rows", fontsize=11
)
ax.legend(fontsize=9)
figure.savefig("decision_regions.png", dpi=200)
print(f"accuracy of the dividing line: {accuracy:.3f}")
print("the pictures are in loss_surface.png, loss_surface.gif and decision_regions.png")
