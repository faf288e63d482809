"""What an article is called: its id, its address and where that is."""

import hashlib
import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import urlsplit

_LONGEST_SLUG = 100
_LONGEST_ID = 200
_LONGEST_URL = 2000


def id_of_path(path: PurePosixPath) -> str:
    """Return the id of the one article of a file, from its path relative to the collection's folder.

    A file ``<slug>.txt`` at the top has its stem for an id. Any other path loses something as a slug and gets eight
    digits of its SHA-256, so that no two paths share an id. Ids are ``[a-z0-9._-]``, at most 100 characters.
    """
    slug = _slug("-".join(path.with_suffix("").parts))
    if f"{slug}.txt" == str(path):
        return slug
    return f"{slug[: _LONGEST_SLUG - 9].rstrip('-')}-{_digest(str(path))[:8]}".lstrip("-.")


def id_of_content(url: str | None, title: str | None, text: str) -> str:
    """Return the id of an article among others in a file: of its address, or else of its title and text."""
    return _digest(url or f"{title or ''}\n{text}")[:16]


def usable_id(value: str) -> bool:
    """Tell whether an id given with an article can be kept: 1 to 200 characters, none of them a control."""
    return bool(value.strip()) and len(value) <= _LONGEST_ID and value.isprintable()


def usable_url(value: str) -> bool:
    """Tell whether an address can be shown as a link: http or https, with a host, without white space."""
    if len(value) > _LONGEST_URL or re.search(r"[\s<>\"\\^`{|}]", value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def outlet_of(url: str) -> str | None:
    """Return the host of an address without ``www.``."""
    host = urlsplit(url).hostname
    return host.removeprefix("www.") if host else None


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9._]+", "-", plain).strip("-.")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
