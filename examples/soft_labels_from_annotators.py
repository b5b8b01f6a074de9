"""Five annotators who disagree: a majority vote compared with probability targets.

Each annotator labels every digit. Two of them are careful and three are not. Mistakes are more
likely between digits that look alike. A majority vote gives every annotator the same weight and
does not say how sure it is. Two kinds of soft labels do:

- The shares of the votes teach what an annotator would say, mistakes included.
- The probability of each true label, given how often each annotator agrees with the others (Dawid
  and Skene, 1979, with one rate of mistakes per annotator), teaches what is true.

The fits are compared by their log loss on other digits, whose true labels are known.

Run: python examples/soft_labels_from_annotators.py
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from sk_softmax import SoftmaxRegression, functional

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.5, stratify=y, random_state=0
)

# 1. The votes. Two digits are confused more often, the closer the mean images of their classes.
rng = np.random.default_rng(0)
means = np.array([X_train[y_train == k].mean(axis=0) for k in range(10)])
distance = ((means[:, None] - means[None]) ** 2).sum(axis=2)
confusion = functional.softmax(-distance - 100 * np.eye(10))
votes = []
for error_rate in (0.05, 0.1, 0.6, 0.6, 0.6):
    confused = np.array([rng.choice(10, p=confusion[label]) for label in y_train])
    votes.append(np.where(rng.random(len(y_train)) < error_rate, confused, y_train))
chosen = functional.one_hot(np.array(votes), 10)  # annotators x rows x classes

# 2. Soft labels: the shares of the votes, and the probabilities of the true labels, which are
# computed in turn with each annotator's rate of agreement.
shares, _ = functional.proportions(chosen.sum(axis=0))
posterior = shares
for _ in range(20):
    agreement = (chosen * posterior).sum(axis=2).mean(axis=1)
    for_label, against = np.log(agreement), np.log((1 - agreement) / 9)
    evidence = np.where(chosen == 1, for_label[:, None, None], against[:, None, None])
    posterior = functional.softmax(evidence.sum(axis=0))
majority = shares.argmax(axis=1)
print(f"{len(X_train)} digits, {len(votes)} annotators")
print(f"the majority is right about {np.mean(majority == y_train):.1%} of them")
print("each annotator seems right about", ", ".join(f"{a:.0%}" for a in agreement))

# 3. Fits.
fits = {
    "majority vote": SoftmaxRegression().fit(X_train, majority),
    "majority, smoothed by 0.1": SoftmaxRegression(label_smoothing=0.1).fit(X_train, majority),
    "shares of the votes": SoftmaxRegression().fit(X_train, shares),
    "probable true labels": SoftmaxRegression().fit(X_train, posterior),
    "the true labels": SoftmaxRegression().fit(X_train, y_train),
}
print(f"{'fitted to':28s}{'accuracy':>10s}{'log loss':>10s}   on {len(X_test)} other digits")
for name, model in fits.items():
    accuracy = accuracy_score(y_test, model.predict(X_test))
    loss = log_loss(y_test, model.predict_proba(X_test))
    print(f"{name:28s}{accuracy:10.3f}{loss:10.3f}")
