import os
from pathlib import Path

import pytest
from hypothesis import settings
from processes import served
from question_sets import write_articles, write_sets

from rag.tokens import Tokens

# Machines are shared: a slow example is no failure, and a failing one is printed so that it can be run again.
settings.register_profile("askpress", deadline=None, print_blob=True)
settings.load_profile("askpress")

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser):
    parser.addoption("--faults", choices=["short", "long"], default="short", help="how long tests/faults run")
    parser.addoption("--faults-seed", type=int, default=1, help="what they draw their random faults from")


def pytest_report_header(config):
    return f"faults: {config.option.faults}, --faults-seed={config.option.faults_seed}"


@pytest.fixture(autouse=True)
def _settings_of_its_own(monkeypatch, tmp_path):
    """No test reads the settings, or writes the collections, of the person who runs it."""
    for variable in [name for name in os.environ if name.startswith("RAG_") and name != "RAG_CACHE_DIR"]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("RAG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture(scope="session")
def training_sets(tmp_path_factory):
    """A folder of the question sets, and of the articles, that bench fits the encoder and the reader to, tiny ones."""
    folder = tmp_path_factory.mktemp("sets")
    write_sets(folder)
    write_articles(folder / "articles")
    return folder


@pytest.fixture(scope="session")
def seeds():
    """The paths of the two seed articles."""
    return sorted((ROOT / "seeds").glob("*.txt"))


@pytest.fixture(scope="session")
def seeds_server(tmp_path_factory):
    """A server with the seed collection: a client of it, its data folder, and the secret of a token that may write."""
    data = tmp_path_factory.mktemp("seeds_server")
    secret = Tokens(data).create("tests", "write")
    with served(data) as client:
        yield client, data, secret
