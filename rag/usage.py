"""What click says by itself, in the user's language: the headings of help, and what is wrong with a command line."""

import os
from collections.abc import Sequence

import click

from rag.messages import interface_language, message

LANGUAGE = interface_language(os.environ.get("RAG_INTERFACE"))

_HEADINGS = {"Options": "help_options", "Commands": "help_commands"}


def say(key: str, **values: object) -> str:
    return message(key, LANGUAGE, **values)


class _Formatter(click.HelpFormatter):
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or f"{say('help_usage')} ")

    def write_heading(self, heading: str) -> None:
        text = say(_HEADINGS[heading]) if heading in _HEADINGS else f"{heading}:"
        self.write(f"{'':>{self.current_indent}}{text}\n")


class _Context(click.Context):
    formatter_class = _Formatter


class Command(click.Command):
    """A command whose help speaks the user's language."""

    context_class = _Context

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = say("help_help")
        return option


class Group(Command, click.Group):
    """A group of such commands."""

    command_class = Command


def explained(error: click.UsageError) -> str:
    """Return what is wrong with a command line; what click tells in its own words alone stays in English."""
    match error:
        case click.NoSuchOption():
            return say("usage_no_option", name=error.option_name, hint=_hint(error.possibilities)).strip()
        case click.exceptions.NoSuchCommand():
            return say("usage_no_command", name=error.command_name, hint=_hint(error.possibilities)).strip()
        case click.BadOptionUsage():
            return say("usage_option_value", name=error.option_name)
        case click.MissingParameter(param=click.Parameter() as parameter):
            return say("usage_missing", name=parameter.get_error_hint(error.ctx))
        case click.BadParameter(param=click.Parameter() as parameter):
            return say("usage_value", name=parameter.get_error_hint(error.ctx))
        case _:
            return error.format_message()


def _hint(names: Sequence[str] | None) -> str:
    return say("usage_hint", names=", ".join(names)) if names else ""
