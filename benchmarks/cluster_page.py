"""``python -m benchmarks --scale``: the page on rows beyond one machine."""

from __future__ import annotations

import os
import textwrap
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import report
from benchmarks.cluster_constants import measured
from benchmarks.cost_model import (
    Cluster,
    Constants,
    Estimate,
    Shape,
    estimate,
)
from benchmarks.counting_workers import Traffic
from benchmarks.simulated import CountedFit, check, counted_fit
from sk_softmax.fitting.curvature_sample import SAMPLE_BYTES

WIDTHS = "float32", "float64"
"""Of rows; estimates are for the first."""


@dataclass(frozen=True)
class Study:
    """What is measured, and what is estimated from it."""

    shapes: list[Shape] = field(
        default_factory=lambda: [
            Shape(10**9, 50, 5),
            Shape(10**9, 784, 10),
            Shape(10**9, 1000, 1000),
        ]
    )
    cluster: Cluster = field(default_factory=lambda: Cluster(100, 8, 1.25e9))
    numbers_of_workers: tuple[int, ...] = (2, 4, 8, 16)
    fits: list[Shape] = field(
        default_factory=lambda: [Shape(40_000, 50, 5), Shape(40_000, 784, 10)]
    )
    """Of which the questions are counted, on fewer rows."""


def main(folder: Path, study: Study | None = None) -> int:
    """Measure the constants, check the model and write the page; return the exit status."""
    study = Study() if study is None else study
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    constants, empty = measured(study.shapes, WIDTHS, study.numbers_of_workers)
    checked = [_checked(shape, constants, study.cluster) for shape in study.shapes]
    fits = [counted_fit(shape, study.cluster) for shape in study.fits]
    lines = [
        *_opening(load),
        *_constants(study, constants, empty),
        *_messages(study, checked),
        *_estimates(study, constants),
        *_curvature(study),
        *_fits(study, constants, fits),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scale.md").write_text("\n".join(lines))
    print("\n".join(lines))
    print(f"the page is {folder / 'scale.md'}")
    return 0


def _checked(shape: Shape, constants: Constants, cluster: Cluster) -> tuple[Traffic, Traffic]:
    """Return what an evaluation sends, directly and up a tree, as simulated and as the model says.

    The simulation has the params, workers and parts of the estimate, and few rows.
    """
    few = replace(shape, n_rows=2 * max(cluster.n_parts, shape.n_classes))
    direct, tree = (
        check(few, constants.envelopes, cluster.n_parts, cluster.edges, by_tree=by_tree)
        for by_tree in (False, True)
    )
    return direct, tree


def _opening(load: float | None) -> list[str]:
    under = "" if load is None else f" The load of the machine was {load:.1f} when this began."
    return [
        "# Rows beyond one machine: what a fit would cost",
        "",
        *_paragraph(
            "Written by `python -m benchmarks --scale`. Rows lie in parts on workers. A question, "
            "for example for value and gradient at some params, goes to every worker in one "
            "message, and each worker answers with sums over its parts. The section *measured* "
            "holds numbers that were measured on this machine, and *messages and bytes* numbers "
            "that were counted. All times for a cluster are **estimates** that follow from them "
            f"and from what is assumed there; no fit has run on such a cluster.{under}"
        ),
        "",
        *(f"- {line}" for line in report.machine()),
        "",
    ]


def _constants(study: Study, constants: Constants, empty: dict[int, float]) -> list[str]:
    lines = [
        "## Measured",
        "",
        "Processor time of value and gradient on one thread, for a row:",
        "",
        "| | float32, µs | float64, µs | float32, Gflop/s |",
        "|---|---:|---:|---:|",
    ]
    for shape in study.shapes:
        narrow, wide = (
            constants.row[shape.n_features, shape.n_classes, width] for width in WIDTHS
        )
        flops = 4 * shape.n_parameters / narrow / 1e9
        cells = [_digits(1e6 * narrow), _digits(1e6 * wide), _digits(flops)]
        lines.append(f"| {shape} | {' | '.join(cells)} |")
    envelopes = constants.envelopes
    times = ", ".join(f"{_digits(1e3 * seconds)} ms for {n}" for n, seconds in empty.items())
    found = [
        f"An empty question by dask's tasks, one a worker: {times} workers; a line through these "
        f"rises by {_digits(1e3 * constants.task)} ms a task. This is processor time of the "
        "client, the scheduler and the workers together, which are threads of one process. "
        "Workers on machines of their own work at the same time, so it is an upper bound.",
        f"To add one answer to another: {_digits(1e9 * constants.added_byte)} ns a byte.",
        f"Bytes around the numbers of arrays: {envelopes.question} in a question, "
        f"{envelopes.branch} in an answer, and 2 to 5 for each size in them.",
    ]
    for item in found:
        lines += ["", *_paragraph(item)]
    return [*lines, ""]


def _messages(study: Study, checked: list[tuple[Traffic, Traffic]]) -> list[str]:
    cluster = study.cluster
    lines = [
        "## Messages and bytes of one evaluation",
        "",
        *_paragraph(
            f"{cluster.n_workers} workers with {cluster.parts_per_worker} parts each. A worker "
            "gets one message of `8 K (p + 1)` bytes and what is around them, and sends one of as "
            "many: to the caller directly, or up a binary tree of workers whose root sends the "
            "sum. (Two classes count as `K = 1`.) Every number below was counted in a simulation "
            "with workers in one process and is that of the model to the byte; "
            "`tests/test_cost_model.py` compares both for other placements."
        ),
        "",
        "| | out, each | back, each | at the caller, directly | at the caller, by tree "
        "| among workers, by tree |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    n = cluster.n_workers
    for shape, (direct, tree) in zip(study.shapes, checked, strict=True):
        lines.append(
            f"| {shape} | {_bytes(direct.out.bytes / n)} | {_bytes(direct.back.bytes / n)} "
            f"| {_bytes(direct.out.bytes + direct.back.bytes)}, {2 * n} messages "
            f"| {_bytes(tree.out.bytes + tree.back.bytes)}, {n + 1} messages "
            f"| {_bytes(tree.between.bytes)}, {tree.between.messages} messages |"
        )
    return [*lines, ""]


def _estimates(study: Study, constants: Constants) -> list[str]:
    cluster = study.cluster
    lines = [
        f"## Estimates: {study.shapes[0].n_rows:,} rows on {cluster.n_workers} workers",
        "",
        *_paragraph(
            f"Assumed, and not measured: {cluster.n_threads} threads a worker, all as fast as the "
            f"one measured; links of {cluster.link / 1e9:g} GB/s; no time for memory, for "
            "waiting, or for the slowest worker. Bytes pass the caller's link one after the "
            "other, and so do the levels of a tree. Directly there is a task a worker; by tree "
            "there is one more for each two sums that are added. Rows are in float32."
        ),
        "",
        "| an evaluation, estimated seconds | rows, a worker | compute | tasks | links | adding "
        "| total |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for shape in study.shapes:
        rows = 4 * shape.n_rows * shape.n_features / cluster.n_workers
        for by_tree in (False, True):
            of = estimate(shape, WIDTHS[0], constants, cluster, by_tree=by_tree)
            way = "by tree" if by_tree else "directly"
            lines.append(f"| {shape}, {way} | {_bytes(rows)} | {_seconds(of)} |")
    return [*lines, ""]


def _seconds(of: Estimate) -> str:
    parts = (of.compute, of.overhead, of.link, of.adding, of.total)
    return " | ".join(map(_digits, parts))


def _curvature(study: Study) -> list[str]:
    lines = [
        "## Curvature",
        "",
        *_paragraph(
            "L-BFGS begins from a matrix a class, which have `8 K (p + 1)^2` bytes together, or "
            "where that is above 64 MiB from one for all classes. It is measured on a sample of "
            f"{_bytes(SAMPLE_BYTES)} of rows, which the caller gathers once, so that no worker "
            "sends matrices. Which rows these are goes to every worker as two numbers."
        ),
        "",
        "| | a matrix a class, of one worker | of all workers | the sample, once | rows in it |",
        "|---|---:|---:|---:|---:|",
    ]
    for shape in study.shapes:
        matrices = 8 * shape.n_outputs * shape.n_columns**2
        n_sampled = SAMPLE_BYTES // (4 * shape.n_features)
        lines.append(
            f"| {shape} | {_bytes(matrices)} | {_bytes(matrices * study.cluster.n_workers)} "
            f"| {_bytes(4 * n_sampled * shape.n_features)} | {n_sampled:,} |"
        )
    return [*lines, ""]


def _fits(study: Study, constants: Constants, fits: list[CountedFit]) -> list[str]:
    lines = [
        "## Fits",
        "",
        *_paragraph(
            "Questions of a fit by L-BFGS with the default `tol`, counted on made-up rows with "
            "the same workers in one process, which answer directly. Every question is one "
            "message to each worker. How many a fit asks depends on the data: rows that are "
            "harder to tell apart take more. The last column is an **estimate**: as many "
            "evaluations of "
            f"{study.shapes[0].n_rows:,} rows."
        ),
        "",
        "| | rows counted on | iterations | evaluations | other questions | messages out "
        "| sent in all | estimated seconds |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for fit in fits:
        all_rows = replace(fit.shape, n_rows=study.shapes[0].n_rows)
        of = estimate(all_rows, WIDTHS[0], constants, study.cluster, by_tree=False)
        sent = fit.traffic.out.bytes + fit.traffic.back.bytes
        lines.append(
            f"| {fit.shape} | {fit.shape.n_rows:,} | {fit.n_iter} | {fit.evaluations} "
            f"| {fit.others} | {fit.traffic.out.messages:,} | {_bytes(sent)} "
            f"| {_digits(fit.evaluations * of.total)} |"
        )
    return [*lines, ""]


def _digits(number: float) -> str:
    """Return a number to two digits, without an exponent where that is short."""
    if number == 0:
        return "0"
    return f"{float(f'{number:.2g}'):,.10g}" if 1e-4 <= number < 1e6 else f"{number:.1e}"


def _bytes(number: float) -> str:
    """Return a number of bytes to three digits."""
    units = ["bytes", "kB", "MB", "GB", "TB"]
    while number >= 1000 and len(units) > 1:
        number, units = number / 1000, units[1:]
    return f"{number:.3g} {units[0]}"


def _paragraph(text: str) -> list[str]:
    """Return the lines of a paragraph."""
    return textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)
