"""``rag sync`` and ``rag add``: what brings articles into a collection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rag.commands import shared
from rag.errors import AskpressError, CollectionNotFound, UsageError
from rag.usage import LANGUAGE, Command, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.engine import Engine
    from rag.indexing import Indexer, SyncReport
    from rag.settings import Settings
    from rag.terminal import ProgressLine


@click.command("sync", cls=Command, help=say("help_sync"), epilog=say("help_sync_examples"))
@click.argument("path", type=click.Path(path_type=Path))
@shared.collection_option
@click.option("--dry-run", is_flag=True, help=say("help_dry_run"))
@click.option("--watch", is_flag=True, help=say("help_watch"))
@shared.json_option
def sync_command(path: Path, dry_run: bool, watch: bool, as_json: bool, **given: Any) -> int:
    settings = shared.load_settings(given, here="rag sync")
    with shared.showing_progress() as progress:
        if dry_run:
            return _plan(path, settings, progress, as_json)
        with shared.opened_engine(settings, progress, create=True) as engine:
            return _watch(path, engine, progress) if watch else _sync(path, engine, progress, as_json)


@click.command("add", cls=Command, help=say("help_add"), epilog=say("help_add_examples"))
@click.argument("urls", metavar="URL...", nargs=-1)
@click.option("--feed", "feeds", multiple=True, metavar="URL", help=say("help_feed"))
@click.option("--allow-fetch", is_flag=True, default=None, help=say("help_allow_fetch"))
@shared.collection_option
@shared.json_option
def add_command(urls: tuple[str, ...], feeds: tuple[str, ...], as_json: bool, **given: Any) -> int:
    from rag.addresses import AddressChanges
    from rag.fetching import Fetcher

    settings = shared.load_settings(given, here="rag add")
    if not settings.allow_fetch:
        raise UsageError("fetch_off")
    if not urls and not feeds:
        raise UsageError("fetch_nothing")
    with shared.showing_progress() as progress, shared.opened_engine(settings, progress, create=True) as engine:
        changes = AddressChanges(urls, feeds, engine.store, Fetcher())
        progress("fetch", 0.0)
        return _told(lambda indexer: indexer.take(changes), engine, progress, as_json)


def _plan(path: Path, settings: Settings, progress: ProgressLine, as_json: bool) -> int:
    """Tell what a sync would do, and why."""
    from rag.changes import FolderChanges
    from rag.languages import detect

    try:
        with shared.opened_store(settings) as store:
            plan = FolderChanges(path.resolve(), store, detect).plan(progress)
    except CollectionNotFound:
        plan = FolderChanges(path.resolve(), None, detect).plan(progress)
    progress.stop()
    shared.show(plan, as_json, lambda terminal: terminal.plan_text(plan, settings.collection, LANGUAGE))
    return shared.ERROR if plan.failures else shared.DONE


def _sync(path: Path, engine: Engine, progress: ProgressLine, as_json: bool) -> int:
    return _told(lambda indexer: indexer.sync(path), engine, progress, as_json)


def _told(work: Callable[[Indexer], SyncReport], engine: Engine, progress: ProgressLine, as_json: bool) -> int:
    """Do some work and tell what it did."""
    try:
        report = work(engine.indexer(progress, made=progress.count))
    except KeyboardInterrupt:
        progress.stop()
        click.echo(say("sync_interrupted", count=progress.counted), err=True)
        raise
    progress.stop()
    shared.show(report, as_json, lambda terminal: terminal.sync_text(report, engine.settings.collection, LANGUAGE))
    return shared.ERROR if report.failures else shared.DONE


def _watch(path: Path, engine: Engine, progress: ProgressLine) -> int:
    """Sync whenever something has changed, until the user ends it."""
    from rag.watching import watch

    told = ""

    def sync() -> bool:
        nonlocal told
        try:
            _sync(path, engine, progress, as_json=False)
        except AskpressError as error:  # a disk that is full, a drive that is out: it may pass
            said, told = told, error.said(LANGUAGE)
            if told != said:
                click.echo(told, err=True)
            return False
        told = ""
        return True

    click.echo(say("watching", path=path), err=True)
    watch(path, sync)
    return shared.DONE
