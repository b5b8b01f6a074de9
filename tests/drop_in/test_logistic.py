"""scikit-learn's own tests of its LogisticRegression, from the package that is installed.

They run with the classes replaced by this package's, see ``adapters.py``; all pass but those that
``deselected.py`` lists with a reason each. The list was made for scikit-learn 1.9 (1.9.1): in
other minor versions the tests differ too much for it.
"""

import os
from unittest.mock import patch

import pytest
import sklearn
from drop_in import adapters, deselected

THEIRS = "sklearn.linear_model.tests.test_logistic"
REPLACED = {
    "LogisticRegression": adapters.LogisticRegression,
    "LogisticRegressionCV": adapters.LogisticRegressionCV,
}

if sklearn.__version__.split(".")[:2] != ["1", "9"]:
    pytest.skip(
        f"the list of deselected tests is for scikit-learn 1.9, not {sklearn.__version__}",
        allow_module_level=True,
    )
pytest.register_assert_rewrite(THEIRS)
# Before the import, so that the classes are replaced in the lists of parameters too.
with patch.multiple("sklearn.linear_model", **REPLACED):
    theirs = pytest.importorskip(THEIRS, reason="this scikit-learn comes without its tests")

pytestmark = theirs.pytestmark
for _name in deselected.STOPS_EARLY:
    _ignore = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    setattr(theirs, _name, _ignore(getattr(theirs, _name)))
globals().update(
    {
        name: value
        for name, value in vars(theirs).items()
        if name.startswith("test_") and name not in deselected.NOT_RUN
    }
)


@pytest.fixture
def global_random_seed():
    """The seed of scikit-learn's tests: 42, or the value of its environment variable."""
    return int(os.environ.get("SKLEARN_TESTS_GLOBAL_RANDOM_SEED", "42"))


@pytest.fixture(autouse=True)
def _expected_to_fail(request):
    reason = deselected.reason_to_fail(request.node.name)
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


def test_what_is_deselected_exists():
    listed = [*deselected.NOT_RUN, *deselected.EXPECTED_TO_FAIL, *deselected.STOPS_EARLY]
    assert {key.partition("[")[0] for key in listed} <= set(vars(theirs))
