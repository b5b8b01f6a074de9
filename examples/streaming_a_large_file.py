"""A file of any size in constant memory: ``partial_fit`` on chunks as they are read.

Writes a CSV file of made-up rows, learns from it chunk by chunk, and prints the size of the file
and the memory that learning took. Each chunk is a whole number of minibatches, so the result is
the same as that of one call with all rows.

Run: python examples/streaming_a_large_file.py [number of rows]
"""

import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from sk_softmax import SoftmaxRegression, functional
from sk_softmax.solvers import SGD

N_FEATURES, CLASSES, CHUNK = 10, ["bad", "fair", "good"], 2_048


def write(path: Path, n_rows: int) -> None:
    """Write rows whose labels come from a softmax model."""
    rng = np.random.default_rng(0)
    coef = rng.normal(size=(N_FEATURES, len(CLASSES)))
    with path.open("w") as file:
        for first in range(0, n_rows, CHUNK):
            X = rng.normal(size=(min(CHUNK, n_rows - first), N_FEATURES))
            labels = (X @ coef + rng.gumbel(size=(len(X), len(CLASSES)))).argmax(axis=1)
            for row, label in zip(X, labels, strict=True):
                file.write(",".join(f"{value:.4f}" for value in row) + f",{CLASSES[label]}\n")


def chunks(path: Path) -> Iterator[tuple[np.ndarray, list[str]]]:
    """Yield rows and labels, ``CHUNK`` of them at a time."""
    with path.open() as file:
        while lines := list(islice(file, CHUNK)):
            rows = [line.rstrip().rsplit(",", 1) for line in lines]
            X = np.array([values.split(",") for values, _ in rows], dtype=np.float32)
            yield X, [label for _, label in rows]


n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "rows.csv"
    write(path, n_rows)
    size = path.stat().st_size

    model = SoftmaxRegression(solver=SGD(batch_size=256))
    tracemalloc.start()
    losses = []
    for X, labels in chunks(path):
        if hasattr(model, "classes_"):  # a test, since the model has not learned from these rows
            numbers = np.searchsorted(model.classes_, labels)
            probabilities = model.predict_proba(X)
            loss = functional.cross_entropy(probabilities, numbers, input_kind="probabilities")
            losses.append(float(loss))
        model.partial_fit(X, labels, classes=CLASSES)
    _, peak = tracemalloc.get_traced_memory()

print(f"a file of {size / 1e6:.1f} MB, {n_rows} rows, read {CHUNK} rows at a time")
print(f"at most {peak / 1e6:.1f} MB of memory in use")
shown = sorted({0, len(losses) // 4, len(losses) // 2, len(losses) - 1})
for chunk in shown:
    print(f"chunk {chunk + 2:5d}: loss on it before learning from it {losses[chunk]:.4f} nats")
