"""The commands ``ask`` and ``rag``. Answers go to stdout, everything else to stderr.

Exit codes: 0 answered or done, 1 error, 2 usage, 3 no evidence in the articles, 130 interrupted.
"""

import gc
import os
import sys

import click

from rag.commands import articles, collections, installation, intake, measures, questions, server
from rag.commands.shared import DONE, ERROR, INTERRUPTED, USAGE
from rag.errors import AskpressError, UsageError
from rag.usage import LANGUAGE, Group, explained, say


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
    gc.freeze()  # else a sixth of a cold question is the last look for garbage, in memory that the system takes back
    sys.exit(code)


def _complain(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code


def ask() -> None:
    gc.disable()  # what one question imports is no garbage; to look through it would take a twentieth of the time
    run(questions.ask_command)


def rag() -> None:
    run(rag_group)


@click.group("rag", cls=Group, help=say("help_rag"))
def rag_group() -> None:
    pass


for _command in (
    intake.sync_command,
    intake.add_command,
    articles.list_command,
    articles.show_command,
    articles.remove_command,
    collections.collections_group,
    collections.export_command,
    collections.import_command,
    collections.backup_command,
    questions.search_command,
    measures.eval_command,
    measures.calibrate_command,
    installation.doctor_command,
    installation.models_command,
    installation.config_command,
    server.serve_command,
    server.mcp_command,
    server.feedback_command,
    server.token_group,
):
    rag_group.add_command(_command)
