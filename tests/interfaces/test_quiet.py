"""No floating-point warnings inside: the outermost context switches them off, and on again."""

import threading

import numpy as np
import pytest

from sk_softmax.interfaces.quiet import quiet

LARGE = np.array([1e200])


def test_warnings_are_off_until_the_outermost_context_ends():
    with np.errstate(all="raise"):
        with quiet():
            with quiet():
                assert np.isinf(np.square(LARGE)).all()
            assert np.isinf(np.square(LARGE)).all()
        with pytest.raises(FloatingPointError):
            np.square(LARGE)


def test_an_error_ends_it_too():
    with np.errstate(all="raise"):
        with pytest.raises(ZeroDivisionError), quiet(), quiet():
            raise ZeroDivisionError
        with pytest.raises(FloatingPointError):
            np.square(LARGE)
        with quiet():
            assert np.isinf(np.square(LARGE)).all()


def test_another_thread_is_not_quiet_by_it():
    raised = []

    def multiply():
        with np.errstate(all="raise"):
            try:
                np.square(LARGE)
            except FloatingPointError as error:
                raised.append(error)
            with quiet():
                raised.append(np.square(LARGE))

    with quiet():
        thread = threading.Thread(target=multiply)
        thread.start()
        thread.join()
    assert [type(outcome) for outcome in raised] == [FloatingPointError, np.ndarray]
