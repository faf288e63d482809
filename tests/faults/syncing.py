"""``rag sync`` as a child: the command itself, with an encoder without a model, telling each write before and after."""

import os
import sys

from fakes import WordEncoder

import rag.changes
import rag.opening
from rag import cli, indexing
from rag.languages import detect, terms
from rag.settings import load
from rag.signatures import signature
from rag.store.embedded import EmbeddedStore

# What these import when they are first used is imported once, before the forks.
load()
signature(" ".join(terms("The mayor opened a bridge.", detect("The mayor opened a bridge."))))


def encoder_of(dimension):
    encoder = WordEncoder(dimension)
    encoder.fingerprint = f"words-{dimension}"
    return encoder


def sync(connection, data, folder, dimension):
    """Run ``rag sync FOLDER --collection press``, four articles a transaction; the last thing sent is its exit code."""
    os.environ |= {"RAG_DATA_DIR": str(data), "XDG_CONFIG_HOME": str(data), "LC_ALL": "C.UTF-8"}
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    rag.opening.load_encoder = lambda *_, **__: encoder_of(dimension)
    indexing.BATCH = 4
    for name in ("keep", "put", "remove", "remember", "snapshot"):
        setattr(EmbeddedStore, name, _telling(connection, name, getattr(EmbeddedStore, name)))
    sys.argv = ["rag", "sync", str(folder), "--collection", "press"]
    try:
        cli.rag()
    except SystemExit as end:
        connection.send(end.code)


def _telling(connection, name, real):
    def call(self, *arguments):
        digests = {}
        if name == "put":
            arguments = (list(arguments[0]),)
            digests = {entry.article.id: entry.article.digest for entry in arguments[0]}
        elif name == "remove":
            digests = dict.fromkeys(arguments[0])
        connection.send((name, digests))
        done = real(self, *arguments)
        connection.send("done")
        return done

    return call
