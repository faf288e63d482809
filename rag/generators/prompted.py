"""What every generator that prompts a language model shares: the prompt, and telling that there is no answer."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import closing

from rag.generators.prompts import NO_ANSWER, Prompt, Style, prompt_for
from rag.types import Request

BYTES_PER_TOKEN = 3
"""Of UTF-8. Tokens of today's models are longer on average in each of our languages, so the estimate is rather high."""
_AROUND = " \n\t*_`\"'«»“”.:"  # what models put around a word that they were told to write alone


class PromptedGenerator(ABC):
    """A Generator that fills a prompt and has it completed; ``complete`` is all that a subclass must bring.

    ``prompt_tokens`` bounds the prompt, in tokens of the model.
    """

    def __init__(self, *, name: str, style: Style, prompt_tokens: int) -> None:
        self.name = name
        self.style: Style = style
        self.prompt_tokens = prompt_tokens

    @abstractmethod
    def complete(self, prompt: Prompt) -> Generator[str, None, None]:
        """Yield the model's text as it comes, and "" twice a second while none comes. Raises GeneratorError."""

    def count_tokens(self, text: str) -> int:
        """Return about how many tokens a text has, rather too many."""
        return -(-len(text.encode()) // BYTES_PER_TOKEN)

    def generate(self, request: Request) -> Iterator[str]:
        """Yield the draft, or nothing where the model says that the passages do not hold the answer."""
        prompt = prompt_for(request, self.style, self.prompt_tokens, self.count_tokens)
        if prompt is None:
            return
        with closing(self.complete(prompt)) as pieces:
            yield from _unless_unanswered(pieces)


def _unless_unanswered(pieces: Iterator[str]) -> Iterator[str]:
    """Hold back the beginning for as long as it may be NO_ANSWER; where it is, end."""
    held = ""
    for piece in pieces:
        held += piece
        start = held.lstrip(_AROUND).upper()
        if start.startswith(NO_ANSWER):
            return
        if not piece or NO_ANSWER.startswith(start):
            yield ""
        else:
            yield held
            yield from pieces
            return
    if held.strip():
        yield held
