"""``rag sync``: what brings articles into a collection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rag.commands.shared import (
    DONE,
    ERROR,
    collection_option,
    json_option,
    load_settings,
    only_here,
    opened_engine,
    opened_store,
    show,
    showing_progress,
)
from rag.errors import AskpressError, CollectionNotFound
from rag.usage import LANGUAGE, Command, say

if TYPE_CHECKING:
    from rag.engine import Engine
    from rag.settings import Settings
    from rag.terminal import ProgressLine


@click.command("sync", cls=Command, help=say("help_sync"), epilog=say("help_sync_examples"))
@click.argument("path", type=click.Path(path_type=Path))
@collection_option
@click.option("--dry-run", is_flag=True, help=say("help_dry_run"))
@click.option("--watch", is_flag=True, help=say("help_watch"))
@json_option
def sync_command(path: Path, dry_run: bool, watch: bool, as_json: bool, **given: Any) -> int:
    settings = load_settings(given)
    only_here(settings, "rag sync")
    with showing_progress() as progress:
        if dry_run:
            return _plan(path, settings, progress, as_json)
        with opened_engine(settings, progress, create=True) as engine:
            return _watch(path, engine, progress) if watch else _sync(path, engine, progress, as_json)


def _plan(path: Path, settings: Settings, progress: ProgressLine, as_json: bool) -> int:
    """Tell what a sync would do, and why."""
    from rag.changes import FolderChanges
    from rag.languages import detect

    try:
        with opened_store(settings) as store:
            plan = FolderChanges(path.resolve(), store, detect).plan(progress)
    except CollectionNotFound:
        plan = FolderChanges(path.resolve(), None, detect).plan(progress)
    progress.stop()
    show(plan, as_json, lambda terminal: terminal.plan_text(plan, settings.collection, LANGUAGE))
    return ERROR if plan.failures else DONE


def _sync(path: Path, engine: Engine, progress: ProgressLine, as_json: bool) -> int:
    try:
        report = engine.indexer(progress, made=progress.count).sync(path)
    except KeyboardInterrupt:
        progress.stop()
        click.echo(say("sync_interrupted", count=progress.counted), err=True)
        raise
    progress.stop()
    show(report, as_json, lambda terminal: terminal.sync_text(report, engine.settings.collection, LANGUAGE))
    return ERROR if report.failures else DONE


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
    return DONE
