"""``ask`` and ``rag search``: what is asked of a collection, here or behind a server."""

import re
import sys
from typing import Any

import click

from rag.commands import shared
from rag.errors import StorageFull, UsageError
from rag.usage import LANGUAGE, Command, say

LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
PIPED_BYTES = 1_000_000  # more than the longest question, so that its length can be told

question_options = shared.together(
    click.argument("question", nargs=-1),
    shared.collection_option,
    shared.filter_options,
    click.option("--lang", metavar="CODE", help=say("help_lang")),
    click.option("--latest", is_flag=True, default=None, help=say("help_latest")),
    click.option("--top-k", type=int, metavar="N", help=say("help_top_k")),
    shared.json_option,
)


@click.command("ask", cls=Command, help=say("help_ask"), epilog=say("help_ask_examples"))
@question_options
@click.option("--threshold", type=float, metavar="P", help=say("help_threshold"))
@click.option("--continue", "continued", is_flag=True, help=say("help_continue"))
@click.option("--model", metavar="NAME", help=say("help_model"))
@click.option("--unsupported", type=click.Choice(["drop", "mark"]), help=say("help_unsupported"))
def ask_command(question: tuple[str, ...], as_json: bool, lang: str | None, continued: bool, **given: Any) -> int:
    from rag import conversation
    from rag.terminal import watched
    from rag.types import Turn

    filters, language = shared.filters_of(given), _language(lang)
    text, settings = _question(question), shared.load_settings(given)
    for name in ("threshold", "unsupported"):
        if given[name] is not None:
            shared.only_here(settings, f"--{name}")
    kept = settings.data_dir / "conversation.json"
    history = conversation.load(kept, settings.collection) if continued else ()
    with shared.showing_progress() as progress, shared.asked(settings, progress) as engine:
        answer = watched(engine.stream(text, language=language, filters=filters, history=history), progress)
    shared.show(answer, as_json, lambda terminal: terminal.answer_text(answer))
    try:
        conversation.save(kept, settings.collection, (*history, Turn(answer.question, answer.text)))
    except StorageFull as error:  # the answer stands, though no question can go on from it
        click.echo(error.said(LANGUAGE), err=True)
    return shared.DONE if answer.status == "answered" else shared.NO_EVIDENCE


@click.command("search", cls=Command, help=say("help_search"), epilog=say("help_search_examples"))
@question_options
def search_command(question: tuple[str, ...], as_json: bool, lang: str | None, **given: Any) -> int:
    filters, text, settings = shared.filters_of(given), _question(question), shared.load_settings(given)
    with shared.showing_progress() as progress, shared.asked(settings, progress) as engine:
        found = engine.search(text, language=_language(lang), filters=filters)
    shared.show(found, as_json, lambda terminal: terminal.found_text(found, LANGUAGE))
    return shared.DONE if found else shared.NO_EVIDENCE


def _language(code: str | None) -> str | None:
    if code is not None and not LANGUAGE_CODE.fullmatch(code):
        raise UsageError("language_invalid", value=code)
    return code


def _question(words: tuple[str, ...]) -> str:
    """Return the question from the arguments, else from a pipe, read no further than a question can be."""
    if words and words != ("-",):
        return " ".join(words)
    if sys.stdin.isatty():
        raise UsageError("question_empty")
    return sys.stdin.buffer.read(PIPED_BYTES).decode("utf-8", errors="replace")
