"""``python -m bench.reader --held-out SET DESTINATION`` writes a question set with only the questions about articles
that were kept from the reader (bench/reader_rows.py says which), for ``rag calibrate`` and ``rag eval``."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.reader_rows import write_held_out


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reader", description=__doc__)
    parser.add_argument("--held-out", nargs=2, type=Path, metavar=("SET", "DESTINATION"), required=True)
    options = parser.parse_args()
    print(write_held_out(*options.held_out), "questions")


if __name__ == "__main__":
    main()
