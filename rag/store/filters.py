"""Filters as SQL over the table of articles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rag.days import first_day, last_day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.types import Article, Filters

# A source names an outlet or a host, or a domain that the host lies under.
_SOURCES = """EXISTS (
    SELECT 1 FROM json_each(articles.sources) AS known, json_each(?) AS wanted
    WHERE known.value = wanted.value OR substr(known.value, -length(wanted.value) - 1) = '.' || wanted.value
)"""


def sources(article: Article) -> list[str]:
    """Return the names under which a filter finds an article's source: its outlet and its host, case folded."""
    try:
        host = urlsplit(article.url or "").hostname
    except ValueError:  # such as "http://[": an address that leads nowhere has no host
        host = None
    return [name.casefold() for name in (article.outlet, host) if name]


def comes_from(names: Iterable[str], filters: Filters) -> bool:
    """Return whether an article of these ``sources`` is from one that the filters name, as ``_SOURCES`` tells."""
    wanted = [source.casefold() for source in filters.sources]
    return any(name == source or name.endswith(f".{source}") for name in names for source in wanted)


def condition(filters: Filters) -> tuple[str, list[str]]:
    """Return an SQL condition on the table ``articles`` and its bindings. An undated article is in no range."""
    clauses, bindings = [], []
    if filters.languages:
        clauses.append("articles.language IN (SELECT value FROM json_each(?))")
        bindings.append(json.dumps(filters.languages))
    if filters.sources:
        clauses.append(_SOURCES)
        bindings.append(json.dumps([source.casefold() for source in filters.sources]))
    if filters.since is not None:
        clauses.append("articles.last_day >= ?")
        bindings.append(first_day(filters.since))
    if filters.until is not None:
        clauses.append("articles.first_day <= ?")
        bindings.append(last_day(filters.until))
    return " AND ".join(clauses) or "TRUE", bindings
