-- Version 2: pages of a PDF, signatures that tell copies of one story, the state of synced files; no sample any more.

ALTER TABLE articles ADD COLUMN pages TEXT NOT NULL DEFAULT '[]';    -- JSON: the offsets at which pages begin
ALTER TABLE articles ADD COLUMN signature BLOB NOT NULL DEFAULT x''; -- of the text, see rag/syndication.py
UPDATE articles SET signature = signature_of(text);

-- Of the files that articles were read from, as they were then.
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    size INTEGER NOT NULL,         -- bytes
    mtime_ns INTEGER NOT NULL,
    digest TEXT NOT NULL           -- SHA-256 of the content
) STRICT, WITHOUT ROWID;

DROP INDEX passages_sample;
ALTER TABLE passages DROP COLUMN sample;
