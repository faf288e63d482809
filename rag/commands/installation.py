"""``rag doctor``, ``models`` and ``config``: what is here, and whether it is well."""

import json

import click

from rag.commands.shared import DONE, ERROR, json_option, load_settings, show, showing_progress
from rag.usage import LANGUAGE, Command, say


@click.command("doctor", cls=Command, help=say("help_doctor"))
@click.option("--repair", is_flag=True, help=say("help_repair"))
@json_option
def doctor_command(repair: bool, as_json: bool) -> int:
    from rag.doctor import examine

    with showing_progress() as progress:
        examination = examine(load_settings({}), repair=repair, progress=progress)
    show(examination, as_json, lambda terminal: terminal.examination_text(examination, LANGUAGE))
    return DONE if examination.healthy else ERROR


@click.command("models", cls=Command, help=say("help_models"))
@json_option
def models_command(as_json: bool) -> None:
    from rag.generators import describe

    found = describe(load_settings({}))
    show(found, as_json, lambda terminal: terminal.models_text(found, LANGUAGE))


@click.command("config", cls=Command, help=say("help_config"))
@json_option
def config_command(as_json: bool) -> None:
    from rag.settings import origins

    values = load_settings({}).shown
    found = origins()
    rows = {name: {"value": value, "origin": found[name]} for name, value in values.items()}
    lines = (f"{name} = {json.dumps(row['value'])}\t# {row['origin']}\n" for name, row in rows.items())
    show(rows, as_json, lambda terminal: terminal.safe("".join(lines)))
