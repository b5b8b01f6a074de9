"""What a newcomer finds after ``import sk_softmax``, and what tab completion offers."""

import subprocess
import sys

import pytest

import sk_softmax

ROOMS = ["displays", "functional", "inference", "solvers"]


def test_public_subpackages_need_no_import_and_drawing_no_matplotlib():
    code = (
        "import sys, sk_softmax\n"
        "assert 'sk_softmax.displays' not in sys.modules\n"
        "assert sk_softmax.displays.LossCurveDisplay and sk_softmax.functional.softmax\n"
        "assert 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("module", ["", *ROOMS])
def test_completion_offers_public_names_and_nothing_else(module):
    room = getattr(sk_softmax, module) if module else sk_softmax
    assert dir(room) == sorted(room.__all__)
    for name in dir(room):
        assert getattr(room, name) is not None
    assert "estimators" not in dir(room)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'sk_softmax' has no attribute 'display'"):
        _ = sk_softmax.display


def test_a_star_import_brings_the_public_names():
    names = {}
    exec("from sk_softmax import *", names)
    assert set(sk_softmax.__all__) <= set(names)
