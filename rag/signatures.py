"""Which articles tell one story in the same words: MinHash signatures of texts, and how alike two texts are by them.

A text is taken as the set of its runs of five tokens (w-shingles, Broder 1997, "On the resemblance and containment of
documents"): words, or single characters where a language runs words together. The signature is made once, where an
article is written, and kept with it; to compare two takes no text.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rag.languages import HAN, fold

SHINGLE = 5  # tokens
_VALUES = 128  # of a signature; a resemblance of .5 is then told to +-.04 (one standard error)
_TOKEN = rf"[{HAN}豈-﫿぀-ヿ]|[^\W_{HAN}豈-﫿぀-ヿ]+"  # compiled at first use: 4 ms, and a question needs it not


def signature(text: str) -> bytes:
    """Return 128 hash values and the number of shingles, little-endian uint32; empty for a text without a word."""
    tokens = re.findall(_TOKEN, fold(text))
    starts = range(max(len(tokens) - SHINGLE + 1, min(len(tokens), 1)))
    shingles = {" ".join(tokens[start : start + SHINGLE]).encode() for start in starts}
    if not shingles:
        return b""
    from datasketch import MinHash  # SciPy with it; a question compares signatures and makes none

    # Named in full: signatures are kept, so a later default must not change them.
    sketch = MinHash(num_perm=_VALUES, seed=1, scheme="affine32")
    sketch.update_batch(shingles)
    return np.append(sketch.hashvalues, len(shingles)).astype("<u4").tobytes()


class Likeness(NamedTuple):
    """How alike two texts are, each from 0.0 to 1.0, as their signatures estimate it.

    ``resemblance`` is the part of all shingles that both hold, ``containment`` the part of the shorter that the longer
    holds: an outlet may cut a story short.
    """

    resemblance: float
    containment: float


def likenesses(signatures: Sequence[bytes], least: float) -> dict[tuple[int, int], Likeness]:
    """Return how alike the texts at two places are, the smaller first, for all whose resemblance is at least this.

    A text with an empty signature is like nothing.
    """
    places = [place for place, kept in enumerate(signatures) if kept]
    if len(places) < 2:
        return {}
    rows = np.frombuffer(b"".join(signatures), "<u4").reshape(len(places), _VALUES + 1)
    values = np.ascontiguousarray(rows[:, :-1])
    # As bytes, which hold 128: to count truths takes twice the time.
    equal = (values[:, None] == values).view(np.uint8).sum(axis=2, dtype=np.uint8) / _VALUES
    ones, others = np.nonzero(np.triu(equal >= least, 1))
    share, sizes = equal[ones, others], rows[:, -1].astype(np.float64)
    shared = share * (sizes[ones] + sizes[others]) / (1 + share)
    contained = np.minimum(shared / np.minimum(sizes[ones], sizes[others]), 1.0)
    found = zip(ones.tolist(), others.tolist(), share.tolist(), contained.tolist(), strict=True)
    return {(places[one], places[other]): Likeness(alike, within) for one, other, alike, within in found}
