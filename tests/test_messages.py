import ast
import string
from pathlib import Path
from typing import get_args

import pytest

from rag import errors
from rag.errors import ArticleError
from rag.messages import LANGUAGES, catalogue, interface_language, message
from rag.types import Problem, Reason, as_json

ROOT = Path(__file__).parent.parent
# The key of a message stands as the first argument of these.
SPEAKERS = {"message", "say", "Problem"}
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type)} | {"ExportError"}
BUILT = []


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


def calls(*names):
    """Yield the place and the node of every call of one of these names in the engine's code."""
    for path in sorted((ROOT / "rag").rglob("*.py")):
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


def test_no_key_is_missing_or_built_but_of_a_known_beginning():
    """What a key is looked up by is tested where it is declared: reasons and stages here, settings in their test."""
    odd = [
        (place, ast.unparse(node) if node else None)
        for place, node, _ in keys_in_code()
        if not isinstance(node, ast.Constant)
    ]
    assert sorted({text for _, text in odd}, key=str) == BUILT, odd


def test_every_message_gets_the_values_it_speaks_of():
    for place, node, call in keys_in_code():
        names = {keyword.arg for keyword in call.keywords}
        if isinstance(node, ast.Constant) and None not in names and "Problem" not in ast.unparse(call.func):
            wanted = placeholders(catalogue("en")[node.value])
            assert wanted <= names, (place, node.value)


def test_every_problem_gets_the_values_it_speaks_of():
    for place, node, call in keys_in_code():
        if ast.unparse(call.func) == "Problem" and isinstance(node, ast.Constant):
            values = call.args[1] if len(call.args) > 1 else ast.Dict([], [])
            if isinstance(values, ast.Dict):
                assert placeholders(catalogue("en")[node.value]) == {key.value for key in values.keys}, place


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
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "rag").rglob("*.py")]
    strings = {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    families = ("language_", "removed_", "stage_")
    assert [key for key in catalogue("en") if key not in strings and not key.startswith(families)] == []


def test_no_message_is_left_without_a_stop():
    """A message on what went wrong is whole sentences: what happened, and what to do."""
    ends = {"en": (".", "?", '"'), "fr": (".", "?", '"'), "vi": (".", "?", '"'), "zh": ("。", "？", '"')}
    errors = {node.value for _, node, call in keys_in_code() if isinstance(node, ast.Constant) and is_error(call)}
    assert len(errors) > 50
    for language, marks in ends.items():
        unfinished = [key for key in sorted(errors) if not catalogue(language)[key].endswith((*marks, "{name}"))]
        assert unfinished == [], language


def is_error(call):
    return getattr(call.func, "id", "") in ERRORS | {"Problem"}


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
