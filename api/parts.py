"""What a request works with: made when the server starts, found in the application's state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import threading

    from starlette.requests import Request

    from api.answers import KeptAnswers
    from api.jobs import Jobs
    from api.limits import Gate
    from api.operation import Metrics
    from api.settings import ServerSettings
    from rag.feedback import FeedbackBook
    from rag.library import Library
    from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """``gate`` runs what clients ask for, ``health`` the checks that have to come through when it is full.

    ``stopping`` is set when the server is told to stop.
    """

    settings: Settings
    server: ServerSettings
    library: Library
    gate: Gate
    health: Gate
    answers: KeptAnswers
    feedback: FeedbackBook
    jobs: Jobs
    metrics: Metrics
    stopping: threading.Event


def parts_of(request: Request) -> Parts:
    return cast("Parts", request.app.state.parts)
