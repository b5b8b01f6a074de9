"""Tests of hypotheses: statistic, degrees of freedom, p-value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from scipy.special import chdtrc

from sk_softmax.inference.estimate import Estimate
from sk_softmax.inference.frames import data_frame
from sk_softmax.interfaces import Array

# Constraints whose part that others do not imply is at most this share of them are implied.
IMPLIED = 1e-9


@dataclass(frozen=True)
class ChiSquareTest:
    """A test whose statistic is chi-square distributed if the hypothesis is true."""

    name: str
    """The hypothesis."""

    statistic: float
    df: int
    """Degrees of freedom: how many independent constraints the hypothesis has."""

    @property
    def p_value(self) -> float:
        """Probability of so large a statistic if the hypothesis is true; NaN without any df."""
        return float(chdtrc(self.df, self.statistic)) if self.df else float("nan")

    def __str__(self) -> str:
        return f"{self.name}: chi2({self.df}) = {self.statistic:.4f}, p = {self.p_value:.4g}"


class ChiSquareTests(Sequence[ChiSquareTest]):
    """Several tests, one a row when printed."""

    def __init__(self, tests: Sequence[ChiSquareTest]) -> None:
        self._tests = tuple(tests)

    def __getitem__(self, which: Any) -> Any:
        """Return a test by its number or name, or some of them."""
        if isinstance(which, str):
            for test in self._tests:
                if test.name == which:
                    return test
            raise KeyError(which)
        found = self._tests[which]
        return ChiSquareTests(found) if isinstance(which, slice) else found

    def __len__(self) -> int:
        return len(self._tests)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row a test: statistic, df and p_value."""
        columns = {
            "statistic": [test.statistic for test in self._tests],
            "df": [test.df for test in self._tests],
            "p_value": [test.p_value for test in self._tests],
        }
        return data_frame(columns, index=[test.name for test in self._tests])

    def __str__(self) -> str:
        width = max((len(test.name) for test in self._tests), default=0)
        lines = [f"{'':{width}}  {'chi2':>10}  {'df':>4}  {'p':>10}"]
        lines += [
            f"{test.name:{width}}  {test.statistic:10.4f}  {test.df:4d}  {test.p_value:10.4g}"
            for test in self._tests
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def wald_test(
    estimate: Estimate, functions: Array, values: Array | None = None, name: str = ""
) -> ChiSquareTest:
    """Return the test that functions of the parameters have given values (Wald, 1943).

    Parameters
    ----------
    estimate : Estimate
        The parameters and their covariance.
    functions : ndarray of shape (n, n_parameters)
        What is tested. Functions that others imply are left out.
    values : ndarray of shape (n,), optional
        By default zeros.
    name : str
        The hypothesis, in words.

    Raises
    ------
    ValueError
        If constraints contradict one another, or are more than clusters allow.
    """
    values = np.zeros(len(functions)) if values is None else values
    needed = _independent(estimate, functions, values)
    functions, values = functions[needed], values[needed]
    df = len(functions)
    if estimate.n_clusters is not None and df > estimate.n_clusters - 1:
        raise ValueError(
            f"{df} constraints cannot be tested with {estimate.n_clusters} clusters, whose "
            f"covariance has a rank of {estimate.n_clusters - 1} at most."
        )
    if df == 0:
        return ChiSquareTest(name, float("nan"), 0)
    off = functions @ estimate.parameters - values
    covariance = functions @ estimate.covariance @ functions.T
    scale = 1 / np.sqrt(covariance.diagonal())
    unit = covariance * scale[:, None] * scale
    statistic = float(off * scale @ scipy.linalg.solve(unit, off * scale, assume_a="pos"))
    return ChiSquareTest(name, statistic, df)


def _independent(estimate: Estimate, functions: Array, values: Array) -> Any:
    """Return the numbers of constraints that others do not imply, ascending."""
    scaled = functions * np.sqrt(estimate.covariance.diagonal())
    lengths = np.linalg.norm(scaled, axis=1)
    is_empty = lengths == 0
    if (values[is_empty] != 0).any():
        raise ValueError("A constraint says that zero is another number.")
    filled = np.flatnonzero(~is_empty)
    unit = scaled[filled] / lengths[filled, None]
    if not len(unit):
        return filled
    _, triangle, order = scipy.linalg.qr(unit.T, mode="economic", pivoting=True)
    sizes = np.abs(triangle.diagonal())
    rank = int((sizes > IMPLIED * sizes[0]).sum())
    needed = filled[order[:rank]]
    others = filled[order[rank:]]
    if len(others):
        own, rest = scaled[needed], scaled[others]
        weights = np.linalg.lstsq(own.T, rest.T, rcond=None)[0]
        wrong = np.abs(weights.T @ values[needed] - values[others])
        if (wrong > 1e-8 * (1 + np.abs(values[others]))).any():
            raise ValueError("The constraints contradict one another.")
    return np.sort(needed)
