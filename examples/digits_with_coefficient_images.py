"""Ten digits, ten templates: the coefficients of softmax regression drawn as images.

Each class has one coefficient a pixel. Ink where a template is blue speaks for the digit, ink
where it is red against it. Needs matplotlib: pip install "sk-softmax[plot]"

Run: python examples/digits_with_coefficient_images.py [picture.png]
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk_softmax import SoftmaxRegression

X, y = load_digits(return_X_y=True)  # 8 x 8 pixels, ink from 0 to 16
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)

model = SoftmaxRegression(C=0.1).fit(X_train, y_train)
accuracy = model.score(X_test, y_test)
print(f"{len(X_train)} digits learnt in {model.n_iter_[0]} iterations")
print(f"accuracy on {len(X_test)} others: {accuracy:.3f}")

wrong = np.flatnonzero(model.predict(X_test) != y_test)
confidence = model.predict_proba(X_test[wrong]).max(axis=1)
for i in wrong[np.argsort(-confidence)][:3]:
    predicted, probability = model.predict(X_test[[i]])[0], model.predict_proba(X_test[[i]]).max()
    print(f"a {y_test[i]} taken for a {predicted} with probability {probability:.2f}")

limit = np.abs(model.coef_).max()
figure, axes = plt.subplots(2, 5, figsize=(8, 3.9), layout="constrained")
for axis, coef, digit in zip(axes.flat, model.coef_, model.classes_, strict=True):
    image = axis.imshow(coef.reshape(8, 8), cmap="RdBu", vmin=-limit, vmax=limit)
    axis.set_title(digit)
    axis.set_xticks([])
    axis.set_yticks([])
figure.colorbar(image, ax=axes, label="coefficient (nats per full ink)")
figure.suptitle(f"Softmax regression on 8 x 8 digits, test accuracy {100 * accuracy:.1f} %")
path = sys.argv[1] if len(sys.argv) > 1 else "digits_coefficients.png"
figure.savefig(path, dpi=100)
print(f"the templates are in {path}")
