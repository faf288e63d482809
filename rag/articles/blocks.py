"""The blocks of text of a web page: what a browser would set apart by a line break."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rag.articles.normalisation import normalise_line

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# fmt: off
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "hi", "i", "ins", "kbd",
    "label", "mark", "q", "ref", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "var", "wbr",
})
# fmt: on


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A run of text, the innermost block that holds it, and how many of its characters are links."""

    element: Any
    text: str
    linked: int


@dataclass(slots=True)
class _Run:
    """The text since the last break."""

    pieces: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    links: int = 0
    span_ended: bool = False

    def take(self, text: str | None) -> None:
        if text:
            # "<span>Hanoi</span>The", which a style sheet sets apart
            apart = self.span_ended and self.pieces and self.pieces[-1][-1].islower() and text[0].isupper()
            self.pieces.append(f" {text}" if apart else text)
            self.span_ended = False
            if self.links:
                self.linked.append(text)

    def ended(self, element: Any) -> Iterator[Block]:
        if self.pieces:
            if text := normalise_line("".join(self.pieces)):
                yield Block(element, text, len(normalise_line("".join(self.linked))))
            self.pieces.clear()
            self.linked.clear()


def blocks(root: Any) -> Iterator[Block]:
    """Yield the blocks below an element that have text, in the order of the page. Takes linear time."""
    from lxml import etree

    owners = [root]
    run = _Run()
    for event, element in etree.iterwalk(root, events=("start", "end")):
        starts = event == "start"
        if element.tag not in _INLINE and element is not root:
            yield from run.ended(owners[-1])
            if starts:
                owners.append(element)
            else:
                owners.pop()
        if element.tag == "a":
            run.links += 1 if starts else -1
        if starts:
            run.take(element.text)
        elif element is not root:
            run.span_ended = element.tag == "span"
            run.take(element.tail)
    yield from run.ended(root)
