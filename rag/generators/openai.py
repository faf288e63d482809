"""Any server that speaks OpenAI's HTTP interface: llama.cpp, Ollama, vLLM, LM Studio, Mistral, OpenAI itself."""

from collections.abc import Callable, Generator
from typing import Any

from rag.generators.circuit import Circuit
from rag.generators.prompted import PromptedGenerator
from rag.generators.prompts import Prompt, Style
from rag.generators.upstream import Endpoint, Json, Limits, Piece, Upstream

PROMPT_TOKENS = 3600
"""Fits, with the answer, into the 4096 tokens that servers of local models give where nothing else is set."""


class OpenAIGenerator(PromptedGenerator):
    """Streams chat completions, or completions of a base model; for both see platform.openai.com/docs/api-reference.

    ``tokenizes`` says that the server is llama.cpp's, which counts tokens at ``/tokenize``; it also obeys a ``grammar``
    for completions. ``before`` and ``circuit`` are those of Upstream.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str,
        style: Style = "chat",
        prompt_tokens: int = PROMPT_TOKENS,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        before: Callable[[], Endpoint] | None = None,
        tokenizes: bool = False,
        grammar: str | None = None,
        circuit: Circuit | None = None,
    ) -> None:
        super().__init__(name=name, style=style, prompt_tokens=prompt_tokens)
        self._upstream = Upstream(endpoint, limits=limits, headers=_headers, read=_read, before=before, circuit=circuit)
        self._tokenizes = tokenizes
        self._grammar = {"grammar": grammar} if grammar else {}

    def complete(self, prompt: Prompt) -> Generator[str, None, None]:
        """Yield the text of the model; what it thinks aloud (``reasoning_content``) is left out."""
        upstream = self._upstream
        body = {
            "model": upstream.endpoint.model,
            "max_tokens": upstream.limits.max_tokens,
            "temperature": 0,
            "stream": True,
        }
        if self.style == "completion":
            stop = {"stop": list(prompt.stop)} if prompt.stop else {}
            return upstream.stream("/completions", body | stop | self._grammar | {"prompt": prompt.completion})
        messages = [{"role": "system", "content": prompt.system}] if prompt.system else []
        return upstream.stream(
            "/chat/completions", body | {"messages": [*messages, {"role": "user", "content": prompt.user}]}
        )

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, about so where the server cannot be asked. Raises GeneratorError."""
        if not self._tokenizes:
            return super().count_tokens(text)
        return self._upstream.call("/tokenize", {"content": text}, lambda data: len(data["tokens"]))


def text_of(content: Any) -> str:
    """Return the text in a message's content: null, a string, or a list of parts of which some are text."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part["type"] == "text")
    if content is None or isinstance(content, str):
        return content or ""
    raise TypeError(type(content).__name__)


def _headers(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def _read(data: Json) -> Piece:
    if not data["choices"]:
        return Piece()  # the count of tokens that some servers send
    choice = data["choices"][0]
    part = choice.get("delta") or choice.get("message") or choice
    text = text_of(part.get("content", part.get("text")))
    thought = part.get("reasoning_content") or part.get("reasoning") or isinstance(part.get("content"), list)
    return Piece(text, alive=bool(text or thought), ended=bool(choice.get("finish_reason")))
