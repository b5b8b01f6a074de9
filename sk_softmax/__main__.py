"""``python -m sk_softmax``: a demonstration, on bundled data or on a CSV or Parquet file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sk_softmax import __version__
from sk_softmax.demonstration import (
    CommandError,
    check_use,
    show_bundled_data,
    show_large_data,
    show_own_data,
    show_predictions,
    show_standard_errors,
    why_in_chunks,
)

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ended: 128 and the number of the signal."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; return the exit status.

    It is 2 if the command cannot do what is asked, and 130 if Ctrl-C ended it.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["explore"]:
        from sk_softmax.explore.command import explore

        return explore(arguments[1:])
    options = _parser().parse_args(arguments)
    try:
        check_use(options)
        _run(options)
    except CommandError as error:
        # What the message quotes, such as the name of a column, may hold line ends.
        print("sk_softmax:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        # A terminal shows ^C in the line where the cursor is.
        print(f"{_new_line()}sk_softmax: ended by Ctrl-C", file=sys.stderr)
        return INTERRUPTED
    return 0


def _run(options: argparse.Namespace) -> None:
    """Do what the options ask for."""
    if options.predict is not None:
        show_predictions(options.predict, options.model, options.output, options.force)
    elif options.data is None:
        show_bundled_data(__version__)
    elif options.inference:
        show_standard_errors(
            options.data, options.target, options.save_summary, options.force, options.keep
        )
    else:
        why = why_in_chunks(options.data)
        if options.in_chunks or why is not None:
            show_large_data(options.data, options.target, options.save, options.force, why)
        else:
            show_own_data(options.data, options.target, options.save, options.force, options.keep)


def _new_line() -> str:
    return "\n" if sys.stderr.isatty() else ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sk_softmax",
        description="Compare softmax regression with scikit-learn's LogisticRegression, on data "
        "that scikit-learn bundles or on a CSV or Parquet file; or, with --inference, print how "
        "sure the coefficients for such a file are; or, with --predict, write predictions. The "
        "first argument explore opens the lecture as a page to play with: see explore --help.",
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
        "--save",
        type=Path,
        metavar="FILE",
        help="keep the tuned pipeline, for --predict and for joblib.load",
    )
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column not to leave out though it looks like an identifier, free text, dates or "
        "an index; may be given several times",
    )
    _add_prediction(parser)
    _add_inference(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help="let --save, --save-summary or --output replace a file; what is read they never do",
    )
    parser.add_argument("--version", action="version", version=__version__)
    return parser


def _add_prediction(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--predict",
        type=Path,
        metavar="FILE",
        help="write label and probabilities for each row of this file, by the pipeline of --model",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="what --save kept; like any pickle it can run code, so load your own alone",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where --predict writes, in place of the screen",
    )


def _add_inference(parser: argparse.ArgumentParser) -> None:
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


if __name__ == "__main__":
    sys.exit(main())
