"""The tables of speed in the README, written from the results of the last run."""

from __future__ import annotations

from pathlib import Path

from benchmarks.comparison import Line, lines, shown
from benchmarks.measure import AIMS, CLOSE
from benchmarks.results import Results
from benchmarks.versions import OURS

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- speed: written by python -m benchmarks --readme -->", "<!-- end of speed -->"

SHOWN = {
    "letter": "letter",
    "optdigits": "optical digits, unscaled",
    "cover types": "cover types",
    "digits": "digits, unscaled",
    "segment": "segment",
    "10,000 rows of MNIST / 255": "10,000 rows of MNIST / 255",
    "1,000,000 x 10, 3 classes": "1,000,000 x 10, 3 classes",
    "10,000 x 500, 1,000 classes": "10,000 x 500, 1,000 classes",
    "iris": "iris",
    "wine": "wine",
    "breast cancer, standardised": "breast cancer, standardised",
    "digits, standardised": "digits, standardised",
    "two classes, 1,000 x 10": "two classes, 1,000 x 10",
    "two classes, 3,000 x 40": "two classes, 3,000 x 40",
    "two classes, 200 x 500": "two classes, 200 x 500",
    "20 newsgroups, C=1": "20 newsgroups",
    "1,500 rows of 20 newsgroups": "1,500 rows of 20 newsgroups",
    "L1, 10,000 x 10, 3 classes": "L1, 10,000 x 10, 3 classes",
    "L1, two classes, 3,000 x 40": "L1, two classes, 3,000 x 40",
}
"""Problems that the README shows, whoever is faster, and what it calls them."""

HEAD = "| problem | ours, 1 / 2 threads | fastest other, 1 / 2 threads | {} |\n|---|---|---|---|"


def update(results: Results) -> None:
    """Write the tables into the README."""
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(before + section(results) + after)


def section(results: Results) -> str:
    """Return what stands between the marks of the README, and these."""
    won, lost = _sorted(results)
    return "\n".join(
        [
            BEGIN,
            "",
            HEAD.format("others take"),
            *_rows(won, is_won=True),
            "",
            "Where another is faster:",
            "",
            HEAD.format("ours takes"),
            *_rows(lost, is_won=False),
            "",
            "Ten penalties cross-validated in five folds:",
            "",
            *_cross_validations(results),
            "",
            END,
        ]
    )


def _sorted(results: Results) -> tuple[list[tuple[float, Line]], list[tuple[float, Line]]]:
    """Return the fastest other's time over ours on one thread, by problem: above 1, and below."""
    found = []
    for line in lines(results):
        if line.problem in SHOWN and line.aim == AIMS[CLOSE[0]]:
            ratios, bound = line.ratios(OURS), line.bound()
            ratio = bound if ratios is None else ratios.one
            if ratio is not None:
                found.append((ratio, line))
    found.sort(key=lambda pair: -pair[0])
    return [f for f in found if f[0] >= 1], [f for f in found if f[0] < 1]


def _rows(found: list[tuple[float, Line]], *, is_won: bool) -> list[str]:
    rows = []
    for number, (ratio, line) in enumerate(found):
        other = line.fastest_other()
        theirs = "-" if other is None else f"{_name(other)} {shown(line.times[other])}"
        factor = f"{ratio if is_won else 1 / ratio:.2g}" + ("" if number else " times as long")
        bound = "more than " if other is None else ""
        ours = shown(line.times[OURS])
        rows.append(f"| {SHOWN[line.problem]} | {ours} | {theirs} | {bound}{factor} |")
    return rows


def _name(contender: str) -> str:
    return contender.removeprefix("sklearn ").partition(",")[0]


def _cross_validations(results: Results) -> list[str]:
    """Return a table of cross-validations: ours, and another's as it comes and converged."""
    found: dict[str, dict[str, Line]] = {}
    for line in lines(results):
        if line.problem.startswith("CV"):
            found.setdefault(line.problem, {})[line.aim] = line
    aims = sorted({aim for by_aim in found.values() for aim in by_aim})
    others = [f"`LogisticRegressionCV` {'with ' * ('=' in aim)}{aim}" for aim in aims]
    table = [
        "| | ours, 1 / 2 threads | " + " | ".join(others) + " |",
        "|---|---|" + "---|" * len(aims),
    ]
    for problem, by_aim in found.items():
        other = [by_aim[aim].fastest_other() for aim in aims]
        theirs = [
            "-" if o is None else shown(by_aim[a].times[o])
            for a, o in zip(aims, other, strict=True)
        ]
        ours = shown(by_aim[aims[0]].times[OURS])
        table.append(
            f"| {problem.rpartition('folds, ')[2]} | {ours} | " + " | ".join(theirs) + " |"
        )
    return table
