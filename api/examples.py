"""The examples in the description of the API: what a server with the seed articles answered."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Return for each operation the body of a request, and bodies of responses by status and media type."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
