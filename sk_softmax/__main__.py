"""``python -m sk_softmax``: a demonstration, on bundled data or on a CSV or Parquet file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sk_softmax import __version__
from sk_softmax.demonstration import (
    CommandError,
    show_bundled_data,
    show_large_data,
    show_own_data,
    show_standard_errors,
    why_in_chunks,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; return the exit status, which is 2 if it cannot do what is asked."""
    options = _parser().parse_args(arguments)
    try:
        _check_use(options)
        if options.data is None:
            show_bundled_data(__version__)
        elif options.inference:
            show_standard_errors(options.data, options.target, options.save_summary, options.force)
        else:
            why = why_in_chunks(options.data)
            if options.in_chunks or why is not None:
                show_large_data(options.data, options.target, options.save, options.force, why)
            else:
                show_own_data(options.data, options.target, options.save, options.force)
    except CommandError as error:
        # What the message quotes, such as the name of a column, may hold line ends.
        print("sk_softmax:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    return 0


def _check_use(options: argparse.Namespace) -> None:
    """Raise a :class:`CommandError` for an option without what it refers to."""
    for option, is_given in (
        ("--target", options.target is not None),
        ("--save", options.save is not None),
        ("--inference", options.inference),
        ("--in-chunks", options.in_chunks),
        ("--save-summary", options.save_summary is not None),
    ):
        if options.data is None and is_given:
            value = "" if option in ("--inference", "--in-chunks") else " ..."
            raise CommandError(f"{option} needs a file of data: data.csv {option}{value}")
    if options.save_summary is not None and not options.inference:
        raise CommandError("--save-summary needs --inference, whose summary it keeps")
    if options.save is not None and options.inference:
        raise CommandError(
            "--save keeps the tuned pipeline, which --inference does not fit; --save-summary "
            "keeps its summary"
        )
    if options.in_chunks and options.inference:
        raise CommandError("--inference needs all rows in memory, and cannot read --in-chunks")
    if options.force and options.save is None and options.save_summary is None:
        raise CommandError("--force needs --save or --save-summary, whose file it is to replace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sk_softmax",
        description="Compare softmax regression with scikit-learn's LogisticRegression, on data "
        "that scikit-learn bundles or on a CSV or Parquet file; or, with --inference, print how "
        "sure the coefficients for such a file are.",
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
        "--inference",
        action="store_true",
        help="in place of the comparison, print coefficients of a model without a penalty, with "
        "standard errors, intervals and tests",
    )
    parser.add_argument(
        "--save-summary",
        type=Path,
        metavar="FILE",
        help="keep what --inference prints: FILE.html as a page, FILE.csv as a table of "
        "coefficients",
    )
    parser.add_argument(
        "--in-chunks",
        action="store_true",
        help="read the file some rows at a time and fit to it without the comparison, as is done "
        "for a file that memory does not hold; its columns are numbers",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="let --save or --save-summary replace a file; the data they never do",
    )
    parser.add_argument("--version", action="version", version=__version__)
    return parser


if __name__ == "__main__":
    sys.exit(main())
