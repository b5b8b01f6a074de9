"""Choose the strength of the penalty by cross-validation, in a Pipeline.

The scaler belongs inside the Pipeline, so that each fold is scaled by its own training rows.
Where probabilities matter, the log loss is the score to choose by: accuracy hardly changes
between values of C whose probabilities differ a lot in quality.

Run: python examples/choosing_C_in_a_pipeline.py
"""

import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=0
)

pipeline = make_pipeline(StandardScaler(), SoftmaxRegression())
search = GridSearchCV(
    pipeline,
    {"softmaxregression__C": np.logspace(-4, 4, 9)},
    scoring=["neg_log_loss", "accuracy"],
    refit="neg_log_loss",
    cv=5,
)
search.fit(X_train, y_train)

print("         C   log loss   accuracy   (5 folds of the training rows)")
results = search.cv_results_
for C, loss, accuracy in zip(
    results["param_softmaxregression__C"],
    -results["mean_test_neg_log_loss"],
    results["mean_test_accuracy"],
    strict=True,
):
    chosen = "  <- chosen" if search.best_params_["softmaxregression__C"] == C else ""
    print(f"{C:10.4g}   {loss:8.4f}   {accuracy:8.4f}{chosen}")

print(f"\nlog loss on rows never seen: {-search.score(X_test, y_test):.4f}")
print(f"accuracy on rows never seen: {search.best_estimator_.score(X_test, y_test):.4f}")
