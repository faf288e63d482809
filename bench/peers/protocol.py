"""What a program is asked and how it replies: a line of JSON each, on its standard input and output."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

NEAREST = 10
REASON = 90  # characters of an error that are told


class Peer(Protocol):
    """Finds texts by questions, with the encoder in a sentence-transformers folder that it was made with."""

    def index(self, texts: list[str], folder: Path) -> None:
        """Make texts ready to be asked, and keep them in an empty folder."""

    def encode(self, texts: list[str]) -> None:
        """Make vectors of texts, once each, and nothing else."""

    def open(self, folder: Path) -> None:
        """Make ready what was kept in a folder."""

    def ask(self, question: str) -> list[int]:
        """Return the numbers of the texts that answer a question, best first, NEAREST of them or fewer."""


def serve(make: Callable[[Path], Peer]) -> None:
    """Carry out requests until there are no more: ``encode``, ``index``, ``open``, ``ask``."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no reply
    peer = make(Path(sys.argv[1]))
    for line in sys.stdin:
        try:
            reply = _carried_out(peer, json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever a library raises is a line of the table
            reply = {"error": shortened(f"{type(error).__name__}: {error}")}
        print(json.dumps(reply), file=replies, flush=True)


def shortened(reason: str) -> str:
    """Return an error in one line of REASON characters at most."""
    return textwrap.shorten(reason, REASON, placeholder=" …")


def _carried_out(peer: Peer, request: dict[str, Any]) -> dict[str, Any]:
    if "ask" in request:
        return {"rows": peer.ask(request["ask"])}
    if "encode" in request:
        peer.encode(request["encode"])
    elif "index" in request:
        peer.index(request["index"], Path(request["folder"]))
    else:
        peer.open(Path(request["open"]))
    return {}
