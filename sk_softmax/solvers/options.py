"""Options of a method, which ``GridSearchCV`` can tune as ``solver__NAME``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any, ClassVar, Self

from sk_softmax.interfaces import Problem


@dataclass(repr=False)
class Options:
    """Base class of every solver: named options, and no state of a fit.

    Values are checked when a fit starts and not before, so that a search may set them one by one.
    """

    asks_curvature: ClassVar[bool] = False
    takes_nonsmooth: ClassVar[bool] = False
    takes_shifted_rows: ClassVar[bool] = True

    @property
    def has_full_metric(self) -> bool:
        """Whether steps under a smooth penalty are the same in any shifted columns."""
        return False

    def __repr__(self) -> str:
        """Return the options that differ from their defaults, as a call."""
        changed = (
            f"{field.name}={value!r}"
            for field in fields(self)
            if not _same(value := getattr(self, field.name), field.default)
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the options by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def set_params(self, **params: Any) -> Self:
        """Set options by name; raise a ``ValueError`` for an unknown name."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ValueError(
                    f"{type(self).__name__} has no option {name!r}; it has: "
                    f"{', '.join(known) or 'none'}."
                )
            setattr(self, name, value)
        return self

    def begins_cheaply(self, problem: Problem) -> bool:
        """Whether to start on cheaper objectives with nearly the same optimum: no, by default."""
        return False

    def check(self) -> None:
        """Raise a ``ValueError`` that names the first option with an impossible value."""

    def _require(self, name: str, holds: bool, expected: str) -> None:
        """Raise a ``ValueError`` that names the option and what was expected, unless ``holds``."""
        if not holds:
            raise ValueError(
                f"{type(self).__name__}({name}={getattr(self, name)!r}): "
                f"{name} must be {expected}."
            )

    def _require_positive(self, name: str, expected: str = "a positive number") -> None:
        """Require a positive, finite number."""
        value = getattr(self, name)
        self._require(name, is_real(value) and 0 < value < float("inf"), expected)

    def _require_nonnegative(self, name: str) -> None:
        """Require a finite number that is not negative."""
        value = getattr(self, name)
        self._require(
            name, is_real(value) and 0 <= value < float("inf"), "zero or a positive number"
        )

    def _require_fraction(self, name: str) -> None:
        """Require a number in [0, 1)."""
        value = getattr(self, name)
        self._require(name, is_real(value) and 0 <= value < 1, "a number in [0, 1)")

    def _require_positive_integer(self, name: str) -> None:
        """Require a positive integer."""
        value = getattr(self, name)
        self._require(name, is_integer(value) and value > 0, "a positive integer")

    def _require_bool(self, name: str) -> None:
        """Require True or False."""
        self._require(name, isinstance(getattr(self, name), bool), "True or False")


def _same(value: object, default: object) -> bool:
    """Whether a value is the default, of the same type; 1 is not True."""
    return value is default or (type(value) is type(default) and bool(value == default))


def is_real(value: object) -> bool:
    """Whether this is a real number and not a bool."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_integer(value: object) -> bool:
    """Whether this is an integer and not a bool."""
    return isinstance(value, Integral) and not isinstance(value, bool)
