"""``rag list``, ``show`` and ``remove``: the articles of a collection."""

from typing import Any

import click

from rag.commands import shared
from rag.usage import LANGUAGE, Command, say


@click.command("list", cls=Command, help=say("help_list"))
@shared.collection_option
@shared.filter_options
@shared.json_option
def list_command(as_json: bool, **given: Any) -> None:
    filters = shared.filters_of(given)
    with shared.read_from(given) as store:
        articles = tuple(store.articles(filters))
    shared.show(articles, as_json, lambda terminal: "\n".join(terminal.article_rows(articles, LANGUAGE)))


@click.command("show", cls=Command, help=say("help_show"))
@click.argument("article_id", metavar="ID")
@click.option("--removed", is_flag=True, help=say("help_removed"))
@shared.collection_option
@shared.json_option
def show_command(article_id: str, removed: bool, as_json: bool, **given: Any) -> None:
    with shared.read_from(given) as store:
        article = store.article(article_id)
    if removed:
        shared.show(article.removed, as_json, lambda terminal: terminal.removed_text(article, LANGUAGE))
    else:
        shared.show(article, as_json, lambda terminal: terminal.article_text(article, LANGUAGE))


@click.command("remove", cls=Command, help=say("help_remove"))
@click.argument("article_ids", metavar="ID...", nargs=-1, required=True)
@shared.collection_option
def remove_command(article_ids: tuple[str, ...], **given: Any) -> None:
    settings = shared.load_settings(given, here="rag remove")
    with shared.opened_store(settings) as store:
        for article_id in article_ids:
            store.article(article_id)  # raises ArticleNotFound before anything is removed
        store.remove(article_ids)
    click.echo(say("removed", count=len(set(article_ids))))
