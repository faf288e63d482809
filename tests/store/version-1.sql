-- A collection as version 1 of the schema kept it: two articles, and the memory of a third that was removed.

BEGIN TRANSACTION;

-- Table  articles
DROP TABLE IF EXISTS articles;
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
INSERT INTO articles VALUES(1,'rail-a','The rail line','The rail line opened It cost 300 million dollars Trains run to Hanoi twice a day','en','https://www.paper.vn/rail','Paper','2025-06-01',0,'[[0, 3]]','[["advert", "advertisement"]]','/press/rail.txt','e21db4a29b9c1a1227d0be1b7a74b5451d6851fcb4f412a8ef5e0be7b08172b5','["paper", "www.paper.vn"]','2025-06-01','2025-06-01');
INSERT INTO articles VALUES(2,'port-b','The port','The port opened It cost 20 million','en',NULL,NULL,NULL,0,'[]','[]','','d22b90fb2d34c1a2633ae47c8b1f6faff383adebd4e43699a9b84fd539dbb59a','[]',NULL,NULL);

-- Table  meta
DROP TABLE IF EXISTS meta;
CREATE TABLE meta (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    generation INTEGER NOT NULL,   -- counts the committed writes
    fingerprint TEXT,              -- of the encoder of every vector; NULL before the first
    dimension INTEGER,
    passages INTEGER NOT NULL,     -- kept by the triggers below
    sentences INTEGER NOT NULL,
    length INTEGER NOT NULL        -- terms of all passages, for the mean length in BM25
) STRICT;
INSERT INTO meta VALUES(1,2,'fake',4,3,5,23);

-- Table  passages
DROP TABLE IF EXISTS passages;
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
INSERT INTO passages VALUES(1,1,0,0,48,'','the rail line opened it cost 300 million dollars',9,-4628956314473666770,1);
INSERT INTO passages VALUES(2,1,1,49,80,'','trains run to hanoi twice a day',7,-1976116809302031337,2);
INSERT INTO passages VALUES(3,2,0,0,34,'','the port opened it cost 20 million',7,1976440340456368432,6);
-- Triggers and indices on  passages
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
CREATE INDEX passages_article ON passages (article, ordinal);
CREATE INDEX passages_sample ON passages (sample);
CREATE INDEX passages_vector ON passages (vector);

-- Table  removed
DROP TABLE IF EXISTS removed;
CREATE TABLE removed (
    passage INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    terms TEXT NOT NULL
) STRICT;
INSERT INTO removed VALUES(4,2,'removed later');

-- Table  sentences
DROP TABLE IF EXISTS sentences;
CREATE TABLE sentences (
    passage INTEGER NOT NULL REFERENCES passages (number) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    vector INTEGER NOT NULL REFERENCES vectors (number),
    PRIMARY KEY (passage, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO sentences VALUES(1,0,0,20,3);
INSERT INTO sentences VALUES(1,1,21,48,4);
INSERT INTO sentences VALUES(2,0,49,80,5);
INSERT INTO sentences VALUES(3,0,0,15,7);
INSERT INTO sentences VALUES(3,1,16,34,8);
-- Triggers and indices on  sentences
CREATE TRIGGER sentence_added AFTER INSERT ON sentences BEGIN
    UPDATE meta SET sentences = sentences + 1;
END;
CREATE TRIGGER sentence_removed AFTER DELETE ON sentences BEGIN
    UPDATE meta SET sentences = sentences - 1;
    DELETE FROM vectors WHERE number = old.vector
        AND NOT EXISTS (SELECT 1 FROM passages WHERE vector = old.vector)
        AND NOT EXISTS (SELECT 1 FROM sentences WHERE vector = old.vector);
END;
CREATE INDEX sentences_vector ON sentences (vector);

-- Table  vectors
DROP TABLE IF EXISTS vectors;
CREATE TABLE vectors (
    number INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    digest TEXT NOT NULL,          -- of the encoded text; equal texts share a vector
    vector BLOB NOT NULL,          -- little-endian float16
    UNIQUE (fingerprint, digest)
) STRICT;
INSERT INTO vectors VALUES(1,'fake','ee3670e76576505cb518eb6b2f8be853a1759e37af75dce4b23b49f90c7f0585',X'FA35F5387639882E');
INSERT INTO vectors VALUES(2,'fake','0a6c1f52eba1cdc3ddf6268f028aef9f96bc0ce25ebdc88f4f5a71413a39fda5',X'2C38303725B95C35');
INSERT INTO vectors VALUES(3,'fake','8879a35bd6f7f9709d2b2ae6e0255b2bfcc1cc3c7ff648a9eda2e15186242b90',X'A72F4E37C033C83A');
INSERT INTO vectors VALUES(4,'fake','1dbd4744c03acc4fdb657061d9cb47bc4b36229ff852adac08a630b75199cccd',X'52B46638F6393734');
INSERT INTO vectors VALUES(5,'fake','cb98829b989b6452548176dfa72b3cbe01f9eeb30a4664d7fb94ded308ce2f93',X'E6B6B9B9B32D57B8');
INSERT INTO vectors VALUES(6,'fake','30cfba58e09beac380120154c451631851e037c8c18f3f18be7eabadd5d57f9d',X'383B6E27CEA3E2B6');
INSERT INTO vectors VALUES(7,'fake','7f28068bdbfeb4dc39f4e5b8ca18803ab74af7fd7cf6d4c623b4c82500cd1f61',X'B02EA1B284BB07B4');
INSERT INTO vectors VALUES(8,'fake','f8f813cdfe683c7b4346b3d826083497c29a8f4d676066c32c5f53e20f48582a',X'88B9E636A4B744B5');

-- For primary key autoincrements the next id to use is stored in
-- sqlite_sequence
DELETE FROM main.sqlite_sequence WHERE name='articles';
INSERT INTO main.sqlite_sequence VALUES ('articles', 3);
DELETE FROM main.sqlite_sequence WHERE name='passages';
INSERT INTO main.sqlite_sequence VALUES ('passages', 4);

-- Database header
pragma user_version=1;
pragma application_id=1098083184;

COMMIT TRANSACTION;

