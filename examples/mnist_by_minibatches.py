"""Handwritten digits by minibatches: the lecture's 92 %, its curves and its pictures of mistakes.

STAT 453 (lecture 8) trains softmax regression on MNIST, pixels divided by 255, by minibatches of
256 rows, at a learning rate of 0.1 and from zero weights. It reports 92.16 % accuracy on the test
images after 25 epochs. If ``mnist.npz`` is in the folder that the environment variable
SK_SOFTMAX_DATA names, this script does the same; otherwise it takes scikit-learn's small digits.
The HUFS slides begin at weights drawn from a normal distribution of standard deviation 0.01, and
run 10 epochs: where the weights begin hardly matters, because the loss is convex.
Needs matplotlib: pip install "sk-softmax[plot]"

Run: python examples/mnist_by_minibatches.py
"""

import os
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk_softmax import SoftmaxRegression
from sk_softmax.displays import LossCurveDisplay, MisclassifiedDisplay
from sk_softmax.solvers import SGD

folder = os.environ.get("SK_SOFTMAX_DATA")
if folder and (Path(folder) / "mnist.npz").exists():
    with np.load(Path(folder) / "mnist.npz") as data:
        X_train, y_train = data["X_train"].astype(np.float32) / 255, data["y_train"]
        X_test, y_test = data["X_test"].astype(np.float32) / 255, data["y_test"]
    shape, batch_size, what = (28, 28), 256, "MNIST"
else:
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
    shape, batch_size, what = (8, 8), 16, "scikit-learn's digits"

solver = SGD(batch_size=batch_size, learning_rate=0.1, momentum=0, schedule="constant")
model = SoftmaxRegression(C=np.inf, solver=solver, max_iter=25, random_state=0)
model.fit(X_train, y_train, X_val=X_test, y_val=y_test)

print(f"{what}: {len(X_train)} rows in minibatches of {batch_size}")
for record in model.records_[::5]:
    print(
        f"epoch {record.iteration:2d}  training loss {record.value:.4f}  "
        f"test loss {record.validation_loss:.4f}  accuracy {record.validation_accuracy:.2%}"
    )

drawn = SGD(
    batch_size=batch_size, learning_rate=0.1, momentum=0, schedule="constant", initial_scale=0.01
)
for name, start in (("zeros", solver), ("normal numbers", drawn)):
    short = SoftmaxRegression(C=np.inf, solver=start, max_iter=10, random_state=0)
    accuracy = short.fit(X_train, y_train).score(X_test, y_test)
    print(f"10 epochs from {name}: loss {short.loss_curve_[-1]:.4f}, accuracy {accuracy:.2%}")

curves = LossCurveDisplay.from_estimator(model)
curves.figure_.suptitle(f"{what} by minibatches, evaluated on {len(X_test):,} test images")
curves.figure_.savefig("minibatch_curves.png", dpi=200)
gallery = MisclassifiedDisplay.from_estimator(
    model, X_test, y_test, image_shape=shape, n_images=10
)
gallery.figure_.savefig("minibatch_mistakes.png", dpi=160)
print("the pictures are in minibatch_curves.png and minibatch_mistakes.png")
