"""``rag list``, ``show`` and ``remove``: the articles of a collection."""

from typing import Any

import click

from rag.commands.shared import (
    collection_option,
    filter_options,
    filters_of,
    json_option,
    load_settings,
    opened_store,
    read_from,
    show,
)
from rag.usage import LANGUAGE, Command, say


@click.command("list", cls=Command, help=say("help_list"))
@collection_option
@filter_options
@json_option
def list_command(as_json: bool, **given: Any) -> None:
    filters = filters_of(given)
    with read_from(given) as store:
        articles = tuple(store.articles(filters))
    show(articles, as_json, lambda terminal: "\n".join(terminal.article_rows(articles, LANGUAGE)))


@click.command("show", cls=Command, help=say("help_show"))
@click.argument("article_id", metavar="ID")
@click.option("--removed", is_flag=True, help=say("help_removed"))
@collection_option
@json_option
def show_command(article_id: str, removed: bool, as_json: bool, **given: Any) -> None:
    with read_from(given) as store:
        article = store.article(article_id)
    if removed:
        show(article.removed, as_json, lambda terminal: terminal.removed_text(article, LANGUAGE))
    else:
        show(article, as_json, lambda terminal: terminal.article_text(article, LANGUAGE))


@click.command("remove", cls=Command, help=say("help_remove"))
@click.argument("article_ids", metavar="ID...", nargs=-1, required=True)
@collection_option
def remove_command(article_ids: tuple[str, ...], **given: Any) -> None:
    settings = load_settings(given, here="rag remove")
    with opened_store(settings) as store:
        for article_id in article_ids:
            store.article(article_id)  # raises ArticleNotFound before anything is removed
        store.remove(article_ids)
    click.echo(say("removed", count=len(set(article_ids))))
