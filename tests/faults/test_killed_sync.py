"""kill -9 of ``rag sync``: the collection is usable, and the next run ends where an uninterrupted one would."""

import os
import time
from collections import Counter
from itertools import pairwise

from children import child, rest
from syncing import encoder_of, sync

from rag.store import open_store


def change(folder, rng, version):
    """Write, change and remove articles of a folder."""
    for number in range(32):
        path, chance = folder / f"article-{number}.txt", rng.random()
        if chance < 0.15:
            path.unlink(missing_ok=True)
        elif chance < 0.5:
            words = " ".join(f"The mayor {number} opened bridge {version} {k}." for k in range(rng.randint(1, 6)))
            path.write_text(f"Bridge {number} of {version}\n\n{words}\n", encoding="utf-8")
            os.utime(
                path, (10**9 + version, 10**9 + version)
            )  # long ago, so that its time tells all that is to be told


def killed(data, folder, dimension, rng):
    """Run a sync and kill it; return what was acknowledged and what it was at, as digests, None for what is removed."""
    told, last = [], rng.choice([rng.randint(1, 8), rng.randint(8, 20)])
    with child(sync, data, folder, dimension) as (process, connection):
        for message in rest(connection):
            told.append(message)
            if len(told) == last:
                time.sleep(rng.uniform(0.0, 0.005))  # to die at any instant; nothing is waited for
                process.kill()
    acknowledged = {}
    for doing, end in pairwise(told):
        if end == "done":
            acknowledged |= doing[1]
    name, digests = told[-1] if isinstance(told[-1], tuple) else (f"after {told[-1]}", {})
    return acknowledged, name, digests


def completed(data, folder, dimension):
    """Run a sync to its end and return all that the collection then holds."""
    with child(sync, data, folder, dimension) as (_, connection):
        assert [message for message in rest(connection) if isinstance(message, int)] == [0]
    with open_store(data / "collections" / "press", create=False) as store:
        assert store.check() == ()
        assert store.state().encoder == encoder_of(dimension).fingerprint
        with store._database.reading() as connection:
            vectors = connection.execute("SELECT count(*) FROM vectors").get
        return everything(store), vectors


def everything(store):
    articles = {one.id: (one, store.article(one.id), store.passages(one.id)) for one in store.articles()}
    state = store.state()
    query = encoder_of(int(state.encoder.split("-")[1])).encode_queries(["Who opened the bridge?"], ["en"])[0]
    found = store.search(query, ["en:open", "en:bridg", "=3"], limit=10**6)
    hits = sorted((c.article.id, c.passage.ordinal, c.lexical, c.sentence_vectors.tobytes()) for c in found.candidates)
    return articles, hits, found.frequencies, store.origins(), (state.passages, state.sentences, state.languages)


def test_a_killed_sync_goes_on_where_it_was(tmp_path, length, rng, figure):
    folder, data, kills, before, dimension = tmp_path / "press", tmp_path / "data", Counter(), {}, 16
    folder.mkdir()
    data.mkdir()
    for version in range(length(3, 50)):
        change(folder, rng, version)
        if version % 3 == 2:
            dimension = 48 - dimension  # another encoder, so that everything is encoded again
        expected = completed(tmp_path / f"whole-{version}", folder, dimension)
        after = expected[0][0]
        for _ in range(2):
            acknowledged, at, doing = killed(data, folder, dimension, rng)
            kills[at] += 1
            with open_store(data / "collections" / "press") as store:
                assert store.check() == ()
                assert store.notices == []
                held = everything(store)[0] if store.state().encoder else {}
            for name, digest in acknowledged.items():
                found = held[name][0].digest if name in held else None
                assert found in (digest, doing.get(name, digest))
            assert all(article in (before.get(name), after.get(name)) for name, article in held.items())
            assert before.keys() & after.keys() <= held.keys()
            before = held
        assert completed(data, folder, dimension) == expected
        before = after
    unfinished = kills.total() - kills["after 0"]
    figure(f"{unfinished} kills of rag sync ({dict(kills)}); each next run ended where an uninterrupted one does")
    assert unfinished
