"""What a client has to know before it asks: what there is to choose, how much is taken, and what it may do."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.parts import parts_of
from rag.articles import SUFFIXES

router = APIRouter(prefix="/v1", tags=["operation"])


class About(BaseModel):
    """What the server offers to this client."""

    collection: str = Field(description="The collection that is asked where a question names none.")
    models: list[str] = Field(description="What can write answers; the first does where a question names none.")
    question_length: int = Field(description="The longest question, in characters.")
    suffixes: list[str] = Field(description="The files that are read as articles.")
    may_write: bool = Field(description="Whether this client may add and remove articles.")


@router.get("/about")
async def get_about(request: Request) -> About:
    """Return what there is to choose, how much is taken, and whether this client may change anything."""
    parts = parts_of(request)
    return About(
        collection=parts.settings.collection,
        models=list(parts.library.models),
        question_length=parts.settings.question_length,
        suffixes=list(SUFFIXES),
        may_write=request.state.may_write,
    )
