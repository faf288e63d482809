"""Everything that can go wrong, as one tree.

AskpressError
├── UsageError                 what the caller asked for cannot be asked (exit code 2)
│   ├── QuestionError          the question is empty, blank or too long
│   ├── RequestError           a request to the server cannot be served as it stands
│   └── SettingsError          a setting is unknown or has a value it cannot have
├── ArticleError               a file cannot be read as an article
│   └── FetchError             an address cannot be fetched
├── QuestionSetError           a folder of questions to measure with cannot be read
├── EncoderError               the encoder is not there, or not what it should be
│   └── ModelNotFound          the named model is neither installed, cached nor a folder
├── StoreError                 a collection cannot be read or written
│   ├── CollectionNotFound     no collection of that name
│   ├── ArticleNotFound        no article of that id in the collection
│   ├── StoreBusy              another process is writing and did not finish in time
│   ├── StorageFull            no space left, or the folder cannot be written
│   └── SchemaTooNew           the database was written by a newer version
├── ArchiveError               a file is not what was exported, or is in the way of an export
├── GeneratorError             the answer could not be written
└── ServerError                the server cannot start, or another cannot be asked

An error carries the key of its message in ``rag/locales/`` and the values in it, so that it can be said in the user's
language: ``raise CollectionNotFound("collection_not_found", name=name)``. Each message says what happened, to which
file or setting, and what to do about it. Third-party exceptions are translated into these by the adapter that calls
the third party, with ``raise ... from``.
"""

from rag.messages import message


class AskpressError(Exception):
    """Base of every error that Askpress raises on purpose; ``str()`` says it in English."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        return self.said("en")

    def said(self, language: str) -> str:
        """Return the message in a language."""
        return message(self.key, language, **self.values)


class UsageError(AskpressError):
    """What the caller asked for cannot be asked."""


class QuestionError(UsageError):
    """The question is empty, blank or too long."""


class RequestError(UsageError):
    """A request to the server cannot be served as it stands."""


class SettingsError(UsageError):
    """A setting is unknown or has a value it cannot have."""


class ArticleError(AskpressError):
    """A file cannot be read as an article."""


class FetchError(ArticleError):
    """An address cannot be fetched."""


class QuestionSetError(AskpressError):
    """A folder of questions to measure with cannot be read."""


class EncoderError(AskpressError):
    """The encoder is not there, or not what it should be."""


class ModelNotFound(EncoderError):
    """The named model is neither installed, cached nor a folder."""


class StoreError(AskpressError):
    """A collection cannot be read or written."""


class CollectionNotFound(StoreError):
    """There is no collection of that name."""


class ArticleNotFound(StoreError):
    """There is no article of that id in the collection."""


class StoreBusy(StoreError):
    """Another process is writing and did not finish in time."""


class StorageFull(StoreError):
    """No space is left, or the folder cannot be written."""


class SchemaTooNew(StoreError):
    """The database was written by a newer version of Askpress."""


class ArchiveError(AskpressError):
    """A file is not what was exported, or is in the way of an export."""


class GeneratorError(AskpressError):
    """The answer could not be written."""


class ServerError(AskpressError):
    """The server cannot start, or another cannot be asked."""
