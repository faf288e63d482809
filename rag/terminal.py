"""How records look in a terminal: answers, lists, progress. Everything here returns or prints plain text."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from rag.answers import AnswerReady, TokenWritten, Waiting
from rag.messages import message
from rag.types import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rag.answers import Answer, Citation, Copy, Event, Found, Source
    from rag.changes import Plan
    from rag.doctor import Examination
    from rag.errors import ArticleError
    from rag.generators import Described
    from rag.indexing import SyncReport
    from rag.types import Article, ArticleSummary, StoreState

TABLE_COLUMNS = 6
ID_COLUMNS = 60
SIGNS = {"added": "+", "updated": "~", "removed": "-", "duplicate": "="}
# C0 and C1 controls but tab and newline, and the bidirectional controls: what could rewrite a terminal's lines.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def safe(text: str) -> str:
    """Return the text without characters that a terminal would obey."""
    return _CONTROLS.sub("", text)


def answer_text(answer: Answer) -> str:
    """Return an answer for reading: the claims with their numbers, then each citation, or the closest articles."""
    lines = []
    if answer.read_as:
        lines += [click.style(safe(message("read_as", answer.language, question=answer.read_as)), italic=True), ""]
    if answer.status == "no_evidence":
        lines.append(click.style(answer.text, bold=True))
        if answer.sources:
            lines += ["", message("closest_articles", answer.language)]
            for source in answer.sources:
                lines += [f"  {source_line(source, answer.language)}", *_copies_lines(source, answer.language)]
        return "\n".join(lines) + "\n"
    for claim in answer.claims:
        markers = "".join(f"[{number}]" for number in claim.citations) or message("unsupported", answer.language)
        lines.append(f"{safe(claim.text)} {click.style(markers, fg='cyan' if claim.citations else 'red')}")
    if answer.notice:
        lines += ["", click.style(answer.notice, italic=True)]
    if answer.as_of:
        lines += ["", message("as_of", answer.language, date=answer.as_of)]
    sources = {source.article_id: source for source in answer.sources}
    for citation in answer.citations:
        lines += ["", *_citation_lines(citation, language=answer.language)]
        lines += _copies_lines(sources.pop(citation.article_id, None), answer.language)
    return "\n".join(lines) + "\n"


def watched(events: Iterator[Event], progress: ProgressLine) -> Answer:
    """Return the answer that events end in; in a terminal, a draft that takes its time is seen while it is written."""
    draft = _Draft()
    try:
        for event in events:
            if isinstance(event, TokenWritten):
                progress.stop()
                draft.write(event.text)
            elif isinstance(event, Waiting):
                draft.show()
            elif isinstance(event, AnswerReady):
                return event.answer
    finally:
        draft.stop()
    raise AssertionError("a stream of events ends in an answer")


class _Draft:
    """What a generator has written so far, dim and passing: the answer that has been judged comes in its place."""

    def __init__(self) -> None:
        self._text = ""
        self._live: Any = None

    def write(self, piece: str) -> None:
        self._text += safe(piece)
        if self._live is not None:
            self.show()

    def show(self) -> None:
        if not self._text or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        if self._live is None:
            self._live = Live(console=Console(stderr=True), transient=True, refresh_per_second=8)
            self._live.start()
        self._live.update(Text(self._text, style="dim"))

    def stop(self) -> None:
        if self._live is not None:
            self._live.stop()


def _citation_lines(citation: Citation, language: str) -> list[str]:
    number = click.style(f"[{citation.number}]", fg="cyan")
    quote = click.style(safe(citation.quote), bold=True)
    sentence = " ".join(f"{safe(citation.before)}{quote}{safe(citation.after)}".split())
    lines = [f"{number} {source_line(citation, language)}", f"    « {sentence} »"]
    return [*lines, f"    {safe(citation.url)}"] if citation.url else lines


def _copies_lines(source: Source | None, language: str) -> list[str]:
    """Say where else the story of a source stands, and which versions it replaces; each once."""
    if source is None:
        return []
    also = ", ".join(copy.outlet or copy.article_id for copy in source.also)
    earlier = ", ".join(
        " · ".join(filter(None, (copy.outlet, dated(copy, language), copy.article_id))) for copy in source.replaces
    )
    told = [message("also_in", language, outlets=also)] if also else []
    told += [message("replaces", language, versions=earlier)] if earlier else []
    return [f"    {safe(line)}" for line in told]


def source_line(source: Source | Citation | Found, language: str) -> str:
    """Return outlet, date, title and page on one line, leaving out what the article does not tell."""
    page = getattr(source, "page", None)
    told = message("page_number", language, page=page) if page else ""
    parts = [source.outlet, dated(source, language), source.title, told]
    return safe(" · ".join(part for part in parts if part))


def dated(article: Source | Copy | Citation | Found | ArticleSummary | Article, language: str) -> str:
    if not article.published:
        return ""
    return (
        message("date_inferred", language, date=article.published) if article.published_inferred else article.published
    )


def article_rows(articles: Iterable[ArticleSummary], language: str) -> Iterable[str]:
    """Yield a line an article: id, date, language, outlet, title, separated by tabs."""
    for article in articles:
        columns = (article.id, dated(article, language) or "-", article.language, article.outlet or "-", article.title)
        yield safe("\t".join(column.replace("\t", " ") for column in columns))


def article_text(article: Article, language: str) -> str:
    """Return an article for reading, its headings set off."""
    head = [click.style(safe(article.title), bold=True)]
    facts = [article.outlet, dated(article, language), article.language, article.url]
    head += [safe(" · ".join(fact for fact in facts if fact)), f"{article.id}  {safe(article.origin)}", ""]
    body, end = [], 0
    for heading in article.headings:
        body += [safe(article.text[end : heading.start]), click.style(safe(heading.of(article.text)), bold=True)]
        end = heading.stop
    return "\n".join(head) + "".join(body) + safe(article.text[end:]) + "\n"


def removed_text(article: Article, language: str) -> str:
    """Return what was left out of an article's text, a line each, with the reason."""
    lines = ((message(f"removed_{item.reason}", language), " ".join(item.text.split())) for item in article.removed)
    return safe("".join(f"{reason}\t{text}\n" for reason, text in lines))


def sync_text(report: SyncReport, collection: str, language: str) -> str:
    """Return what a sync did, and a table of what could not be taken."""
    counts = {name: len(getattr(report, name)) for name in ("added", "updated", "removed", "unchanged")}
    idle = counts["unchanged"] == sum(counts.values()) and not report.failures
    lines = [message("nothing_to_do" if idle else "synced", language, collection=collection, **counts)]
    lines += [message("duplicate_article", language, id=copy, original=first) for copy, first in report.duplicates]
    return safe("\n".join([*lines, *_failure_rows(report.failures, language)])) + "\n"


def plan_text(plan: Plan, collection: str, language: str) -> str:
    """Return what a sync would do, a line an article with the reason, and a table of what cannot be taken."""
    counts = Counter(change.action for change in plan.changes)
    width = max((len(change.id) for change in plan.changes), default=0)
    lines = []
    for change in plan.changes:
        fields = ", ".join(message(f"field_{name}", language) for name in change.fields)
        why = message(f"why_{change.why}", language, fields=fields, original=change.original)
        lines.append(f"{SIGNS[change.action]} {change.id:{min(width, ID_COLUMNS)}}  {why}  {change.origin}")
    told = {"added": counts["added"], "updated": counts["updated"], "removed": counts["removed"]}
    lines.append(message("planned", language, collection=collection, unchanged=plan.unchanged, **told))
    return safe("\n".join([*lines, *_failure_rows(plan.failures, language)])) + "\n"


def _failure_rows(failures: Sequence[ArticleError], language: str) -> list[str]:
    """Return a table: where, and what is wrong there."""
    rows = []
    for error in failures:
        where, said = str(error.values.get("origin") or error.values.get("path") or ""), error.said(language)
        rows.append((where, said.removeprefix(where).lstrip(" :：")))
    width = min(max((len(where) for where, _ in rows), default=0), ID_COLUMNS)
    table = [f"  {where:{width}}  {said}" for where, said in rows]
    return [message("not_taken", language, count=len(rows)), *table] if rows else []


def found_text(found: Iterable[Found], language: str) -> str:
    """Return the passages that a search found, each under its source and score."""
    blocks = (
        f"{click.style(f'{item.score:.3f}', fg='cyan')} {source_line(item, language)}\n"
        f"    {safe(' '.join(item.text.split()))}\n"
        for item in found
    )
    return "\n".join(blocks)


def collections_text(found: Mapping[str, StoreState | Problem], language: str) -> str:
    """Return a line for each collection: what it holds, and the beginning of its encoder's fingerprint."""
    lines = []
    for name, state in found.items():
        if isinstance(state, Problem):
            lines.append(f"{name}: {state.said(language)}")
            continue
        values = {"articles": state.articles, "passages": state.passages, "encoder": (state.encoder or "-")[:12]}
        lines.append(message("collection", language, name=name, megabytes=f"{state.bytes_on_disk / 1e6:.1f}", **values))
    return safe("".join(f"{line}\n" for line in lines))


def examination_text(examination: Examination, language: str) -> str:
    """Return what the doctor found: parts, encoder, collections, then each problem with its remedy."""
    lines = [f"Python {examination.python}"]
    lines += [f"{part} {version or '-'}" for part, version in examination.versions.items()]
    lines += [message("doctor_encoder", language, name=examination.encoder, dimension=examination.dimension or "-")]
    if examination.speeds:
        speeds = ", ".join(f"{precision} {round(speed)}" for precision, speed in examination.speeds.items())
        lines.append(message("doctor_precision", language, precision=examination.precision, speeds=speeds))
    if examination.reader:
        lines.append(message("doctor_reader", language, precision=examination.reader))
    for name, state in examination.collections.items():
        counts = {key: getattr(state, key) for key in ("articles", "passages", "sentences", "generation")}
        megabytes = f"{state.bytes_on_disk / 1e6:.1f}"
        lines.append(message("doctor_collection", language, name=name, megabytes=megabytes, **counts))
    lines += [problem.said(language) for problem in examination.problems]
    lines += [message("doctor_healthy" if examination.healthy else "doctor_unhealthy", language)]
    return safe("\n".join(lines)) + "\n"


def models_text(found: Iterable[Described], language: str) -> str:
    """Return a line for each generator: whether it is set, its name, and whether, or why not, it can be used."""
    lines = (
        f"{'*' if one.selected else ' '} {one.name}\t"
        + (one.problem.said(language) if one.problem else message("model_usable", language))
        for one in found
    )
    return safe("\n".join(lines)) + "\n"


class ProgressLine:
    """A Progress for people: a bar in a terminal, elsewhere a line a stage, always on stderr."""

    def __init__(self, language: str) -> None:
        self._language = language
        self.counted = 0
        self._stage = ""
        self._bar: Any = None
        self._started = 0.0

    def __call__(self, stage: str, fraction: float) -> None:
        if stage != self._stage:
            self._stage = stage
            self._show(message(f"stage_{stage}", self._language))
        if self._bar is not None:
            self._bar.update(self._task, completed=fraction)

    def count(self, articles: int) -> None:
        """Show that so many more articles are done, and how many that is a second."""
        self.counted += articles
        if self._bar is not None:
            rate = f"{self.counted / max(time.monotonic() - self._started, 0.001):.1f}"
            told = message("progress_articles", self._language, count=self.counted, rate=rate)
            self._bar.update(self._task, told=told)

    def _show(self, label: str) -> None:
        if not sys.stderr.isatty():
            click.echo(f"{label} …", err=True)
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), TextColumn("{task.fields[told]}")
            )  # fmt: skip
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(label, total=1.0, told="")
            self.counted, self._started = 0, time.monotonic()
        self._bar.update(self._task, description=label, completed=0.0)

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def table_text(table: Mapping[str, Mapping[str, float]]) -> str:
    """Return metrics as a table, a column for each row of ``table``, since there are more metrics than rows."""
    names = list(dict.fromkeys(name for row in table.values() for name in row))
    width = max(len(name) for name in [*names, ""])
    blocks = []
    rows = list(table)
    for first in range(0, len(rows), TABLE_COLUMNS):
        shown = rows[first : first + TABLE_COLUMNS]
        lines = [" " * width + "".join(f" {row:>10}" for row in shown)]
        for name in names:
            cells = [f"{table[row][name]:.4g}" if name in table[row] else "-" for row in shown]
            lines.append(
                f"{name:{width}}" + "".join(f" {c:>{max(10, len(r))}}" for c, r in zip(cells, shown, strict=True))
            )
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
