"""Fitted Pipelines: names, features that were encoded, rows as the Pipeline takes them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_softmax import SoftmaxRegression
from sk_softmax.inference import of_pipeline


@pytest.fixture(scope="module")
def frame(draw):
    X, y = draw(3, 300, 2)
    rng = np.random.default_rng(7)
    return (
        pd.DataFrame(
            {
                "colour": rng.choice(["red", "green", "blue"], 300),
                "height": X[:, 0],
                "town": rng.choice(["a", "b", "c", "d_e"], 300),
                "weight": X[:, 1] + 5,
            }
        ),
        y,
    )


def pipeline(encoder, *more):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer(
        [("code", encoder, ["town", "colour"]), ("scale", numbers, ["height", "weight"])]
    )
    return make_pipeline(columns, *more, SoftmaxRegression(C=np.inf))


@pytest.mark.parametrize("encoder", [OneHotEncoder(), OneHotEncoder(sparse_output=False)])
def test_an_encoder_that_drops_nothing(frame, encoder):
    """It depends on the intercept; what is tested together is what a dropping encoder gives."""
    X, y = frame
    ours = of_pipeline(pipeline(encoder).fit(X, y), X, y)
    less = of_pipeline(pipeline(OneHotEncoder(drop="first")).fit(X, y), X, y)
    assert less.dependent_columns == ()
    assert set(ours.dependent_columns) == {
        name for name in ours.columns if name.startswith("code") or name == "intercept"
    }
    assert ours.columns[:2] == ("code__town_a", "code__town_b")
    tests, expected = ours.feature_tests(), less.feature_tests()
    assert [test.name for test in tests] == ["town", "colour", "scale__height", "scale__weight"]
    assert [test.df for test in tests] == [6, 4, 2, 2]
    for test in tests:
        assert_allclose(test.statistic, expected[test.name].statistic, rtol=1e-6)
        assert test.df == expected[test.name].df
    assert_allclose(ours.predict_interval(X[:9]).low, less.predict_interval(X[:9]).low, rtol=1e-6)
    assert ours.wald_test("scale__height = 0").df == 2


def test_rows_are_taken_as_the_pipeline_takes_them(frame):
    X, y = frame
    model = pipeline(OneHotEncoder(drop="first")).fit(X, y)
    ours = of_pipeline(model, X, y, reference=2, covariance="HC0")
    assert ours.reference == 2
    assert_allclose(
        ours.predict_interval(X).probabilities, model.predict_proba(X), rtol=1e-4, atol=1e-6
    )
    taller = X.assign(height=X["height"] + 1)
    change = ours.compare_predictions(X, taller).estimate
    before, after = model.predict_proba(X), model.predict_proba(taller)
    assert_allclose(change, (after - before).mean(axis=0), atol=1e-4)


def test_infrequent_categories_and_those_of_two_values(frame):
    X, y = frame
    X = X.assign(colour=np.where(X["colour"] == "red", "green", X["colour"]))
    encoder = OneHotEncoder(drop="if_binary", max_categories=3, handle_unknown="ignore")
    model = pipeline(encoder).fit(X, y)
    ours = of_pipeline(model, X, y)
    fitted = model[0].named_transformers_["code"]
    n_towns = len(fitted.get_feature_names_out()) - 1
    assert n_towns == 3
    members = dict(ours.feature_groups)
    assert set(members) == {"town"}
    assert len(members["town"]) == n_towns
    assert all("town" in name for name in members["town"])
    colour = next(name for name in ours.columns if "colour" in name)
    assert ours.feature_tests()[colour].df == 2


def test_a_step_that_keeps_columns_keeps_groups_and_one_that_mixes_them_none(frame):
    X, y = frame
    kept = of_pipeline(
        pipeline(OneHotEncoder(drop="first"), StandardScaler(with_mean=False)).fit(X, y), X, y
    )
    assert set(kept.feature_groups) == {"town", "colour"}
    mixed = of_pipeline(
        pipeline(OneHotEncoder(drop="first", sparse_output=False), PCA(3)).fit(X, y), X, y
    )
    assert not mixed.feature_groups
    assert mixed.columns == ("pca0", "pca1", "pca2", "intercept")


def test_the_model_alone_and_what_is_no_pipeline(frame):
    X, y = frame
    numbers = X[["height", "weight"]]
    alone = make_pipeline(SoftmaxRegression(C=np.inf)).fit(numbers, y)
    assert of_pipeline(alone, numbers, y).columns == ("height", "weight", "intercept")
    for other in (make_pipeline(StandardScaler()), SoftmaxRegression(), None):
        with pytest.raises(ValueError, match="last step is a SoftmaxRegression"):
            of_pipeline(other, numbers, y)
