"""What the tests of faults share: how long they run, their seed, the processes they kill, the figures they reach."""

import random

import pytest
from children import prepare

FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session", autouse=True)
def _children():
    prepare()


@pytest.fixture(scope="session")
def length(pytestconfig):
    """Choose between a short and a long version: ``length(25, 1000)``."""
    return lambda short, long: long if pytestconfig.option.faults == "long" else short


@pytest.fixture(scope="session")
def seed(pytestconfig):
    return pytestconfig.option.faults_seed


@pytest.fixture
def rng(seed, request):
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture
def figure(request):
    """Tell at the end of the run what a test reached."""
    return lambda line: request.config.stash.setdefault(FIGURES, []).append(f"{request.node.name}: {line}")


def pytest_terminal_summary(terminalreporter, config):
    if figures := config.stash.get(FIGURES, []):
        terminalreporter.section(f"faults, {config.option.faults}, seed {config.option.faults_seed}")
        for line in figures:
            terminalreporter.write_line(line)
