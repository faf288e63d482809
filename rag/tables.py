"""The tables of words and weights that travel with the package: ``rag/<name>.json``."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> Any:
    """Return what a table holds."""
    return json.loads(files("rag").joinpath(f"{name}.json").read_text(encoding="utf-8"))
