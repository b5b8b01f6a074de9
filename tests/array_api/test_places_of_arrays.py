"""Where arrays lie: what NumPy views, what a device computes, and errors about both together."""

import numpy as np
import pytest
from in_host_memory import as_held, checked, in_library, libraries, table, there_and_here
from on_device import place_of

from sk_softmax import SoftmaxRegression
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.parts.device_arrays import Place, is_in_host_memory, on_host


@pytest.fixture(params=libraries())
def library(request):
    return request.param


def test_other_devices_of_the_strict_library_are_not_taken_for_the_host():
    for name in ("device1", "device2", "no_float64"):
        place = place_of(f"strict:{name}")
        there = place.moved(np.ones((4, 2), dtype="f4"))
        assert there.__dlpack_device__() == (1, 0)  # it says so of all
        assert not is_in_host_memory(there)
    X, y, _ = table(3)
    assert type(checked(place_of("strict:device1").moved(X), y)) is DeviceTrainingSet


@pytest.mark.parametrize("raised", [AttributeError, BufferError, ValueError, None])
def test_arrays_that_do_not_say_where_they_lie_are_computed_on_where_they_do(raised, monkeypatch):
    (X, y), here = there_and_here("array_api_strict", *table(3)[:2])

    def says(self):
        if raised is None:
            return 2, 0  # CUDA's
        raise raised

    monkeypatch.setattr(type(X), "__dlpack_device__", says)
    assert type(checked(X, y)) is DeviceTrainingSet
    found = SoftmaxRegression().fit(X, y)
    np.testing.assert_allclose(
        on_host(found.coef_), SoftmaxRegression().fit(*here).coef_, atol=1e-6
    )


def test_errors_about_mixed_places_are_those_of_devices(library):
    (X, y), here = there_and_here(library, *table(3, "f4")[:2])
    elsewhere = place_of("strict:device1").moved(here[0])
    found, expected = SoftmaxRegression().fit(X, y), SoftmaxRegression().fit(*here)
    message = r"must use the same namespace and the same device as those passed to fit\(\)"
    for model, rows in ((found, here[0]), (found, elsewhere), (expected, X)):
        with pytest.raises(ValueError, match=message):
            model.predict(rows)
    for given, own, words in (
        ((X, y), here, "X is an array of .*, and X_val lies in NumPy's memory"),
        (here, (X, y), "X lies in NumPy's memory, and X_val is an array of"),
        ((X, y), (elsewhere, y), "X is an array of .*, and X_val is an array of array_api_strict"),
    ):
        with pytest.raises(ValueError, match=f"cannot be used: {words}.*: put both on the same"):
            SoftmaxRegression().fit(*given, X_val=own[0], y_val=own[1])
    found.fit(X, place_of("strict:device1").moved(here[1]))  # labels may lie anywhere
    np.testing.assert_array_equal(np.asarray(found.coef_), as_held(Place.of(X), expected.coef_))
    found.fit(here[0], y)
    assert type(found.classes_) is type(found.coef_) is np.ndarray


def test_what_is_wrong_is_said_as_for_numpy(library):
    X, y, _ = table(3, "f4")
    wrong = X.copy()
    wrong[7, 1] = np.nan
    X, wrong, y = (in_library(library, array) for array in (X, wrong, y))
    message = r"Row 7 of X is the first with NaN or infinity\. Input X contains NaN"
    with pytest.raises(ValueError, match=message):
        SoftmaxRegression().fit(wrong, y)
    model = SoftmaxRegression().fit(X, y)
    with pytest.raises(ValueError, match=message):
        model.predict(wrong)
    with pytest.raises(ValueError, match="expecting 5 features"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        SoftmaxRegression().fit(X[:, 0], y)
    with pytest.raises(ValueError, match="requires y to be passed"):
        SoftmaxRegression().fit(X)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[300, 50\]"):
        SoftmaxRegression().fit(X, y[:50])
