"""Text as it is kept: NFC, plain newlines, nothing invisible.

Invisible characters are taken out because they can carry instructions that no reader sees (Unicode tags, variation
selectors), turn the reading order round (bidi controls), or keep words from being found (zero-width characters, soft
hyphens). No-break spaces stay: they mean something before « : ; ! ? » in French.
"""

import re
import unicodedata
from functools import cache

# ECMA-48: CSI sequences; strings (OSC, DCS, SOS, PM, APC) up to their terminator; two-character escapes.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]?"
    r"|\x1b[]PX^_][^\x07\x1b\x9c\n]*+(?:\x07|\x9c|\x1b\\)"
    r"|\x1b(?:[#%(-/][0-~]|[0-~])?"
)
_NEWLINES = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls
    "\u00ad\u034f\u061c\u180b-\u180f"  # soft hyphen, grapheme joiner, Arabic mark, Mongolian selectors
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # zero width, bidi
    "\u115f\u1160\u3164\uffa0"  # Hangul fillers, blank and yet letters
    "\ufe00-\ufe0f\U000e0100-\U000e01ef"  # variation selectors
    "\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff"  # annotations, noncharacters
    "\U000e0000-\U000e007f"  # tags
    "\ud800-\udfff]"  # lone surrogates, which JSON can hold and UTF-8 cannot
)
_BLANKS = re.compile(r"[^\S\n]{2,}|[^\S\n\u00a0\u202f]")
_MARKS = 30  # combining marks on one base, as in UAX 15's stream-safe format; sorting more takes quadratic time


def normalise(text: str) -> str:
    """Return text in NFC without ANSI sequences, controls and invisible characters, each line stripped.

    Runs of white space in a line become one space; a single no-break space stays. Lines, blank ones too, stay lines.
    """
    text = _NEWLINES.sub("\n", _ANSI.sub("", text))
    text = _INVISIBLE.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _long_runs().sub(lambda run: run[0][:_MARKS], text))
    text = _BLANKS.sub(" ", text)
    return "\n".join(line.strip() for line in text.split("\n"))


def normalise_line(text: str) -> str:
    """Return text normalised and on one line."""
    return " ".join(part for part in normalise(text).split("\n") if part)


@cache
def _long_runs() -> re.Pattern[str]:
    marks = "".join(chr(c) for c in range(0x300, 0x1F000) if unicodedata.combining(chr(c)))
    return re.compile(f"[{marks}]{{{_MARKS + 1},}}")
