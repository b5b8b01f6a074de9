"""Libraries that read tables, one at a time, and work that is timed once."""

import pytest

from sk_softmax.demonstration import comparison, libraries


@pytest.fixture(autouse=True)
def timed_once(monkeypatch):
    """Figures of these tests are not looked at, so no work is repeated for a better one."""
    monkeypatch.setattr(comparison, "LONG", 0.0)


@pytest.fixture(params=libraries.LIBRARIES)
def reader(request, monkeypatch):
    """Each library in turn, as if it were the only one that is installed."""
    pytest.importorskip(request.param)
    only = {request.param: libraries.LIBRARIES[request.param]}
    monkeypatch.setattr(libraries, "LIBRARIES", only)
    return request.param
