"""Random runs of the embedded store, with crashes, against the one in memory."""

import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from children import child, rest
from fakes import MemoryStore, make_entry, vector_of
from hypothesis import HealthCheck, settings
from hypothesis import seed as seeded
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from test_store_contract import WORDS, assert_same_search
from work import put_and_die

from rag.store import open_store
from rag.types import Filters

IDS = st.sampled_from("abcdef")
LANGUAGES = st.sampled_from([(), ("fr",), ("vi",)])
SOME_IDS = st.sets(IDS, min_size=1, max_size=4)
SOME_WORDS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6)


class StoreMachine(RuleBasedStateMachine):
    crashes = died = 0

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store, self.oracle, self.version = open_store(self.folder), MemoryStore(), 0

    def entries(self, ids, words):
        self.version += 1
        return [
            make_entry(
                name,
                *(f"{name} {self.version} {k}. shared. {' '.join(words[k:])}" for k in range(len(words) % 3 + 1)),
                language="fr" if name < "d" else "vi",
            )
            for name in sorted(ids)
        ]

    @rule(ids=SOME_IDS, words=SOME_WORDS)
    def put(self, ids, words):
        entries = self.entries(ids, words)
        self.store.put(entries)
        self.oracle.put(entries)

    @rule(ids=st.sets(IDS, max_size=3))
    def remove(self, ids):
        assert self.store.remove(ids) == self.oracle.remove(ids)

    @rule(question=st.integers(0, 5), terms=st.lists(st.sampled_from(WORDS), max_size=4), languages=LANGUAGES)
    def query(self, question, terms, languages):
        vector, filters = vector_of(f"question {question}"), Filters(languages=languages)
        assert_same_search(self.store, self.oracle, vector, terms, limit=3, filters=filters)

    @rule()
    def reopen(self):
        self.store.close()
        self.store = open_store(self.folder, create=False)

    @precondition(lambda self: self.version)
    @rule()
    def snapshot(self):
        self.store.snapshot()

    @rule()
    def check(self):
        assert self.store.check() == ()

    @rule(ids=SOME_IDS, words=SOME_WORDS, instant=st.integers(1, 120), snapshot=st.booleans())
    def crash(self, ids, words, instant, snapshot):
        """Another process writes and dies after so many steps of SQLite; this one goes on, or is opened anew."""
        entries = self.entries(ids, words)
        with child(put_and_die, self.folder, entries, instant, snapshot) as (_, connection):
            acknowledged = "done" in rest(connection)
        if acknowledged or self.store.state().generation > self.oracle.state().generation:
            self.oracle.put(entries)
        StoreMachine.crashes += 1
        StoreMachine.died += not acknowledged

    @invariant()
    def counts_agree(self):
        ours, theirs = self.store.state(), self.oracle.state()
        assert (ours.generation, ours.articles, ours.passages) == (theirs.generation, theirs.articles, theirs.passages)
        assert self.store.notices == []

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.folder)


def test_the_store_does_what_a_dictionary_does(length, seed, figure):
    examples = length(12, 300)
    options = settings(
        max_examples=examples, stateful_step_count=15, deadline=None, print_blob=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(seeded(seed)(StoreMachine), settings=options)
    figure(f"{examples} runs with {StoreMachine.crashes} crashes, {StoreMachine.died} before the acknowledgement")
    assert StoreMachine.died
