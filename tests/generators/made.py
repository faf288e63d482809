"""Hits and requests made of a few words."""

import numpy as np
from fakes import make_entry

from rag.types import Candidate, Hit, Request


def made_hit(text, article_id="a", **fields):
    entry = make_entry(article_id, text, **fields)
    sentences = len(entry.passages[0].sentences)
    candidate = Candidate(entry.article, entry.passages[0], np.zeros(16), np.zeros((sentences, 16)), 0.0)
    return Hit(candidate, 1.0, 1.0, 0.0, (1.0,) * sentences)


def asked(question, *hits, language="en", **fields):
    return Request("answer", question, language, hits, **fields)
