"""Which of thirteen measurements tell three wines apart, and how few of them are enough.

1. A path goes from the penalty that leaves no feature to a weak one: features enter one after
   another.
2. Cross-validation chooses the penalty. The one-standard-error rule takes the strongest one whose
   score is within a standard error of the best: fewer features that predict about as well.
3. Under a grouped penalty a feature enters for all wines or for none.

Run: python examples/few_features_and_the_right_penalty.py
"""

import numpy as np
from sklearn.datasets import load_wine
from sklearn.preprocessing import scale

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.displays import CVDisplay, PathDisplay

# As Forina and others (1988) call them, who made the measurements.
WINES = ["Barolo", "Grignolino", "Barbera"]
NAMES = {
    "od280/od315_of_diluted_wines": "OD280/OD315",
    "nonflavanoid_phenols": "other phenols",
    "color_intensity": "colour intensity",
    "alcalinity_of_ash": "alkalinity of ash",
}

wine = load_wine()
X, y = scale(wine.data), wine.target
names = [NAMES.get(name, name.replace("_", " ")) for name in wine.feature_names]

# 1. The path.
path = softmax_path(X, y, Cs=100)
print(f"{'C':>9s}{'not zero':>10s}{'deviance explained':>20s}")
for i in range(0, 100, 11):
    print(f"{path.Cs[i]:9.4f}{path.n_nonzero[i]:10d}{path.deviance_ratio[i]:20.1%}")
is_in = np.abs(path.coefs).max(axis=1) > 0  # penalties x features
entered = np.where(is_in.any(axis=0), is_in.argmax(axis=0), len(path.Cs))
print("in the order of entry:", ", ".join(names[j] for j in np.argsort(entered)[:5]), "...")

# 2. The penalty.
model = SoftmaxRegressionCV(
    Cs=path.Cs[::5], l1_ratios=[1.0], scoring="neg_log_loss", rule="one_standard_error"
).fit(X, y)
best_C = model.Cs_[model.best_index_[1]]
n_used = np.count_nonzero(np.abs(model.coef_).max(axis=0))
print(
    f"the best mean score is at C={best_C:.3g}; within one standard error of it, C={model.C_:.3g}"
)
print(f"with that, {n_used} of {len(names)} features are used for some wine")

# 3. In groups.
grouped = SoftmaxRegression(C=model.C_, l1_ratio=1.0, grouped=True).fit(X, y)
in_all = np.flatnonzero((grouped.coef_ != 0).all(axis=0))
print("in groups:", ", ".join(names[j] for j in in_all))
assert set(np.count_nonzero(grouped.coef_, axis=0)) == {0, 3}

# Pictures.
PathDisplay.from_path(
    path,
    feature_names=names,
    class_names=WINES,
    C=model.C_,
    C_label=f"C = {model.C_:.3g}, chosen by\ncross-validation",
    label="coefficient (nats a standard deviation)",
    n_columns=2,
).figure_.savefig("wine_path.png", dpi=180)
CVDisplay.from_estimator(model).figure_.savefig("wine_cross_validation.png", dpi=180)
print("drew wine_path.png and wine_cross_validation.png")
