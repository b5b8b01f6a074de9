"""The Python that does what a view of the page shows, for a student to take away."""

from __future__ import annotations

import re

from sk_softmax.explore.laboratory import Scene
from sk_softmax.explore.methods import METHODS, has_l1
from sk_softmax.explore.paths import TOLERANCE, Refused, model_of
from sk_softmax.explore.rows_of_view import NEIGHBOURS
from sk_softmax.explore.view import View

SOLVER_NAMES = (
    "LBFGS",
    "SGD",
    "Adam",
    "GradientDescent",
    "NewtonCholesky",
    "ProximalLBFGS",
    "ProximalNewton",
    "RMSprop",
)

IMPORTS = (
    ("warnings", "import warnings"),
    ("Path", "from pathlib import Path"),
    ("", ""),
    ("plt", "import matplotlib.pyplot as plt"),
    ("np", "import numpy as np"),
    ("load_digits", "from sklearn.datasets import load_digits"),
    ("load_iris", "from sklearn.datasets import load_iris"),
    ("make_moons", "from sklearn.datasets import make_moons"),
    ("ConvergenceWarning", "from sklearn.exceptions import ConvergenceWarning"),
    ("train_test_split", "from sklearn.model_selection import train_test_split"),
    ("KNeighborsClassifier", "from sklearn.neighbors import KNeighborsClassifier"),
    ("StandardScaler", "from sklearn.preprocessing import StandardScaler"),
    ("", ""),
    ("SoftmaxRegression", "from sk_softmax import SoftmaxRegression"),
    ("LossLandscapeDisplay", "from sk_softmax.displays import LossLandscapeDisplay"),
    ("cars", "from sk_softmax.explore import cars"),
    ("OwnFile", "from sk_softmax.explore.own_file import OwnFile"),
    *[(name, f"from sk_softmax.solvers import {name}") for name in sorted(SOLVER_NAMES)],
)
"""Names that a program may use, and the line that imports each; in their order."""


def python_code(view: View, scene: Scene) -> str:
    """Return a program that fits the same models to the same rows and draws their paths.

    It needs this package, and matplotlib for its picture.
    """
    body = [*_load(scene), *_rows(view, scene), *_start(view, scene), *_fits(view, scene)]
    text = "\n".join([*body, *_picture()])
    imports = [line for name, line in IMPORTS if re.search(rf"\b{name}\b", text)]
    return "\n".join([*_heading(scene), *imports, "", text]) + "\n"


def _heading(scene: Scene) -> list[str]:
    columns = ", ".join(scene.rows.columns[:4]) + (", ..." if len(scene.rows.columns) > 4 else "")
    text = f"{scene.data.title}: {' or '.join(scene.rows.classes[:4])}, by {columns}"
    return [f'"""{_plain(text)}."""', ""]


def _plain(text: str) -> str:
    """Return text that can stand in a docstring or a comment."""
    return re.sub(r'[\\"\s]+', " ", text)


def _load(scene: Scene) -> list[str]:
    """Return the lines that load the data."""
    return [f"# 1. The rows. {_plain(scene.data.note)}", *scene.data.code.strip().splitlines()]


def _rows(view: View, scene: Scene) -> list[str]:
    """Return the lines from the data to the rows that are fitted."""
    asked = scene.data.usual_classes if view.classes is None else view.classes
    lines = ["", "# 2. The question and the columns."]
    if asked == "all":
        lines += ["y = labels"]
    elif "-" in asked:
        first, second = asked.split("-")
        lines += [
            f"two = (labels == {first}) | (labels == {second})",
            f"X, y = X[two], (labels[two] == {second}).astype(int)",
        ]
    else:
        lines += [f"y = (labels == {asked}).astype(int)  # {_plain(scene.rows.classes[1])}"]
    if len(scene.rows.chosen) < scene.data.X.shape[1]:
        lines += [f"X = X[:, {list(scene.rows.chosen)}]"]
    if view.validation > 0:
        lines += [
            "X, X_val, y, y_val = train_test_split(",
            f"    X, y, test_size={view.validation!r}, stratify=y, random_state=0",
            ")",
        ]
    if view.scale == "standard":
        lines += ["scaler = StandardScaler().fit(X)", "X = scaler.transform(X)"]
        if view.validation > 0:
            lines += ["X_val = scaler.transform(X_val)"]
    if view.targets == "shares":
        n_neighbours = min(NEIGHBOURS, len(scene.rows.X))
        lines += [
            "# Targets are probabilities: the shares of the classes among the nearest rows.",
            f"y = KNeighborsClassifier({n_neighbours}).fit(X, y).predict_proba(X)",
        ]
    return lines


def _start(view: View, scene: Scene) -> list[str]:
    """Return the lines that make the start and, where parameters are held, the offset."""
    l1_ratio = view.l1_ratio if has_l1(view) else 0.0
    penalty = f"C={_number(view.C)}, l1_ratio={l1_ratio!r}"
    lines = [
        "",
        "# 3. The optimum, and where the solvers start.",
        'warnings.simplefilter("ignore", ConvergenceWarning)  # a few steps are few on purpose',
        f"best = SoftmaxRegression({penalty}, tol={TOLERANCE!r}).fit(X, y)",
        "whole_y = y",
        f"across, up = {scene.plane.across!r}, {scene.plane.up!r}  # row and column of params_",
    ]
    if view.others == "free":
        return [
            *lines,
            "start = np.zeros_like(best.params_)",
            f"start[across], start[up] = {view.start_x!r}, {view.start_y!r}",
            "rows, arguments = X, dict(coef_init=start[:, :-1], intercept_init=start[:, -1])",
            "",
            "",
            "def whole(path):",
            '    """Return the path of the whole model."""',
            "    return path",
            "",
        ]
    return [*lines, *_held(view, scene)]


def _held(view: View, scene: Scene) -> list[str]:
    """Return the lines that hold all parameters but two at the optimum, by an offset."""
    inputs, n_columns = scene.inputs, scene.best.params_.shape[1]
    free = [j for _, j in scene.plane.pair if j != n_columns - 1]
    row = scene.plane.across[0]
    lines = [
        "held = best.params_.copy()",
        "held[across] = held[up] = 0",
        "logits = X @ held[:, :-1].T + held[:, -1]",
    ]
    if scene.rows.n_outputs == 1:
        lines += ["offset, k = logits[:, 0], 1"]
    else:
        lines += [
            f"k = {row}  # this class against the rest, whose logits stay as they are",
            "rest = np.delete(logits, k, axis=1)",
            "offset = logits[:, k] - np.logaddexp.reduce(rest, axis=1)",
        ]
    if view.targets == "shares":
        lines += ["y = np.column_stack([1 - y[:, k], y[:, k]])"]
    else:
        lines += ["y = (y == k).astype(int)"]
    arguments = f"coef_init={inputs.start[:, : len(free)].tolist()!r}"
    if inputs.fit_intercept:
        arguments += f", intercept_init={inputs.start[:, -1].tolist()!r}"
    order = "0, 1" if scene.plane.across[1] != n_columns - 1 else "1, 0"
    return [
        *lines,
        f"rows, arguments = X[:, {free}], dict(",
        f"    offset=offset, {arguments}",
        ")",
        "",
        "",
        "def whole(path):",
        '    """Return the path of the whole model: two parameters of it moved."""',
        "    lifted = np.tile(best.params_, (len(path), 1, 1))",
        f"    for parameter, position in zip([across, up], [{order}]):",
        "        lifted[(slice(None), *parameter)] = path[:, 0, position]",
        "    return lifted",
        "",
    ]


def _fits(view: View, scene: Scene) -> list[str]:
    """Return the lines that fit the solvers and print where they end."""
    lines = ["", "# 4. The solvers.", "solvers = {"]
    for name in view.solvers:
        try:
            model = model_of(name, view, len(scene.rows.X))
        except Refused:
            continue
        lines += [f"    {METHODS[name].label!r}: {model.solver!r},"]
    l1_ratio = view.l1_ratio if has_l1(view) else 0.0
    intercept = "" if scene.inputs.fit_intercept else " fit_intercept=False,"
    return [
        *lines,
        "}",
        "paths = {}",
        "for name, solver in solvers.items():",
        "    model = SoftmaxRegression(",
        f"        C={_number(view.C)}, l1_ratio={l1_ratio!r},{intercept}",
        f"        solver=solver, max_iter={view.epochs}, tol={TOLERANCE!r},",
        f"        keep_path=True, random_state={view.seed},",
        "    )",
        "    paths[name] = whole(model.fit(rows, y, **arguments).path_)",
        "    end = paths[name][-1]",
        '    print(f"{name}: {len(paths[name]) - 1} steps, "',
        '          f"end at {end[across]:.6f}, {end[up]:.6f}")',
    ]


def _picture() -> list[str]:
    """Return the lines that draw the surface with the paths."""
    return [
        'print(f"optimum: {best.params_[across]:.6f}, {best.params_[up]:.6f}")',
        "",
        "# 5. The loss surface through the optimum, and the paths.",
        "display = LossLandscapeDisplay.from_estimator(",
        "    best, X, whole_y, paths=paths, parameters=(across, up)",
        ")",
        'display.figure_.savefig("loss_surface.png", dpi=120)',
        "plt.show()",
    ]


def _number(value: float) -> str:
    return "np.inf" if value == float("inf") else repr(value)
