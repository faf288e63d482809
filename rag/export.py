"""An answer to keep or to send on, with its citations: as Markdown, or as a page of HTML.

What an article says is data: nothing in it becomes markup or a link of the export.
"""

import re
from html import escape

from rag.answers import Answer, Citation
from rag.articles.identity import usable_url
from rag.messages import message
from rag.terminal import source_line

# Characters that mark text up, in CommonMark and in GitHub's dialect, which also links bare addresses.
_MARKS = re.compile(r"([\\`*_\[\]{}<>&|~$:@])|(?<=www)(\.)|^([#+=-])|(?<=^\d)([.)])")


def markdown(answer: Answer) -> str:
    """Return an answer as Markdown (CommonMark)."""
    blocks = [f"# {_plain(answer.question)}"]
    if answer.status == "answered":
        blocks += [" ".join([_plain(claim.text), *map(_marker, claim.citations)]) for claim in answer.claims]
    else:
        blocks.append(_plain(answer.text))
    blocks += [f"*{_plain(note)}*" for note in _notes(answer)]
    if answer.as_of:
        blocks.append(_plain(message("as_of", answer.language, date=answer.as_of)))
    for citation in answer.citations:
        lines = [f"**{_marker(citation.number)}** {_plain(source_line(citation, answer.language))}"]
        lines += [f"> {_plain(citation.before + citation.quote + citation.after)}"]
        blocks += [*lines, f"<{citation.url}>"] if _linked(citation) else lines
    if not answer.citations and answer.sources:
        blocks.append(_plain(message("closest_articles", answer.language)))
        blocks.append("\n".join(f"- {_plain(source_line(source, answer.language))}" for source in answer.sources))
    return "\n\n".join(blocks) + "\n"


def html(answer: Answer) -> str:
    """Return an answer as a whole page of HTML, without script, style or image."""
    claims = []
    for claim in answer.claims:
        jumps = "".join(f'<a href="#citation-{number}">[{number}]</a>' for number in claim.citations)
        claims.append(f"{escape(claim.text)} {jumps}")
    body = [f"<h1>{escape(answer.question)}</h1>", *(f"<p>{text}</p>" for text in claims or [escape(answer.text)])]
    body += [f"<p><em>{escape(note)}</em></p>" for note in _notes(answer)]
    if answer.as_of:
        body.append(f"<p>{escape(message('as_of', answer.language, date=answer.as_of))}</p>")
    body += [_html_citation(citation, answer.language) for citation in answer.citations]
    if not answer.citations and answer.sources:
        items = "".join(f"<li>{escape(source_line(source, answer.language))}</li>" for source in answer.sources)
        body.append(f"<p>{escape(message('closest_articles', answer.language))}</p><ul>{items}</ul>")
    head = f'<meta charset="utf-8"><title>{escape(answer.question)}</title>'
    lines = ["<!doctype html>", f'<html lang="{escape(answer.language)}"><head>{head}</head><body>', *body]
    return "\n".join([*lines, "</body></html>"]) + "\n"


def _html_citation(citation: Citation, language: str) -> str:
    parts = (escape(citation.before), escape(citation.quote), escape(citation.after))
    sentence = "{}<mark>{}</mark>{}".format(*parts)
    line = f"[{citation.number}] {escape(source_line(citation, language))}"
    if _linked(citation):
        url = escape(citation.url or "")
        line += f'<br><a href="{url}" rel="noopener noreferrer">{url}</a>'
    quote = f'<blockquote lang="{escape(citation.language)}">{sentence}</blockquote>'
    return f'<section id="citation-{citation.number}"><p>{line}</p>{quote}</section>'


def _notes(answer: Answer) -> list[str]:
    read_as = message("read_as", answer.language, question=answer.read_as) if answer.read_as else None
    return [note for note in (read_as, answer.notice) if note]


def _marker(number: int) -> str:
    return _plain(f"[{number}]")


def _linked(citation: Citation) -> bool:
    return citation.url is not None and usable_url(citation.url)


def _plain(text: str) -> str:
    """Return text on one line with everything escaped that Markdown would read as markup."""
    return _MARKS.sub(lambda match: f"\\{match[0]}", " ".join(text.split()))
