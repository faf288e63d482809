"""What the commands share: their options, what they open, and how they show it."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from rag.days import DATE
from rag.errors import UsageError
from rag.usage import LANGUAGE, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from rag.engine import Engine
    from rag.protocols import Store
    from rag.remote import Remote
    from rag.settings import Settings
    from rag.store.embedded import EmbeddedStore
    from rag.terminal import ProgressLine
    from rag.types import Filters

DONE, ERROR, USAGE, NO_EVIDENCE, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes."""
FLAGS = ("collection", "threshold", "top_k", "model", "unsupported", "latest", "allow_fetch")
"""The settings that options give."""


def together(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return options as one decorator."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


collection_option = click.option("--collection", metavar="NAME", help=say("help_collection"))
json_option = click.option("--json", "as_json", is_flag=True, help=say("help_json"))
filter_options = together(
    click.option("--article-lang", "languages", multiple=True, metavar="CODE", help=say("help_article_lang")),
    click.option("--since", metavar="DATE", help=say("help_since")),
    click.option("--until", metavar="DATE", help=say("help_until")),
    click.option("--source", "sources", multiple=True, metavar="OUTLET", help=say("help_source")),
)


def load_settings(given: dict[str, Any], *, here: str = "") -> Settings:
    """Return the settings for a command with these options; ``here`` is what it is called if no server does it."""
    from rag.settings import load

    settings = load(**{name: given.get(name) for name in FLAGS})
    if here:
        only_here(settings, here)
    return settings


@contextmanager
def showing_progress() -> Iterator[ProgressLine]:
    from rag.terminal import ProgressLine

    progress = ProgressLine(LANGUAGE)
    try:
        yield progress
    finally:
        progress.stop()


@contextmanager
def opened_engine(settings: Settings, progress: ProgressLine, *, create: bool = False) -> Iterator[Engine]:
    from rag.opening import open_engine

    with open_engine(settings, create=create, progress=progress) as engine:
        yield engine
        _warn(engine.store)


@contextmanager
def opened_store(settings: Settings) -> Iterator[EmbeddedStore]:
    from rag.opening import open_collection

    with open_collection(settings) as store:
        yield store
        _warn(store)


@contextmanager
def asked(settings: Settings, progress: ProgressLine) -> Iterator[Engine | Remote]:
    """Open what is asked: the collection that the settings name, or the server."""
    with _remote(settings) if settings.server else opened_engine(settings, progress) as engine:
        yield engine


@contextmanager
def read_from(given: dict[str, Any]) -> Iterator[EmbeddedStore | Remote]:
    """Open what articles are read from."""
    settings = load_settings(given)
    with _remote(settings) if settings.server else opened_store(settings) as store:
        yield store


def _remote(settings: Settings) -> Remote:
    from rag.remote import Remote

    return Remote(settings)


def only_here(settings: Settings, what: str) -> None:
    """Refuse what a server does not do for this command, rather than do it to a collection that is not meant."""
    if settings.server:
        raise UsageError("server_not_for", what=what, server=settings.server)


def _warn(store: Store) -> None:
    """Say what the store found wrong, and mended, when it was opened."""
    for problem in store.notices:
        click.echo(f"{problem.said(LANGUAGE)}", err=True)


def filters_of(given: dict[str, Any]) -> Filters:
    from rag.types import Filters

    for name in ("since", "until"):
        if given[name] and not DATE.fullmatch(given[name]):
            raise UsageError("date_invalid", option=f"--{name}", value=given[name])
    return Filters(given["since"], given["until"], given["languages"], given["sources"])


def show(record: Any, as_json: bool, text: Callable[[ModuleType], str]) -> None:
    """Write a record to stdout, as JSON or as ``text`` makes it, given the module ``rag.terminal``."""
    from rag import terminal
    from rag.types import as_json as jsonable

    if as_json:
        click.echo(json.dumps(jsonable(record, LANGUAGE), ensure_ascii=False, indent=2))
    else:
        # https://no-color.org; a pipe gets plain text anyway
        click.echo(text(terminal).rstrip("\n"), color=False if os.environ.get("NO_COLOR") else None)
