"""What is sent and returned in OpenAI's dialect. https://platform.openai.com/docs/api-reference/chat/object"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.models import WHOLE, AskRequest, TurnRequest
from rag.answers import Answer, Citation, Claim
from rag.articles.identity import usable_url
from rag.errors import QuestionError, RequestError
from rag.markers import harmless
from rag.messages import message
from rag.settings import COLLECTION_NAME
from rag.terminal import source_line

NAME = "askpress"
"""The model that asks the default collection; ``askpress:press`` asks the collection ``press``."""
TURNS, TURN_LENGTH = 50, 100_000
FOOTNOTES = "\n\n[1] "
"""Where the list of citations begins in a message of ours that comes back as history."""
UNSUPPORTED = "[?]"


class Sent(BaseModel):
    """Of every record that a client of OpenAI's sends: what is not named is taken and ignored."""

    model_config = ConfigDict(strict=True)


class ChatPart(Sent):
    """A piece of a message; only text can be read."""

    type: Literal["text"]
    text: str


def _parts(content: Any) -> Any:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


class ChatMessage(Sent):
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[list[ChatPart], BeforeValidator(_parts, json_schema_input_type=str | list[ChatPart] | None)] = []

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.content)


class StreamOptions(Sent):
    include_usage: bool | None = None


class ChatRequest(Sent):
    """A conversation; its last user message is the question. Members that are not named here are taken and ignored."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": NAME, "messages": [{"role": "user", "content": "ViGen là gì?"}]}]},
    )

    model: str = Field(description="One of those that /v1/models lists: askpress, or askpress:COLLECTION.")
    messages: list[ChatMessage] = Field(
        min_length=1,
        description="User and assistant messages before the question are its history; the others are ignored.",
    )
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=1), WHOLE] | None = Field(default=None, description="There is one answer.")
    tools: Annotated[list[Any], Field(max_length=0)] | None = Field(default=None, description="There are none.")
    functions: Annotated[list[Any], Field(max_length=0)] | None = Field(default=None, description="There are none.")

    def asked(self, collection: str) -> AskRequest:
        """Return what is asked, of ``collection`` where the model names none. Raises QuestionError, RequestError."""
        name, colon, named = self.model.partition(":")
        if name != NAME or (colon and not COLLECTION_NAME.fullmatch(named)):
            raise RequestError("model_not_offered", name=self.model[:200], known=f"{NAME}, {NAME}:COLLECTION")
        questions = [place for place, message in enumerate(self.messages) if message.role == "user"]
        if not questions:
            raise QuestionError("question_empty")
        return AskRequest(
            query=self.messages[questions[-1]].text,
            collection=named or collection,
            history=_turns(self.messages[: questions[-1]]),
        )


def _turns(messages: Iterable[ChatMessage]) -> list[TurnRequest]:
    """Return the questions of a conversation, each with what followed it up to the next."""
    turns: list[tuple[str, str]] = []
    for said in messages:
        text = said.text.partition(FOOTNOTES)[0][:TURN_LENGTH]
        if said.role == "user":
            turns.append((text, ""))
        elif said.role == "assistant" and turns:
            turns[-1] = (turns[-1][0], text)
    return [TurnRequest(question=question, answer=answer) for question, answer in turns[-TURNS:]]


class UrlCitation(BaseModel):
    """The words of an article that carry a sentence of the text, ``content[start_index:end_index]`` in code points."""

    start_index: int
    end_index: int
    url: str = Field(description="Where the article was published, or else where this server has it.")
    title: str
    quote: str = Field(description="The exact words of the article.")
    article_id: str


class Annotation(BaseModel):
    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class AssistantMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: str | None = None
    annotations: list[Annotation]


class ChatChoice(BaseModel):
    index: int = 0
    message: AssistantMessage
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Usage(BaseModel):
    """Tokens of the encoder, which reads the articles, not of the model that writes the answer."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(BaseModel):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage


class ModelInfo(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = NAME


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelInfo]


class OpenAIErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None = None
    code: str = Field(description="Never changes for one kind of error.")


class OpenAIError(BaseModel):
    """An error as OpenAI's clients know it."""

    error: OpenAIErrorDetail


class Text:
    """The text of a message as it is written, each claim with its numbers, and the annotations that point into it.

    A stream that began with one generator may end with the claims of another, which counts and says things anew: here
    each citation has one number, and each sentence stands once.
    """

    def __init__(self, articles: str) -> None:
        """``articles`` is the address of the collection's articles here."""
        self.content = ""
        self.annotations: list[Annotation] = []
        self._articles = articles
        self._said: set[str] = set()
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._cited: list[Citation] = []

    def claim(self, claim: Claim, citations: Iterable[Citation]) -> str:
        """Add a claim and return what it adds."""
        if claim.text in self._said:
            return ""
        self._said.add(claim.text)
        start = len(self.content) + bool(self.content)
        numbers = [self._number(citation) for citation in citations]
        for number in numbers:
            self.annotations.append(self._annotation(start, start + len(claim.text), self._cited[number - 1]))
        markers = "".join(f"[{number}]" for number in numbers) or UNSUPPORTED
        return self._add(f"{' ' if self.content else ''}{claim.text} {markers}")

    def end(self, answer: Answer) -> str:
        """Add what is said of the answer, and the list of citations; return what they add."""
        blocks = [] if answer.claims else [answer.text]
        if answer.read_as and answer.claims:
            blocks.append(harmless(message("read_as", answer.language, question=answer.read_as)))
        blocks += [harmless(answer.notice)] if answer.notice else []
        if not self._cited and answer.sources:
            closest = [f"- {harmless(source_line(source, answer.language))}" for source in answer.sources]
            blocks.append("\n".join([message("closest_articles", answer.language), *closest]))
        for number, citation in enumerate(self._cited, 1):
            lines = [
                f"[{number}] {harmless(source_line(citation, answer.language))}",
                f"« {harmless(citation.quote)} »",
            ]
            blocks.append("\n".join([*lines, f"<{address}>"] if (address := _address(citation)) else lines))
        return self._add("\n\n".join([*([""] if self.content else []), *blocks]))

    def _add(self, piece: str) -> str:
        self.content += piece
        return piece

    def _number(self, citation: Citation) -> int:
        key = (citation.article_id, citation.start, citation.stop)
        if key not in self._numbers:
            self._cited.append(citation)
            self._numbers[key] = len(self._cited)
        return self._numbers[key]

    def _annotation(self, start: int, stop: int, citation: Citation) -> Annotation:
        return Annotation(
            url_citation=UrlCitation(
                start_index=start,
                end_index=stop,
                url=_address(citation) or f"{self._articles}/{quote(citation.article_id)}",
                title=citation.title,
                quote=citation.quote,
                article_id=citation.article_id,
            )
        )


def _address(citation: Citation) -> str | None:
    return citation.url if citation.url and usable_url(citation.url) else None
