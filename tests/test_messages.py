import ast
import string
from pathlib import Path

import pytest

from rag.messages import LANGUAGES, catalogue, interface_language, message

ROOT = Path(__file__).parent.parent
# Where a key of a message stands as the first argument of these, or as the only one of the errors.
SPEAKERS = {"message", "say", "Problem"}


def placeholders(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_said_in_every_language_with_the_same_values(language):
    english, other = catalogue("en"), catalogue(language)
    assert other.keys() == english.keys()
    for key, template in english.items():
        assert placeholders(other[key]) == placeholders(template), key


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_translations_are_translations(language):
    same = [key for key, text in catalogue(language).items() if text == catalogue("en")[key] and " " in text]
    assert same == []


def keys_in_code():
    errors = {name for name in dir(__import__("rag.errors").errors) if name[0].isupper()}
    for path in sorted((ROOT / "rag").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in SPEAKERS | errors and not isinstance(node.args[0], ast.Name | ast.Attribute | ast.IfExp):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[0]


def test_every_message_in_the_code_is_in_the_catalogue():
    """An error or a problem raised with a sentence instead of a key would be said in one language only."""
    constants = [(place, node.value) for place, node in keys_in_code() if isinstance(node, ast.Constant)]
    assert len(constants) > 50
    assert [(place, key) for place, key in constants if key not in catalogue("en")] == []
    built = [place for place, node in keys_in_code() if isinstance(node, ast.JoinedStr) and len(node.values) > 2]
    assert built == []


def test_an_unknown_language_is_answered_in_english():
    assert message("no_evidence", "sw") == message("no_evidence", "en")


def test_the_interface_speaks_the_locale(monkeypatch):
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    assert interface_language() == "vi"
    assert interface_language("fr") == "fr"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANG", "C")
    assert interface_language() == "en"
