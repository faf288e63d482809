"""``rag eval`` and ``rag calibrate``."""

import json
from pathlib import Path
from typing import IO, Any

import click

from rag.commands.shared import json_option, load_settings, show, showing_progress
from rag.usage import LANGUAGE, Command, say


@click.command("eval", cls=Command, help=say("help_eval"), epilog=say("help_eval_examples"))
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

    with showing_progress() as progress:
        evaluation = evaluate(load_settings({"model": model}), folder, progress=progress, **given)
    if report is not None:
        from rag.report import page

        report.write(page(evaluation, LANGUAGE))
    show(evaluation.table, as_json, lambda terminal: terminal.table_text(evaluation.table))


@click.command("calibrate", cls=Command, help=say("help_calibrate"))
@click.argument("folders", metavar="FOLDER…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--limit", type=int, metavar="N", help=say("help_eval_limit"))
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help=say("help_calibrate_output"))
def calibrate_command(folders: tuple[Path, ...], limit: int | None, output: Path | None) -> None:
    from rag.trials import calibrate_on

    with showing_progress() as progress:
        calibration = calibrate_on(load_settings({}), folders, limit=limit, progress=progress)
    text = json.dumps(calibration.coefficients.stored(), indent=1)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    show(calibration.auroc, output is None, lambda terminal: terminal.table_text({"auroc": calibration.auroc}))
