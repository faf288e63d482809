"""Small files of each format, made for tests with the standard library alone."""

from __future__ import annotations

import io
import zipfile
import zlib

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/a.opf"/></rootfiles></container>'


def pdf(*pages, raw=None, trailer=b""):
    """Return a PDF: a page is a list of ``(left, baseline, size, text)``, or the whole a page of the stream ``raw``."""
    streams = [raw] if raw else [zlib.compress(_drawn(page)) for page in pages]
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    kids = []
    for stream in streams:
        kids.append(b"%d 0 R" % (len(objects) + 1))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources<</Font<</F 3 0 R>>>>>>"
            % (len(objects) + 2)
        )
        objects.append(b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream))
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(kids), len(kids))
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF"
    return out + head % (len(objects) + 1, table, len(objects) + 1, trailer, len(out))


def _drawn(page):
    def escaped(text):
        return text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")

    return b"".join(b"BT /F %g Tf %g %g Td (%s) Tj ET\n" % (size, x, y, escaped(text)) for x, y, size, text in page)


def zipped(members):
    """Return a ZIP archive of members by name, each text or bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def docx(body, styles=(), core=""):
    """Return a Word document of the markup of its body, with styles of headings as ``(id, name)``."""
    made = "".join(f'<w:style w:styleId="{key}"><w:name w:val="{name}"/></w:style>' for key, name in styles)
    return zipped(
        {
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
            "word/styles.xml": f'<w:styles xmlns:w="{W}">{made}</w:styles>',
            "docProps/core.xml": f'<p xmlns:dc="http://purl.org/dc/elements/1.1/">{core}</p>',
        }
    )


def paragraph(text, style=""):
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def odt(body, meta=""):
    """Return an OpenDocument text of the markup of its body."""
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "text", "table", "draw")
    )
    return zipped(
        {
            "content.xml": f"<office:document {names}><office:body>{body}</office:body></office:document>",
            "meta.xml": f'<m xmlns:dc="http://purl.org/dc/elements/1.1/">{meta}</m>',
        }
    )


def epub(*documents, metadata=""):
    """Return a book of documents, each the markup of its body."""
    numbers = range(len(documents))
    items = "".join(f'<item id="d{i}" href="text/{i}.xhtml" media-type="application/xhtml+xml"/>' for i in numbers)
    spine = "".join(f'<itemref idref="d{i}"/>' for i in numbers)
    package = f'<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>{metadata}</metadata>'
    head = '<?xml version="1.0"?><!DOCTYPE html><html><head><title>x</title></head>'
    return zipped(
        {
            "META-INF/container.xml": CONTAINER,
            "OEBPS/a.opf": f"{package}<manifest>{items}</manifest><spine>{spine}</spine></package>",
            **{f"OEBPS/text/{i}.xhtml": f"{head}<body>{body}</body></html>" for i, body in enumerate(documents)},
        }
    )
