"""What a server says when it refuses: read, made fit to be shown, and heeded."""

import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

SHOWN = 300  # characters of what the server says


def eased(body: Mapping[str, Any], values: Mapping[str, object]) -> Mapping[str, Any]:
    """Return a request without what a model of today refused in it: its own temperature, another name of max_tokens."""
    text = str(values.get("text")) if values.get("status") == "400" else ""
    body = dict(body)
    if "temperature" in text:
        body.pop("temperature", None)
    if "max_completion_tokens" in text and "max_tokens" in body:
        body["max_completion_tokens"] = body.pop("max_tokens")
    return body


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, a number or a date (RFC 9110, 10.2.3), else None."""
    if header is None:
        return None
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError):  # TypeError: a date without a time zone
        return None


def error_text(body: str | bytes) -> str:
    """Return what an error's body says, as most servers put it, else the body itself."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return text
    for key in ("error", "message"):
        found = found.get(key, found) if isinstance(found, dict) else found
    return found if isinstance(found, str) else text


def shown(text: str, key: str | None) -> str:
    """Return the beginning of what another program said: one line, no control characters, no full stop, no key."""
    text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join((text.replace(key, "***") if key else text)[:SHOWN].split()).rstrip(".")
