"""What goes with being a Republican, and how sure is it? The 1996 American election study.

Seven degrees of party identification, from strong Democrats to strong Republicans, explained by
the population of the place, the own position between left and right, age, education and income of
944 voters. The coefficients are those that Stata's mlogit publishes for these data.

Run: python examples/election_study_with_intervals.py
"""

import numpy as np
import statsmodels.api as sm

from sk_softmax import SoftmaxRegression
from sk_softmax.displays import CoefficientIntervalDisplay

PARTIES = [
    "strong Democrat",
    "weak Democrat",
    "leaning Democrat",
    "independent",
    "leaning Republican",
    "weak Republican",
    "strong Republican",
]

data = sm.datasets.anes96.load_pandas()
X = data.exog.rename(columns={"selfLR": "right", "logpopul": "log_population"})
y = np.array(PARTIES)[data.endog.astype(int)]

# Without a penalty: standard errors are those of the maximum of the likelihood.
model = SoftmaxRegression(C=np.inf).fit(X, y)
inference = model.inference(X, y, reference="strong Democrat")
print(inference)

print("\nDoes this feature matter at all?")
print(inference.feature_tests())

print("\nCan two outcomes be told apart by these features?")
print(inference.combine_outcomes_test("weak Republican", "leaning Republican"))

# What a coefficient means, in words.
row = inference.outcomes.index("strong Republican")
column = inference.columns.index("right")
ratios = inference.odds_ratios()
print(
    "\nOne step of seven to the right multiplies the risk of being a strong Republican, relative\n"
    f"to that of being a strong Democrat, by {ratios.ratio[row, column]:.1f} "
    f"(95 % interval {ratios.low[row, column]:.1f} to {ratios.high[row, column]:.1f})."
)

# What it means for probabilities: all with a college degree, and all without.
change = inference.compare_predictions(X.assign(educ=3), X.assign(educ=5))
print("\nChange of each probability from high school graduates (3) to college degrees (5):")
print(change)

intervals = inference.predict_interval(X[:1])
print("\nProbabilities of the first voter, and their 95 % intervals:")
for label, p, low, high in zip(
    intervals.classes,
    intervals.probabilities[0],
    intervals.low[0],
    intervals.high[0],
    strict=True,
):
    print(f"{label:20} {p:.3f}  [{low:.3f}, {high:.3f}]")

display = CoefficientIntervalDisplay.from_inference(inference)
display.figure_.savefig("election_study.png", dpi=120)
print("\ndrew election_study.png")
