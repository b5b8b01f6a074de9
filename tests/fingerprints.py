"""Fingerprints of twelve fits: whether a change that should leave results alone does.

Run ``python tests/fingerprints.py --save FILE`` before the change and ``python
tests/fingerprints.py --against FILE`` after it, on the same machine: bits depend on the processor
and on BLAS, so this is not a test that pytest collects. Each line shows a hash of ``coef_``,
``intercept_``, ``n_iter_`` and the duality gap, then the iterations, and the objective to nine
digits.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import scale

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path


def made_up(n_rows, n_features, n_classes, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, n_features))
    logits = X @ rng.standard_normal((n_features, n_classes)) / np.sqrt(n_features)
    return X, (2 * logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def standardised(load):
    X, y = load(return_X_y=True)
    return scale(X), y


def weights_of(n_rows):
    return np.random.default_rng(1).uniform(0.5, 2.0, n_rows)


def fit(X, y, weights=None, **options):
    return SoftmaxRegression(random_state=0, n_jobs=2, **options).fit(X, y, weights)


def as_csr(data, dtype=np.float64):
    X, y = data
    return sp.csr_matrix(X.astype(dtype)), y


def path_of_grouped_lasso():
    path = softmax_path(*standardised(load_wine), Cs=8, grouped=True)
    return path.coefs, path.intercepts, path.n_iter, path.suboptimality, path.objective


def cross_validation():
    X, y = load_digits(return_X_y=True)
    model = SoftmaxRegressionCV(scoring="accuracy", Cs=[1e-3, 0.1, 10.0], cv=3, n_jobs=2).fit(
        X / 16, y
    )
    return model.coef_, model.coefs_paths_, model.n_iter_, model.scores_, np.zeros(1)


def of_model(model, X, y, weights=None):
    value = model.objective(X, y, sample_weight=weights)
    return model.coef_, model.intercept_, model.n_iter_, np.array(model.duality_gap_), value


def fitted(data, weights=None, **options):
    X, y = data
    return of_model(fit(X, y, weights, **options), X, y, weights)


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def digits_csc_float32():
    X, y = digits()
    return sp.csc_matrix(X.astype(np.float32)), y


FITS = {
    "auto, iris": lambda: fitted(load_iris(return_X_y=True)),
    "newton, wine, weights": lambda: fitted(
        standardised(load_wine), weights_of(178), solver="newton-cholesky", class_weight="balanced"
    ),
    "lbfgs, digits, no penalty, smoothed": lambda: fitted(
        digits(), solver="lbfgs", C=np.inf, label_smoothing=0.1
    ),
    "lbfgs, 60,000 x 20, drafts": lambda: fitted(made_up(60_000, 20, 4), solver="lbfgs"),
    "lbfgs, digits, CSR": lambda: fitted(as_csr(digits()), solver="lbfgs", C=10.0),
    "adam, digits, CSC, float32": lambda: fitted(digits_csc_float32(), solver="adam", max_iter=5),
    "auto, 100 x 3,000, wide": lambda: fitted(made_up(100, 3000, 3)),
    "proximal-newton, digits, L1": lambda: fitted(
        digits(), solver="proximal-newton", l1_ratio=1.0
    ),
    "proximal-lbfgs, digits, elastic net, CSR, float32": lambda: fitted(
        as_csr(digits(), np.float32), solver="proximal-lbfgs", l1_ratio=0.5, C=0.5
    ),
    "gd, breast cancer, two classes": lambda: fitted(
        standardised(load_breast_cancer), solver="gd", max_iter=200
    ),
    "path, wine, grouped": path_of_grouped_lasso,
    "cross-validation, digits": cross_validation,
}


def fingerprint(name):
    """Return the line of one fit."""
    coef, intercept, n_iter, gap, value = FITS[name]()
    digest = hashlib.sha256()
    for array in (coef, intercept, n_iter, gap):
        digest.update(np.ascontiguousarray(array).tobytes())
    iterations = int(np.sum(n_iter))
    return f"{digest.hexdigest()[:16]}  {iterations:6d}  {float(np.sum(value)):.9g}  {name}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--save", type=Path, help="write the lines to this file")
    parser.add_argument("--against", type=Path, help="compare with the lines of this file")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = [fingerprint(name) for name in FITS]
    if options.save:
        options.save.write_text("\n".join(lines) + "\n")
    before = options.against.read_text().splitlines() if options.against else lines
    for old, new in zip(before, lines, strict=True):
        print(new if old == new else f"{new}\n  was {old}")
    return int(before != lines)


if __name__ == "__main__":
    sys.exit(main())
