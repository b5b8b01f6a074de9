"""Tables as pandas DataFrames: pandas is imported only when one is asked for."""

from __future__ import annotations

from typing import Any


def data_frame(columns: Any, index: Any = None, names: Any = None) -> Any:
    """Return a DataFrame.

    Parameters
    ----------
    columns : dict or ndarray
        Its values.
    index : list, optional
        Labels of the rows; tuples make an index of several levels.
    names : list of str, optional
        Names of the levels.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "to_frame returns a pandas DataFrame, and pandas is not installed. Install it with: "
            "pip install pandas"
        ) from error
    if index is not None and names is not None:
        index = pd.MultiIndex.from_tuples(index, names=names)
    return pd.DataFrame(columns, index=index)


def matrix_frame(matrix: Any, labels: Any, names: Any) -> Any:
    """Return a square matrix as a DataFrame with the same labels on both axes."""
    frame = data_frame(matrix, labels, names)
    frame.columns = frame.index
    return frame
