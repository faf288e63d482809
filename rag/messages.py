"""Every sentence that Askpress shows a person, in each of its languages.

The catalogues ``rag/locales/<language>.json`` map a key to a ``str.format`` template; English is complete by
definition, and a test holds the others to it.
"""

import os

from rag.tables import table

LANGUAGES = ("en", "fr", "vi", "zh")


def catalogue(language: str) -> dict[str, str]:
    """Return the templates of one of LANGUAGES by key."""
    templates: dict[str, str] = table(f"locales/{language}")
    return templates


def message(key: str, language: str, **values: object) -> str:
    """Return the sentence for a key, in English where the language is not one of LANGUAGES. Raises KeyError."""
    templates = catalogue(language if language in LANGUAGES else "en")
    return templates[key].format(**values)


def interface_language(wanted: str | None = None) -> str:
    """Return the language to speak to this user: the one wanted, else the locale's, else English."""
    for code in (wanted, os.environ.get("LC_ALL"), os.environ.get("LC_MESSAGES"), os.environ.get("LANG")):
        if code and code[:2].casefold() in LANGUAGES:
            return code[:2].casefold()
    return "en"
