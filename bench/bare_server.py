"""What the question API is measured beside, as one FastAPI route each.

``encode`` encodes a question with Askpress's encoder, and does nothing else. ``plain`` answers with the nearest text,
by sentence-transformers and FAISS, as in ``bench.peers.plain``, from a folder that this has filled.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from rag.encoders import load as load_encoder
from rag.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable

app = FastAPI()


class Asked(BaseModel):
    query: str


def encoding() -> Callable[[str], object]:
    settings = load()
    encoder = load_encoder(settings.encoder, cache_dir=settings.cache_dir)
    return lambda query: encoder.encode_queries([query], ["fr"]).shape[1]


def plain(model: str, folder: str) -> Callable[[str], object]:
    from bench.peers.plain import Plain

    peer = Plain(Path(model))
    peer.open(Path(folder))
    return lambda query: peer.texts[peer.ask(query)[0]]


@app.post("/ask")
def ask(asked: Asked) -> dict[str, object]:
    return {"answer": answer(asked.query)}


@app.get("/readyz")
def ready() -> dict[str, str]:
    return {"status": "ok"}


if __name__ == "__main__":
    port, kind, *given = sys.argv[1:]
    answer = plain(*given) if kind == "plain" else encoding()
    uvicorn.run(app, port=int(port), log_level="warning", access_log=False)
