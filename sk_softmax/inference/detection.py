"""Whether classes are separated, so that coefficients have no finite estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_softmax.fitting.driver import minimize
from sk_softmax.fitting.finite_optimum import is_proven
from sk_softmax.fitting.margins import ABSENT, INSIDE, OUTSIDE, Margins
from sk_softmax.fitting.problems import objective_of, problem_of, rows_for
from sk_softmax.fitting.separating_directions import Separating, SeparatingDirections
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.fitting.shift import Shift, shift_of
from sk_softmax.inference.table import table_of
from sk_softmax.interfaces import Array, Status
from sk_softmax.interfaces.given import MatrixLike
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.objective import RegressionObjective
from sk_softmax.rows import single_threaded_blas, threads_in_force
from sk_softmax.solvers import Auto

# A coefficient has no finite estimate if at least this share of it is not determined by the rows
# that stay together. Eigenvalues below RANK of a Gram matrix of unit diagonal count as zero.
SHARE, RANK = 1e-6, 1e-10

# How many of a list a text names.
NAMED = 5


@dataclass(frozen=True, eq=False, repr=False)
class Separation:
    """What :func:`detect_separation` found; ``print`` says it in words.

    Attributes
    ----------
    kind : {"none", "quasi-complete", "complete"}
        ``"none"``: there is a finite optimum. ``"complete"``: some coefficients classify every
        row without a mistake. ``"quasi-complete"``: they do so for some rows, and cannot decide
        between classes in others.
    rows : ndarray of int, shape (n_separated,)
        Numbers of the rows that are told from one class or more with certainty.
    class_pairs : tuple of pairs of labels
        The pairs of classes whose rows, all or some, are told from one another with certainty.
    features : tuple
        Names of the features, or their numbers, whose coefficients have no finite estimate.
    intercept : bool
        Whether an intercept has no finite estimate.
    direction : ndarray of shape (n_outputs, n_columns)
        Coefficients, with the intercept as last column, that tell all these rows apart: added any
        number of times, they lower the loss. Zero for ``"none"``.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_softmax.inference import detect_separation
    >>> separation = detect_separation(np.arange(6.0)[:, None], [0, 0, 0, 1, 1, 1])
    >>> separation.kind, separation.features, separation.class_pairs
    ('complete', (0,), ((0, 1),))
    """

    kind: Literal["none", "quasi-complete", "complete"]
    rows: NDArray[np.intp]
    class_pairs: tuple[tuple[Any, Any], ...]
    features: tuple[Any, ...]
    intercept: bool
    direction: Array
    n_rows: int
    """Rows with weight."""

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        self.rows.flags.writeable = self.direction.flags.writeable = False

    @property
    def classes(self) -> tuple[Any, ...]:
        """The labels in :attr:`class_pairs`, each once."""
        return tuple(dict.fromkeys(label for pair in self.class_pairs for label in pair))

    def __repr__(self) -> str:
        return (
            f"Separation(kind={self.kind!r}, class_pairs={self.class_pairs!r}, "
            f"features={self.features!r}, n_separated={len(self.rows)})"
        )

    def __str__(self) -> str:
        if self.kind == "none":
            return f"No separation of {self.n_rows} rows: the coefficients have finite estimates."
        names = _listed(self.features)
        if self.intercept:
            names = f"{names} and the intercept" if self.features else "the intercept alone"
        pairs = _listed([f"{first!r} from {second!r}" for first, second in self.class_pairs], str)
        rows = _listed(self.rows, str)
        return "\n".join(
            [
                f"{self.kind.capitalize()} separation: the coefficients have no finite estimates.",
                f"  classes told apart: {pairs}",
                f"  rows told apart: {len(self.rows)} of {self.n_rows}: {rows}",
                f"  without a finite estimate: {names}",
            ]
        )


def _listed(values: Any, to_text: Any = repr) -> str:
    """Return the first values in words."""
    named = ", ".join(to_text(value) for value in values[:NAMED])
    return f"{named}, ... {len(values) - NAMED} more" if len(values) > NAMED else named


def detect_separation(
    X: MatrixLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    fit_intercept: bool = True,
) -> Separation:
    """Return whether classes are separated, and by which features.

    If some coefficients never put a row's class below another class, and put it above another
    class in one row or more, their multiples fit better and better: without a penalty there is no
    finite optimum (Albert and Anderson, 1984, Biometrika 71). An unpenalised model is fitted
    first. Then either multipliers prove that there is no such direction, or one linear programme
    over all classes decides, and further ones find all rows that come apart. Rows of weight zero
    are left out.

    Parameters
    ----------
    X : array-like, frame or sparse matrix of shape (n_rows, n_features)
        The rows. A frame's columns give the features' names.
    y : array-like of shape (n_rows,) or (n_rows, n_classes)
        Labels, or the probability of each class. Classes that share a row are never told apart in
        it; rows in which all classes have some probability (smoothed labels) cannot be separated.
    sample_weight : array-like of shape (n_rows,), optional
        Weights; only whether they are zero matters.
    fit_intercept : bool, default=True
        Whether the model has an intercept.

    Returns
    -------
    separation : Separation
        Its kind, and the rows, classes and features.

    Raises
    ------
    ValueError
        If X, y or weights cannot be read.
    ArithmeticError
        If the linear programme ends without an answer.

    Notes
    -----
    Columns are scaled, and those far from zero are shifted. Rows that overlap by less than 1e-8 of
    a column's range count as separated. The programmes take milliseconds for some 60 parameters,
    and seconds for 450.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax.inference import detect_separation
    >>> X, y = load_iris(return_X_y=True)
    >>> print(detect_separation(X, y))
    Quasi-complete separation: the coefficients have no finite estimates.
      classes told apart: 0 from 1, 0 from 2
      rows told apart: 150 of 150: 0, 1, 2, 3, 4, ... 145 more
      without a finite estimate: 0, 1, 2, 3 and the intercept
    """
    table = table_of(X, y, sample_weight)
    settings = Settings(
        solver=Auto(),
        max_iter=Auto.default_max_iter,
        tol=1e-6,
        seed=0,
        n_threads=threads_in_force(),
        C=np.inf,
        fit_intercept=fit_intercept,
    )
    return separation_of(settings, table.training, table.names)


def separation_of(settings: Settings, training: TrainingSet, names: tuple[Any, ...]) -> Separation:
    """Return whether the classes of a training set are separated.

    Parameters
    ----------
    settings : Settings
        Without a penalty.
    training : TrainingSet
        The rows, with class weights applied.
    names : tuple
        Names of the features.
    """
    rows = rows_for(settings, training.X, len(training.classes))
    shift = shift_of(settings, rows, training.weights)
    objective = objective_of(settings, training, rows=shift.rows(rows))
    with single_threaded_blas(), quiet():
        margins, found = _found(settings, objective)
        n_rows = int(_with_weight(margins).sum())
        if found is None:
            nothing = np.zeros(objective.shape)
            none = np.zeros(0, dtype=np.intp)
            return Separation("none", none, (), (), False, nothing, n_rows)
        features, intercept = _without_estimate(margins, found, shift, settings.fit_intercept)
    is_complete = found.strict[margins.kinds == OUTSIDE].all() and (margins.kinds != INSIDE).all()
    return Separation(
        "complete" if is_complete else "quasi-complete",
        np.flatnonzero(found.strict.any(axis=0)),
        _pairs(objective, found, training.classes.tolist()),
        tuple(names[number] for number in features),
        intercept,
        shift.lift(found.params),
        n_rows,
    )


def _found(
    settings: Settings, objective: RegressionObjective
) -> tuple[Margins, Separating | None]:
    """Return the margins of the rows, and a direction that tells as many apart as any; or None."""
    start = np.zeros(objective.shape)
    solution = minimize(settings.solver, objective, problem_of(settings, objective, start))
    free, params = np.ones(objective.shape[1], dtype=bool), solution.params
    margins = Margins(objective.data, free)
    along = margins.along(params)
    if (along[margins.kinds == OUTSIDE] > 0).all() and (margins.kinds != INSIDE).all():
        return margins, Separating(params, along / along.max())
    is_settled = solution.status in (Status.CONVERGED, Status.PRECISION_LIMIT)
    if is_settled and is_proven(objective.data, free, params):
        return margins, None
    return margins, SeparatingDirections(margins, along).most()


def _with_weight(margins: Margins) -> NDArray[np.bool_]:
    """Return which rows have weight, shape ``(n_rows,)``."""
    return np.asarray((margins.kinds != ABSENT).any(axis=0))


def _pairs(
    objective: RegressionObjective, found: Separating, labels: list[Any]
) -> tuple[tuple[Any, Any], ...]:
    """Return the pairs of labels between which a margin is positive, in the order of classes."""
    targets = np.array([objective.targets.of_class(k) for k in range(len(labels))])
    own = targets.argmax(axis=0)
    pairs = {
        (min(own[row], k), max(own[row], k))
        for k, row in zip(*np.nonzero(found.strict), strict=True)
    }
    return tuple((labels[first], labels[second]) for first, second in sorted(pairs))


def _without_estimate(
    margins: Margins, found: Separating, shift: Shift, has_intercept: bool
) -> tuple[list[int], bool]:
    """Return the numbers of the features without a finite estimate, and whether an intercept has.

    The directions that separate span the null space of the margins that are zero along all of
    them. A coefficient has a finite estimate if it is zero there, apart from what the rows never
    determine because columns depend on one another.
    """
    is_margin = margins.kinds != ABSENT
    stay = _null_projection(margins.gram(is_margin & ~found.strict))
    never = _null_projection(margins.gram(is_margin))
    # Coefficients of given columns as functions of the entries of a direction.
    functions = np.eye(margins.shape[1])
    if has_intercept:
        functions[-1, :-1] = -shift.of_columns
    functions = functions * margins.unit
    functions /= np.linalg.norm(functions, axis=1, keepdims=True)
    blocks = (stay - never).reshape(*margins.shape, *margins.shape)
    shares = np.einsum("fi,kikj,fj->kf", functions, blocks, functions).max(axis=0)
    numbers = np.flatnonzero(shares > SHARE)
    n_features = margins.shape[1] - has_intercept
    return [int(n) for n in numbers if n < n_features], bool((numbers >= n_features).any())


def _null_projection(gram: Array) -> Array:
    """Return the projection on the null space of a semidefinite matrix."""
    values, vectors = np.linalg.eigh(
        gram / max(float(gram.diagonal().max()), np.finfo(float).tiny)
    )
    null = vectors[:, values <= RANK]
    return np.asarray(null @ null.T)
