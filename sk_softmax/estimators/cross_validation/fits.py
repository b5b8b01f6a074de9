"""Fits of all folds for a grid of penalties, along paths from the strongest to the weakest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sk_softmax.estimators.cross_validation.parted_scores import PartedScores
from sk_softmax.estimators.cross_validation.scoring import FoldScores
from sk_softmax.estimators.cross_validation.splits import constant_fit, with_absent_classes
from sk_softmax.estimators.penalty_grid import PenaltyGrid, mean_scores
from sk_softmax.fitting.fold_path import AnyFolds, FoldFit, fit_path
from sk_softmax.fitting.settings import Settings
from sk_softmax.interfaces import Array, Status


@dataclass(frozen=True)
class Result:
    """The result of a cross-validation."""

    scores: NDArray[np.float64]
    """Shape ``(n_folds, n_l1_ratios, n_Cs)``."""

    coefs_paths: Array
    """Params of each fit, shape ``(n_folds, n_l1_ratios, n_Cs, n_outputs, n_columns)``."""

    n_iter: NDArray[np.int32]
    """Shape ``(n_folds, n_l1_ratios, n_Cs)``."""

    statuses: list[Status]
    """Why each fit stopped."""

    is_tried: NDArray[np.bool_]
    """Whether a penalty was tried, shape ``(n_l1_ratios, n_Cs)``. Scores and params of others are
    NaN, and their iterations zero."""


def cross_validate(
    settings: Settings,
    grid: PenaltyGrid,
    data: AnyFolds,
    scores: FoldScores | PartedScores,
    *,
    verbose: int,
    observe: Callable[[], bool],
) -> Result:
    """Fit and score every fold for every penalty.

    Parameters
    ----------
    settings : Settings
        The settings that all fits share; ``C`` and ``l1_ratio`` are taken from the grid.
    grid : PenaltyGrid
        The penalties to try.
    data : FoldedSet, FoldsInParts or FoldsOnDevice
        The rows and the folds.
    scores : FoldScores or PartedScores
        The scorer of fits.
    verbose : int
        Print one line per penalty if positive.
    observe : callable
        Called after all fits for a penalty; if it returns True, no further penalty is tried.

    Returns
    -------
    result : Result
        Scores, params, iterations and statuses of all fits.
    """
    n_outputs = data.n_classes if data.n_classes > 2 else 1
    n_columns = data.n_features + settings.fit_intercept
    shape = len(data.folds), len(grid.l1_ratios), len(grid.Cs)
    result = Result(
        np.full(shape, np.nan),
        np.full((*shape, n_outputs, n_columns), np.nan),
        np.zeros(shape, dtype=np.int32),
        [],
        np.zeros(shape[1:], dtype=bool),
    )
    width = data.dtype
    for i, j, penalised, fits in _fits_of_penalties(settings, grid, data):
        width = np.result_type(width, *(fit.params for fit in fits))
        for number, fit in enumerate(fits):
            _keep(result, (number, i, j), penalised, fit, data, scores)
        result.is_tried[i, j] = True
        if verbose:
            print(
                f"C {penalised.C:.4g}, l1_ratio {penalised.l1_ratio:g}: "
                f"mean score {mean_scores(result.scores[:, i, j]):.6g}, "
                f"iterations {result.n_iter[:, i, j].tolist()}"
            )
        if observe():
            break
    return replace(result, coefs_paths=result.coefs_paths.astype(width, copy=False))


def _fits_of_penalties(
    settings: Settings, grid: PenaltyGrid, data: AnyFolds
) -> Iterator[tuple[int, int, Settings, list[FoldFit]]]:
    """Yield the index of a penalty in ``l1_ratios`` and in ``Cs``, and the fits of all folds.

    For each share of L1 the strongest penalty comes first.
    """
    order = grid.from_strongest()
    for i, l1_ratio in enumerate(grid.l1_ratios):
        path = [settings.with_penalty(float(C), float(l1_ratio)) for C in grid.Cs[order]]
        for j, penalised, fits in zip(order, path, _fits_of_folds(path, data), strict=True):
            yield i, int(j), penalised, fits


def _fits_of_folds(path: Sequence[Settings], data: AnyFolds) -> Iterator[list[FoldFit]]:
    """Yield the fits of all folds for one penalty after the other.

    Folds that train on one class alone have the constant model.
    """
    n_columns = data.n_features + path[0].fit_intercept
    fits = {
        number: constant_fit(data, number, n_columns)
        for number in range(len(data.folds))
        if len(data.folds[number].present) == 1
    }
    others = [number for number in range(len(data.folds)) if number not in fits]
    for fitted in fit_path(path, data.only(others)) if others else ([] for _ in path):
        fits |= zip(others, fitted, strict=True)
        yield [fits[number] for number in range(len(data.folds))]


def _keep(
    result: Result,
    where: tuple[int, int, int],
    settings: Settings,
    fit: FoldFit,
    data: AnyFolds,
    scores: FoldScores | PartedScores,
) -> None:
    """Score a fit, and store it in the result at the index ``where``, the fold's number first."""
    n_features, present = data.n_features, data.folds[where[0]].present
    params = fit.params
    if params.shape[1] == n_features:
        params = np.column_stack([params, np.zeros(len(params), dtype=params.dtype)])
    # The logit of a class that the fold does not know is minus infinity.
    nothing = np.append(np.zeros(n_features), -np.inf)
    params = with_absent_classes(params, present, data.n_classes, nothing)
    result.scores[where] = scores.of(settings, where[0], params, fit.held_out)
    result.n_iter[where] = fit.solution.n_iter
    result.statuses.append(fit.solution.status)
    if result.coefs_paths.shape[-1] == n_features:
        params = np.where(np.isfinite(params[:, -1:]), params, np.nan)[:, :-1]
    result.coefs_paths[where] = params


def mean_of_known(paths: Array) -> Array:
    """Return the mean of params over the folds, which are the first axis.

    The mean for a class is over the folds that know the class; a class that no fold knows gets
    zeros.
    """
    known = np.isfinite(paths).all(axis=-1, keepdims=True)
    total = np.where(known, paths, 0).sum(axis=0)
    return np.asarray(total / np.maximum(known.sum(axis=0), 1), dtype=paths.dtype)
