"""The articles of a collection: list, read, add, replace, remove."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from api.collections import Name
from api.jobs import Job, followed
from api.models import (
    ArticleDetail,
    ArticleList,
    ArticleRequest,
    ArticlesQuery,
    ArticlesRequest,
    IngestReport,
    JobInfo,
)
from api.parts import Parts, parts_of
from rag.articles.identity import usable_id
from rag.errors import ArticleNotFound, RequestError
from rag.indexing import SyncReport
from rag.languages import detect
from rag.protocols import Progress
from rag.types import as_json
from rag.uploads import Upload

router = APIRouter(prefix="/v1/collections/{name}/articles", tags=["articles"])
FILES = 1000
"""Files in one request."""
TAKEN: dict[int | str, dict[str, Any]] = {202: {"model": JobInfo}, 404: {}, 409: {}, 422: {}, 507: {}}
_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
_FORM = {"type": "object", "properties": {"files": _FILES}, "required": ["files"], "additionalProperties": False}
BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/ArticlesRequest"}},
        "multipart/form-data": {"schema": _FORM},
    },
}
ArticleId = Annotated[str, Path(max_length=200, description="The id of an article, in which a slash may stand.")]


def _shown(request: Request, record: dict[str, Any]) -> dict[str, Any]:
    """Leave out of an article's origin the folders of this machine, but for those who may write here."""
    return record if request.state.may_write else record | {"origin": record["origin"].rpartition("/")[2]}


@router.get("", response_model=ArticleList, responses={404: {}, 422: {}})
async def list_articles(request: Request, name: Name, asked: Annotated[ArticlesQuery, Query()]) -> Response:
    """Return a page of the articles, newest first, those without a date last."""
    parts = parts_of(request)

    def page() -> dict[str, Any]:
        with parts.library.store(name) as store:
            found = list(store.articles(asked.filters()))
        articles = [_shown(request, as_json(article)) for article in found[asked.offset :][: asked.limit]]
        return {"articles": articles, "total": len(found), "limit": asked.limit, "offset": asked.offset}

    return JSONResponse(await parts.gate.run(page))


@router.post("", response_model=IngestReport, status_code=201, responses=TAKEN, openapi_extra={"requestBody": BODY})
async def add_articles(request: Request, name: Name) -> Response:
    """Add articles, or replace those with their ids: as JSON, or as files that `suffixes` of `about` lists.

    Files come in multipart/form-data: text, JSON Lines, web pages, PDF, Word, OpenDocument, EPUB, feeds, mail.

    The answer is a report (201). Where it takes long, it is a job to look at (202, `Location`); a client that accepts
    `text/event-stream` gets events instead: `progress`, and at the end `report` or `error`.
    """
    parts = parts_of(request)
    job = await _start(parts, name, partial(_stage, request))
    if "text/event-stream" in request.headers.get("accept", ""):
        return followed(job, request)
    report = await _report(parts, job)
    if report is None:
        return _accepted(request, job)
    if report.failures and not (report.added or report.updated or report.unchanged or report.duplicates):
        reason = report.failures[0].said(request.state.language)
        raise RequestError("articles_refused", reason=reason, failures=report.failures)
    return JSONResponse(as_json(report, request.state.language), 201)


@router.get("/{article_id:path}", response_model=ArticleDetail, responses={404: {}, 422: {}})
async def get_article(request: Request, name: Name, article_id: ArticleId) -> Response:
    """Return an article with its text, and the ranges of its passages in it, in code points."""
    parts = parts_of(request)
    return JSONResponse(_shown(request, await parts.gate.run(lambda: _detail(parts, name, article_id))))


@router.put("/{article_id:path}", response_model=ArticleDetail, responses=TAKEN | {201: {"model": ArticleDetail}})
async def put_article(request: Request, name: Name, article_id: ArticleId, asked: ArticleRequest) -> Response:
    """Add an article under this id (201), or replace the one there is (200). Doing it twice is doing it once."""
    parts = parts_of(request)
    if asked.id not in (None, article_id) or not usable_id(article_id) or article_id != article_id.strip():
        raise RequestError("article_id_differs", id=article_id)

    async def stage(upload: Upload) -> None:
        await asyncio.to_thread(upload.add_records, [asked.record() | {"id": article_id}])

    job = await _start(parts, name, stage)
    report = await _report(parts, job)
    if report is None:
        return _accepted(request, job)
    if report.failures:
        raise report.failures[0]
    detail = await parts.gate.run(lambda: _detail(parts, name, article_id))
    return JSONResponse(detail, 201 if report.added else 200)


@router.delete("/{article_id:path}", status_code=204, responses={404: {}, 422: {}, 507: {}})
async def delete_article(request: Request, name: Name, article_id: ArticleId) -> None:
    """Remove an article from the collection; a file that it came from stays."""
    parts = parts_of(request)

    def remove() -> None:
        with parts.library.store(name) as store:
            if not store.remove([article_id]):
                raise ArticleNotFound("article_not_found", id=article_id, folder=name)

    await parts.gate.run(remove)


def _detail(parts: Parts, name: str, article_id: str) -> dict[str, Any]:
    with parts.library.store(name) as store:
        article = store.article(article_id)
        spans = [{"start": start, "stop": stop} for start, stop in store.passages(article_id)]
    return {**as_json(article), "passages": spans}


async def _stage(request: Request, upload: Upload) -> None:
    """Write what the request brings into files. Raises RequestError, RequestValidationError, StorageFull."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        if not await request.body():
            raise RequestError("articles_missing")
        try:
            asked = await asyncio.to_thread(ArticlesRequest.model_validate_json, await request.body())
        except ValidationError as error:
            errors = [item | {"loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
            raise RequestValidationError(errors) from error
        await asyncio.to_thread(upload.add_records, (article.record() for article in asked.articles))
        return
    async with request.form(max_files=FILES, max_fields=0) as form:
        files = [file for _, file in form.multi_items() if isinstance(file, UploadFile)]
        if not files:
            raise RequestError("articles_missing")
        for file in files:
            await asyncio.to_thread(upload.add_file, file.filename or "", file.file)


async def _start(parts: Parts, name: str, stage: Callable[[Upload], Awaitable[None]]) -> Job:
    """Stage what a request brings, and start to take it in."""
    await parts.gate.run(lambda: parts.library.look(name))
    upload = Upload()

    def work(progress: Progress) -> SyncReport:
        try:
            progress("read", 0.0)
            return parts.library.add(name, upload.articles(detect), progress)
        finally:
            upload.remove()

    try:
        await stage(upload)
        return parts.jobs.start(name, work)
    except BaseException:
        upload.remove()
        raise


async def _report(parts: Parts, job: Job) -> SyncReport | None:
    """Wait a little for a job; return its report, or None where it takes longer. Raises what it failed with."""
    try:
        await asyncio.wait_for(job.ended.wait(), parts.server.quick_seconds)
    except TimeoutError:
        return None
    if job.error:
        raise job.error
    return job.report


def _accepted(request: Request, job: Job) -> Response:
    return JSONResponse(job.told(request.scope), 202, {"Location": f"/v1/jobs/{job.id}"})
