"""Fits on a device against the same fits in NumPy, and against LogisticRegression on the device.

    python -m benchmarks --device cuda            # or cuda:1, mps, xpu, cpu
    python -m benchmarks --device cpu --device-rows 2000

On "cpu" NumPy views the tensors, and fits take as long as NumPy's, moves of small results aside.

It needs PyTorch for the device, `pip install 'sk-softmax[array-api]'`, and for MNIST the folder
of the environment variable SK_SOFTMAX_DATA, or a network. All data are in float32, which every
device has. The first fit on a device loads its libraries: a fit to 500 rows before the first that
is timed takes that. Times end when coefficients are on the host, so that nothing is left waiting.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.data import Data, Unavailable, some_of_mnist

WARM_UP = 500
MNIST, CLIP = 60_000, 100_000


def run(device: str, rows: int | None, repeats: int) -> int:
    """Measure in a process of its own, as scikit-learn's dispatch asks for; its exit status."""
    command = [sys.executable, "-m", "benchmarks.device", device, "--repeats", str(repeats)]
    command += [] if rows is None else ["--rows", str(rows)]
    return subprocess.run(
        command, env=os.environ | {"SCIPY_ARRAY_API": "1"}, check=False
    ).returncode


def like_clip(n_rows: int) -> Data:
    """Rows like image embeddings: 512 features of unit length, 1,000 classes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(1000, size=n_rows)
    centres = rng.standard_normal((1000, 512))
    X = centres[labels] + 3 * rng.standard_normal((n_rows, 512))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X, labels


PROBLEMS = {
    "MNIST, 784 features, 10 classes": (some_of_mnist, MNIST),
    "like CLIP, 512 features, 1,000 classes": (like_clip, CLIP),
}


@dataclass
class Fitter:
    """A model and where its rows lie."""

    name: str
    model: Callable[[], Any]
    place: Callable[[np.ndarray], Any]


@dataclass
class Measured:
    """What a fit took, and where it ended."""

    seconds: float
    iterations: int
    params: np.ndarray
    """Shape ``(n_classes, n_features + 1)``."""


def fitters(device: str) -> list[Fitter]:
    """Return those that are compared: on the host, and on the device."""
    import torch
    from sklearn.linear_model import LogisticRegression

    from sk_softmax import SoftmaxRegression

    def on_device(array: np.ndarray) -> Any:
        return torch.asarray(array, device=device)

    def on_host(array: np.ndarray) -> np.ndarray:
        return array

    def minibatches() -> Any:
        return SoftmaxRegression(solver="adam", max_iter=5, random_state=0)

    def logistic() -> Any:
        return LogisticRegression(max_iter=1000)

    return [
        Fitter("SoftmaxRegression, NumPy", SoftmaxRegression, on_host),
        Fitter(f"SoftmaxRegression, {device}", SoftmaxRegression, on_device),
        Fitter("5 epochs of Adam, NumPy", minibatches, on_host),
        Fitter(f"5 epochs of Adam, {device}", minibatches, on_device),
        Fitter("LogisticRegression, NumPy", logistic, on_host),
        Fitter(f"LogisticRegression, {device}", logistic, on_device),
    ]


def measure(fitter: Fitter, X: np.ndarray, y: np.ndarray, repeats: int) -> Measured:
    """Fit several times, after rows have been moved, and return the median time."""
    from sk_softmax.parts.device_arrays import on_host

    there, labels = fitter.place(X), fitter.place(y)
    seconds = []
    for _ in range(repeats):
        model = fitter.model()
        start = time.perf_counter()
        model.fit(there, labels)
        params = np.column_stack([on_host(model.coef_), on_host(model.intercept_)])
        seconds.append(time.perf_counter() - start)
    iterations = int(on_host(model.n_iter_).max())
    return Measured(statistics.median(seconds), iterations, params.astype(np.float64))


def measured(
    device: str, load: Callable[[int], Data], n_rows: int, repeats: int
) -> Iterator[tuple[str, Measured, float]]:
    """Yield the name, what was measured, and the objective of each fit, in nats a row."""
    from sk_softmax import SoftmaxRegression

    X, y = load(n_rows)
    X, y = X.astype(np.float32), np.asarray(y, dtype=np.int64)
    judge = SoftmaxRegression(max_iter=1).fit(X, y)
    for fitter in fitters(device):
        some = np.r_[np.unique(y, return_index=True)[1], np.arange(min(WARM_UP, len(X)))]
        measure(fitter, X[some], y[some], 1)
        found = measure(fitter, X, y, repeats)
        yield fitter.name, found, float(judge.objective(X, y, params=found.params[None])[0])


def main(arguments: list[str] | None = None) -> int:
    """Print a table for each problem."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.device")
    parser.add_argument("device")
    parser.add_argument("--rows", type=int, help="the most rows of a problem")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    import sklearn

    sklearn.set_config(array_api_dispatch=True)
    warnings.simplefilter("ignore")  # fits that end at max_iter, whose objective is shown
    for name, (load, n_rows) in PROBLEMS.items():
        n_rows = n_rows if options.rows is None else min(n_rows, options.rows)
        print(f"{name}, {n_rows:,} rows, float32, device {options.device}")
        try:
            found = list(measured(options.device, load, n_rows, options.repeats))
        except Unavailable as missing:
            print(f"  left out: {missing}")
            continue
        best = min(value for *_, value in found)
        print(f"  {'':32} {'seconds':>9} {'iterations':>10} {'F above the least':>18}")
        for fitter, fit, value in found:
            above = f"{value - best:18.2e}"
            print(f"  {fitter:32} {fit.seconds:9.3f} {fit.iterations:10d} {above}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
