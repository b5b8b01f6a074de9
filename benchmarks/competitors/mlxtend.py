"""mlxtend's SoftmaxRegression, on minibatches of 256."""

from __future__ import annotations

import numpy as np

from benchmarks.competitors.competitor import Competitor, Missing, Task, doubling


def fit(task: Task, epochs: int, n_threads: int) -> tuple[np.ndarray, np.ndarray]:
    from mlxtend.classifier import SoftmaxRegression

    # It adds l2 / 2 |w|^2 to the mean loss of a batch.
    model = SoftmaxRegression(
        eta=0.1,
        epochs=epochs,
        l2=1 / (task.C * len(task.y)),
        minibatches=max(len(task.y) // 256, 1),
        random_seed=0,
    )
    with np.errstate(all="ignore"):
        model.fit(task.X, task.y)
    coef, intercept = model.w_.T, model.b_
    if len(coef) == 2:
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    return coef, intercept


def competitors() -> list[Competitor]:
    try:
        import mlxtend.classifier  # noqa: F401
    except ImportError as error:
        raise Missing(f"mlxtend is not installed ({error}): left out") from error
    return [Competitor("mlxtend", fit, doubling(times=8), takes_sparse=False)]
