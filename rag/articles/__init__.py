"""Files of press articles, read as Articles.

`find` lists the files of a folder that can be read and `read` yields what one of them holds. One module a format; a
new format is a function from a path to drafts, with its suffixes in `reading.SUFFIXES`.
"""

from rag.articles.reading import SUFFIXES, find, read

__all__ = ["SUFFIXES", "find", "read"]
