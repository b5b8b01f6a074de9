"""What an inference is asked for, checked before the rows are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from sk_softmax.interfaces import Array

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "hessian": "the inverse of the observed information",
        "opg": "the inverse of the outer product of the scores",
        "HC0": "a sandwich, robust",
        "HC1": "a sandwich, robust, times n / (n - k)",
        "cluster": "a sandwich of the scores of clusters",
    }
)
"""The estimates of the covariance, in words."""

OF_PENALISED = ("posterior", "sampling")
WEIGHTS = ("frequencies", "probabilities")


@dataclass(frozen=True, eq=False)
class Request:
    """The options of ``SoftmaxRegression.inference``, which documents them."""

    reference: Any = None
    covariance: str = "hessian"
    groups: Any = None
    weights_are: Literal["frequencies", "probabilities"] | None = None
    small_sample: str | None = None
    penalised: str = "posterior"
    allow_penalty: bool = False
    features: Any = None

    def __post_init__(self) -> None:
        """Raise a ``ValueError`` that names the first option with an impossible value."""
        _require_one_of("covariance", self.covariance, tuple(KINDS))
        _require_one_of("weights_are", self.weights_are, (*WEIGHTS, None))
        _require_one_of("small_sample", self.small_sample, ("stata", None))
        _require_one_of("penalised", self.penalised, OF_PENALISED)
        if (self.covariance == "cluster") != (self.groups is not None):
            raise ValueError(
                "covariance='cluster' needs groups=, the cluster of each row."
                if self.groups is None
                else f"groups= has a meaning with covariance='cluster' only, which is "
                f"{self.covariance!r} here."
            )
        if self.small_sample is not None and self.covariance not in ("HC1", "cluster"):
            raise ValueError(
                f"small_sample='stata' changes the factor of covariance='HC1' and 'cluster'; "
                f"{self.covariance!r} has none."
            )
        if self.features is not None and (
            self.covariance != "hessian" or self.penalised != "posterior"
        ):
            raise ValueError(
                "features= solves for some columns of the inverse information: it takes "
                "covariance='hessian' and penalised='posterior' only."
            )
        if not isinstance(self.allow_penalty, bool):
            raise ValueError(f"allow_penalty={self.allow_penalty!r} must be True or False.")

    def without_rows(self) -> Request:
        """Return the same request without the clusters of the rows."""
        return self if self.groups is None else replace(self, groups=())

    @property
    def is_sandwich(self) -> bool:
        """Whether the covariance holds without the model of the outcomes being right."""
        return self.covariance in ("HC0", "HC1", "cluster")


@dataclass(frozen=True, eq=False)
class FittedModel:
    """What an inference knows of the fit that it continues."""

    params: Any
    """Shape ``(n_outputs, n_columns)``."""

    converged: bool
    status: Any
    """The status of the fit; None if it is not known, as after ``partial_fit``."""

    seen: Any
    """How many rows the fit had, and their weight; None if it is not known."""

    names: tuple[str, ...]
    """Of the features."""

    read: Callable[[Any], Any]
    """From a user's rows to an array, CSR or CSC matrix, checked against these features."""

    read_offset: Callable[[Any, int], Array | None]
    """From a user's offset and the number of rows to shape ``(n_rows, n_classes)``, or None."""


def _require_one_of(name: str, value: object, allowed: tuple[str | None, ...]) -> None:
    """Raise a ``ValueError`` unless an option has one of these values."""
    if not (value is None or isinstance(value, str)) or value not in allowed:
        listed = ", ".join(map(repr, allowed))
        raise ValueError(f"{name}={value!r} must be one of {listed}.")
