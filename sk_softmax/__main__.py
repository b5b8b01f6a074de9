"""``python -m sk_softmax``: a demonstration, on bundled data or on a CSV file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sk_softmax import __version__
from sk_softmax.demonstration import TableError, show_bundled_data, show_own_data


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; return the exit status, which is 2 if the input cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        if options.data is None:
            show_bundled_data(__version__)
        else:
            show_own_data(options.data, options.target, options.save)
    except TableError as error:
        print(f"sk_softmax: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sk_softmax",
        description="Compare softmax regression with scikit-learn's LogisticRegression, on data "
        "that scikit-learn bundles or on a CSV file.",
    )
    parser.add_argument("data", nargs="?", type=Path, help="a CSV file with a header")
    parser.add_argument("--target", metavar="COLUMN", help="the column of labels")
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="keep the tuned pipeline, for joblib.load"
    )
    parser.add_argument("--version", action="version", version=__version__)
    return parser


if __name__ == "__main__":
    sys.exit(main())
