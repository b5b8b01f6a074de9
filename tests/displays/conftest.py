"""Figures are drawn without a screen, and closed."""

import pytest


@pytest.fixture(autouse=True)
def close_figures():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
