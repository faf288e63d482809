"""OpenAI's dialect, for programs that speak no other: ``/v1/models`` and ``/v1/chat/completions``."""

import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.sse import format_sse_event
from starlette.responses import JSONResponse, Response

from api import problems
from api.asking import work_on
from api.chat import NAME, AssistantMessage, ChatChoice, ChatCompletion, ChatRequest, ModelInfo, ModelList, Text, Usage
from api.events import EventStream
from api.models import AskRequest
from api.parts import parts_of
from rag.answers import AnswerReady, ClaimMade, Event

router = APIRouter(prefix="/v1", tags=["openai"])


@router.get("/models")
async def list_models(request: Request) -> ModelList:
    """Return the collections as models: `askpress` asks the default one, `askpress:NAME` the collection NAME."""
    parts = parts_of(request)
    names = await parts.gate.run(parts.library.names)
    return ModelList(data=[ModelInfo(id=NAME), *(ModelInfo(id=f"{NAME}:{name}") for name in names)])


@router.post("/chat/completions", response_model=ChatCompletion, responses={404: {}, 409: {}, 422: {}, 502: {}})
async def create_chat_completion(request: Request, sent: ChatRequest) -> Response:
    """Answer the last user message of a conversation with quotes of the articles.

    The text has a number behind each sentence and the list of citations at its end; `annotations` has the citations as
    records. With `stream: true` each piece is a sentence that was judged, or that list, and the last one `[DONE]`.
    """
    parts = parts_of(request)
    asked = sent.asked(parts.settings.collection)
    completion = _Completion(request, sent, asked)
    if parts.server.log_questions:
        request.state.logged = {"question": asked.query}
    work = work_on(parts, asked)
    if not sent.stream:
        last = await work.last(request)
        if last is None:
            return Response(status_code=problems.CLIENT_LEFT)
        return JSONResponse(await completion.whole(last))
    return EventStream(request, completion.frames(await work.begun()), work.left, completion.failed)


class _Completion:
    """The answer to one request, whole or in pieces."""

    def __init__(self, request: Request, sent: ChatRequest, asked: AskRequest) -> None:
        self._request, self._sent, self._parts = request, sent, parts_of(request)
        self._text = Text(f"{request.base_url}v1/collections/{asked.collection}/articles")
        self._id, self._created = f"chatcmpl-{secrets.token_urlsafe(16)}", int(time.time())

    async def whole(self, last: Event) -> dict[str, Any]:
        assert isinstance(last, AnswerReady)
        for claim in last.answer.claims:
            self._text.claim(claim, [last.answer.citations[number - 1] for number in claim.citations])
        self._end(last)
        message = AssistantMessage(content=self._text.content, annotations=self._text.annotations)
        return ChatCompletion(
            id=self._id,
            created=self._created,
            model=self._sent.model,
            choices=[ChatChoice(message=message)],
            usage=await self._usage(),
        ).model_dump()

    async def frames(self, events: AsyncIterator[Event]) -> AsyncIterator[bytes | None]:
        yield self._chunk({"role": "assistant", "content": ""})
        async for item in events:
            if isinstance(item, ClaimMade) and (piece := self._text.claim(item.claim, item.citations)):
                yield self._chunk({"content": piece})
            elif isinstance(item, AnswerReady):
                yield self._chunk({"content": self._end(item)})
            else:
                yield None
        yield self._chunk({"annotations": [annotation.model_dump() for annotation in self._text.annotations]})
        yield self._chunk({}, finish_reason="stop")
        if self._wants_usage:
            yield self._chunk(None, usage=(await self._usage()).model_dump())
        yield format_sse_event(data_str="[DONE]")

    @staticmethod
    def failed(problem: dict[str, Any]) -> bytes:
        return format_sse_event(data_str=json.dumps(problems.for_openai(problem)[0], ensure_ascii=False))

    @property
    def _wants_usage(self) -> bool:
        return bool(self._sent.stream_options and self._sent.stream_options.include_usage)

    def _end(self, last: AnswerReady) -> str:
        self._parts.metrics.answer(last.answer)
        return self._text.end(last.answer)

    async def _usage(self) -> Usage:
        texts = [message.text for message in self._sent.messages]
        counted = await self._parts.gate.run(lambda: self._parts.library.count_tokens([*texts, self._text.content]))
        prompt, completion = sum(counted[:-1]), counted[-1]
        return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)

    def _chunk(
        self, delta: dict[str, Any] | None, *, finish_reason: str | None = None, usage: dict[str, int] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        chunk: dict[str, Any] = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._sent.model,
            "choices": [] if delta is None else [choice],
        }
        if self._wants_usage:
            chunk["usage"] = usage
        return format_sse_event(data_str=json.dumps(chunk, ensure_ascii=False))
