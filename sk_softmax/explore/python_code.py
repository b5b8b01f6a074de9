"""The Python that does what a view of the page shows, for a student to take away."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from sk_softmax.estimators import SoftmaxRegression
from sk_softmax.explore.holding import Holding
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
    ("Holding", "from sk_softmax.explore.holding import Holding"),
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
        f"across, up = {scene.plane.across!r}, {scene.plane.up!r}  # row and column of params_",
    ]
    if view.others == "held":
        return [*lines, *_held(view, scene)]
    return [
        *lines,
        "start = np.zeros_like(best.params_)",
        f"start[across], start[up] = {view.start_x!r}, {view.start_y!r}",
        "rows, arguments = X, dict(coef_init=start[:, :-1], intercept_init=start[:, -1])",
        "options = {}",
        "",
        "",
        "def whole(path):",
        '    """Return the path of the whole model."""',
        "    return path",
        "",
    ]


def _held(view: View, scene: Scene) -> list[str]:
    """Return the lines that hold all parameters but two at the optimum, by an offset."""
    inputs, plane = scene.inputs, scene.plane
    used = sorted({column for _, column in plane.pair})
    here, there = [(row, used.index(column)) for row, column in plane.pair]
    lines = [
        "held = best.params_.copy()",
        "held[across] = held[up] = 0",
        "columns = np.column_stack([X, np.ones(len(X))])  # the last for the intercept",
        f"offset = {'columns @ held[0]' if len(inputs.start) == 1 else 'columns @ held.T'}",
        f"rows = columns[:, {used}]  # with a coefficient in each class, of which two are free",
        f"here, there = {here!r}, {there!r}",
        f"start = np.zeros({inputs.start.shape})",
        f"start[here], start[there] = {view.start_x!r}, {view.start_y!r}",
        "arguments = dict(offset=offset, coef_init=start)",
        f"options = {inputs.options!r}",
    ]
    if inputs.free is not None:
        lines += [
            "free = np.zeros(start.shape, dtype=bool)",
            "free[here] = free[there] = True",
            "bounds = dict(lower_bounds=np.where(free, -np.inf, 0),",
            "              upper_bounds=np.where(free, np.inf, 0))",
        ]
    return [
        *lines,
        "",
        "",
        "def whole(path):",
        '    """Return the path of the whole model: two parameters of it moved."""',
        "    lifted = np.tile(best.params_, (len(path), 1, 1))",
        "    lifted[(slice(None), *across)] = path[(slice(None), *here)]",
        "    lifted[(slice(None), *up)] = path[(slice(None), *there)]",
        "    return lifted",
        "",
    ]


def _fits(view: View, scene: Scene) -> list[str]:
    """Return the lines that fit the solvers and print where they end."""
    lines = ["", "# 4. The solvers.", "solvers = {"]
    for name in view.solvers:
        try:
            model = model_of(name, view, scene.inputs)
        except Refused:
            continue
        lines += [f"    {METHODS[name].label!r}: dict({_chosen(model)}),"]
    l1_ratio = view.l1_ratio if has_l1(view) else 0.0
    return [
        *lines,
        "}",
        "paths = {}",
        "for name, chosen in solvers.items():",
        "    model = SoftmaxRegression(",
        f"        C={_number(view.C)}, l1_ratio={l1_ratio!r},",
        f"        max_iter={view.epochs}, tol={TOLERANCE!r}, random_state={view.seed},",
        "        **chosen, **options,",
        "    )",
        "    paths[name] = whole(model.fit(rows, y, **arguments).path_)",
        "    end = paths[name][-1]",
        '    print(f"{name}: {len(paths[name]) - 1} steps, "',
        '          f"end at {end[across]:.6f}, {end[up]:.6f}")',
    ]


def _chosen(model: SoftmaxRegression) -> str:
    """Return a model's solver, its bounds and what it keeps as the text of arguments."""
    chosen: Any = model.solver
    solver, bounds = repr(chosen), ""
    if isinstance(chosen, Holding):
        solver = f"Holding({chosen.solver!r}, free)"
    elif isinstance(model.lower_bounds, np.ndarray):
        bounds = ", **bounds"
    return f"solver={solver}, keep_path={model.keep_path!r}{bounds}"


def _picture() -> list[str]:
    """Return the lines that draw the surface with the paths."""
    return [
        'print(f"optimum: {best.params_[across]:.6f}, {best.params_[up]:.6f}")',
        "",
        "# 5. The loss surface through the optimum, and the paths.",
        "display = LossLandscapeDisplay.from_estimator(",
        "    best, X, y, paths=paths, parameters=(across, up)",
        ")",
        'display.figure_.savefig("loss_surface.png", dpi=120)',
        "plt.show()",
    ]


def _number(value: float) -> str:
    return "np.inf" if value == float("inf") else repr(value)
