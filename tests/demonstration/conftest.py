"""Libraries that read tables, one at a time."""

import pytest

from sk_softmax.demonstration import libraries


@pytest.fixture(params=libraries.LIBRARIES)
def reader(request, monkeypatch):
    """Each library in turn, as if it were the only one that is installed."""
    pytest.importorskip(request.param)
    only = {request.param: libraries.LIBRARIES[request.param]}
    monkeypatch.setattr(libraries, "LIBRARIES", only)
    return request.param
