"""Cars of 1970 to 1982: the table of fuel efficiency where it is at hand, otherwise made up."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

COLUMNS = ("cylinders", "displacement", "horsepower", "weight", "acceleration", "year")
"""Of both tables: number, cubic inches, horsepower, pounds, seconds to 60 mph, year less 1900."""

MILES = 30.0
"""Miles to the gallon from which a car counts as efficient, as in the lecture."""

FOLDER, FILE = "SK_SOFTMAX_DATA", "autompg.csv"


def table_of_cars() -> Path | None:
    """Return the path of the table, if ``SK_SOFTMAX_DATA`` names a folder that holds it."""
    folder = os.environ.get(FOLDER)
    path = Path(folder) / FILE if folder else None
    return path if path is not None and path.is_file() else None


def read_cars(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the features, shape ``(n_cars, 6)``, and miles to the gallon, shape ``(n_cars,)``.

    The table has no header: the six columns, the origin, the name, and miles to the gallon last.
    """
    table = np.loadtxt(path, delimiter=",", usecols=(0, 1, 2, 3, 4, 5, 8), ndmin=2)
    return table[:, :-1], table[:, -1]


def made_up_cars(
    n_cars: int = 392, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return cars drawn at random that resemble those of 1970 to 1982.

    A car has 4, 6 or 8 cylinders; these determine its displacement, weight and horsepower up to
    noise, and weight and year its miles to the gallon. The numbers below were fitted to the table
    of the 392 cars (Quinlan, 1993), none of which is here.

    Parameters
    ----------
    n_cars : int, default=392
        How many.
    seed : int, default=0
        Of the random numbers.

    Returns
    -------
    features : ndarray of shape (n_cars, 6)
        In the order and units of :data:`COLUMNS`.
    miles : ndarray of shape (n_cars,)
        Miles to the gallon.

    Examples
    --------
    >>> features, miles = made_up_cars(1000)
    >>> features.shape
    (1000, 6)
    >>> bool(0.15 < (miles >= 30).mean() < 0.35)
    True
    """
    rng = np.random.default_rng(seed)
    year = rng.integers(70, 83, n_cars).astype(np.float64)
    # Small engines became common: the chance of 8 cylinders falls from 0.45 to 0.09 in 12 years.
    eight = 0.45 - 0.03 * (year - 70)
    draw = rng.random(n_cars)
    cylinders = np.where(draw < eight, 8.0, np.where(draw < eight + 0.21, 6.0, 4.0))
    usual = np.select([cylinders == 4, cylinders == 6], [108.0, 215.0], 342.0)
    displacement = usual * np.exp(rng.normal(0, 0.16, n_cars))
    weight = (1458 + 7.7 * displacement) * np.exp(rng.normal(0, 0.1, n_cars))
    horsepower = (40 + 0.33 * displacement) * np.exp(rng.normal(0, 0.15, n_cars))
    acceleration = 18.4 - 0.093 * horsepower + 0.002 * weight + rng.normal(0, 1.74, n_cars)
    log_miles = 3.064 - 0.934 * np.log(weight / 2970) + 0.033 * (year - 76)
    miles = np.exp(log_miles + rng.normal(0, 0.117, n_cars))
    columns = [cylinders, displacement, horsepower, weight, acceleration, year]
    features = np.column_stack(columns).round(1)
    return np.asarray(features, dtype=np.float64), np.asarray(miles.round(1), dtype=np.float64)
