"""Runs one version of this package and answers over its standard input and output.

``benchmarks.versions`` starts it, once for the package beside it and once for an older one. It
knows the public interface alone, and imports nothing else of this folder: the older version may
bring another ``benchmarks``. Questions and answers are pickles; a question is the name of a
function below and its arguments.
"""

from __future__ import annotations

import pickle
import sys
import time
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

import sk_softmax

_held: dict[str, Any] = {}


def info() -> dict[str, str]:
    """Return where the package was found, and its version."""
    return {"path": sk_softmax.__path__[0], "version": sk_softmax.__version__}


def hold(**data: Any) -> None:
    """Keep rows, labels and penalty for the fits that follow."""
    _held.clear()
    _held.update(data)


def fit(tol: float, n_threads: int) -> dict[str, Any]:
    """Fit a default model from a cold start."""
    model = sk_softmax.SoftmaxRegression(C=_held["C"], l1_ratio=_held["l1_ratio"], tol=tol)
    seconds = _seconds(lambda: model.fit(_held["X"], _held["y"]), n_threads)
    return {"seconds": seconds, "coef": model.coef_, "intercept": model.intercept_}


def path(tol: float, n_threads: int) -> dict[str, Any]:
    """Fit a path of 100 penalties that take all coefficients of a feature as one group."""
    found: list[Any] = []
    options = {"Cs": _held.get("Cs", 100), "grouped": True, "tol": tol}
    seconds = _seconds(
        lambda: found.append(sk_softmax.softmax_path(_held["X"], _held["y"], **options)), n_threads
    )
    (curve,) = found
    return {
        "seconds": seconds,
        "Cs": curve.Cs,
        "coefs": curve.coefs,
        "intercepts": curve.intercepts,
    }


def cross_validate(n_threads: int) -> dict[str, Any]:
    """Choose among ten penalties by the accuracy in five folds, and fit all rows."""
    model = sk_softmax.SoftmaxRegressionCV(scoring="accuracy", cv=5)
    return {"seconds": _seconds(lambda: model.fit(_held["X"], _held["y"]), n_threads)}


def _seconds(call: Any, n_threads: int) -> float:
    with threadpool_limits(n_threads), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.perf_counter()
        call()
        return time.perf_counter() - start


QUESTIONS = {call.__name__: call for call in (info, hold, fit, path, cross_validate)}


def main() -> None:
    """Answer until there are no more questions."""
    answers, sys.stdout = sys.stdout.buffer, sys.stderr  # no print may come between the answers
    while True:
        try:
            name, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer: Any = QUESTIONS[name](**arguments)
        except Exception as error:
            answer = RuntimeError(f"{type(error).__name__}: {error}")
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    np.seterr(all="warn")
    main()
