"""Answers that were given: to link, to export and to rate."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response

from api.models import FeedbackRequest, FeedbackResponse, KeptAnswer
from api.parts import parts_of
from rag import export
from rag.answers import Answer
from rag.errors import RequestError
from rag.feedback import Feedback
from rag.types import as_json

router = APIRouter(prefix="/v1", tags=["answers"])
AnswerId = Annotated[str, Path(max_length=100)]
EXPORTS: dict[str, tuple[str, Callable[[Answer], str]]] = {
    "markdown": ("text/markdown", export.markdown),
    "html": ("text/html", export.html),
}


class KeptAnswers:
    """The last answers, in memory, for a while. Used by the event loop alone."""

    def __init__(self, most: int, seconds: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._kept: OrderedDict[str, tuple[float, str, KeptAnswer]] = OrderedDict()

    def keep(self, collection: str, answer: Answer) -> KeptAnswer:
        """Give an answer an id that nobody can guess: whoever has it may read the answer."""
        kept = KeptAnswer(**{f.name: getattr(answer, f.name) for f in fields(answer)}, id=secrets.token_urlsafe(16))
        self._kept[kept.id] = (self._clock(), collection, kept)
        self._forget()
        return kept

    def find(self, answer_id: str) -> tuple[str, KeptAnswer]:
        """Return the collection that was asked and its answer. Raises RequestError."""
        self._forget()
        if answer_id not in self._kept:
            raise RequestError("answer_not_found", id=answer_id, minutes=self._seconds // 60)
        return self._kept[answer_id][1:]

    def _forget(self) -> None:
        oldest = self._clock() - self._seconds
        while self._kept and (len(self._kept) > self._most or next(iter(self._kept.values()))[0] <= oldest):
            self._kept.popitem(last=False)


@router.get("/answers/{answer_id}", response_model=KeptAnswer, responses={404: {}, 422: {}})
async def get_answer(
    request: Request,
    answer_id: AnswerId,
    format: Literal["json", "markdown", "html"] = "json",  # noqa: A002
) -> Response:
    """Return an answer with its citations, as JSON, Markdown or HTML; it is kept for an hour by default."""
    _, answer = parts_of(request).answers.find(answer_id)
    if format == "json":
        return JSONResponse(as_json(answer))
    media_type, made = EXPORTS[format]
    headers = {"Content-Disposition": f'attachment; filename="answer.{"md" if format == "markdown" else "html"}"'}
    return Response(made(answer), media_type=media_type, headers=headers)


@router.post("/feedback", responses={404: {}, 507: {}})
async def give_feedback(request: Request, asked: FeedbackRequest) -> FeedbackResponse:
    """Keep a rating together with the answer it is about; `rag feedback` exports them."""
    parts = parts_of(request)
    collection, answer = parts.answers.find(asked.answer_id)
    given = datetime.now(UTC).isoformat(timespec="seconds")
    rated: dict[str, Any] = as_json(answer)
    feedback = Feedback(asked.answer_id, given, collection, asked.rating, asked.reason, rated)
    await parts.gate.run(lambda: parts.feedback.write(feedback))
    return FeedbackResponse(answer_id=asked.answer_id, rating=asked.rating)
