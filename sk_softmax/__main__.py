"""``python -m sk_softmax``: a demonstration, on bundled data or on a CSV or Parquet file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sk_softmax import __version__
from sk_softmax.demonstration import CommandError, show_bundled_data, show_own_data


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; return the exit status, which is 2 if it cannot do what is asked."""
    options = _parser().parse_args(arguments)
    try:
        _check_use(options)
        if options.data is None:
            show_bundled_data(__version__)
        else:
            show_own_data(options.data, options.target, options.save, options.force)
    except CommandError as error:
        # What the message quotes, such as the name of a column, may hold line ends.
        print("sk_softmax:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    return 0


def _check_use(options: argparse.Namespace) -> None:
    """Raise a :class:`CommandError` for an option without what it refers to."""
    for name in ("target", "save"):
        if options.data is None and getattr(options, name) is not None:
            raise CommandError(f"--{name} needs a file of data: data.csv --{name} ...")
    if options.force and options.save is None:
        raise CommandError("--force needs --save, whose file it is to replace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sk_softmax",
        description="Compare softmax regression with scikit-learn's LogisticRegression, on data "
        "that scikit-learn bundles or on a CSV or Parquet file.",
        epilog="Files are read by polars, pyarrow or pandas, the first of them that is installed; "
        'pip install "sk-softmax[cli]" installs polars.',
    )
    parser.add_argument(
        "data",
        nargs="?",
        type=Path,
        help="a CSV file in UTF-8 with a header, compressed by gzip or not, or a Parquet file",
    )
    parser.add_argument("--target", metavar="COLUMN", help="the column of labels")
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="keep the tuned pipeline, for joblib.load"
    )
    parser.add_argument(
        "--force", action="store_true", help="let --save replace a file; the data it never does"
    )
    parser.add_argument("--version", action="version", version=__version__)
    return parser


if __name__ == "__main__":
    sys.exit(main())
