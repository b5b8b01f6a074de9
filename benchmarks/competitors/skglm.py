"""skglm's SparseLogisticRegression: two classes, L1; the effort is the tolerance."""

from __future__ import annotations

import warnings

import numpy as np

from benchmarks.competitors.competitor import Competitor, Missing, Task, tolerances


def fit(task: Task, tol: float, n_threads: int) -> tuple[np.ndarray, np.ndarray]:
    from skglm import SparseLogisticRegression

    # Its objective is the mean loss plus alpha |w|_1.
    alpha = 1 / (task.C * len(task.y))
    model = SparseLogisticRegression(alpha=alpha, tol=tol, max_iter=1000, max_epochs=100_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(task.X, task.y)
    return np.reshape(model.coef_, (1, -1)), np.reshape(model.intercept_, 1)


def competitors() -> list[Competitor]:
    try:
        import skglm  # noqa: F401
    except ImportError as error:
        raise Missing(f"skglm is not installed ({error}): left out") from error
    return [Competitor("skglm", fit, tolerances(), ("l1",), most_classes=2)]
