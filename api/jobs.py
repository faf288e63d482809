"""Work that may outlast the request that asked for it: the intake of articles."""

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Annotated, Any
from uuid import uuid4

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from api import problems
from api.events import EventStream, event
from api.models import JobInfo
from api.parts import parts_of
from rag.errors import AskpressError, RequestError
from rag.indexing import SyncReport
from rag.protocols import Progress
from rag.types import as_json

log = logging.getLogger("askpress.server")
router = APIRouter(prefix="/v1", tags=["articles"])
WAITING = 16
"""Jobs that may wait for their turn: one is done at a time, since each wants all cores."""
REMEMBERED = 1000
LOOK_SECONDS = 0.25


class Job:
    """One intake of articles. Its progress is written by a thread and read by the event loop."""

    def __init__(self, collection: str, stopping: threading.Event) -> None:
        self.id, self.collection = uuid4().hex, collection
        self.status, self.stage, self.fraction = "waiting", "", 0.0
        self.report: SyncReport | None = None
        self.error: AskpressError | None = None
        self.ended = asyncio.Event()
        self.ended_at = 0.0
        self._stopping = stopping

    def progress(self, stage: str, fraction: float) -> None:
        """Note how far the work is, and end it between two transactions where the server stops."""
        if self._stopping.is_set():
            raise RequestError("server_stopping")
        self.status, self.stage, self.fraction = "running", stage, fraction

    def told(self, scope: Scope) -> dict[str, Any]:
        """Return the job as JSON, in the language of a request."""
        return {
            "id": self.id,
            "collection": self.collection,
            "status": self.status,
            "stage": self.stage or None,
            "fraction": round(self.fraction, 4),
            "report": as_json(self.report, scope["state"]["language"]),
            "problem": problems.details(scope, self.error) if self.error else None,
        }


class Jobs:
    """The jobs under way, and those that ended a while ago."""

    def __init__(self, stopping: threading.Event, seconds: int) -> None:
        self._stopping, self._seconds = stopping, seconds
        self._limiter = CapacityLimiter(1)
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, collection: str, work: Callable[[Progress], SyncReport]) -> Job:
        """Raises RequestError where too many wait."""
        if len(self._tasks) > WAITING:
            raise RequestError("server_busy", seconds=30)
        self._forget()
        job = Job(collection, self._stopping)
        self._jobs[job.id] = job
        task = asyncio.create_task(self._run(job, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def find(self, job_id: str) -> Job:
        """Raises RequestError."""
        if job_id not in self._jobs:
            raise RequestError("job_not_found", id=job_id)
        return self._jobs[job_id]

    async def end(self) -> None:
        """Wait for what is under way; it ends at its next progress once the server stops."""
        await asyncio.gather(*self._tasks)

    async def _run(self, job: Job, work: Callable[[Progress], SyncReport]) -> None:
        try:
            job.report = await to_thread.run_sync(work, job.progress, limiter=self._limiter)
            job.status = "done"
        except AskpressError as error:
            job.status, job.error = "failed", error
        except Exception:
            log.exception("job failed", extra={"fields": {"job": job.id}})
            job.status, job.error = "failed", AskpressError("server_failed")
        finally:
            job.ended_at = time.monotonic()
            job.ended.set()

    def _forget(self) -> None:
        old = [
            job.id
            for number, job in enumerate(reversed(self._jobs.values()))
            if job.ended.is_set() and (number >= REMEMBERED or time.monotonic() - job.ended_at > self._seconds)
        ]
        for job_id in old:
            del self._jobs[job_id]


def followed(job: Job, request: Request) -> EventStream:
    """Stream a job's progress; a client that leaves does not end it."""

    async def frames() -> AsyncIterator[bytes | None]:
        told = None
        while not job.ended.is_set():
            before, told = told, job.told(request.scope)
            yield event("progress", told) if told != before else None
            with suppress(TimeoutError):
                await asyncio.wait_for(job.ended.wait(), LOOK_SECONDS)
        if job.error:
            raise job.error
        yield event("report", job.told(request.scope))

    return EventStream(request, frames())


@router.get("/jobs/{job_id}", response_model=JobInfo, responses={404: {}, 422: {}})
async def get_job(request: Request, job_id: Annotated[str, Path(max_length=100)]) -> Response:
    """Return how far the intake of articles is; a job that has ended is known for an hour by default."""
    return JSONResponse(parts_of(request).jobs.find(job_id).told(request.scope))
