"""PyTorch's L-BFGS on the same objective, written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.competitors.competitor import Competitor, Missing


def fit(X: Any, y: np.ndarray, C: float, max_iter: int) -> tuple[np.ndarray, np.ndarray]:
    import torch

    n_classes = int(y.max()) + 1
    n_outputs = 1 if n_classes == 2 else n_classes
    rows = torch.from_numpy(X)
    labels = torch.from_numpy(y.astype(X.dtype)) if n_outputs == 1 else torch.from_numpy(y)
    layer = torch.nn.Linear(X.shape[1], n_outputs, dtype=rows.dtype)
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
        loss = loss + (layer.weight**2).sum() / (2 * C * len(labels))
        loss.backward()
        return loss

    optimiser.step(closure)
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def competitors() -> list[Competitor]:
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise Missing(f"PyTorch is not installed ({error}): left out") from error
    efforts = [5 * 2**k for k in range(14)]
    return [Competitor("PyTorch L-BFGS", fit, efforts, patience=2.2, takes_sparse=False)]
