"""Questions: ``/v1/ask`` and ``/v1/search``."""

from collections.abc import AsyncIterator, Generator

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api import problems
from api.events import EventStream, Work, event
from api.models import AskRequest, KeptAnswer, SearchRequest, SearchResponse
from api.parts import Parts, parts_of
from rag.answers import AnswerReady, ClaimMade, Event, Found, SourcesFound, TokenWritten, Waiting
from rag.types import as_json

router = APIRouter(prefix="/v1", tags=["questions"])
NAMES = {SourcesFound: "sources", TokenWritten: "token", ClaimMade: "claim", AnswerReady: "answer"}


def work_on(parts: Parts, asked: AskRequest) -> Work[Event]:
    """Return the work of answering a question, to be begun by one of its methods."""
    name = asked.collection or parts.settings.collection

    def events() -> Generator[Event, None, None]:
        with parts.library.engine(name, top_k=asked.top_k, model=asked.model) as engine:
            yield from engine.stream(asked.query, **asked.options())

    return Work(events, parts.gate, parts.stopping)


def keep(parts: Parts, asked: AskRequest, last: Event) -> KeptAnswer:
    """Keep and count the answer of the last event."""
    assert isinstance(last, AnswerReady)
    parts.metrics.answer(last.answer)
    return parts.answers.keep(asked.collection or parts.settings.collection, last.answer)


@router.post("/ask", response_model=KeptAnswer, responses={404: {}, 409: {}, 422: {}, 502: {}})
async def ask(request: Request, asked: AskRequest) -> Response:
    """Answer a question with quotes of the articles, or say that they do not say: `status` is `no_evidence` then.

    With `stream: true` the answer comes as server-sent events: `sources` (what the question led to), `token` (a piece
    of the draft, not yet judged), `claim` (a sentence of the answer, judged, with its citations), and at the end one
    `answer` (the whole, as without `stream`) or one `error` (a problem).
    """
    parts = parts_of(request)
    if parts.server.log_questions:
        request.state.logged = {"question": asked.query}
    work = work_on(parts, asked)
    if not asked.stream:
        last = await work.last(request)
        return (
            Response(status_code=problems.CLIENT_LEFT)
            if last is None
            else JSONResponse(as_json(keep(parts, asked, last)))
        )
    return EventStream(request, _frames(parts, asked, await work.begun()), work.left)


async def _frames(parts: Parts, asked: AskRequest, events: AsyncIterator[Event]) -> AsyncIterator[bytes | None]:
    async for item in events:
        if isinstance(item, Waiting):
            yield None
        else:
            told = keep(parts, asked, item) if isinstance(item, AnswerReady) else item
            yield event(NAMES[type(item)], as_json(told))


@router.post("/search", response_model=SearchResponse, responses={404: {}, 409: {}, 422: {}})
async def search(request: Request, asked: SearchRequest) -> Response:
    """Return the passages nearest to a question, best first, without an answer."""
    parts = parts_of(request)

    def find() -> tuple[Found, ...]:
        with parts.library.engine(asked.collection or parts.settings.collection, top_k=asked.top_k) as engine:
            return engine.search(asked.query, **asked.options())

    return JSONResponse({"passages": as_json(await parts.gate.run(find))})
