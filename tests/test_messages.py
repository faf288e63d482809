import ast
import json
import string
from pathlib import Path
from typing import get_args

import pytest

from rag import errors
from rag.changes import TOLD, Why
from rag.errors import ArticleError
from rag.messages import LANGUAGES, catalogue, interface_language, message
from rag.types import Problem, Reason, as_json

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for part in ("api", "rag") for path in (ROOT / part).rglob("*.py"))
# The key of a message stands as the first argument of these.
SPEAKERS = {"message", "say", "Problem"}
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type)} | {"ExportError"}
# Keys that are looked up; what they are looked up in is tested below.
BUILT = {
    "_HEADINGS[heading]",
    "f'field_{name}'",
    "f'removed_{item.reason}'",
    "f'stage_{stage}'",
    "f'why_{change.why}'",
}


def placeholders(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_stands_twice(language):
    pairs = []
    json.loads((ROOT / f"rag/locales/{language}.json").read_text(encoding="utf-8"), object_pairs_hook=pairs.extend)
    keys = [key for key, _ in pairs]
    assert sorted(keys) == sorted(set(keys))


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


def calls(*names):
    """Yield the place and the node of every call of one of these names in the engine's code."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def keys_in_code():
    """Yield place, node of the key, and call; a key that is one of two counts as both."""
    for place, call in calls(*SPEAKERS, *ERRORS):
        key = call.args[0] if call.args else None
        for node in (key.body, key.orelse) if isinstance(key, ast.IfExp) else (key,):
            if not isinstance(node, ast.Name | ast.Attribute):  # handed on from where it was checked
                yield place, node, call


def test_every_message_in_the_code_is_in_the_catalogue():
    """An error or a problem raised with a sentence instead of a key would be said in one language only."""
    constants = [(place, node.value) for place, node, _ in keys_in_code() if isinstance(node, ast.Constant)]
    assert len(constants) > 50
    assert [(place, key) for place, key in constants if key not in catalogue("en")] == []


def test_no_other_key_is_missing_or_made_up_at_run_time():
    others = {
        ast.unparse(node) if node else place for place, node, _ in keys_in_code() if not isinstance(node, ast.Constant)
    }
    assert others == BUILT


def test_every_message_gets_the_values_it_speaks_of():
    for place, node, call in keys_in_code():
        if not isinstance(node, ast.Constant):
            continue
        given = {keyword.arg for keyword in call.keywords}
        if ast.unparse(call.func) == "Problem" and len(call.args) > 1 and isinstance(call.args[1], ast.Dict):
            given = {key.value for key in call.args[1].keys}
        elif ast.unparse(call.func) == "Problem" or None in given:
            continue  # the values have a name of their own
        assert placeholders(catalogue("en")[node.value]) <= given, place


def test_every_reason_is_in_the_catalogue_and_no_other():
    told = {key.removeprefix("removed_") for key in catalogue("en") if key.startswith("removed_")}
    assert told == set(get_args(Reason))


def test_every_stage_is_in_the_catalogue_and_no_other():
    stages = {}
    for place, call in calls("progress"):
        if call.args:  # else it is a call of something else of this name
            assert isinstance(call.args[0], ast.Constant), place
            stages[call.args[0].value] = place
    told = {key.removeprefix("stage_") for key in catalogue("en") if key.startswith("stage_")}
    assert told == stages.keys(), stages


def test_every_key_is_used():
    """By its name as a string somewhere in the code, or by a beginning that the tests above know."""
    sources = [path.read_text(encoding="utf-8") for path in SOURCES]
    strings = {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    families = ("field_", "language_", "removed_", "stage_", "why_")
    assert [key for key in catalogue("en") if key not in strings and not key.startswith(families)] == []


@pytest.mark.parametrize(("language", "stops"), [("en", ".?"), ("fr", ".?"), ("vi", ".?"), ("zh", "。？")])
def test_an_error_is_told_in_whole_sentences(language, stops):
    kinds = ERRORS | {"Problem"}
    keys = {n.value for _, n, call in keys_in_code() if ast.unparse(call.func) in kinds and isinstance(n, ast.Constant)}
    assert len(keys) > 50
    ends = (*stops, '"', "{name}")  # of a command to copy
    assert [key for key in sorted(keys) if not catalogue(language)[key].endswith(ends)] == []


def test_records_that_speak_become_json_in_a_language():
    error = ArticleError("article_empty", origin="a.txt")
    told = {"key": "article_empty", "message": error.said("fr")}
    assert as_json((error,), "fr") == [told]
    problem = Problem("index_damaged", {"path": Path("x")}, repaired=True)
    assert as_json(problem) == {"key": "index_damaged", "message": problem.said("en"), "repaired": True}


def test_an_unknown_language_is_answered_in_english():
    assert message("no_evidence", "sw") == message("no_evidence", "en")


def test_the_interface_speaks_the_locale(monkeypatch):
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    assert interface_language() == "vi"
    assert interface_language("fr") == "fr"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANG", "C")
    assert interface_language() == "en"


def test_every_change_and_every_field_that_changed_can_be_told():
    catalogued = {key for key in catalogue("en") if key.startswith(("why_", "field_"))}
    assert catalogued == {f"why_{why}" for why in get_args(Why)} | {f"field_{name}" for name in TOLD}
