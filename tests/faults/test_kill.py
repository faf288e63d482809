"""kill -9 at any instant: what was acknowledged is there, what was not is there whole or not at all."""

import time
from collections import Counter

from children import child, rest
from work import Write, prove_whole, write_until_killed

from rag.store import open_store


def killed(folder, number, rng):
    """Kill a child in the middle of its work; return the writes it was acknowledged, and what it was at."""
    done, doing = [], None
    with child(write_until_killed, folder, number) as (process, connection):
        told = [connection.recv() for _ in range(rng.randint(1, 12))]
        time.sleep(rng.uniform(0.0, 0.01))  # to die at any instant; nothing is waited for
        process.kill()
        for message in [*told, *rest(connection)]:
            if message == "done":
                done.append(doing)
                doing = None
            else:
                doing = message
    return [write for write in done if write != "snapshot"], doing


def test_acknowledged_writes_survive_kill_9(tmp_path, length, rng, figure):
    folder, articles, kills, acknowledged = tmp_path / "collection", {}, Counter(), 0
    for number in range(length(25, 1000)):
        done, doing = killed(folder, number, rng)
        acknowledged += len(done)
        for write in done:
            articles = write.after(articles)
        with open_store(folder) as store:
            if isinstance(doing, Write):
                possible = [articles, doing.after(articles)]
                articles = possible[{a.id: store.article(a.id).text.split()[1] for a in store.articles()} != articles]
            prove_whole(store, articles)
            assert store.notices == [], "a kill leaves no damage"
        kills["in a write" if isinstance(doing, Write) else f"in a {doing}" if doing else "between"] += 1
    figure(f"{sum(kills.values())} kills ({dict(kills)}), {acknowledged} acknowledged writes, none lost, none in part")
    assert acknowledged
