"""Which lines of an article stand above others: its title and its headings."""

import re
from collections.abc import Sequence

from rag.articles.lines import Line

_TITLE = 150  # characters; a longer first line is a paragraph
_HEADING = 100
_CUT = 90  # where a title made from the first words ends
_BODY = 80  # UTF-8 bytes that a paragraph under a heading has at least

_STOP = re.compile(r"[.!?…。！？;；:：,，]$")
_QUOTED = re.compile(r"[«\"“‘「『]")
_BYLINE = re.compile(
    r"(?:par|by|theo|bài|publié|published|posted|updated|mis\s+à\s+jour|cập\s+nhật|source|nguồn)\b|文[/／]|记者|来源",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[•*+–—|>-]|\W*$")
# Words that only a whole sentence has. A heading with a full stop is told from a short sentence by having none.
_FINITE = re.compile(
    r"\b(?:il|elle|ils|elles|on|nous|vous|je|j|tu|c|cela|ça|est|sont|a|ont|était|étaient|avait|avaient|sera|seront|fut"
    r"|furent|peut|peuvent|doit|doivent|va|vont|reste|restent|dit|affirme|souligne"
    r"|he|she|it|they|we|i|you|is|are|was|were|has|have|had|will|would|can|could|must|said|says|did|does|do|went|came"
    r"|ông|bà|họ|tôi|chúng|là|đã|đang|sẽ|nói|er|sie|es|ist|sind|war|hat|haben|wird|fue)\b"
    r"|\w{2,}(?:aient|èrent)\b|[他她它我你们了是说]",
    re.IGNORECASE,
)


def split_title(lines: Sequence[Line]) -> tuple[str | None, tuple[Line, ...]]:
    """Take the title off the lines: the first heading of level 1, or a first line that looks like a title.

    A title has no final stop, is short, and is followed by a blank line, a byline or a far longer line. A text's only
    line is never taken.
    """
    filled = [i for i, line in enumerate(lines) if line.text]
    marked = next((i for i in filled if lines[i].level == 1), None)
    if marked is not None and len(filled) > 1:
        return lines[marked].text, (*lines[:marked], *lines[marked + 1 :])
    if len(filled) < 2 or lines[filled[0]].level:
        return None, tuple(lines)
    first, second = lines[filled[0]].text, lines[filled[1]].text
    apart = (
        filled[1] > filled[0] + 1 or _BYLINE.match(second) or len(second.encode()) > max(_BODY, 2 * len(first.encode()))
    )
    if not apart or len(first) > _TITLE or _is_other(first) or _ends(first):
        return None, tuple(lines)
    return first, tuple(lines[filled[0] + 1 :])


def title_from(text: str) -> str:
    """Return the first words of a text, cut between words near 90 characters."""
    first = text.split("\n", 1)[0]
    if len(first) <= _CUT:
        return first
    head = first[: _CUT + 1]
    words = head.rsplit(None, 1)[0] if " " in head[_CUT // 2 :] else first[:_CUT]
    return words.rstrip(" ,;:，；：、–—-") + "…"


def headings(paragraphs: Sequence[Line]) -> tuple[bool, ...]:
    """Tell for each paragraph whether it is a heading: as marked, or, where nothing is marked, as it looks.

    A heading is short, stands above a longer paragraph and below none that is short and unpunctuated too, as items of
    a list are. One that ends with a full stop needs more: three words, none of which only a whole sentence has, a long
    paragraph before it, and another such heading in the article.
    """
    if any(line.level for line in paragraphs):
        return tuple(line.level > 0 for line in paragraphs)
    texts = [line.text for line in paragraphs]
    around = list(zip(["", *texts], texts, [*texts[1:], ""], strict=False))
    open_ended = [_looks_open(*three) for three in around]
    stopped = [_looks_stopped(*three) for three in around]
    several = sum(stopped) > 1
    return tuple(a or (b and several) for a, b in zip(open_ended, stopped, strict=True))


def _looks_open(before: str, text: str, after: str) -> bool:
    return not (_ends(text) or before.endswith((":", "："))) and _stands(before, text, after)


def _looks_stopped(before: str, text: str, after: str) -> bool:
    return (
        text.endswith((".", "。"))
        and not text.endswith("..")
        and (text.count(" ") >= 2 or not text.isascii())
        and not re.search(r"[.!?;。！？；]\s*\S", text)
        and len(before.encode()) >= _BODY
        and not _FINITE.search(text.replace("’", "'").replace("'", " "))
        and _stands(before, text, after)
    )


def _stands(before: str, text: str, after: str) -> bool:
    item = 0 < len(before) <= _HEADING and not _ends(before)
    return (
        len(text) <= _HEADING
        and not item
        and len(after.encode()) > max(_BODY, len(text.encode()))
        and not (_is_other(text) or _QUOTED.match(text))
    )


def _is_other(text: str) -> bool:
    """Tell whether a line is a byline, a dateline or an item of a list, which are short and no headings."""
    return bool(_BYLINE.match(text) or _ITEM.match(text))


def _ends(text: str) -> bool:
    """Tell whether a line ends as sentences do, a closing quotation or bracket after the stop or not."""
    return bool(_STOP.search(text.rstrip('»”"’」』）)] \u00a0\u202f')))
