"""An evaluation as one HTML page that needs nothing beside it: plots, metrics, and what was measured."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files

from rag import plots
from rag.evaluation import BASELINES, auroc
from rag.messages import message
from rag.trials import Evaluation, Group


def page(evaluation: Evaluation, language: str) -> str:
    """Return the page, its text in a language; of what was measured without some stage it plots nothing."""
    groups = [group for group in evaluation.groups if group.without == evaluation.groups[0].without]
    names = list(dict.fromkeys(name for row in evaluation.table.values() for name in row))
    rows = {
        name.replace("->", " → "): [
            f"{row[key]:{'.3f' if row[key] < 1 else '.4g'}}" if key in row else "" for key in names
        ]
        for name, row in evaluation.table.items()
    }
    template = files("rag").joinpath("report.html").read_text(encoding="utf-8")
    return template.format(
        language=language,
        title=escape(message("report_title", language, name=evaluation.facts["questions"])),
        plots="".join(_figures(groups, language)),
        metrics=message("report_metrics", language),
        table=_table(rows, names),
        measured=message("report_measured", language),
        facts=_table({name: [str(value)] for name, value in evaluation.facts.items()}, kind="facts"),
    )


def _figures(groups: Sequence[Group], language: str) -> Iterator[str]:
    def say(key: str, **values: object) -> str:
        return message(key, language, **values)

    if any("ndcg@10" in group.metrics for group in groups):
        means = {name: _mean(groups, f"{name}_ndcg@10".removeprefix("askpress_")) for name in ("askpress", *BASELINES)}
        yield _figure(
            say("report_ranking"), plots.rankings(groups), say("report_ranking_caption", means=_listed(means))
        )
    if curves := plots.curves(groups):
        areas = {" ".join(names).strip(): auroc(*values) for names, values in curves.items()}
        drawn = plots.roc(curves, say("report_unanswerable_answered"), say("report_answerable_answered"))
        yield _figure(say("report_roc"), drawn, say("report_roc_caption", areas=_listed(areas)))
        scores = {name: f"{_mean(groups, name):.3f}" for name in ("brier", "ece")}
        drawn = plots.calibration(groups, say("report_probability"), say("report_share"))
        yield _figure(say("report_reliability"), drawn, say("report_reliability_caption", **scores))
    # A question asked again of other articles may not be encoded again.
    first = {outcome.query.id: outcome for group in groups[::-1] for outcome in group.outcomes}
    total = sorted(outcome.answer.timings["total"] for outcome in first.values())
    drawn = plots.latency([*first.values()], say("report_milliseconds"))
    caption = say("report_latency_caption", median=f"{total[len(total) // 2]:.1f}", count=len(total))
    yield _figure(say("report_latency"), drawn, caption)


def _mean(groups: Sequence[Group], name: str) -> float:
    values = [group.metrics[name] for group in groups if name in group.metrics]
    return sum(values) / len(values) if values else float("nan")


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in values.items())


def _figure(title: str, svg: str, caption: str) -> str:
    """Return a plot for eyes, its caption telling the same to others."""
    image = svg.replace("<svg", f'<svg role="img" aria-label="{escape(f"{title}. {caption}")}"', 1)
    return f"<figure><h2>{escape(title)}</h2>{image}<figcaption>{escape(caption)}</figcaption></figure>\n"


def _table(rows: Mapping[str, Sequence[str]], names: Sequence[str] = (), kind: str = "") -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>\n"
        for name, cells in rows.items()
    )
    return f'<table class="{kind}">' + (f"<tr><td></td>{head}</tr>\n" if head else "") + f"{body}</table>"
