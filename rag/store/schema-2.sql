-- Version 2: pages of a PDF, signatures that tell copies of one story, the origins of articles; no sample any more.

ALTER TABLE articles ADD COLUMN pages TEXT NOT NULL DEFAULT '[]';    -- JSON: the offsets at which pages begin
ALTER TABLE articles ADD COLUMN signature BLOB NOT NULL DEFAULT x''; -- of the text, see rag/signatures.py
UPDATE articles SET signature = signature_of(text);

-- Files and addresses that were read, and what they held then: a memory that spares reading them again, and no more.
CREATE TABLE origins (
    name TEXT PRIMARY KEY,         -- a path, or an address
    mark TEXT NOT NULL,            -- what tells without reading that nothing has changed
    digest TEXT NOT NULL,          -- of the content
    readings TEXT NOT NULL         -- JSON: [[id, digest, content, origin], ...]
) STRICT;

DROP INDEX passages_sample;
ALTER TABLE passages DROP COLUMN sample;
