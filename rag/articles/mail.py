"""Mail and newsletters (RFC 5322), one article a file: the text that was sent, or the words of the page that was.

A browser saves a page with all that belongs to it as such a message too (MHTML, RFC 2557).
"""

import contextlib
import email
import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from pathlib import Path, PurePosixPath
from typing import Any

from rag.articles.blocks import blocks
from rag.articles.decoding import decode
from rag.articles.drafts import LARGEST as LARGEST_TEXT
from rag.articles.drafts import Draft, Metadata
from rag.articles.identity import id_of_path, usable_url
from rag.articles.lines import Line, plain_lines
from rag.articles.normalisation import normalise, normalise_line
from rag.articles.plain import load_bytes
from rag.articles.webpage import lines_of, page_draft, parse
from rag.errors import ArticleError
from rag.types import Removed

LARGEST = 64 << 20
"""Bytes of a message, pictures and attachments included."""
_PARTS = 1000  # of a message
_HEADER = 100_000  # characters of one; the standard library takes quadratic time on some
_READ = 2000  # characters of a header that are read
_FURNITURE = re.compile(
    r"[|›>\s]*(?:(?:view|read|open)\b.{0,30}\bbrowser|unsubscribe\b.*|manage (?:your )?(?:preferences|subscription)s?"
    r"|(?:voir|lire|afficher|consulter|ouvrir)\b.{0,50}\b(?:navigateur|en ligne)|se (?:désabonner|désinscrire)\b.*"
    r"|(?:me|vous) désinscrire|gérer (?:mes|vos) (?:préférences|abonnements)"
    r"|xem\b.{0,30}\btrình duyệt|(?:hủy|huỷ) đăng ký\b.*|退订.*|在浏览器中(?:查看|打开).*)[.\s]*",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)


def read_mail(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of a message."""
    message, parts = _message_of(path, origin)
    texts = {
        kind: next((p for p in parts if p.get_content_type() == kind), None) for kind in ("text/plain", "text/html")
    }
    plain = _plain(texts["text/plain"], origin)
    page = _page(texts["text/html"], origin)
    lines = plain if 2 * _length(plain) >= _length(page) else page  # many say in plain text only where the page is
    kept = tuple(line for line in lines if not _FURNITURE.fullmatch(line.text))
    removed = tuple(Removed(line.text, "boilerplate") for line in lines if line.text and line not in kept)
    name, address = parseaddr(_header(message, "From"))
    metadata = Metadata(
        title=_header(message, "Subject") or None,
        outlet=name or address.rpartition("@")[2] or None,
        published=_header(message, "Date") or None,
        language=_header(message, "Content-Language") or None,
    )
    yield Draft(origin, kept, id_of_path(PurePosixPath(origin)), metadata, removed)


def read_mhtml(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of a saved page; when the file was saved is not when the article was published."""
    message, parts = _message_of(path, origin)
    page = next((part for part in parts if part.get_content_type() in ("text/html", "application/xhtml+xml")), None)
    if page is None:
        raise ArticleError("article_without_text", origin=origin)
    data, charset = _payload(page)
    address = _header(message, "Snapshot-Content-Location") or _header(page, "Content-Location")
    yield page_draft(data, origin, id_of_path(PurePosixPath(origin)), charset, address if usable_url(address) else None)


def _message_of(path: Path, origin: str) -> tuple[Message, list[Message]]:
    """Return a message and the parts of it that are no attachments. Raises ArticleError, and OSError."""
    data = load_bytes(path, origin, LARGEST)
    if not data.strip():
        raise ArticleError("article_empty", origin=origin)
    try:
        message = email.message_from_bytes(data)
        parts = []
        for part in message.walk():
            parts.append(part)
            if len(parts) > _PARTS or any(len(str(value)) > _HEADER for value in part.values()):
                raise ArticleError("mail_invalid", origin=origin)
    except (RecursionError, ValueError, LookupError) as error:
        raise ArticleError("mail_invalid", origin=origin) from error
    if not message.keys():
        raise ArticleError("mail_invalid", origin=origin)
    return message, [
        part for part in parts if not part.is_multipart() and part.get_content_disposition() != "attachment"
    ]


def _header(message: Message, name: str) -> str:
    """Return a header as a line of text, empty where there is none."""
    value = str(message.get(name, ""))[:_READ]
    with contextlib.suppress(ValueError, LookupError):  # what is not encoded as it should be is shown as it stands
        value = str(make_header(decode_header(value)))
    return normalise_line(value)


def _payload(part: Message) -> tuple[bytes, str | None]:
    """Return the bytes of a part, and the encoding that it declares."""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b"", part.get_content_charset()


def _plain(part: Message | None, origin: str) -> tuple[Line, ...]:
    data, charset = _payload(part) if part else (b"", None)
    if len(data) > LARGEST_TEXT:
        raise ArticleError("article_too_large", origin=origin, limit=LARGEST_TEXT >> 20)
    return plain_lines(normalise(decode(data, origin, charset))) if data.strip() else ()


def _page(part: Message | None, origin: str) -> tuple[Line, ...]:
    """Return the words of a page that was sent: all of them but those that it hides, for it has no menus."""
    data, charset = _payload(part) if part else (b"", None)
    if not data.strip():
        return ()
    page: Any = parse(data, origin, charset)
    hidden = [
        e for e in page.iter() if e.tag in ("script", "style", "head") or _HIDDEN.search(e.get("style", "")[:_READ])
    ]
    for element in hidden:
        if element.getparent() is not None:
            element.drop_tree()
    return lines_of(list(blocks(page)))


def _length(lines: tuple[Line, ...]) -> int:
    return sum(len(line.text) for line in lines)
