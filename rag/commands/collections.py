"""``rag collections``, ``export``, ``import`` and ``backup``: whole collections."""

from pathlib import Path

import click

from rag.commands import shared
from rag.errors import UsageError
from rag.usage import LANGUAGE, Command, Group, say

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
force_option = click.option("--force", is_flag=True, help=say("help_force"))


@click.group("collections", cls=Group, help=say("help_collections"), invoke_without_command=True)
@shared.json_option
@click.pass_context
def collections_group(context: click.Context, as_json: bool) -> None:
    if context.invoked_subcommand is None:
        from rag.collections import states

        settings = shared.load_settings({}, here="rag collections")
        found = states(settings)
        shared.show(found, as_json, lambda terminal: terminal.collections_text(found, LANGUAGE))


@collections_group.command("remove", cls=Command, help=say("help_collections_remove"))
@click.argument("name")
@click.option("--yes", is_flag=True, help=say("help_yes"))
def collections_remove_command(name: str, yes: bool) -> None:
    from rag.collections import remove

    settings = shared.load_settings({"collection": name}, here="rag collections remove")
    with shared.opened_store(settings) as store:
        count = store.state().articles
    if not yes:
        click.confirm(say("remove_collection", name=name, count=count), abort=True, err=True)
    remove(settings)
    click.echo(say("collection_removed", name=name))


@click.command("export", cls=Command, help=say("help_export"))
@click.argument("name")
@click.option(
    "--output", "file", required=True, type=click.Path(path_type=Path, dir_okay=False), help=say("help_output")
)
@force_option
def export_command(name: str, file: Path, force: bool) -> None:
    from rag.archive import write_archive

    settings = shared.load_settings({"collection": name}, here="rag export")
    with shared.opened_store(settings) as store:
        count = write_archive(store, name, file, overwrite=force)
    click.echo(say("exported", name=name, count=count, path=file))


@click.command("import", cls=Command, help=say("help_import"))
@file_argument
@shared.collection_option
@force_option
def import_command(file: Path, collection: str | None, force: bool) -> None:
    from rag.archive import import_archive, import_backup, is_backup

    settings = shared.load_settings({"collection": collection}, here="rag import")
    with shared.showing_progress() as progress:
        if not is_backup(file):
            name, state = import_archive(file, settings, name=collection, replace=force, progress=progress)
        elif collection:
            name, state = collection, import_backup(file, settings, replace=force)
        else:
            raise UsageError("collection_needed", path=file)
    click.echo(say("imported", name=name, count=state.articles))


@click.command("backup", cls=Command, help=say("help_backup"), epilog=say("help_backup_restore"))
@click.argument("name")
@file_argument
@force_option
def backup_command(name: str, file: Path, force: bool) -> None:
    from rag.archive import written_aside

    settings = shared.load_settings({"collection": name}, here="rag backup")
    with shared.opened_store(settings) as store, written_aside(file, overwrite=force) as aside:
        store.backup(aside)
    click.echo(say("backed_up", name=name, path=file))
