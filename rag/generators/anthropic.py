"""Anthropic's Messages API: docs.anthropic.com/en/api/messages-streaming."""

from collections.abc import Generator

from rag.generators.circuit import Circuit
from rag.generators.openai import text_of
from rag.generators.prompted import PromptedGenerator
from rag.generators.prompts import Prompt
from rag.generators.upstream import Endpoint, Json, Limits, Piece, Upstream

VERSION = "2023-06-01"
PROMPT_TOKENS = 6000  # six passages of the longest usual size


class AnthropicGenerator(PromptedGenerator):
    """Streams messages. ``circuit`` is that of Upstream."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str,
        prompt_tokens: int = PROMPT_TOKENS,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        circuit: Circuit | None = None,
    ) -> None:
        super().__init__(name=name, style="chat", prompt_tokens=prompt_tokens)
        self._upstream = Upstream(endpoint, limits=limits, headers=_headers, read=_read, circuit=circuit)

    def complete(self, prompt: Prompt) -> Generator[str, None, None]:
        """Yield the text of the model; its thinking is left out."""
        body = {
            "model": self._upstream.endpoint.model,
            "max_tokens": self._upstream.limits.max_tokens,
            "temperature": 0,
            "stream": True,
            "messages": [{"role": "user", "content": prompt.user}],
        }
        return self._upstream.stream("/v1/messages", body | ({"system": prompt.system} if prompt.system else {}))


def _headers(key: str | None) -> dict[str, str]:
    return {"anthropic-version": VERSION} | ({"x-api-key": key} if key else {})


def _read(data: Json) -> Piece:
    """Events without text, such as ``ping`` and those to come, bring nothing."""
    kind = data["type"]
    if kind == "message":
        return Piece(text_of(data["content"]), alive=True)
    if kind == "content_block_delta":
        return Piece(data["delta"].get("text", ""), alive=True)
    return Piece(ended=kind == "message_stop")
