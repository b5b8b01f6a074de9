"""Ten digits, ten templates: the coefficients of softmax regression drawn as images.

Each class has one coefficient per pixel: by how many nats the logit of the digit changes from a
blank pixel to full ink. Ink on a blue pixel raises the probability of the digit, ink on a red
pixel lowers it. If ``mnist.npz`` is in the folder that the environment variable SK_SOFTMAX_DATA
names, the digits are MNIST's, of 28 x 28 pixels; otherwise they are scikit-learn's, of 8 x 8,
drawn smooth. Needs matplotlib: pip install "sk-softmax[plot]"

Run: python examples/digits_with_coefficient_images.py [picture.png]
"""

import os
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk_softmax import SoftmaxRegression
from sk_softmax.displays import CoefficientDisplay

folder = os.environ.get("SK_SOFTMAX_DATA")
if folder and (Path(folder) / "mnist.npz").exists():
    with np.load(Path(folder) / "mnist.npz") as data:
        X_train, X_test = (data[key].astype(np.float32) / 255 for key in ("X_train", "X_test"))
        y_train, y_test = data["y_train"], data["y_test"]
    shape, what, C = (28, 28), "MNIST", 4e-3  # a strong penalty, so that neighbours are alike
else:
    X, y = load_digits(return_X_y=True)  # ink from 0 to 16
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
    shape, what, C = (8, 8), "scikit-learn's digits", 0.1

model = SoftmaxRegression(C=C).fit(X_train, y_train)
accuracy = model.score(X_test, y_test)
print(f"{what}: {len(X_train)} digits learnt in {model.n_iter_[0]} iterations")
print(f"accuracy on {len(X_test)} others: {accuracy:.3f}")

wrong = np.flatnonzero(model.predict(X_test) != y_test)
confidence = model.predict_proba(X_test[wrong]).max(axis=1)
for i in wrong[np.argsort(-confidence)][:3]:
    predicted, probability = model.predict(X_test[[i]])[0], model.predict_proba(X_test[[i]]).max()
    print(f"a {y_test[i]} taken for a {predicted} with probability {probability:.2f}")

display = CoefficientDisplay.from_estimator(
    model, image_shape=shape, smooth=shape[0] < 16, label="nats from a blank pixel to full ink"
)
display.figure_.suptitle(
    f"What softmax regression learns of {what}: "
    f"right about {100 * accuracy:.1f} % of {len(X_test):,} others",
    fontsize=12,
)
path = sys.argv[1] if len(sys.argv) > 1 else "digits_coefficients.png"
display.figure_.savefig(path, dpi=160, bbox_inches="tight")
print(f"the templates are in {path}")
