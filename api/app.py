"""The application: its middleware, its routes, and what it opens while it runs."""

import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version

from anyio import to_thread
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import Route

from api import (
    about,
    answers,
    articles,
    asking,
    collections,
    jobs,
    mcp,
    openai,
    openapi,
    operation,
    page,
    problems,
    reference,
)
from api.answers import KeptAnswers
from api.jobs import Jobs
from api.limits import Gate, Limits
from api.operation import Metrics, Operation
from api.parts import Parts
from api.security import Security
from api.settings import ServerSettings
from rag.errors import AskpressError, CollectionNotFound, ServerError
from rag.feedback import FeedbackBook
from rag.library import Library
from rag.protocols import Encoder, Generator, Progress, silent
from rag.settings import Settings
from rag.tokens import Tokens

HEALTH_THREADS = 2
SUMMARY = "Ask a collection of press articles; every sentence of an answer shows the words that support it."
PARTS = (about, asking, answers, articles, collections, jobs, openai, operation, reference)


def create_app(
    settings: Settings,
    server: ServerSettings,
    *,
    encoder: Encoder | None = None,
    generators: Mapping[str, Generator] | None = None,
    progress: Progress = silent,
) -> FastAPI:
    """Return the application. It opens what the settings name: the encoder unless one is given, and the generator.

    ``generators`` are more of those that a request may choose, by name.

    Raises ServerError where other machines could reach it and no token protects it.
    """
    tokens = Tokens(settings.data_dir)
    if server.reachable and not tokens.all():
        raise ServerError("server_open", host=server.host)
    stopping, gate = threading.Event(), Gate(server.concurrency, server.queue)
    metrics, web, agents = Metrics(lambda: gate.load), page.web_folder(), mcp.Endpoint()

    def opened() -> Library:
        from rag.encoders import load as load_encoder
        from rag.generators import load as load_generator

        made = encoder or load_encoder(
            settings.encoder, cache_dir=settings.cache_dir, device=settings.encoder_device, progress=progress
        )
        offered = dict(generators or {})
        if settings.model not in offered:
            offered[settings.model] = load_generator(settings, progress)
        library = Library(settings, made, offered)
        with suppress(CollectionNotFound):  # it can still be made over the API; until then /readyz tells
            library.prepare(progress)
        return library

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            library = await to_thread.run_sync(opened)
        except AskpressError as error:
            app.state.failure = error  # uvicorn would only exit
            raise
        parts = Parts(
            settings=settings,
            server=server,
            library=library,
            gate=gate,
            health=Gate(HEALTH_THREADS, queue=100),
            answers=KeptAnswers(server.kept_answers, server.kept_seconds),
            feedback=FeedbackBook(settings.data_dir),
            jobs=Jobs(stopping, server.kept_seconds),
            metrics=metrics,
            stopping=stopping,
        )
        app.state.parts = parts
        yield
        stopping.set()
        await parts.jobs.end()
        await agents.close()
        await to_thread.run_sync(library.close)

    app = FastAPI(
        title="Askpress",
        summary=SUMMARY,
        version=version("askpress"),
        lifespan=lifespan,
        middleware=[
            Middleware(Operation, metrics=metrics),
            Middleware(Security, server=server, tokens=tokens, page=page.addresses(web)),
            Middleware(Limits, server=server),
        ],
        docs_url=None,  # both load their scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.stopping, app.state.failure = stopping, None
    for part in PARTS:
        app.include_router(part.router)
    app.routes.append(Route(mcp.PATH, agents, methods=["POST"]))
    problems.install(app)
    page.install(app, web)
    app.openapi = partial(openapi.describe, app, settings.question_length)  # type: ignore[method-assign]
    return app
