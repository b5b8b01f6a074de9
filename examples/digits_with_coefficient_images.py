"""Ten digits, ten templates: the coefficients of softmax regression drawn as images.

Each class has one coefficient per pixel. Ink on a blue pixel raises the probability of the digit,
ink on a red pixel lowers it. Needs matplotlib: pip install "sk-softmax[plot]"

Run: python examples/digits_with_coefficient_images.py [picture.png]
"""

import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk_softmax import SoftmaxRegression
from sk_softmax.displays import CoefficientDisplay

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

display = CoefficientDisplay.from_estimator(model, image_shape=(8, 8))
display.figure_.suptitle(
    f"Softmax regression on 8 x 8 digits, test accuracy {100 * accuracy:.1f} %"
)
path = sys.argv[1] if len(sys.argv) > 1 else "digits_coefficients.png"
display.figure_.savefig(path, dpi=80)
print(f"the templates are in {path}")
