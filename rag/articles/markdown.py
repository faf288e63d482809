"""Markdown with or without YAML front matter, one article a file.

The text keeps what a reader sees: the words of links, list items and quotations, without their marks. Images are left
to the removal of debris. Every pattern takes linear time.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rag.articles.drafts import Draft, Metadata
from rag.articles.identity import id_of_path
from rag.articles.lines import Line
from rag.articles.plain import load
from rag.errors import ArticleError

_LARGEST = 1 << 14  # characters of front matter
_BRACKETS = 100  # in front matter; PyYAML takes quadratic time on nested ones (measured: 4 s for 2,000)

_FRONT = re.compile(r"\s*---\n(.*?)\n(?:---|\.\.\.)(?:\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"(#{1,6})\s+(\S.*)")
_CLOSING = re.compile(r"\s#+$")
_UNDERLINE = re.compile(r"=+|-{2,}")
_MARK = re.compile(r"(?:>\s?)+(?:[-*+]\s+)?|[-*+]\s+")  # quotation, list item
_FENCE = re.compile(r"(?:`{3,}|~{3,})\w*")
_LINK = re.compile(r"(?<!!)\[([^\[\]]*+)\](?:\((?:[^()]|\([^()]*+\))*+\)|\[[^\[\]]*+\])")
_DEFINITION = re.compile(r"\[[^\[\]]+\]:\s*<?\S+?>?(?:\s+[\"'(].*)?")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]*+)>")
_TAG = re.compile(r"</?(?:a|b|br|center|div|em|figcaption|figure|i|p|span|strong|sub|sup|u)\b[^<>]*+>", re.IGNORECASE)
_EMPHASIS = re.compile(r"(?<![\w\\*_])(?:\*{1,3}|_{1,3})(?=[^\s*_])|(?<=[^\s*_\\])(?:\*{1,3}|_{1,3})(?![\w*_])|`+")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def read_markdown(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of a Markdown file."""
    metadata, body = _front_matter(load(path, origin), origin)
    yield Draft(origin, tuple(_lines(body)), id_of_path(PurePosixPath(origin)), metadata)


def _front_matter(text: str, origin: str) -> tuple[Metadata, str]:
    match = _FRONT.match(text, 0, _LARGEST)
    if match is None:
        return Metadata(), text
    if match[1].count("[") + match[1].count("{") > _BRACKETS:
        raise ArticleError("front_matter_brackets", origin=origin, limit=_BRACKETS)
    import yaml

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(match[1], Loader=yaml.SafeLoader)):
            raise ArticleError("front_matter_aliases", origin=origin)
        mapping = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ArticleError("front_matter_invalid", origin=origin, reason=str(error)[:200]) from error
    if mapping is None:
        return Metadata(), text[match.end() :]
    if not isinstance(mapping, dict):
        return Metadata(), text  # a rule, some text, and another rule
    return Metadata.of(mapping, origin), text[match.end() :]


def _lines(text: str) -> Iterator[Line]:
    before = Line("")
    for raw in text.split("\n"):
        if _UNDERLINE.fullmatch(raw) and before.text and not before.level:
            yield Line(before.text, 1 if raw[0] == "=" else 2)
            before = Line("")
            continue
        yield before
        before = _line(raw)
    yield before


def _line(raw: str) -> Line:
    heading = _HEADING.fullmatch(raw)
    if heading:
        return Line(_words(_CLOSING.sub("", heading[2])), len(heading[1]))
    if _FENCE.fullmatch(raw) or _DEFINITION.fullmatch(raw):
        return Line("")
    return Line(_words(_MARK.sub("", raw, count=1) if _MARK.match(raw) else raw))


def _words(text: str) -> str:
    text = _AUTOLINK.sub(r"\1", _LINK.sub(r"\1", text))
    text = _EMPHASIS.sub("", _TAG.sub("", text))
    return _ESCAPE.sub(r"\1", text).strip()
