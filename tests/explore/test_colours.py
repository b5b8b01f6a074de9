"""The colours of the page differ for every kind of colour vision, and marks do without colour."""

import itertools
import re
from importlib import resources

import numpy as np
import pytest

# Machado, Oliveira and Fernandes (2009), A physiologically-based model for simulation of color
# vision deficiency, severity 1, for linear RGB.
VISION = {
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)  # IEC 61966-2-1, sRGB
WHITE = np.array([0.95047, 1.0, 1.08883])


def lab_of(colour, vision):
    """CIE L*a*b* of a colour as it is seen."""
    coded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(vision) @ linear, 0, 1)
    xyz = TO_XYZ @ seen / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def table(name):
    text = (resources.files("sk_softmax.explore") / "page" / "colours.js").read_text()
    block = re.search(rf"Explore\.{name} = [\[{{](.*?)[\]}}];", text, flags=re.S)[1]
    return re.findall(r'colour: "(#\w{6})", symbol: "([\w-]+)".*?mark: "(.)"', block)


@pytest.mark.parametrize(("name", "n"), [("solvers", 8), ("classes", 10)])
def test_every_mark_is_one_of_a_kind(name, n):
    rows = table(name)
    assert len(rows) == n
    for column in zip(*rows, strict=True):
        assert len(set(column)) == n


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(
    ("name", "first", "least"),
    [("solvers", 8, 12), ("classes", 10, 12), ("classes", 3, 30)],
)
def test_colours_differ_as_they_are_seen(name, first, least, vision):
    # A difference of 2.3 is just noticed (Mahy, Van Eycken and Oosterlinck, 1994).
    seen = [lab_of(colour, VISION[vision]) for colour, _, _ in table(name)[:first]]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > least


def test_white_is_as_the_standard_says():
    np.testing.assert_allclose(lab_of("#ffffff", np.eye(3)), [100, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab_of("#ff0000", np.eye(3)), [53.24, 80.09, 67.20], atol=0.02)
