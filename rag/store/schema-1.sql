-- Version 1 of a collection; the files after it bring it to the versions after. Everything outside this database is
-- derived from it and can be built again.
-- Numbers of articles and passages are never given out twice (AUTOINCREMENT): what is cached under one stays true.

CREATE TABLE meta (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    generation INTEGER NOT NULL,   -- counts the committed writes
    fingerprint TEXT,              -- of the encoder of every vector; NULL before the first
    dimension INTEGER,
    passages INTEGER NOT NULL,     -- kept by the triggers below
    sentences INTEGER NOT NULL,
    length INTEGER NOT NULL        -- terms of all passages, for the mean length in BM25
) STRICT;
INSERT INTO meta VALUES (1, 0, NULL, NULL, 0, 0, 0);

CREATE TABLE articles (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    language TEXT NOT NULL,
    url TEXT,
    outlet TEXT,
    published TEXT,
    published_inferred INTEGER NOT NULL,
    headings TEXT NOT NULL,        -- JSON: [[start, stop], ...]
    removed TEXT NOT NULL,         -- JSON: [[text, reason], ...]
    origin TEXT NOT NULL,
    digest TEXT NOT NULL,
    sources TEXT NOT NULL,         -- JSON: the outlet and the host of the url, case folded
    first_day TEXT,                -- published, as the days that it may be
    last_day TEXT
) STRICT;

CREATE TABLE vectors (
    number INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    digest TEXT NOT NULL,          -- of the encoded text; equal texts share a vector
    vector BLOB NOT NULL,          -- little-endian float16
    UNIQUE (fingerprint, digest)
) STRICT;

CREATE TABLE passages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    article INTEGER NOT NULL REFERENCES articles (number) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    heading TEXT NOT NULL,
    terms TEXT NOT NULL,           -- analysed, joined by spaces
    length INTEGER NOT NULL,       -- how many terms
    sample INTEGER NOT NULL,       -- a hash; the smallest make the fixed sample
    vector INTEGER NOT NULL REFERENCES vectors (number)
) STRICT;
CREATE INDEX passages_article ON passages (article, ordinal);
CREATE INDEX passages_sample ON passages (sample);
CREATE INDEX passages_vector ON passages (vector);

CREATE TABLE sentences (
    passage INTEGER NOT NULL REFERENCES passages (number) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    vector INTEGER NOT NULL REFERENCES vectors (number),
    PRIMARY KEY (passage, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX sentences_vector ON sentences (vector);

-- Passages that a snapshot may still hold, with the generation that took them away.
CREATE TABLE removed (
    passage INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    terms TEXT NOT NULL
) STRICT;

CREATE TRIGGER passage_added AFTER INSERT ON passages BEGIN
    UPDATE meta SET passages = passages + 1, length = length + new.length;
END;

CREATE TRIGGER passage_removed AFTER DELETE ON passages BEGIN
    UPDATE meta SET passages = passages - 1, length = length - old.length;
    INSERT INTO removed SELECT old.number, generation, old.terms FROM meta;
    DELETE FROM vectors WHERE number = old.vector
        AND NOT EXISTS (SELECT 1 FROM passages WHERE vector = old.vector)
        AND NOT EXISTS (SELECT 1 FROM sentences WHERE vector = old.vector);
END;

CREATE TRIGGER sentence_added AFTER INSERT ON sentences BEGIN
    UPDATE meta SET sentences = sentences + 1;
END;

CREATE TRIGGER sentence_removed AFTER DELETE ON sentences BEGIN
    UPDATE meta SET sentences = sentences - 1;
    DELETE FROM vectors WHERE number = old.vector
        AND NOT EXISTS (SELECT 1 FROM passages WHERE vector = old.vector)
        AND NOT EXISTS (SELECT 1 FROM sentences WHERE vector = old.vector);
END;
