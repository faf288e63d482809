"""Reads the runs of text of a PDF in a process of its own, which may end badly without harm to who asked for it.

``python pdf_child.py FILE CHARACTERS`` prints JSON: ``{"title": ..., "pages": [[height, runs], ...]}``, the runs of a
page in the file's order, ``[left, baseline, right, size, text]``, measured in points from the lower left; or
``{"problem": ...}``, one of ``encrypted``, ``damaged``, ``large``. PDFium is made to take hostile files, but a kilobyte
of them can ask for gigabytes, and what is written in C++ can crash: hence the process and its limits. It imports
nothing of this project, since it has to start fast.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = 1 << 30  # bytes of address space
SECONDS = 60  # of the processor
PAGES = 5000
GAP = 1.8  # times the size of the letters; wider than any space between words, narrower than that between columns
LEVEL = 0.5  # times the size of the letters; what lies further off is on another line

Run = list[Any]


def main(path: str, most: int) -> dict[str, Any]:
    """Return what is to be printed; ``most`` is how many characters are read."""
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        encrypted = error.err_code in (pdfium.raw.FPDF_ERR_PASSWORD, pdfium.raw.FPDF_ERR_SECURITY)
        return {"problem": "encrypted" if encrypted else "damaged"}
    pages: list[tuple[float, list[Run]]] = []
    for number in range(min(len(document), PAGES + 1)):
        try:
            page = document[number]
            text = page.get_textpage()
        except pdfium.PdfiumError:
            pages.append((0.0, []))  # a page that is damaged keeps its number
            continue
        most -= text.count_chars()
        if most < 0 or number >= PAGES:
            return {"problem": "large"}
        pages.append((page.get_height(), list(runs(text, pdfium.raw))))
        text.close()
        page.close()
    return {"title": document.get_metadata_value("Title"), "pages": pages}


def runs(text: Any, raw: Any) -> Iterator[Run]:
    """Yield the runs of a page: letters that follow each other on one line."""
    x, y = ctypes.c_double(), ctypes.c_double()
    box, matrix = raw.FS_RECTF(), raw.FS_MATRIX()
    run: Run = []
    blank = False
    for index in range(text.count_chars()):
        code = raw.FPDFText_GetUnicode(text, index)
        letter = chr(code) if code and not 0xD800 <= code <= 0xDFFF else ""
        if code == 2 or (letter == "-" and raw.FPDFText_IsHyphen(text, index) == 1):
            letter = "\u00ad"  # PDFium's own mark of a word that goes on in the next line
        if not letter.strip():
            blank = blank or letter.isspace()
            continue
        raw.FPDFText_GetCharOrigin(text, index, x, y)
        raw.FPDFText_GetLooseCharBox(text, index, box)
        raw.FPDFText_GetMatrix(text, index, matrix)
        size = raw.FPDFText_GetFontSize(text, index) * math.hypot(matrix.b, matrix.d) or 1.0
        if run and abs(y.value - run[1]) <= LEVEL * size and -size <= box.left - run[2] <= GAP * size:
            run[4] += f" {letter}" if blank else letter
            run[2], run[3] = max(run[2], box.right), max(run[3], size)
        else:
            if run:
                yield run
            run = [box.left, y.value, box.right, size, letter]
        blank = False
    if run:
        yield run


if __name__ == "__main__":
    with contextlib.suppress(
        ImportError, ValueError, OSError
    ):  # where limits cannot be set, the caller's clock has to do
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))  # noqa: T201 - it is what the caller reads
