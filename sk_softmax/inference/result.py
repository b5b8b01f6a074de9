"""How sure the coefficients of a fitted model are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sk_softmax.inference.chi_square import ChiSquareTest, ChiSquareTests, wald_test
from sk_softmax.inference.effects import marginal_effects
from sk_softmax.inference.hypotheses import (
    against_null,
    column_numbers,
    combine_outcomes,
    feature_tests,
    nested,
)
from sk_softmax.inference.predicted import (
    GivenRows,
    PredictedIntervals,
    compared,
    given_rows,
    predicted_intervals,
    shares_of,
)
from sk_softmax.inference.quantities import Quantities, interval
from sk_softmax.inference.reported import Reported
from sk_softmax.inference.summary import Summary, summary_of
from sk_softmax.inference.wording import constraints_in_words
from sk_softmax.interfaces import Array
from sk_softmax.interfaces.given import Constraints, MatrixLike, Vector


@dataclass(frozen=True, eq=False, repr=False)
class Inference(Reported):
    """Coefficients with standard errors, tests and effects: the answer of ``model.inference``.

    It never changes, and holds no rows. All arrays of coefficients have a row for each of
    :attr:`outcomes` and a column for each of :attr:`columns`, the intercept last.
    Coefficients are in nats per unit of the feature. A coefficient that the rows do not determine
    is NaN (see :attr:`dependent_columns`).

    Attributes
    ----------
    classes : tuple
        All labels, sorted.
    outcomes : tuple
        Labels of the rows of coefficients: all but the reference, or all for ``"mean"``.
    reference : object
        The label that coefficients are log odds against, or ``"mean"``.
    columns : tuple of str
        Names of the columns of coefficients, ``"intercept"`` last if there is one.
    coef, std_err : ndarray of shape (n_outcomes, n_columns)
        Coefficients at the optimum, and their standard errors.
    dependent_columns : tuple of str
        Columns in a linear dependence (all columns of a one-hot encoder beside an intercept, for
        example). Their coefficients are not determined and not reported; probabilities, effects
        and tests that do not depend on them are.
    moved : float
        How far a coefficient moved at most, from the fit to the optimum, in standard errors.
    decrement : float
        ``g'H^-1 g`` before the last of the Newton steps that led there, in nats of the whole
        sample; at most 1e-10.
    n_steps : int
        Newton steps.
    is_penalised : bool
        Whether the fit has an L2 penalty. Its coefficients are drawn towards zero, so that their
        intervals do not cover the truth as often as their level says.
    n_observations : float
        Rows with weight, or the sum of weights that are frequencies.
    n_parameters : int
        Coefficients that are determined: ``(n_classes - 1)`` times the columns that do not depend
        on others.
    df_model, df_resid : float
        Parameters besides the intercepts, and observations less all parameters.
    n_clusters : int or None
        Clusters of the covariance.
    is_of_some : bool
        Whether it is of some features only: then neither intercepts nor predictions and effects
        are given, and a column that depends on others is an error.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> X, y = X[50:], y[50:].map({1: "versicolor", 2: "virginica"})
    >>> inference = SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y)
    >>> print(inference.wald_test("sepal length (cm) = sepal width (cm)"))
    sepal length (cm) = sepal width (cm): chi2(1) = 0.6004, p = 0.4384
    >>> inference.predict_interval(X[:1]).high.round(4)
    array([[1.    , 0.2244]])
    """

    # --- tests ----------------------------------------------------------------------------------

    def likelihood_ratio_test(self, other: Inference | None = None) -> ChiSquareTest:
        """Return the likelihood-ratio test of two nested models of the same rows.

        Parameters
        ----------
        other : Inference, optional
            The model with fewer coefficients, or more; by default the model of intercepts alone.

        Raises
        ------
        ValueError
            If the models are not nested, or have no likelihood: with weights that are
            probabilities, clusters or a penalty.
        """
        if other is None:
            return against_null(self.likelihood)
        pair = sorted((self, other), key=lambda one: one.n_parameters)
        names = set(pair[1].columns), set(pair[0].columns)
        if self.is_of_some or other.is_of_some:
            names = set(), set()  # the likelihoods are of all columns
        return nested(pair[1].likelihood, pair[0].likelihood, names)

    def wald_test(self, constraints: Constraints, values: Vector = None) -> ChiSquareTest:
        """Return the Wald test of linear constraints on the coefficients, all of them together.

        Parameters
        ----------
        constraints : str, sequence of str, or array-like of shape (n, n_outcomes * n_columns)
            In words: ``"income = 0"`` for every outcome, ``"income[6] = 0"`` for outcome 6,
            ``"age = income"``, ``"2 * age + 0.5 = income"``; several in a list or separated by
            commas. Or a matrix, whose columns belong to ``coef.ravel()``.
        values : array-like of shape (n,), optional
            What a matrix times the coefficients is to be; by default zeros.

        Returns
        -------
        test : ChiSquareTest
            Its ``df`` counts the constraints that others do not imply.

        Raises
        ------
        ValueError
            If a constraint cannot be read, is about coefficients that are not determined or
            contradicts another; or if there are more than clusters less one.
        """
        self._require_p_values("tests")
        given: Any = constraints
        if isinstance(given, str) or all(isinstance(one, str) for one in given):
            if values is not None:
                raise ValueError("values= belongs to a matrix; in words write 'income = 0.1'.")
            stated = constraints_in_words(given, self.columns, self.outcomes)
            functions, wanted = stated
            name = given if isinstance(given, str) else ", ".join(given)
        else:
            functions, wanted = self._checked_matrix(given, values)
            name = f"{len(functions)} constraints"
        own = self.estimate.of_reported(functions)
        return wald_test(self.estimate, own, wanted, name)

    def _checked_matrix(self, constraints: Any, values: Any) -> tuple[Array, Array]:
        """Return constraints of shape ``(n, n_outcomes, n_columns)``, and their values."""
        matrix = np.atleast_2d(np.asarray(constraints, dtype=np.float64))
        if matrix.ndim != 2 or matrix.shape[1] != self.coef.size:
            raise ValueError(
                f"constraints has shape {np.shape(constraints)}, expected (n, {self.coef.size}): "
                "one column for each of coef.ravel()."
            )
        wanted = np.zeros(len(matrix)) if values is None else np.asarray(values, dtype=np.float64)
        if wanted.shape != (len(matrix),):
            raise ValueError(f"values has shape {wanted.shape}, expected ({len(matrix)},).")
        return matrix.reshape(-1, *self.coef.shape), wanted

    def feature_tests(self, groups: Mapping[str, Sequence[Any]] | None = None) -> ChiSquareTests:
        """Return for each feature the test whether it matters at all: over all classes.

        Parameters
        ----------
        groups : mapping of str to sequence, optional
            Names or numbers of columns that are tested together, such as those of one encoded
            feature, under the name of the group. By default those that ``of_pipeline`` found.

        Returns
        -------
        tests : ChiSquareTests
            A row a feature; ``tests["income"]`` is one of them.
        """
        self._require_p_values("tests")
        groups = self.feature_groups if groups is None else groups
        return feature_tests(self.estimate, self.features, groups)

    def combine_outcomes_test(self, first: object = None, second: object = None) -> ChiSquareTests:
        """Return the tests that no feature tells two outcomes apart: whether they can be combined.

        Parameters
        ----------
        first, second : object, optional
            Labels of two classes; by default all pairs are tested.
        """
        self._require_p_values("tests")
        self._require_all("combine_outcomes_test")
        pairs = None
        if first is not None or second is not None:
            pairs = [tuple(self._number_of(label) for label in (first, second))]
        return combine_outcomes(self.estimate, len(self.features), pairs)

    def _number_of(self, label: Any) -> int:
        if label not in self.classes:
            raise ValueError(f"{label!r} is not one of the classes {list(self.classes)!r}.")
        return self.classes.index(label)

    # --- predictions and effects ----------------------------------------------------------------

    def predict_interval(
        self, X: MatrixLike, level: float = 0.95, method: str = "delta", *, offset: Vector = None
    ) -> PredictedIntervals:
        """Return probabilities of the classes with confidence intervals.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_rows, n_features)
            The rows.
        level : float, default=0.95
            Share of samples whose interval holds the true probability.
        method : {"delta"}, default="delta"
            The delta method on the scale of the logit of each class, so that intervals stay
            between zero and one.
        offset : array-like of shape (n_rows,) or (n_rows, n_classes), optional
            What is added to the logits of the rows; needed if the fit had one.
        """
        self._require_all("predict_interval")
        if method != "delta":
            raise ValueError(f"method={method!r} must be 'delta'.")
        interval(self.coef[:0], self.std_err[:0], level)  # checks the level
        return predicted_intervals(self.estimate, self._given(X, offset), level)

    def compare_predictions(
        self,
        X_from: MatrixLike,
        X_to: MatrixLike,
        *,
        average: bool = True,
        sample_weight: Vector = None,
        offset: Vector = None,
    ) -> Quantities:
        """Return by how much probabilities change from one set of rows to another.

        Effects at set values, discrete changes, polynomials and interactions are all of this
        form: change the rows as the question says, and compare.

        Parameters
        ----------
        X_from, X_to : array-like or sparse matrices of shape (n_rows, n_features)
            Rows that are compared one by one.
        average : bool, default=True
            Whether to return the mean over the rows; otherwise the change of each row.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of the rows in the mean.
        offset : array-like of shape (n_rows,) or (n_rows, n_classes), optional
            What is added to the logits, the same for both sets of rows; needed if the fit had one.

        Returns
        -------
        changes : Quantities
            ``estimate`` and ``std_err`` of shape (n_classes,), or (n_rows, n_classes).
        """
        self._require_all("compare_predictions")
        if sample_weight is not None and not average:
            raise ValueError("sample_weight has a meaning in a mean only: set average=True.")
        X_from, X_to = self.read(X_from), self.read(X_to)
        if X_from.shape[0] != X_to.shape[0]:
            raise ValueError(
                f"X_from has {X_from.shape[0]} rows and X_to {X_to.shape[0]}: each row is "
                "compared with the one in its place."
            )
        added = self.read_offset(offset, X_from.shape[0])
        first, second = (given_rows(self.estimate, X, added) for X in (X_from, X_to))
        return compared(self.estimate, first, second, average=average, weights=sample_weight)

    def _given(self, X: Any, offset: Any) -> GivenRows:
        """Return a user's rows and their offset, checked."""
        X = self.read(X)
        return given_rows(self.estimate, X, self.read_offset(offset, X.shape[0]))

    def marginal_effects(
        self,
        X: MatrixLike,
        at: str = "each row",
        *,
        count: Sequence[Any] = (),
        dummy: Sequence[Any] = (),
        sample_weight: Vector = None,
        offset: Vector = None,
    ) -> Quantities:
        """Return by how much probabilities change with each feature.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_rows, n_features)
            Rows to average over.
        at : {"each row", "mean"}, default="each row"
            Whether the effect is the mean over the rows, or that at the mean of the rows.
        count : sequence, optional
            Names or numbers of features whose effect is that of one more: ``p(x + 1) - p(x)``.
        dummy : sequence, optional
            Names or numbers of features whose effect is ``p(1) - p(0)``. The effect of all others
            is the derivative ``dp / dx``.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of the rows in the mean.
        offset : array-like of shape (n_rows,) or (n_rows, n_classes), optional
            What is added to the logits of the rows; needed if the fit had one.

        Returns
        -------
        effects : Quantities
            ``estimate`` and ``std_err`` of shape (n_features, n_classes); effects add up to zero
            over the classes. They are NaN for features that depend on others, whose effect alone
            is not determined.
        """
        self._require_all("marginal_effects")
        if at not in ("each row", "mean"):
            raise ValueError(f"at={at!r} must be 'each row' or 'mean'.")
        counts = column_numbers(count, self.features).tolist()
        dummies = column_numbers(dummy, self.features).tolist()
        if set(counts) & set(dummies):
            raise ValueError("A feature is either count or dummy, not both.")
        X = self.read(X)
        shares, added = shares_of(sample_weight, X.shape[0]), self.read_offset(offset, X.shape[0])
        if at == "mean":
            added = None if added is None else (shares @ added)[None]
            X, shares = np.atleast_2d(np.asarray(shares @ X, dtype=np.float64)), np.ones(1)
        given = given_rows(self.estimate, X, added)
        return marginal_effects(self.estimate, given, shares, self.features, counts, dummies)

    # --- to look at -----------------------------------------------------------------------------

    def summary(self, level: float = 0.95) -> Summary:
        """Return tables of the fit and of all coefficients, as text and as HTML."""
        return summary_of(self, level)

    def __str__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def __repr__(self) -> str:
        return (
            f"<Inference: {self.n_parameters} coefficients of {len(self.classes)} classes, "
            f"{self.request.covariance} covariance, {self.n_observations:g} observations>"
        )
