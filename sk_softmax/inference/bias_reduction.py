"""How sure the coefficients of a bias-reduced fit are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from sk_softmax.fitting.class_weight import weighted_by_class
from sk_softmax.fitting.problems import jeffreys_of, objective_of, rows_for
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.fitting.shift import Shift, shift_of
from sk_softmax.inference.constrained import Constrained, PenalisedLikelihood
from sk_softmax.inference.profiles import Profile
from sk_softmax.interfaces import Array
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.rows import single_threaded_blas

# How many times tol, relative to the loss, the rows of a fit may be above the optimum: scoring
# converges linearly, so a fit ends further off than its last step says.
TOLERATED = 100


@dataclass(frozen=True, eq=False, repr=False)
class BiasReducedInference:
    """Coefficients of a bias-reduced fit with standard errors, profile intervals and tests.

    All arrays have a row for each of :attr:`outcomes` and a column for each of :attr:`columns`. It
    never changes. It holds the rows, because each interval and test fits anew.

    Attributes
    ----------
    outcomes : tuple
        Labels of the rows of coefficients: all classes but the reference, or all for ``"mean"``.
    reference : object
        The label that coefficients are log odds against, or ``"mean"``.
    columns : tuple
        Names of the features, and ``"intercept"`` last if there is one (in parentheses if a
        feature has that name).
    coef : ndarray of shape (n_outcomes, n_columns)
        Coefficients at the maximum of the penalised likelihood, to which scoring continues from
        the fit.
    std_err : ndarray of shape (n_outcomes, n_columns)
        Roots of the diagonal of ``I^-1`` at these coefficients, the Fisher information. (Those of
        ``logistf`` are of the augmented data and smaller.)
    penalised_log_likelihood : float
        ``l + log det I / 2`` in nats, with the information of log odds against one class.
    n_observations : float
        The sum of the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_softmax import SoftmaxRegression
    >>> X, y = np.arange(6.0)[:, None], [0, 0, 0, 1, 1, 1]  # separated
    >>> model = SoftmaxRegression(C=np.inf, bias_reduction="firth").fit(X, y)
    >>> model.bias_reduced_inference(X, y).conf_int()[0, 0].round(3)
    array([2.00e-03, 6.07e+00])
    """

    outcomes: tuple[Any, ...]
    reference: Any
    columns: tuple[Any, ...]
    coef: Array
    std_err: Array
    penalised_log_likelihood: float
    n_observations: float
    likelihood: PenalisedLikelihood
    optimum: Constrained
    functions: Array
    """The coefficients as linear functions of the parameters that the likelihood has.

    Shape ``(n_outcomes, n_columns, n_parameters)``.
    """

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.coef, self.std_err, self.functions):
            array.flags.writeable = False

    def conf_int(
        self, level: float = 0.95, columns: Sequence[Any] | None = None
    ) -> NDArray[np.float64]:
        """Return profile intervals of the coefficients.

        An interval holds the values at which the penalised likelihood, maximised over all other
        coefficients, is not significantly lower (Heinze and Schemper, 2002, Statistics in Medicine
        21). It need not be symmetric, and is the one to use for separated data.

        Parameters
        ----------
        level : float, default=0.95
            In (0, 1).
        columns : sequence, optional
            Members of :attr:`columns` to compute them for; the others are NaN. By default all.

        Returns
        -------
        intervals : ndarray of shape (n_outcomes, n_columns, 2)
            The least and the largest value. Infinite where floating point cannot hold the
            information as far out.
        """
        if not 0 < level < 1:
            raise ValueError(f"level={level!r} must be a number in (0, 1).")
        root = float(np.sqrt(scipy.stats.chi2.ppf(level, 1)))
        intervals = np.full((*self.coef.shape, 2), np.nan)
        with single_threaded_blas(), quiet():
            for outcome, column, profile in self._profiles(columns):
                intervals[outcome, column] = profile.end(root, -1), profile.end(root, 1)
        return intervals

    def likelihood_ratio_tests(
        self, columns: Sequence[Any] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return penalised likelihood-ratio tests that single coefficients are zero.

        Parameters
        ----------
        columns : sequence, optional
            Members of :attr:`columns` to test; the others are NaN. By default all.

        Returns
        -------
        statistics, p_values : ndarray of shape (n_outcomes, n_columns)
            Chi-squared with one degree of freedom each.
        """
        statistics = np.full(self.coef.shape, np.nan)
        with single_threaded_blas(), quiet():
            for outcome, column, profile in self._profiles(columns):
                statistics[outcome, column] = profile.statistic(0.0)
        return statistics, np.asarray(scipy.stats.chi2.sf(statistics, 1))

    def to_frame(self, level: float = 0.95) -> Any:
        """Return a pandas DataFrame with a row for each coefficient.

        Its columns are ``coef``, ``std_err``, ``low`` and ``high`` (profile intervals),
        ``chi_square`` and ``p_value``.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_frame needs pandas: pip install pandas.") from error
        intervals = self.conf_int(level)
        statistics, p_values = self.likelihood_ratio_tests()
        values = {
            "coef": self.coef,
            "std_err": self.std_err,
            "low": intervals[..., 0],
            "high": intervals[..., 1],
            "chi_square": statistics,
            "p_value": p_values,
        }
        index = pd.MultiIndex.from_product(
            [self.outcomes, self.columns], names=["class", "column"]
        )
        return pd.DataFrame({name: each.ravel() for name, each in values.items()}, index=index)

    def __repr__(self) -> str:
        return (
            f"BiasReducedInference(outcomes={self.outcomes!r}, reference={self.reference!r}, "
            f"columns={self.columns!r}, penalised_log_likelihood="
            f"{self.penalised_log_likelihood:.6g})"
        )

    def __str__(self) -> str:
        intervals = self.conf_int()
        statistics, p_values = self.likelihood_ratio_tests()
        against = "the mean" if self.reference == "mean" else repr(self.reference)
        lines = [
            "Firth's bias reduction, profile intervals of the penalised likelihood",
            f"observations {self.n_observations:g}, penalised log likelihood "
            f"{self.penalised_log_likelihood:.6g}, log odds against {against}",
        ]
        width = max(len(str(name)) for name in self.columns)
        head = f"{'':{width}}{'coef':>12}{'std err':>12}{'[0.025':>12}{'0.975]':>12}"
        head += f"{'chi2':>10}{'p':>8}"
        for number, outcome in enumerate(self.outcomes):
            lines += ["", f"class {outcome!r}", head]
            for column, name in enumerate(self.columns):
                at = number, column
                values = (self.coef[at], self.std_err[at], *intervals[at])
                text = "".join(f"{value:12.5g}" for value in values)
                lines.append(f"{name!s:{width}}{text}{statistics[at]:10.4g}{p_values[at]:8.3f}")
        return "\n".join(lines)

    def _profiles(self, columns: Sequence[Any] | None) -> Iterator[tuple[int, int, Profile]]:
        """Yield the profile of each coefficient asked for, with its place."""
        wanted = self.columns if columns is None else tuple(columns)
        unknown = [name for name in wanted if name not in self.columns]
        if unknown:
            raise ValueError(
                f"columns holds {unknown[0]!r}, which is none of {list(self.columns)!r}."
            )
        for outcome in range(len(self.outcomes)):
            for name in wanted:
                column = self.columns.index(name)
                function = self.functions[outcome, column]
                yield outcome, column, Profile(self.likelihood, self.optimum, function)


def bias_reduced_inference(
    settings: Settings,
    training: TrainingSet,
    params: Array,
    names: Sequence[Any],
    reference: Any = None,
) -> BiasReducedInference:
    """Return the inference of a fit with bias reduction.

    Parameters
    ----------
    settings : Settings
        Of the fit.
    training : TrainingSet
        The rows of the fit.
    params : ndarray of shape (n_outputs, n_columns)
        Where it ended.
    names : sequence
        Names of the features.
    reference : object, optional
        A label, by default the first; or ``"mean"`` for three classes and more.

    Raises
    ------
    ValueError
        If columns depend on one another, if there is no such reference, or if the rows are not
        those of the fit.
    """
    labels = training.classes.tolist()
    outcomes, weights = _outcomes(labels, reference)
    training = weighted_by_class(settings, training)
    rows = rows_for(settings, training.X, len(labels))
    shift = shift_of(settings, rows, training.weights)
    objective = objective_of(settings, training, rows=shift.rows(rows))
    with single_threaded_blas(), quiet():
        likelihood = PenalisedLikelihood(jeffreys_of(objective))
        _refuse_dependent(likelihood, names)
        start = shift.params(np.asarray(params, dtype=np.float64))
        optimum = _optimum(likelihood, start, settings.tol)
        log_det = likelihood.objective.log_det(likelihood.params(optimum.parameters))
        value = objective.value(likelihood.params(optimum.parameters))
    functions = _functions(weights, shift, len(names), objective.shape[1])
    covariances = np.einsum("ocp,pq,ocq->oc", functions, optimum.covariance, functions)
    return BiasReducedInference(
        outcomes,
        labels[0] if reference is None else reference,
        (*names, _intercept_beside(names)) if settings.fit_intercept else tuple(names),
        functions @ optimum.parameters,
        np.sqrt(covariances),
        -objective.total_weight * value + log_det / 2,
        objective.total_weight,
        likelihood,
        optimum,
        functions,
    )


def _intercept_beside(names: Sequence[Any]) -> str:
    """Return a name for the intercept that no feature has."""
    name = "intercept"
    while name in names:
        name = f"({name})"
    return name


def _outcomes(labels: list[Any], reference: Any) -> tuple[tuple[Any, ...], Array]:
    """Return the labels that are reported, and their weights on log odds against the first.

    Shape ``(n_outcomes, n_classes - 1)``.
    """
    unit = np.eye(len(labels))
    if isinstance(reference, str) and reference == "mean" and reference not in labels:
        if len(labels) == 2:
            raise ValueError("reference='mean' needs three classes or more.")
        return tuple(labels), (unit - 1 / len(labels))[:, 1:]
    if reference is not None and reference not in labels:
        raise ValueError(f"reference={reference!r} is none of the classes {labels!r}.")
    base = 0 if reference is None else labels.index(reference)
    others = [number for number in range(len(labels)) if number != base]
    return tuple(labels[number] for number in others), (unit[others] - unit[base])[:, 1:]


def _functions(weights: Array, shift: Shift, n_features: int, n_columns: int) -> Array:
    """Return the coefficients of given columns as functions of the parameters.

    Shape ``(n_outcomes, n_columns, (n_classes - 1) * n_columns)``.
    """
    of_columns = np.eye(n_columns)
    if n_columns > n_features:
        of_columns[-1, :-1] = -shift.of_columns
    functions = np.einsum("ok,cj->ockj", weights, of_columns)
    return np.asarray(functions.reshape(len(weights), n_columns, -1))


def _refuse_dependent(likelihood: PenalisedLikelihood, names: Sequence[Any]) -> None:
    """Raise an error that names the columns that depend on others."""
    is_kept = likelihood.objective.determined[-1]
    if not is_kept.all():
        columns = [*names, _intercept_beside(names)]
        listed = ", ".join(repr(columns[number]) for number in np.flatnonzero(~is_kept))
        raise ValueError(
            f"The columns {listed} are linear combinations of others, so that their coefficients "
            "are not determined: leave them out."
        )


def _optimum(likelihood: PenalisedLikelihood, start: Array, tol: float) -> Constrained:
    """Return the maximum of the likelihood near a fit; an error if the fit is of other rows."""
    first = start - start[0] if len(start) > 1 else start
    parameters = first[likelihood.objective.determined]
    optimum = likelihood.least(parameters)
    weight = likelihood.objective.total_weight
    if optimum is not None:
        fall = (likelihood.value(parameters) - optimum.loss) / weight
        value = abs(optimum.loss) / weight
        allowed = TOLERATED * (tol + np.finfo(np.float32).eps) * max(value, 1e-3)
        if fall <= allowed:
            return optimum
    raise ValueError(
        "The penalised likelihood of these rows is far from its maximum at the fitted "
        "coefficients: X, y, sample_weight or offset are not those of the fit, or it did not "
        "converge."
    )
