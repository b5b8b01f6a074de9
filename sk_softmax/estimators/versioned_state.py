"""Models that were kept: which version wrote them, and the parameters that came since."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

WRITTEN_BY = "_written_by_sk_softmax"


class VersionedState:
    """An estimator whose pickles name the version that wrote them."""

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled, with this version."""
        return {**super().__getstate__(), WRITTEN_BY: _this_version()}  # type: ignore[dict-item]

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was pickled; parameters that it lacks get their defaults.

        Warns
        -----
        UserWarning
            If another version wrote it.
        """
        own = dict(state)
        written_by, ours = own.pop(WRITTEN_BY, None), _this_version()
        if written_by != ours:
            author = f"sk_softmax {written_by}" if written_by else "a version before 0.1.0"
            warnings.warn(
                f"this {type(self).__name__} was kept by {author} and is loaded by {ours}: its "
                "coefficients are as they were, but what another version keeps may be missing or "
                "have another meaning. Load it by the version that wrote it, or fit it anew.",
                UserWarning,
                stacklevel=2,
            )
        given = inspect.signature(type(self).__init__).parameters.values()
        defaults = {p.name: p.default for p in given if p.default is not p.empty}
        super().__setstate__(defaults | own)  # type: ignore[misc]


def _this_version() -> str:
    from sk_softmax import __version__  # the package imports this module

    return __version__
