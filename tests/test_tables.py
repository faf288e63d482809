import json
from pathlib import Path

from rag.tables import table

RAG = Path(__file__).parents[1] / "rag"


def test_a_table_is_what_its_file_holds_and_is_read_once():
    assert table("counted") == json.loads((RAG / "counted.json").read_text(encoding="utf-8"))
    assert table("locales/fr") is table("locales/fr")
