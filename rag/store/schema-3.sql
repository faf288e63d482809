-- Version 3: articles are counted by language whenever a collection is opened, which must not read their texts.

CREATE INDEX articles_language ON articles (language);
