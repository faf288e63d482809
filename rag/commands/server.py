"""``rag serve``, ``mcp``, ``token`` and ``feedback``: what the server needs and leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from rag.commands.shared import load_settings, showing_progress
from rag.usage import Command, Group, say

if TYPE_CHECKING:
    from rag.tokens import Role, Tokens


@click.command("serve", cls=Command, help=say("help_serve"))
@click.option("--host", metavar="ADDRESS", help=say("help_host"))
@click.option("--port", type=int, metavar="N", help=say("help_port"))
def serve_command(**given: Any) -> None:
    from api.serving import serve
    from api.settings import load

    with showing_progress() as progress:
        serve(load_settings({}), load(**given), progress=progress)


@click.command("mcp", cls=Command, help=say("help_mcp"))
def mcp_command() -> None:
    from api.serving import serve_stdio
    from api.settings import load

    settings = load_settings({}, here="rag mcp")
    with showing_progress() as progress:
        serve_stdio(settings, load(host="127.0.0.1"), progress=progress)


@click.command("feedback", cls=Command, help=say("help_feedback"))
def feedback_command() -> None:
    from rag.feedback import FeedbackBook
    from rag.types import as_json

    for feedback in FeedbackBook(load_settings({}).data_dir).read():
        click.echo(json.dumps(as_json(feedback), ensure_ascii=False))


@click.group("token", cls=Group, help=say("help_token"))
def token_group() -> None:
    pass


@token_group.command("create", help=say("help_token_create"))
@click.argument("name")
@click.option("--role", type=click.Choice(["read", "write"]), default="read", show_default=True, help=say("help_role"))
def token_create_command(name: str, role: Role) -> None:
    click.echo(_tokens().create(name, role))
    click.echo(say("token_created"), err=True)


@token_group.command("list", help=say("help_token_list"))
def token_list_command() -> None:
    for token in _tokens().all():
        click.echo(f"{token.name}\t{token.role}\t{token.created}")


@token_group.command("remove", help=say("help_token_remove"))
@click.argument("name")
def token_remove_command(name: str) -> None:
    _tokens().remove(name)


def _tokens() -> Tokens:
    from rag.tokens import Tokens

    return Tokens(load_settings({}).data_dir)
