"""The tests of scikit-learn that are not asked of this package's classifiers, with reasons.

Names are those of ``sklearn/linear_model/tests/test_logistic.py``.
"""

from fnmatch import fnmatchcase

ARRAY_API = "needs other arrays than NumPy's; this package takes NumPy arrays and SciPy matrices"

NOT_RUN = {
    "test_consistency_path": (
        "compares with a private function, whose sag does not always come near enough"
    ),
    "test_logistic_regression_path_convergence_fail": "tests a private function alone",
    "test_logistic_regression_path_coefs_multinomial": "tests a private function alone",
    "test_logistic_regression_path_init_coefs": "tests a private function alone",
    "test_logistic_regression_array_api_compliance": ARRAY_API,
    "test_logistic_regression_array_api_warm_start": ARRAY_API,
}
"""Tests of something else, which would pass or be skipped whatever the classifiers do."""

PRIVATE = "calls a private function or method of scikit-learn's classifier"
SOLVER = "tests a solver of scikit-learn's, by its name, messages, random numbers or limits"
DEPRECATED = "tests the warning or error of an argument that is deprecated, and that is not here"

EXPECTED_TO_FAIL = {
    # Private
    "test_logistic_cv_multinomial_score": PRIVATE,
    "test_logreg_predict_proba_multinomial": PRIVATE,
    "test_get_default_scorer": PRIVATE,
    # Solvers
    "test_check_solver_option": SOLVER,
    "test_liblinear_dual_random_state": SOLVER,
    "test_max_iter": SOLVER,
    "test_dtype_match[*-liblinear]": SOLVER + "; float32 rows give float32 coefficients here",
    "test_large_sparse_matrix[*-liblinear]": SOLVER + "; indices of 64 bits are taken here",
    "test_large_sparse_matrix[*-sag]": SOLVER + "; indices of 64 bits are taken here",
    "test_large_sparse_matrix[*-saga]": SOLVER + "; indices of 64 bits are taken here",
    "test_liblinear_with_large_values": SOLVER,
    "test_newton_cholesky_fallback_to_lbfgs": SOLVER + "; there is no such fallback here",
    "test_liblinear_multiclass_raises": SOLVER,
    "test_logistic_regression_callback_support_warning": (
        SOLVER + "; callbacks are supported with every solver here"
    ),
    # Deprecated arguments
    "test_l1_ratio_non_elasticnet": DEPRECATED + " (penalty)",
    "test_penalty_none": DEPRECATED + " (penalty)",
    "test_penalty_deprecated": DEPRECATED + " (penalty)",
    "test_lr_penalty_l1ratio_incompatible": DEPRECATED + " (penalty)",
    "test_l1_ratio_None_deprecated": DEPRECATED + " (l1_ratio=None)",
    "test_logisticregressioncv_warns_with_use_legacy_attributes": DEPRECATED,
    "test_logisticregression_warns_with_n_jobs": (
        DEPRECATED + " (n_jobs, which is the number of threads here)"
    ),
    # Differences that are meant
    "test_logistic_cv_mock_scorer": (
        "gives scores in the order of calls, which is fold by fold in scikit-learn; here all "
        "folds are scored for one penalty before the next"
    ),
    "test_logistic_cv": (
        "compares, to six decimals and with the default tol, two fits that start from different "
        "points here; both are within tol of the optimum, and equal to 1e-7 with tol=1e-12"
    ),
    "test_LogisticRegression_elastic_net_objective[*-100.0]": (
        "needs more digits than the default tol asks for: the objectives of the two optima differ "
        "by 1e-10 to 1e-8 of their value; it passes with tol=1e-9"
    ),
    "test_logistic_regression_callback_support[0]": (
        "max_iter=0 keeps the start here, where scikit-learn takes one step"
    ),
}
"""Tests that fail, and are reported as an error of this list if they pass.

A key is the name of a test, which stands for all its parameters, or a name with a pattern of the
parameters.
"""

STOPS_EARLY = (
    "test_logistic_regression_callback_support",
    "test_logistic_regression_callback_fitted_estimator",
)
"""Tests that ask for few iterations, and so for a ConvergenceWarning, which is an error here."""


def reason_to_fail(test):
    """Return why a test, named as pytest names it, is expected to fail; None if it is not."""
    name, _, parameters = test.partition("[")
    for key, reason in EXPECTED_TO_FAIL.items():
        expected, _, pattern = key.partition("[")
        if name == expected and (not pattern or fnmatchcase(parameters, pattern)):
            return reason
    return None
