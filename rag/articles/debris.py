"""What a web page leaves in an article's text and is none of it: image tags, captions, counters, links to share.

The rules would rather leave debris in than take prose out: each wants a whole line of an unmistakable form.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.articles.lines import Line
from rag.tables import table
from rag.types import Reason, Removed

_LONGEST = 400  # characters; a caption or a button is not longer, and the patterns below see no longer line
_DUPLICATE = 45  # UTF-8 bytes; shorter paragraphs ("Oui.") are repeated on purpose, and a Chinese sentence is short

_IMAGE = re.compile(r"!\[[^\[\]]*+\]\((?:[^()]|\([^()]*+\))*+\)|<img\b[^<>]*+>", re.IGNORECASE)
_FRAME = re.compile(r"[\s|:+-]*+")  # what is left of a table when its cells are empty
_CELL = re.compile(r"\|[^|]*+\|")
_RULE = re.compile(r"[\s=*_~–—-]{3,}")

_BEFORE = r"(?:^|[.!?…。！？»\"”)）|–—-]\s*|[(\[（【]\s*)"
_PHOTO = r"(?:crédits?\s+photos?|photos?(?:\s+credits?)?|ảnh(?:\s+minh\s+họa)?|hình\s+ảnh|fotos?|图片来源|图片|图|摄影)"
_CREDIT = re.compile(
    rf"{_BEFORE}(?:{_PHOTO}\s*[:：]\s*[^:：]{{1,60}}"
    r"|photo(?:graph)?s?\s+(?:by|courtesy\s+of|prise\s+par)\s+[^.]{1,60}[.)]*"
    r"|©\s*[^.]{1,60}\.?)$"
    rf"|^(?:{_PHOTO})\s*[:：]\s*\S"
    r"|^图为|摄[）)】]?[。.]?$",
    re.IGNORECASE,
)
_SOURCE_NOTE = re.compile(
    r"[(（]\s*(?:source|sources|nguồn|来源|quelle|fuente)\s*[:：][^()（）]{1,100}[)）][.。]?$", re.IGNORECASE
)
_SOURCE_LINE = re.compile(
    r"(?:source|nguồn|来源|原文链接|link|lien|url|quelle|fuente)\s*[:：]\s*<?(https?://[^\s<>]+)>?", re.IGNORECASE
)
_WHOLE_LINES: dict[Reason, re.Pattern[str]] = {
    reason: re.compile("|".join(forms), re.IGNORECASE) for reason, forms in table("articles/debris").items()
}


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Lines without debris, the debris, and the address that a source line gave."""

    lines: tuple[Line, ...]
    removed: tuple[Removed, ...]
    url: str | None


def clean(lines: Sequence[Line]) -> Cleaned:
    """Part the lines of an article from the debris among them. Takes linear time."""
    kept: list[Line] = []
    removed: list[Removed] = []
    url: str | None = None
    times = Counter(line.text for line in lines)
    seen: set[str] = set()
    after_image = False
    for line in lines:
        bare, images = _without_images(line.text)
        if images and _FRAME.fullmatch(bare):
            removed.append(Removed(line.text, "image"))
            after_image = True
            continue
        removed.extend(Removed(image, "image") for image in images)
        reason = _reason(bare, after_image=after_image, printed_twice=times[line.text] > 1)
        if reason is None and bare.casefold() in seen:
            reason = "repeated"
        if reason is not None:
            removed.append(Removed(bare, reason))
            source = _SOURCE_LINE.fullmatch(bare) if reason == "source_line" else None
            url = url or (source.group(1) if source else None)
            continue
        kept.append(replace(line, text=bare))
        if bare:
            after_image = False
        if len(bare.encode()) >= _DUPLICATE:
            seen.add(bare.casefold())
    return Cleaned(tuple(kept), tuple(removed), url)


def _without_images(text: str) -> tuple[str, list[str]]:
    images = _IMAGE.findall(text)
    return (_IMAGE.sub("", text).strip() if images else text), images


def _reason(text: str, *, after_image: bool, printed_twice: bool) -> Reason | None:
    """Say why a line is debris; None where it is not."""
    if len(text) > _LONGEST or not text:
        return None
    if _RULE.fullmatch(text) or ("|" in text and _FRAME.fullmatch(text)):
        return "rule"
    if _SOURCE_LINE.fullmatch(text):
        return "source_line"
    in_cell = after_image and _CELL.fullmatch(text)
    noted = (after_image or printed_twice) and _SOURCE_NOTE.search(text)
    if in_cell or noted or _CREDIT.search(text):
        return "caption"
    return next((reason for reason, pattern in _WHOLE_LINES.items() if pattern.fullmatch(text)), None)
