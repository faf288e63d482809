from contextlib import ExitStack

import pytest
from fakes import WordEncoder
from fastapi.testclient import TestClient
from press import fill

from api.app import create_app
from api.settings import load as load_server
from rag.settings import load


@pytest.fixture
def serving():
    """Start servers in this process: ``serving(rate=1)`` returns a client of one with this setting."""
    with ExitStack() as stack:

        def start(*, generators=None, encoder=None, data_dir=None, unsupported=None, **server):
            settings = load(collection="press", threshold=0.0, data_dir=data_dir, unsupported=unsupported)
            patient = {"quick_seconds": 60} | server  # a busy machine makes no job of what is small
            app = create_app(settings, load_server(**patient), encoder=encoder or WordEncoder(), generators=generators)
            client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
            return stack.enter_context(client)

        yield start


@pytest.fixture
def client(serving):
    """A client of a server with a collection of two articles."""
    client = serving()
    fill(client)
    return client
