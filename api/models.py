"""What requests and responses hold, where no record of ``rag.types`` says it. Requests forbid what they do not know."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from rag.answers import Answer, Found
from rag.engine import Options
from rag.types import Article, ArticleSummary, Filters, Span, StoreState, Turn

# The first, exactly: rag.settings.COLLECTION_NAME.
CollectionName = Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]
Date = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$")]
LanguageCode = Annotated[str, StringConstraints(pattern="^[a-z]{2,3}$")]
Outlet = Annotated[str, StringConstraints(min_length=1, max_length=300)]


def _whole(value: Any) -> Any:
    """Return 3 for 3.0, which is an integer in JSON Schema."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Stands behind the bounds, or the description would lose them."""
TopK = Annotated[int, Field(ge=1, le=100, description="How many sources to list; by default the setting top_k."), WHOLE]


class Asked(BaseModel):
    """Of every body that is sent to the server."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FilterRequest(Asked):
    """Which articles take part."""

    since: Date | None = Field(default=None, description="Published on this day or later: 2025-12-07, 2025-12 or 2025.")
    until: Date | None = Field(default=None, description="Published on this day or earlier.")
    source: list[Outlet] = Field(default=[], max_length=100, description="Outlets or web sites; any of them.")
    language: list[LanguageCode] = Field(default=[], max_length=100, description="Of the articles; any of them.")

    def filters(self) -> Filters:
        return Filters(self.since, self.until, tuple(self.language), tuple(self.source))


class ArticlesQuery(FilterRequest):
    """Which articles to list, and which page of them."""

    model_config = ConfigDict(strict=False)  # all of a query is text

    limit: int = Field(default=50, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)


class TurnRequest(Asked):
    """An earlier question of the conversation and the text of its answer."""

    question: str = Field(max_length=100_000)
    answer: str = Field(default="", max_length=100_000)


class SearchRequest(Asked):
    """A question, and where to look."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"query": "délégués à Nanning", "top_k": 3}]})

    query: str = Field(
        description="The question, in French, English, Vietnamese or Chinese.",
        json_schema_extra={"pattern": r"[\p{L}\p{N}]"},  # told as question_empty, where it is
    )
    collection: CollectionName | None = Field(default=None, description="By default the setting collection.")
    filters: FilterRequest = FilterRequest()
    top_k: TopK | None = None
    language: LanguageCode | None = Field(default=None, description="Of the question, if not told rightly.")
    latest: bool | None = Field(
        default=None, description="Whether newer articles are preferred where several answer; by default the setting."
    )

    def options(self) -> Options:
        return {"language": self.language, "filters": self.filters.filters(), "latest": self.latest}


class AskRequest(SearchRequest):
    """A question, where to look, and how the answer is to come."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"query": "Qu'est-ce que ViGen ?"}, {"query": "ViGen là gì?", "stream": True}]}
    )

    history: list[TurnRequest] = Field(default=[], max_length=50, description="The conversation so far, oldest first.")
    model: str | None = Field(default=None, max_length=200, description="One of those that the server offers.")
    stream: bool = Field(default=False, description="Whether to send events rather than one JSON object.")

    def options(self) -> Options:
        return {**super().options(), "history": [Turn(turn.question, turn.answer) for turn in self.history]}


class FeedbackRequest(Asked):
    """What a user thinks of an answer; the last word counts."""

    answer_id: str = Field(min_length=1, max_length=100)
    rating: Literal["up", "down"]
    reason: str | None = Field(default=None, max_length=2000)


Text = Annotated[str, StringConstraints(max_length=300)]


class ArticleRequest(Asked):
    """An article; only its text has to be there."""

    id: str | None = Field(default=None, min_length=1, max_length=200)
    title: Text | None = None
    text: str = Field(min_length=1)
    url: str | None = Field(default=None, max_length=2000)
    published: Text | None = Field(default=None, description="A date, as 2025-12-07, or as the press writes it.")
    outlet: Text | None = None
    language: Text | None = None

    def record(self) -> dict[str, str]:
        return self.model_dump(exclude_none=True)


class ArticlesRequest(Asked):
    """Articles to add, or to replace those with their ids."""

    articles: list[ArticleRequest] = Field(min_length=1, max_length=10_000)


@dataclass(frozen=True, slots=True)
class KeptAnswer(Answer):
    """An answer that can be linked, exported and rated under its ``id`` for a while."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class ArticleDetail(Article):
    """An article with the ranges of its passages."""

    passages: tuple[Span, ...] = ()


class SearchResponse(BaseModel):
    passages: list[Found]


class ArticleList(BaseModel):
    articles: list[ArticleSummary]
    total: int = Field(description="How many articles the filters let through.")
    limit: int
    offset: int


class Said(BaseModel):
    """Something that went wrong, by a key that never changes, and as a sentence in the client's language."""

    key: str
    message: str


class CollectionInfo(BaseModel):
    """A collection: what it holds, or why it cannot be opened."""

    name: str
    state: StoreState | None = None
    problem: Said | None = None


class CollectionList(BaseModel):
    collections: list[CollectionInfo]


class IngestReport(BaseModel):
    """What became of the articles, by id. ``duplicates`` pairs an article left out with the one that says the same."""

    added: list[str]
    updated: list[str]
    removed: list[str]
    unchanged: list[str]
    duplicates: list[tuple[str, str]]
    failures: list[Said]


class JobInfo(BaseModel):
    """Work that goes on after its request was answered."""

    id: str
    collection: str
    status: Literal["waiting", "running", "done", "failed"]
    stage: str | None = None
    fraction: float = Field(description="Of the stage, 0 to 1.")
    report: IngestReport | None = None
    problem: dict[str, Any] | None = Field(default=None, description="A problem of RFC 9457.")


class FeedbackResponse(BaseModel):
    answer_id: str
    rating: Literal["up", "down"]


class Health(BaseModel):
    status: Literal["ok"]
    collection: str | None = None
    generation: int | None = None
    degraded: list[str] | None = Field(
        default=None, description="Language models that failed three times in a row; quotes stand in for their answers."
    )


class InvalidMember(BaseModel):
    pointer: str
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457. ``type`` never changes for one kind of error; ``detail`` is in the client's language."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="The id of the request, as in X-Request-ID and in the server's log.")
    errors: list[InvalidMember] | None = Field(default=None, description="What is invalid in the request.")
    failures: list[Said] | None = Field(default=None, description="Why each article could not be taken.")
