"""A cross-validation of rows in parts is that of the same rows in one place."""

import importlib
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from parted import cut, given_in_parts
from sklearn import config_context
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
)

from sk_softmax import SoftmaxRegressionCV
from sk_softmax.estimators.cross_validation import parted_scores
from sk_softmax.fitting import curvature_sample
from sk_softmax.objective import active_hessian, cheaper, folds
from sk_softmax.parts import LocalParts

N_ROWS = 600
EDGES = [0, 1, 130, 130, 400, 401, N_ROWS]  # one row alone, and an empty part
CS = [0.01, 1.0, 100.0]

module = importlib.import_module("sk_softmax.estimators.softmax_regression_cv")


@pytest.fixture(autouse=True)
def rows_alike(monkeypatch):
    # A share of each block's rows is left out otherwise, which depends on how rows are cut.
    monkeypatch.setattr(active_hessian, "NEGLIGIBLE", 0.0)


def table(n_classes, n_rows=N_ROWS, n_features=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features)) * np.geomspace(0.3, 4, n_features)
    logits = X @ rng.normal(size=(n_features, n_classes))
    y = (logits + 2 * rng.gumbel(size=logits.shape)).argmax(axis=1)
    return X, y, rng.uniform(0.2, 3, n_rows)


def both(monkeypatch, X, y, weights=None, *, edges=EDGES, fit=None, **parameters):
    """The estimator fitted to rows in one place and in parts."""
    defaults = {"Cs": CS, "cv": 3, "scoring": "neg_log_loss", "tol": 1e-10}
    expected = SoftmaxRegressionCV(**defaults | parameters).fit(X, y, weights, **fit or {})
    with monkeypatch.context() as patch:
        given_in_parts(patch, module, edges)
        found = SoftmaxRegressionCV(**defaults | parameters).fit(X, y, weights, **fit or {})
    return expected, found


def assert_same(expected, found, tolerance=1e-9, *, same_path=True):
    exact = ["Cs_", "l1_ratios_", "classes_", "C_", "l1_ratio_", "converged_"]
    exact += ["best_index_", "one_standard_error_index_"] + ["n_iter_"] * same_path
    for name in exact:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)
    for name in ("scores_", "coefs_paths_", "coef_", "intercept_"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        finite = np.abs(theirs[np.isfinite(theirs)]).max(initial=0)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * (1 + finite))
        assert ours.dtype == theirs.dtype, name


OPTIONS = {
    "the default solver": {},
    "L-BFGS": {"solver": "lbfgs"},
    "gradient descent": {"solver": "gd", "max_iter": 20, "tol": 1e-4},
    "accuracy": {"scoring": "accuracy"},
    "blocks of rows": {"cv": KFold(4)},
    "counts of each class": {"cv": StratifiedKFold(4)},
    "the default cv": {"cv": None},
    "elastic net and lasso": {"l1_ratios": [0.5, 1.0]},
    "grouped": {"l1_ratios": [1.0], "grouped": True},
    "bounds": {"lower_bounds": -0.2, "upper_bounds": 0.3},
    "factors": {"penalty_factor": [0.1, 1, 2, 1, 1, 3]},
    "no intercept": {"fit_intercept": False},
    "balanced classes": {"class_weight": "balanced"},
    "smoothed": {"label_smoothing": 0.1},
    "means over the folds": {"refit": False},
    "one standard error": {"rule": "one_standard_error"},
    "collected predictions": {"scoring": "f1_macro"},
    "a metric": {"scoring": make_scorer(f1_score, average="weighted")},
}


@pytest.mark.filterwarnings("ignore:.*fits of SoftmaxRegressionCV stopped:UserWarning")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", OPTIONS)
def test_every_kind(name, n_classes, monkeypatch):
    X, y, weights = table(n_classes)
    assert_same(*both(monkeypatch, X, y, weights, **OPTIONS[name]))


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_widths_and_formats(kind, dtype, monkeypatch):
    X, y, _ = table(3)
    X = kind(X.astype(dtype))
    expected, found = both(monkeypatch, X, y, tol=1e-4 if dtype == np.float32 else 1e-10)
    assert_same(expected, found, 1e-4 if dtype == np.float32 else 1e-9)


def test_labels_of_text_and_weights_of_zero(monkeypatch):
    X, y, weights = table(3)
    weights[::7] = 0
    names = np.array(["red", "green", "blue"])[y]
    assert_same(*both(monkeypatch, X, names, weights, scoring="accuracy"))
    assert_same(*both(monkeypatch, X, names, weights, scoring="balanced_accuracy"))


@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy", "balanced_accuracy"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_an_offset(scoring, n_classes, monkeypatch):
    X, y, weights = table(n_classes)
    offset = np.random.default_rng(1).normal(size=(N_ROWS, n_classes))
    offset[:1] = 0  # all of the first part
    fit = {"offset": offset[:, 1] if n_classes == 2 else offset}
    expected, found = both(monkeypatch, X, y, weights, fit=fit, scoring=scoring, tol=1e-12)
    assert_same(expected, found, 1e-8)


def test_probabilities(monkeypatch):
    X, y, weights = table(3)
    dirichlet = np.random.default_rng(1).dirichlet(np.ones(3), N_ROWS)
    targets = 0.7 * np.eye(3)[y] + 0.3 * dirichlet
    for options in ({}, {"class_weight": "balanced"}, {"scoring": "accuracy"}):
        assert_same(*both(monkeypatch, X, targets, weights, **options))


@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy"])
def test_folds_that_miss_classes(scoring, monkeypatch):
    """Rows sorted by class: the folds know three, two or one of the classes."""
    X, _, weights = table(3)
    n_unknown = 0
    for y in (np.repeat([0, 1, 2], 200), np.repeat([0, 1], [300, 300])):
        offset = np.random.default_rng(0).normal(size=(N_ROWS, 3))
        fit = {"offset": offset} if len(np.unique(y)) == 3 else {}
        for n_folds in (2, 3):
            options = {"cv": KFold(n_folds), "scoring": scoring, "Cs": [0.01, 0.1], "fit": fit}
            expected, found = both(monkeypatch, X, y, weights, **options)
            assert_same(expected, found)
            n_unknown += np.isinf(expected.coefs_paths_[:, 0, 0, :, -1]).sum()
    assert n_unknown == 7  # 2 and 3 of three classes, and 2 of two


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_probabilities_of_classes_that_a_fold_misses(monkeypatch):
    X, _, _ = table(4)
    targets = np.zeros((N_ROWS, 4))
    rng = np.random.default_rng(0)
    targets[:300, :3] = rng.dirichlet(np.ones(3), 300)
    targets[300:, :2] = rng.dirichlet(np.ones(2), 300)
    targets[300:400] = [0, 0, 0, 1]
    assert_same(*both(monkeypatch, X, targets, cv=KFold(6), Cs=[0.1]))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_scores_that_are_not_defined(monkeypatch):
    X, _, weights = table(3)
    y = np.repeat([0, 1, 2], 200)
    options = {"cv": KFold(5), "scoring": "roc_auc_ovr", "Cs": [0.1]}
    with pytest.raises(ValueError, match="is not defined on the rows that any fold") as whole:
        SoftmaxRegressionCV(**options).fit(X, y)
    with monkeypatch.context() as patch:
        given_in_parts(patch, module, EDGES)
        with pytest.raises(ValueError, match="is not defined on the rows that any fold") as parts:
            SoftmaxRegressionCV(**options).fit(X, y)
    assert str(parts.value) == str(whole.value)
    y = np.concatenate([y[:200], np.tile([0, 1, 2], 133), [0]])
    expected, found = both(monkeypatch, X, y, **options)
    assert np.isnan(expected.scores_).any()
    assert_same(expected, found)
    weights[:120] = 0  # a fold is scored on rows without weight
    for scoring in ("accuracy", "balanced_accuracy"):
        expected, found = both(monkeypatch, X, y, weights, **options | {"scoring": scoring})
        assert np.isnan(expected.scores_[0]).all()
        assert_same(expected, found)


def test_columns_far_from_zero_have_one_shift(monkeypatch):
    X, y, weights = table(3)
    X[:, 2] += 1e6
    expected, found = both(monkeypatch, X, y, weights, solver="lbfgs", tol=1e-12)
    assert found.converged_
    np.testing.assert_allclose(found.scores_, expected.scores_, rtol=1e-6)
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-4)


# --- what is asked of the parts ---


class ByLetter(LocalParts):
    """Parts to which everything is sent by letter, and which note what is asked."""

    asked = ()

    def ask(self, question):
        inner = question.keywords["question"]
        name = getattr(inner, "func", inner).__name__
        if name in ("of_fold", "of_folds"):
            own = inner.keywords["question"]
            name += " " + getattr(own, "func", own).__name__
        if name == "of_each":
            name += " " + " ".join(q.func.__name__ for _, q in inner.keywords["questions"])
        self.asked.append(name)
        letter = pickle.dumps(question)
        answer = super().ask(lambda part: pickle.loads(letter)(part))
        return pickle.loads(pickle.dumps(answer))

    def each(self, function):
        letter = pickle.dumps(function)
        return super().each(lambda part: pickle.loads(letter)(part))

    def made_into(self, make):
        make = pickle.loads(pickle.dumps(make))
        parts = [make(part, number) for number, part in enumerate(self._parts)]
        return type(self)(pickle.loads(pickle.dumps(parts)))


def by_letter(monkeypatch, edges):
    """Have the estimator's rows cut into such parts; return what is asked of them."""
    asked = []
    monkeypatch.setattr(ByLetter, "asked", asked)
    whole_set = module.any_training_set

    def cut_set(*arguments, **named):
        training = cut(whole_set(*arguments, **named), edges)
        parts = ByLetter(training.given_parts._parts)
        return type(training)(**{**vars(training), "given_parts": parts})

    monkeypatch.setattr(module, "any_training_set", cut_set)
    return asked


@pytest.mark.parametrize("scoring", ["accuracy", "f1_macro"])
def test_one_message_asks_for_all_folds_and_all_messages_can_be_sent(scoring, monkeypatch):
    X, y, weights = table(3)
    passes = []
    evaluated = folds.evaluated

    def counting(*arguments, **named):
        passes.append(1)
        return evaluated(*arguments, **named)

    parameters = {"Cs": CS, "cv": 5, "solver": "lbfgs", "scoring": scoring, "refit": False}
    with monkeypatch.context() as patch:
        patch.setattr(folds, "evaluated", counting)
        expected = SoftmaxRegressionCV(**parameters).fit(X, y, weights)
    asked = by_letter(monkeypatch, EDGES)
    found = SoftmaxRegressionCV(**parameters).fit(X, y, weights)
    np.testing.assert_array_equal(found.n_iter_, expected.n_iter_)
    # In memory the folds that ended earlier are evaluated again for their scores.
    evaluations = asked.count("of_folds evaluated")
    assert len(passes) - 5 * len(CS) <= evaluations <= len(passes)
    question = "summed_scores" if scoring == "accuracy" else "collected_logits"
    assert asked.count(question) == len(CS)
    assert asked.count("held_out_targets") == (scoring == "f1_macro")
    # One sample, gathered once, has the curvature of all folds; nobody asks for matrices.
    assert asked.count("gathered_for_folds") == 1
    assert not [name for name in asked if "gram" in name or "hessian" in name]
    assert asked.count("masses_of") == asked.count("known_of_terms") == 1


@pytest.mark.parametrize("options", [{}, {"l1_ratios": [1.0]}], ids=["smooth", "lasso"])
def test_hessians_and_gaps_of_all_folds_are_asked_in_one_message(options, monkeypatch):
    X, y, weights = table(3)
    parameters = {"Cs": CS, "cv": 5, "refit": False, "scoring": "accuracy", **options}
    solver = "proximal-newton" if options else "newton-cholesky"
    expected = SoftmaxRegressionCV(**parameters, solver=solver).fit(X, y, weights)
    asked = by_letter(monkeypatch, EDGES)
    found = SoftmaxRegressionCV(**parameters, solver=solver).fit(X, y, weights)
    assert_same(expected, found)
    n_steps = int(found.n_iter_.max(axis=0).sum())
    assert found.n_iter_.sum() > 3 * n_steps
    hessians = [name for name in asked if "hessian" in name]
    assert abs(len(hessians) - n_steps) <= len(CS)
    assert max(name.count("hessian") for name in hessians) == 5
    gaps = [name for name in asked if "moved" in name]
    assert len(gaps) <= 3 * len(CS)
    assert bool(gaps) == bool(options)  # in which fits gaps are asked for
    alone = [name for name in asked if name.startswith("of_fold ")]
    assert not [name for name in alone if "hessian" in name or "moved" in name]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_large_rows_begin_in_float32_and_measure_curvature_on_a_sample(n_classes, monkeypatch):
    monkeypatch.setattr(cheaper, "FEWEST_NUMBERS", 1000)
    monkeypatch.setattr(curvature_sample, "SAMPLE_BYTES", 4 * 6 * 2000)
    X, y, _ = table(n_classes)
    X, y, edges = np.tile(X, (10, 1)), np.tile(y, 10), [10 * edge for edge in EDGES]
    parameters = {"Cs": CS, "cv": KFold(4), "solver": "lbfgs", "scoring": "neg_log_loss"}
    expected = SoftmaxRegressionCV(**parameters, tol=1e-9).fit(X, y)
    asked = by_letter(monkeypatch, edges)
    found = SoftmaxRegressionCV(**parameters, tol=1e-9).fit(X, y)
    np.testing.assert_allclose(found.scores_, expected.scores_, rtol=1e-6)
    np.testing.assert_allclose(found.coefs_paths_, expected.coefs_paths_, atol=1e-3)
    assert found.C_ == expected.C_
    assert asked.count("gathered_for_folds") == 1
    assert not [name for name in asked if "gram" in name or "hessian" in name]


class MadeAnew(LocalParts):
    """Parts of which nothing is kept: they are made anew for every question."""

    def __init__(self, parts, makes=()):
        super().__init__(parts)
        self.given, self.makes = parts, makes

    def made_into(self, make):
        return type(self)(self.given, (*self.makes, make))

    def each(self, function):
        return LocalParts(self.made()).each(function)

    def ask(self, question):
        return LocalParts(self.made()).ask(question)

    def made(self):
        parts = self.given
        for make in self.makes:
            parts = [make(part, number) for number, part in enumerate(parts)]
        return parts


def test_parts_may_be_made_anew_in_each_pass(monkeypatch):
    X, y, weights = table(3)
    whole_set = module.any_training_set

    def cut_set(*arguments, **named):
        training = cut(whole_set(*arguments, **named), EDGES)
        parts = MadeAnew(training.given_parts._parts)
        return type(training)(**{**vars(training), "given_parts": parts})

    parameters = {"Cs": CS, "cv": 3, "solver": "lbfgs", "tol": 1e-10, "scoring": "f1_macro"}
    expected = SoftmaxRegressionCV(**parameters).fit(X, y, weights)
    monkeypatch.setattr(module, "any_training_set", cut_set)
    assert_same(expected, SoftmaxRegressionCV(**parameters).fit(X, y, weights))


@pytest.mark.parametrize("is_asked_for", [False, True])
def test_a_scorer_gets_weights_only_if_it_asks_for_them(is_asked_for, monkeypatch):
    X, y, weights = table(3)
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=is_asked_for)
        expected, found = both(monkeypatch, X, y, weights, scoring=scorer)
        assert_same(expected, found)
    plain = SoftmaxRegressionCV(Cs=CS, cv=3, scoring="accuracy", tol=1e-10).fit(X, y, weights)
    assert np.allclose(plain.scores_, found.scores_) == is_asked_for


def test_what_is_kept_is_given_back(monkeypatch):
    X, y, _ = table(3)
    given_in_parts(monkeypatch, module, EDGES)
    made, released = [], []
    make = LocalParts.made_into
    monkeypatch.setattr(
        LocalParts, "made_into", lambda self, f: made.append(make(self, f)) or made[-1]
    )
    monkeypatch.setattr(LocalParts, "release", lambda self: released.append(self))
    SoftmaxRegressionCV(Cs=CS, cv=3, scoring="accuracy").fit(X, y)
    assert len(made) == 3  # the labels for the split, the folds, and all rows for the last fit
    assert released == made
    del made[:], released[:]
    with pytest.raises(ValueError, match=r"Fold 0 of cv trains on 2 of 3 classes"):
        SoftmaxRegressionCV(
            Cs=CS, cv=KFold(3), scoring="accuracy", lower_bounds=np.zeros((3, 6))
        ).fit(X, np.repeat([0, 1, 2], 200))
    assert released == made
    assert len(made) == 1


# --- what is refused ---


@pytest.mark.parametrize("above", [0, 1])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_predictions_are_collected_up_to_a_size(above, n_classes, monkeypatch):
    X, y, _ = table(n_classes)
    n_bytes = N_ROWS * (3 if n_classes == 3 else 1) * 4
    monkeypatch.setattr(parted_scores, "MOST_COLLECTED", n_bytes - above)
    given_in_parts(monkeypatch, module, EDGES)
    model = SoftmaxRegressionCV(Cs=CS, cv=3, scoring="f1_macro")
    if not above:
        assert model.fit(X.astype(np.float32), y).scores_.shape == (3, 1, 3)
        return
    text = rf"which are {n_bytes:,} bytes, and at most {n_bytes - 1:,} are collected"
    with pytest.raises(ValueError, match=text):
        model.fit(X.astype(np.float32), y)
    model.set_params(scoring="accuracy").fit(X.astype(np.float32), y)


@pytest.mark.parametrize(
    "cv",
    [
        KFold(3, shuffle=True, random_state=0),
        StratifiedKFold(3, shuffle=True, random_state=0),
        ShuffleSplit(3),
        RepeatedStratifiedKFold(n_splits=3),
        GroupKFold(3),
        [(np.arange(300), np.arange(300, 600))],
    ],
)
def test_other_splitters_are_refused(cv, monkeypatch):
    X, y, _ = table(3)
    given_in_parts(monkeypatch, module, EDGES)
    with pytest.raises(ValueError, match=r"may need all rows together.*KFold\(n\)"):
        SoftmaxRegressionCV(cv=cv, scoring="accuracy").fit(X, y)


@pytest.mark.parametrize("cv", [601, KFold(601), 300])
def test_too_many_folds_are_the_error_of_scikit_learn(cv, monkeypatch):
    X, y, _ = table(3)
    with pytest.raises(ValueError, match="n_splits") as whole:
        SoftmaxRegressionCV(cv=cv, scoring="accuracy").fit(X, y)
    given_in_parts(monkeypatch, module, EDGES)
    with pytest.raises(ValueError, match="n_splits") as parts:
        SoftmaxRegressionCV(cv=cv, scoring="accuracy").fit(X, y)
    assert str(parts.value) == str(whole.value)


def test_a_rare_class_is_the_warning_of_scikit_learn(monkeypatch):
    X, y, _ = table(3)
    y = np.where(np.arange(N_ROWS) < 3, 3, y)
    options = {"cv": 5, "scoring": "accuracy", "Cs": [0.1]}
    text = "The least populated class in y has only 3 members, which is less than n_splits=5."
    with pytest.warns(UserWarning, match=text):
        expected, found = both(monkeypatch, X, y, **options)
    assert_same(expected, found)
    given_in_parts(monkeypatch, module, EDGES)
    with pytest.warns(UserWarning, match=text) as caught:
        SoftmaxRegressionCV(**options).fit(X, y)
    assert caught[0].filename.endswith("softmax_regression_cv.py")


def test_scorers_of_rows_and_metadata_are_refused(monkeypatch):
    X, y, _ = table(3)
    given_in_parts(monkeypatch, module, EDGES)
    with pytest.raises(ValueError, match="is called with the rows held out"):
        SoftmaxRegressionCV(scoring=lambda model, X, y: 1.0).fit(X, y)
    with pytest.raises(ValueError, match="groups would be split with the rows"):
        SoftmaxRegressionCV(scoring="accuracy").fit(X, y, groups=y)


def test_a_fold_without_weight_is_named(monkeypatch):
    X, y, weights = table(3)
    weights[100:] = 0
    given_in_parts(monkeypatch, module, EDGES)
    with pytest.raises(ValueError, match=r"Fold 0 of cv trains on no row with weight"):
        SoftmaxRegressionCV(cv=KFold(2), scoring="accuracy").fit(X, y, weights)
