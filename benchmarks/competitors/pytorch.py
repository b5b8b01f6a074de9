"""PyTorch's L-BFGS on the same objective, written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.competitors.competitor import Competitor, Missing, Task, doubling


def fit(task: Task, max_iter: int, n_threads: int) -> tuple[np.ndarray, np.ndarray]:
    import torch

    torch.set_num_threads(n_threads)
    n_outputs = 1 if task.n_classes == 2 else task.n_classes
    rows = torch.from_numpy(task.X)
    labels = torch.from_numpy(task.y.astype(task.X.dtype) if n_outputs == 1 else task.y)
    layer = torch.nn.Linear(task.X.shape[1], n_outputs, dtype=rows.dtype)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimiser = torch.optim.LBFGS(
        layer.parameters(),
        max_iter=max_iter,
        max_eval=2 * max_iter,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Any:
        optimiser.zero_grad()
        logits = layer(rows)
        if n_outputs == 1:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0], labels)
        else:
            loss = torch.nn.functional.cross_entropy(logits, labels)
        loss = loss + (layer.weight**2).sum() / (2 * task.C * len(labels))
        loss.backward()
        return loss

    optimiser.step(closure)
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def competitors() -> list[Competitor]:
    try:
        import torch  # noqa: F401
    except (ImportError, OSError) as error:  # OSError: one of the libraries that it loads
        raise Missing(f"PyTorch is not installed ({error}): left out") from error
    return [Competitor("PyTorch L-BFGS", fit, doubling(), takes_sparse=False)]
