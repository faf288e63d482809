"""The commands ``ask`` and ``rag``. Answers go to stdout, everything else to stderr.

Exit codes: 0 answered or done, 1 error, 2 usage, 3 no evidence in the articles, 130 interrupted.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from rag.errors import AskpressError, StorageFull, UsageError
from rag.usage import LANGUAGE, Command, Group, explained, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from rag.engine import Engine
    from rag.protocols import Store
    from rag.remote import Remote
    from rag.settings import Settings
    from rag.store.embedded import EmbeddedStore
    from rag.terminal import ProgressLine
    from rag.tokens import Role, Tokens
    from rag.types import Filters

DONE, ERROR, USAGE, NO_EVIDENCE, INTERRUPTED = 0, 1, 2, 3, 130
DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
PIPED_BYTES = 1_000_000  # more than the longest question, so that its length can be told


def run(command: click.Command) -> None:
    """Run a command and exit with its code; the one place where errors become exit codes."""
    try:
        code = command.main(standalone_mode=False) or DONE
        sys.stdout.flush()
    except UsageError as error:
        code = _complain(error.said(LANGUAGE), USAGE)
    except AskpressError as error:
        code = _complain(error.said(LANGUAGE), ERROR)
    except click.UsageError as error:
        code = _complain(explained(error), USAGE)
        click.echo(say("see_help", command=error.ctx.command_path if error.ctx else command.name), err=True)
    except click.ClickException as error:
        code = _complain(error.format_message(), ERROR)
    except (KeyboardInterrupt, click.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough. Python would complain about stdout once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = DONE
    sys.exit(code)


def _complain(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code


def ask() -> None:
    run(ask_command)


def rag() -> None:
    run(rag_group)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


collection_option = click.option("--collection", metavar="NAME", help=say("help_collection"))
json_option = click.option("--json", "as_json", is_flag=True, help=say("help_json"))
filter_options = _options(
    click.option("--article-lang", "languages", multiple=True, metavar="CODE", help=say("help_article_lang")),
    click.option("--since", metavar="DATE", help=say("help_since")),
    click.option("--until", metavar="DATE", help=say("help_until")),
    click.option("--source", "sources", multiple=True, metavar="OUTLET", help=say("help_source")),
)
question_options = _options(
    click.argument("question", nargs=-1),
    collection_option,
    filter_options,
    click.option("--lang", metavar="CODE", help=say("help_lang")),
    click.option("--top-k", type=int, metavar="N", help=say("help_top_k")),
    json_option,
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

    filters, language, text, settings = _filters(given), _language(lang), _question(question), _settings(given)
    for name in ("threshold", "unsupported"):
        if given[name] is not None:
            _only_here(settings, f"--{name}")
    kept = settings.data_dir / "conversation.json"
    history = conversation.load(kept, settings.collection) if continued else ()
    with _progress() as progress, _asked(settings, progress) as engine:
        answer = watched(engine.stream(text, language=language, filters=filters, history=history), progress)
    _show(answer, as_json, lambda terminal: terminal.answer_text(answer))
    try:
        conversation.save(kept, settings.collection, (*history, Turn(answer.question, answer.text)))
    except StorageFull as error:  # the answer stands, though no question can go on from it
        click.echo(error.said(LANGUAGE), err=True)
    return DONE if answer.status == "answered" else NO_EVIDENCE


@click.group("rag", cls=Group, help=say("help_rag"))
def rag_group() -> None:
    pass


@rag_group.command("sync", help=say("help_sync"), epilog=say("help_sync_examples"))
@click.argument("path", type=click.Path(path_type=Path))
@collection_option
@json_option
def sync_command(path: Path, as_json: bool, **given: Any) -> int:
    settings = _settings(given)
    _only_here(settings, "rag sync")
    with _progress() as progress, _engine(settings, progress, create=True) as engine:
        report = engine.sync(path, progress)
    _show(report, as_json, lambda terminal: terminal.sync_text(report, settings.collection, LANGUAGE))
    return ERROR if report.failures else DONE


@rag_group.command("list", help=say("help_list"))
@collection_option
@filter_options
@json_option
def list_command(as_json: bool, **given: Any) -> None:
    filters = _filters(given)
    with _read(given) as store:
        articles = tuple(store.articles(filters))
    _show(articles, as_json, lambda terminal: "\n".join(terminal.article_rows(articles, LANGUAGE)))


@rag_group.command("show", help=say("help_show"))
@click.argument("article_id", metavar="ID")
@click.option("--removed", is_flag=True, help=say("help_removed"))
@collection_option
@json_option
def show_command(article_id: str, removed: bool, as_json: bool, **given: Any) -> None:
    with _read(given) as store:
        article = store.article(article_id)
    if removed:
        _show(article.removed, as_json, lambda terminal: terminal.removed_text(article, LANGUAGE))
    else:
        _show(article, as_json, lambda terminal: terminal.article_text(article, LANGUAGE))


@rag_group.command("remove", help=say("help_remove"))
@click.argument("article_ids", metavar="ID...", nargs=-1, required=True)
@collection_option
def remove_command(article_ids: tuple[str, ...], **given: Any) -> None:
    settings = _settings(given)
    _only_here(settings, "rag remove")
    with _store(settings) as store:
        for article_id in article_ids:
            store.article(article_id)  # raises ArticleNotFound before anything is removed
        store.remove(article_ids)
    click.echo(say("removed", count=len(set(article_ids))))


@rag_group.command("search", help=say("help_search"), epilog=say("help_search_examples"))
@question_options
def search_command(question: tuple[str, ...], as_json: bool, lang: str | None, **given: Any) -> int:
    filters, text, settings = _filters(given), _question(question), _settings(given)
    with _progress() as progress, _asked(settings, progress) as engine:
        found = engine.search(text, language=_language(lang), filters=filters)
    _show(found, as_json, lambda terminal: terminal.found_text(found, LANGUAGE))
    return DONE if found else NO_EVIDENCE


@rag_group.command("eval", help=say("help_eval"), epilog=say("help_eval_examples"))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--question-lang", metavar="CODE", help=say("help_eval_question_lang"))
@click.option("--corpus-lang", metavar="CODE|each", help=say("help_eval_corpus_lang"))
@click.option("--where", metavar="KEY=VALUE", help=say("help_eval_where"))
@click.option("--limit", type=int, metavar="N", help=say("help_eval_limit"))
@click.option("--model", metavar="NAME", help=say("help_model"))
@click.option("--distractors", type=click.Path(path_type=Path), metavar="FILE", help=say("help_eval_distractors"))
@click.option("--ablate", is_flag=True, help=say("help_eval_ablate"))
@click.option("--report", type=click.File("w", "utf-8", lazy=False), metavar="FILE", help=say("help_eval_report"))
@json_option
def eval_command(folder: Path, as_json: bool, report: IO[str] | None, model: str | None, **given: Any) -> None:
    from rag.trials import evaluate

    with _progress() as progress:
        evaluation = evaluate(_settings({"model": model}), folder, progress=progress, **given)
    if report is not None:
        from rag.report import page

        report.write(page(evaluation, LANGUAGE))
    _show(evaluation.table, as_json, lambda terminal: terminal.table_text(evaluation.table))


@rag_group.command("calibrate", help=say("help_calibrate"))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--limit", type=int, metavar="N", help=say("help_eval_limit"))
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help=say("help_calibrate_output"))
def calibrate_command(folder: Path, limit: int | None, output: Path | None) -> None:
    from rag.trials import calibrate_on

    with _progress() as progress:
        calibration = calibrate_on(_settings({}), folder, limit=limit, progress=progress)
    text = json.dumps(calibration.coefficients.stored(), indent=1)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    _show(calibration.auroc, output is None, lambda terminal: terminal.table_text({"auroc": calibration.auroc}))


@rag_group.command("doctor", help=say("help_doctor"))
@click.option("--repair", is_flag=True, help=say("help_repair"))
@json_option
def doctor_command(repair: bool, as_json: bool) -> int:
    from rag.doctor import examine

    with _progress() as progress:
        examination = examine(_settings({}), repair=repair, progress=progress)
    _show(examination, as_json, lambda terminal: terminal.examination_text(examination, LANGUAGE))
    return DONE if examination.healthy else ERROR


@rag_group.command("models", help=say("help_models"))
@json_option
def models_command(as_json: bool) -> None:
    from rag.generators import describe

    found = describe(_settings({}))
    _show(found, as_json, lambda terminal: terminal.models_text(found, LANGUAGE))


@rag_group.command("config", help=say("help_config"))
@json_option
def config_command(as_json: bool) -> None:
    from rag.settings import origins

    values = _settings({}).model_dump(mode="json")
    found = origins({})
    rows = {name: {"value": value, "origin": found[name]} for name, value in values.items()}
    lines = (f"{name} = {json.dumps(row['value'])}\t# {row['origin']}\n" for name, row in rows.items())
    _show(rows, as_json, lambda terminal: terminal.safe("".join(lines)))


@rag_group.command("serve", help=say("help_serve"))
@click.option("--host", metavar="ADDRESS", help=say("help_host"))
@click.option("--port", type=int, metavar="N", help=say("help_port"))
def serve_command(**given: Any) -> None:
    from api.serving import serve
    from api.settings import load

    with _progress() as progress:
        serve(_settings({}), load(**given), progress=progress)


@rag_group.command("mcp", help=say("help_mcp"))
def mcp_command() -> None:
    from api.serving import serve_stdio
    from api.settings import load

    settings = _settings({})
    _only_here(settings, "rag mcp")
    with _progress() as progress:
        serve_stdio(settings, load(host="127.0.0.1"), progress=progress)


@rag_group.command("feedback", help=say("help_feedback"))
def feedback_command() -> None:
    from rag.feedback import FeedbackBook
    from rag.types import as_json

    for feedback in FeedbackBook(_settings({}).data_dir).read():
        click.echo(json.dumps(as_json(feedback), ensure_ascii=False))


@rag_group.group("token", help=say("help_token"))
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

    return Tokens(_settings({}).data_dir)


def _settings(given: dict[str, Any]) -> Settings:
    from rag.settings import load

    return load(**{name: given.get(name) for name in ("collection", "threshold", "top_k", "model", "unsupported")})


@contextmanager
def _progress() -> Iterator[ProgressLine]:
    from rag.terminal import ProgressLine

    progress = ProgressLine(LANGUAGE)
    try:
        yield progress
    finally:
        progress.stop()


@contextmanager
def _engine(settings: Settings, progress: ProgressLine, *, create: bool = False) -> Iterator[Engine]:
    from rag.engine import open_engine

    with open_engine(settings, create=create, progress=progress) as engine:
        yield engine
        _warn(engine.store)


@contextmanager
def _store(settings: Settings) -> Iterator[EmbeddedStore]:
    from rag.engine import open_collection

    with open_collection(settings) as store:
        yield store
        _warn(store)


@contextmanager
def _asked(settings: Settings, progress: ProgressLine) -> Iterator[Engine | Remote]:
    """Open what is asked: the collection that the settings name, or the server."""
    with _remote(settings) if settings.server else _engine(settings, progress) as engine:
        yield engine


@contextmanager
def _read(given: dict[str, Any]) -> Iterator[EmbeddedStore | Remote]:
    """Open what articles are read from."""
    settings = _settings(given)
    with _remote(settings) if settings.server else _store(settings) as store:
        yield store


def _remote(settings: Settings) -> Remote:
    from rag.remote import Remote

    return Remote(settings)


def _only_here(settings: Settings, what: str) -> None:
    """Refuse what a server does not do for this command, rather than do it to a collection that is not meant."""
    if settings.server:
        raise UsageError("server_not_for", what=what, server=settings.server)


def _warn(store: Store) -> None:
    """Say what the store found wrong, and mended, when it was opened."""
    for problem in store.notices:
        click.echo(f"{problem.said(LANGUAGE)}", err=True)


def _filters(given: dict[str, Any]) -> Filters:
    from rag.types import Filters

    for name in ("since", "until"):
        if given[name] and not DATE.fullmatch(given[name]):
            raise UsageError("date_invalid", option=f"--{name}", value=given[name])
    return Filters(given["since"], given["until"], given["languages"], given["sources"])


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


def _show(record: Any, as_json: bool, text: Callable[[ModuleType], str]) -> None:
    """Write a record to stdout, as JSON or as ``text`` makes it, given the module ``rag.terminal``."""
    from rag import terminal
    from rag.types import as_json as jsonable

    if as_json:
        click.echo(json.dumps(jsonable(record, LANGUAGE), ensure_ascii=False, indent=2))
    else:
        # https://no-color.org; a pipe gets plain text anyway
        click.echo(text(terminal).rstrip("\n"), color=False if os.environ.get("NO_COLOR") else None)
