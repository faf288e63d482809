"""Collections: list, look at, make and remove."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response

from api.models import CollectionInfo, CollectionList
from api.parts import Parts, parts_of
from api.problems import without_folders
from rag.errors import RequestError, StoreError
from rag.settings import COLLECTION_NAME
from rag.types import as_json

router = APIRouter(prefix="/v1/collections", tags=["collections"])
Name = Annotated[str, Path(pattern=f"^{COLLECTION_NAME.pattern}$", description="The name of a collection.")]


def _told(parts: Parts, name: str, *, create: bool = False) -> dict[str, Any]:
    with parts.library.store(name, create=create) as store:
        return {"name": name, "state": as_json(store.state()), "problem": None}


@router.get("", response_model=CollectionList)
async def list_collections(request: Request) -> Response:
    """Return the collections and what they hold; for one that cannot be opened, why."""
    parts = parts_of(request)

    def told(name: str) -> dict[str, Any]:
        try:
            return _told(parts, name)
        except StoreError as error:
            return {"name": name, "state": None, "problem": as_json(without_folders(error), request.state.language)}

    return JSONResponse({"collections": await parts.gate.run(lambda: [told(name) for name in parts.library.names()])})


@router.get("/{name}", response_model=CollectionInfo, responses={404: {}, 422: {}})
async def get_collection(request: Request, name: Name) -> Response:
    parts = parts_of(request)
    return JSONResponse(await parts.gate.run(lambda: _told(parts, name)))


@router.put("/{name}", response_model=CollectionInfo, responses={201: {"model": CollectionInfo}, 422: {}, 507: {}})
async def put_collection(request: Request, name: Name) -> Response:
    """Make an empty collection (201), or leave the one of this name as it is (200)."""
    parts = parts_of(request)

    def make() -> tuple[dict[str, Any], int]:
        status = 200 if name in parts.library.names() else 201
        return _told(parts, name, create=True), status

    return JSONResponse(*await parts.gate.run(make))


@router.delete("/{name}", status_code=204, responses={404: {}, 409: {}, 422: {}, 507: {}})
async def delete_collection(request: Request, name: Name) -> None:
    """Remove a collection with all of its articles, once those who use it have finished.

    The one that the server asks by default stays (409): without it nothing would be ready to be asked.
    """
    parts = parts_of(request)
    if name == parts.settings.collection:
        raise RequestError("collection_is_default", name=name)
    await parts.gate.run(lambda: parts.library.delete(name))
