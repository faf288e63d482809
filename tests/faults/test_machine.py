"""Random runs of the embedded store against the one in memory."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from fakes import MemoryStore, make_entry, vector_of
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from test_store_contract import WORDS, assert_same_search

from rag.store import open_store
from rag.types import Filters

IDS = st.sampled_from("abcdef")
LANGUAGES = st.sampled_from([(), ("fr",), ("vi",)])


class StoreMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store, self.oracle, self.version = open_store(self.folder), MemoryStore(), 0

    @rule(ids=st.sets(IDS, min_size=1, max_size=4), words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))
    def put(self, ids, words):
        self.version += 1
        entries = [
            make_entry(
                name,
                *(f"{name} {self.version} {k}. shared. {' '.join(words[k:])}" for k in range(len(words) % 3 + 1)),
                language="fr" if name < "d" else "vi",
            )
            for name in sorted(ids)
        ]
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

    @invariant()
    def counts_agree(self):
        ours, theirs = self.store.state(), self.oracle.state()
        assert (ours.generation, ours.articles, ours.passages) == (theirs.generation, theirs.articles, theirs.passages)

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.folder)


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=25, stateful_step_count=15, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck)
)
