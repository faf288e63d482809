"""What the question API is measured beside: one FastAPI route that encodes a question and does nothing else."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from rag.encoders import load as load_encoder
from rag.settings import load

settings = load()
encoder = load_encoder(settings.encoder, cache_dir=settings.cache_dir)
app = FastAPI()


class Asked(BaseModel):
    query: str


@app.post("/encode")
def encode(asked: Asked) -> dict[str, int]:
    return {"dimension": encoder.encode_queries([asked.query], ["fr"]).shape[1]}


@app.get("/readyz")
def ready() -> dict[str, str]:
    return {"status": "ok"}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
