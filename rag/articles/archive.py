"""Files that are archives of XML: their members are read one at a time, in memory, to a bounded size.

Nothing is ever written to disk. A bomb is told by what it holds, not by what its directory says: no more than the
limit is decompressed.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.errors import ArticleError

LARGEST = 128 << 20
"""Bytes of an archive, pictures included."""
LARGEST_MEMBER = 16 << 20
"""Bytes of a member, decompressed."""
LARGEST_WHOLE = 64 << 20
"""Bytes of all members that are read, decompressed."""
MEMBERS = 10_000
RATIO = 200  # of decompressed to compressed bytes, from 1 MiB on; XML of real documents stays below 40
_FAILURES = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, UnicodeError)


class Archive:
    """A ZIP archive whose members can be read by name."""

    def __init__(self, file: zipfile.ZipFile, origin: str) -> None:
        self._file = file
        self._origin = origin
        self._left = LARGEST_WHOLE

    def names(self) -> list[str]:
        return self._file.namelist()

    def read(self, name: str) -> bytes:
        """Return a member, empty where there is none of that name. Raises ArticleError."""
        try:
            member = self._file.getinfo(name)
        except KeyError:
            return b""
        if member.flag_bits & 1:
            raise ArticleError("document_encrypted", origin=self._origin)
        limit = min(LARGEST_MEMBER, self._left, max(1 << 20, member.compress_size * RATIO))
        try:
            with self._file.open(member) as stream:
                data = stream.read(limit + 1)
        except _FAILURES as error:
            raise ArticleError("document_damaged", origin=self._origin) from error
        if len(data) > limit:
            raise ArticleError("document_bomb", origin=self._origin)
        self._left -= len(data)
        return data

    def tree(self, name: str) -> Any:
        """Return the root of a member that is XML, None where there is none of that name. Raises ArticleError."""
        data = self.read(name)
        return tree(data, self._origin) if data else None


@contextmanager
def opened(path: Path, origin: str) -> Iterator[Archive]:
    """Open an archive. Raises ArticleError, naming ``origin``, and OSError."""
    if path.stat().st_size > LARGEST:
        raise ArticleError("article_too_large", origin=origin, limit=LARGEST >> 20)
    try:
        file = zipfile.ZipFile(path)
    except _FAILURES as error:
        raise ArticleError("document_damaged", origin=origin) from error
    with file:
        if len(file.infolist()) > MEMBERS:
            raise ArticleError("document_bomb", origin=origin)
        yield Archive(file, origin)


def tree(data: bytes, origin: str, *, recover: bool = False) -> Any:
    """Return the root of XML. Raises ArticleError where it is malformed, too deep, or declares entities.

    The parser itself ends at 256 levels and loads nothing from elsewhere; ``recover`` reads on behind errors.
    """
    from lxml import etree

    if b"<!entity" in data.replace(b"\0", b"").lower():  # in UTF-16 and UTF-32 too
        raise ArticleError("xml_entities", origin=origin)
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True,
        recover=recover,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ArticleError("xml_invalid", origin=origin, reason=str(error)[:200]) from error
    if root is None:
        raise ArticleError("xml_invalid", origin=origin, reason="no element")
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise ArticleError("xml_entities", origin=origin)
    return root


def local(element: Any) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
