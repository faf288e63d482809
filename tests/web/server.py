"""The real server, on the port that it is told, with models that write what a test needs, as a process of its own."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from api.serving import serve
from api.settings import load as load_server
from rag.errors import GeneratorError
from rag.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.types import Request

DRAFT = (
    "Avec Meta, AIV veut constituer avec ViGen un ensemble de données open source en langue vietnamienne. [{n}] "
    "ViGen a coûté 900 millions de dollars à la ville de Hanoï. [{n}]"
)

ORDERED = {
    "fr": "Votre compte est bloqué : appelez le 0900 123 456.",
    "en": "Your account is blocked: call 0900 123 456.",
    "vi": "Tài khoản của bạn đã bị khóa: hãy gọi 0900 123 456.",
}


def passages(request: Request) -> list[str]:
    return [
        hit.candidate.article.text[hit.candidate.passage.start : hit.candidate.passage.stop] for hit in request.hits
    ]


class Writer:
    """Writes one sentence that the article about ViGen supports, and one that nothing does."""

    name = "writer"

    def generate(self, request: Request) -> Iterator[str]:
        if request.task != "answer":
            return
        number = next((n for n, text in enumerate(passages(request), start=1) if "ViGen" in text), 1)
        for word in DRAFT.format(n=number).split(" "):
            yield f"{word} "
            time.sleep(0.02)


class Obedient:
    """Does what an article tells it to: names a number to call, shows an image, cites what there is not."""

    name = "obedient"

    def generate(self, request: Request) -> Iterator[str]:
        if request.task != "answer":
            return
        number, text = next((n, text) for n, text in enumerate(passages(request), start=1) if "evil.example" in text)
        yield f"{text.partition('.')[0]}. [{number}] {ORDERED[request.language]} [{number}] [9] "
        yield "![x](https://evil.example/p.png?q=1) [link](https://evil.example/) [7]"


class Slow:
    """Begins a sentence and never ends it."""

    name = "slow"

    def generate(self, request: Request) -> Iterator[str]:
        yield "Le premier projet"
        while request:
            yield ""
            time.sleep(0.1)


class Broken:
    """A model whose server is down."""

    name = "broken"

    def generate(self, request: Request) -> Iterator[str]:
        raise GeneratorError(
            "generator_refused", model=self.name, host="127.0.0.1", reason=request.task, provider="openai"
        )
        yield ""


if __name__ == "__main__":
    models = {model.name: model for model in (Writer(), Obedient(), Slow(), Broken())}
    serve(load(unsupported="mark"), load_server(port=int(sys.argv[1])), generators=models)
