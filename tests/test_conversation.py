"""Follow-up questions, on conversations written for this: ``dev`` was looked at while the rules were made, ``held_out``
was not."""

import json
from pathlib import Path

import pytest

from rag.conversation import LEANING, OWN_NAMES, STANDING, TURNS_KEPT, context_of, leaning, load, points_back, save
from rag.encoders import load as load_encoder
from rag.engine import Engine
from rag.errors import StorageFull, UsageError
from rag.opening import open_engine
from rag.settings import load as load_settings
from rag.store import open_store
from rag.types import Turn

FOLDER = Path(__file__).parent / "conversations"


@pytest.mark.parametrize(
    ("question", "language", "points"),
    [
        ("Et combien de délégués ?", "fr", True),
        ("Où est son siège ?", "fr", True),
        ("Combien de délégués à Nanning ?", "fr", False),
        ("How much did it cost?", "en", True),
        ("Who founded GotIt?", "en", False),
        ("Ông ấy nói gì?", "vi", True),
        ("ong ay noi gi", "vi", True),
        ("ViGen là gì?", "vi", False),
        ("投票率呢？", "zh", True),
        ("谁是总领事？", "zh", False),
        ("Qu'est-ce que ViGen ?", "fr", False),
        ("Combien de délégués y a-t-il ?", "fr", False),
        ("Who suggested that Vietnam build a website?", "en", False),
        ("Wo ist es?", "de", False),
    ],
)
def test_some_words_point_back(question, language, points):
    assert points_back(question, language) is points


def test_the_context_reaches_back_to_a_question_that_stands_alone():
    history = [Turn("Qui est M. Hung ?"), Turn("Qu'est-ce que ViGen ?"), Turn("Et qui l'a fait ?"), Turn("Et quand ?")]
    assert context_of("Et où ?", "fr", history) == "Qu'est-ce que ViGen ? Et qui l'a fait ? Et quand ?"
    assert context_of("Et où ?", "fr", history[:2]) == "Qu'est-ce que ViGen ?"
    assert context_of("Et où ?", "fr", []) == ""
    assert context_of("Qui est M. Hung ?", "fr", history[:1]) == ""  # asked again


def test_names_of_its_own_speak_against_a_context():
    assert leaning("Et à San Francisco ?", "Combien de délégués à Nanning ?", "fr") == pytest.approx(
        LEANING - OWN_NAMES
    )
    assert leaning("Et à Nanning ?", "Combien de délégués à Nanning ?", "fr") == LEANING
    assert leaning("Combien de délégués ?", "Où est Nanning ?", "fr") == -STANDING


def test_a_conversation_is_kept_for_its_owner(tmp_path):
    path = tmp_path / "conversation.json"
    turns = [Turn(f"Question {n} ?", "Réponse") for n in range(TURNS_KEPT + 1)]
    save(path, "press", turns)
    assert load(path, "press") == tuple(turns[1:])
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stored", ["{", "[]", '{"version": 1, "collection": "press", "turns": [{}]}'])
def test_a_conversation_that_cannot_be_read_is_named(tmp_path, stored):
    path = tmp_path / "conversation.json"
    path.write_text(stored, encoding="utf-8")
    with pytest.raises(UsageError, match=r"conversation\.json"):
        load(path, "press")


def test_there_is_nothing_to_go_on_from(tmp_path):
    path = tmp_path / "conversation.json"
    with pytest.raises(UsageError, match="press"):
        load(path, "press")
    save(path, "other", [Turn("Qui ?")])
    with pytest.raises(UsageError, match="press"):
        load(path, "press")
    with pytest.raises(StorageFull):
        save(tmp_path / "missing" / "conversation.json", "press", [])


@pytest.fixture(scope="module", params=["dev", "held_out"])
def asked(request, tmp_path_factory):
    """Conversations, and the engines of the collections they are about."""
    folder, home = FOLDER / request.param, tmp_path_factory.mktemp(request.param)
    settings = load_settings(data_dir=home)
    lines = (folder / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    encoder = load_encoder("bundled", cache_dir=settings.cache_dir)
    with Engine(settings, encoder, open_store(home / "press")) as press, open_engine(settings) as seeds:
        press.sync(folder / "articles.jsonl")
        yield [json.loads(line) for line in lines], {"press": press, "seeds": seeds}


def best(retrieval):
    candidate = retrieval.hits[0].candidate
    return candidate.article.id, candidate.passage.ordinal


def test_a_follow_up_finds_what_the_stand_alone_question_finds(asked):
    conversations, engines = asked
    found = {"alone": 0, "continued": 0, "changed": 0}
    for row in conversations:
        engine = engines[row["collection"]]
        wanted = best(engine.retrieve(row["stand_alone"]))
        same = best(engine.retrieve(row["follow_up"], history=[Turn(row["first"])])) == wanted
        found["alone"] += best(engine.retrieve(row["follow_up"])) == wanted
        found["continued"] += same
        found["changed"] += same and row.get("change", False)
    assert found["continued"] >= 0.85 * len(conversations), found
    assert found["continued"] - found["alone"] >= 0.2 * len(conversations), found  # else the set would show nothing
    assert found["changed"] == sum(row.get("change", False) for row in conversations), found
