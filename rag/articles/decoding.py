"""Bytes into text: the encoding is found out, never assumed."""

import codecs
import re

from rag.errors import ArticleError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LARGER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "big5": "big5hkscs",
}
_SAMPLE = 1 << 18  # bytes that the detector looks at
_CONTROLS = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")  # no text has more than a few; ESC may be ANSI colours


_UNPRINTABLE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_REFERENCE = re.compile(rb"&#(?:x([0-9a-f]{1,8})|([0-9]{1,10}))(?![0-9a-f]);?", re.IGNORECASE)


def harmless(markup: bytes) -> bytes:
    """Return HTML or XML in UTF-8 without controls, and references to them or to surrogates: lxml trips over them."""

    def kept(match: re.Match[bytes]) -> bytes:
        code = int(match[1], 16) if match[1] else int(match[2])
        return b" " if code < 0x20 or code in (0x7F, 0xFFFE, 0xFFFF) or 0xD800 <= code < 0xE000 else match[0]

    return _REFERENCE.sub(kept, _UNPRINTABLE.sub(b" ", markup))


def is_binary(data: bytes) -> bool:
    """Tell whether bytes without a byte order mark are no text: a NUL, or controls beyond 1 in 100."""
    sample = data[:_SAMPLE]
    return b"\0" in data or len(_CONTROLS.findall(sample)) * 100 > len(sample)


def decode(data: bytes, origin: str, declared: str | None = None) -> str:
    """Return the text: by its byte order mark, as ``declared``, as UTF-8, or as charset-normalizer tells from a sample.

    All of it has to be of that encoding; a declaration that is unknown or untrue does not count.

    Raises ArticleError, naming ``origin``, where the data is empty, binary, or in an encoding that cannot be told.
    """
    if not data.strip():
        raise ArticleError("article_empty", origin=origin)
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strict(data, encoding, origin)
    if is_binary(data):
        raise ArticleError("article_binary", origin=origin)
    for encoding in (_usual(declared), "utf-8"):
        try:
            return data.decode(encoding)
        except (LookupError, ValueError):
            continue
    return _strict(data, _detected(data), origin)


def _usual(declared: str | None) -> str:
    """Return what is meant by the name of an encoding, which for some is a larger one (WHATWG Encoding Standard)."""
    name = (declared or "utf-8").strip().lower()
    return _LARGER.get(name, name)


def _detected(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    matches = from_bytes(data[:_SAMPLE])
    best = matches.best()
    if best is None:
        return None
    tied = [m for m in matches if (m.chaos, m.coherence) == (best.chaos, best.coherence)]
    western = any("cp1252" in m.could_be_from_charset for m in tied)  # of equals, the one that French is written in
    return "cp1252" if western else best.encoding


def _strict(data: bytes, encoding: str | None, origin: str) -> str:
    if encoding is None:
        raise ArticleError("article_encoding_unknown", origin=origin)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        values = {"origin": origin, "position": error.start, "encoding": encoding}
        raise ArticleError("article_encoding_broken", **values) from error
