"""What scikit-learn's LogisticRegression calls otherwise: errors that name our words for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from inspect import signature
from typing import Concatenate, ParamSpec, TypeVar

OPTIONS: Mapping[str, str] = {
    "penalty": "say l1_ratio=0.0 for 'l2' (the default), l1_ratio=1.0 for 'l1', l1_ratio between "
    "0 and 1 for 'elasticnet' and C=numpy.inf for None",
    "dual": "leave it out: it never changes the optimum",
    "intercept_scaling": "leave it out: the intercept is not penalised",
    "multi_class": "leave it out: several classes always share one softmax; for one model a class "
    "use sklearn.multiclass.OneVsRestClassifier",
    "use_legacy_attributes": "leave it out: attributes have the shapes of "
    "use_legacy_attributes=False",
}
"""Parameters of LogisticRegression and LogisticRegressionCV that are not ours, and what to do."""

PENALTIES = (
    "say l1_ratios=(0.0,) for 'l2' (the default), l1_ratios=(1.0,) for 'l1', l1_ratios with the "
    "shares to try for 'elasticnet' and Cs=[numpy.inf] for None"
)
"""The same for a class that tries several penalties."""

SOLVERS: Mapping[str, str] = {
    "newton-cg": "",
    "sag": "",
    "saga": ", with any l1_ratio",
    "liblinear": ", but does not penalise the intercept and fits several classes by one softmax",
}
"""Solvers of LogisticRegression that we do not have, and what to add of the default solver."""

THEIRS = "LogisticRegression"

WHOLE = f"SoftmaxRegression.from_logistic_regression(estimator) translates a whole {THEIRS}."

Owner = TypeVar("Owner")
Parameters = ParamSpec("Parameters")


def explained(
    init: Callable[Concatenate[Owner, Parameters], None],
) -> Callable[Concatenate[Owner, Parameters], None]:
    """Decorate an ``__init__`` so that scikit-learn's own parameters are errors in our words.

    The signature stays as it is, for scikit-learn reads the parameters of an estimator from it.
    """
    known = signature(init).parameters

    @wraps(init)
    def checked(self: Owner, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        name = type(self).__name__
        if args:
            raise TypeError(
                f"{name} takes parameters by name only, and {args[0]!r} has none. If it is the "
                f"penalty of a {THEIRS}: {_translation('penalty', known)}."
            )
        foreign = [option for option in kwargs if option in OPTIONS and option not in known]
        if foreign:
            raise TypeError(foreign_option(name, foreign[0], known))
        init(self, *args, **kwargs)

    return checked


def foreign_option(owner: str, option: str, known: Collection[str]) -> str:
    """Return the message for an option that LogisticRegression has and this class does not."""
    theirs, whole = ("LogisticRegressionCV", "") if "l1_ratios" in known else (THEIRS, f" {WHOLE}")
    return (
        f"{owner} has no parameter {option!r}, which scikit-learn's {theirs} has: "
        f"{_translation(option, known)}.{whole}"
    )


def foreign_solver(name: str) -> str:
    """Return the message for a solver that LogisticRegression has and we do not."""
    return (
        f"solver={name!r} is a solver of scikit-learn's {THEIRS}: leave solver out. The "
        f"default, 'auto', finds the same optimum{SOLVERS[name]}. {WHOLE}"
    )


def _translation(option: str, known: Collection[str]) -> str:
    """Return what to say in place of an option, by the parameters that the class does have."""
    return PENALTIES if option == "penalty" and "l1_ratios" in known else OPTIONS[option]
